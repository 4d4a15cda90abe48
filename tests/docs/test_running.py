"""docs/running.md is true: its settings, its metrics, its log events, its examples, its links."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.http.context import get_services, install_services
from service.settings import Settings
from service.store.factory import open_store
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.paths import ROOT
from tests.support.prometheus_text import parse_metric_names, parse_samples
from tests.support.text_search import find_some

PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
METRIC_ROWS = re.findall(r"^\| `(casualty_\w+)` \| (\w+) \|([^|]*)\|", PAGE, flags=re.MULTILINE)


@pytest.fixture
def metrics_text(
    app: Flask, client: FlaskClient, send: SendRequest, settings: Settings
) -> Iterator[str]:
    """The metrics of a service with a report, whose reads have a database of their own."""
    assert_recorded(send(bodies.make_report()))
    readers = open_store(settings.database, settings.busy_seconds)
    with app.app_context():
        install_services(app, replace(get_services(), read_store=readers))
    yield client.get("/metrics").get_data(as_text=True)
    readers.close()


@pytest.mark.sqlite
def test_the_metrics_listed_are_those_that_exist(metrics_text: str) -> None:
    assert parse_metric_names(metrics_text) == {name for name, _, _ in METRIC_ROWS}


@pytest.mark.sqlite
def test_the_kinds_and_labels_listed_are_those_of_the_metrics(metrics_text: str) -> None:
    sample_values = parse_samples(metrics_text)
    assert METRIC_ROWS
    for name, kind, labels in METRIC_ROWS:
        assert f"# TYPE {name} {kind}\n" in metrics_text
        sample = f"{name}_count" if kind == "histogram" else name
        (labels_found,) = {frozenset(dict(each)) for one, each in sample_values if one == sample}
        assert labels_found == set(re.findall(r"`(\w+)`", labels))


def test_every_event_of_the_log_is_listed() -> None:
    sources = [each.read_text(encoding="utf-8") for each in (ROOT / "service").rglob("*.py")]
    call = (
        r"(?:get_logger\(\)|log\.info\))\.?(debug|info|warning|error|exception)?\(\s*\"([a-z ]+)\""
    )
    logged = {
        (event, "error" if level == "exception" else level or "info")
        for source in sources
        for level, event in re.findall(call, source)
    }
    listed = re.findall(r"^\| `([a-z ]+)` \| (info|warning|error) \|", PAGE, flags=re.MULTILINE)
    assert set(listed) == logged and len(listed) == len(logged)


@pytest.mark.parametrize("field", [field.name for field in fields(Settings)])
def test_every_setting_is_listed_with_its_default(field: str) -> None:
    default = getattr(Settings(), field)
    if default in (None, ()):
        default = "auto" if field == "costly_slots" else "off"
    assert f"| `CASUALTY_{field.upper()}` | `{default}` |" in PAGE


def test_every_setting_that_it_names_exists() -> None:
    known = {f"CASUALTY_{field.name.upper()}" for field in fields(Settings)}
    assert set(re.findall(r"CASUALTY_[A-Z_]+", PAGE)) == known


def test_every_variable_of_the_server_is_listed() -> None:
    listed = set(re.findall(r"^\| `((?!CASUALTY_)[A-Z_]+)` \|", PAGE, flags=re.MULTILINE))
    read = set(re.findall(r'environ\.get\("([A-Z_]+)"', CONFIGURATION)) | {"DRAIN_SECONDS"}
    assert listed == read


PAGES = ("running", "upgrading", "reliability", "scaling", "cluster")
"""The documents for operators."""


@pytest.mark.parametrize("name", [*(f"docs/{page}.md" for page in PAGES), "SECURITY.md"])
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    document = ROOT / name
    for target in find_some(r"\]\((?!http)([^)]+)\)", document.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        linked = document.parent / file if file else document
        assert linked.exists(), target
        assert not anchor or anchor in _list_anchors(linked), target


def _list_anchors(document: Path) -> set[str]:
    """Return the anchors of the document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_section_is_in_the_table_of_contents() -> None:
    for name in ("running", "scaling", "upgrading"):
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        listed = find_some(r"^- \[(.+)\]\(#", text.partition("\n## ")[0], re.MULTILINE)
        assert listed == re.findall(r"^## (.+)$", text, re.MULTILINE)


def test_every_target_of_make_that_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in find_some(r"\bmake ((?:[a-z-]+ ?)+)(?=[`\n#A-Z]|$)", PAGE, re.MULTILINE):
        for target in words.split():
            assert f"\n{target}:" in makefile, target


EXAMPLES = re.findall(r"```sh\n(.*?)```\n\n```\n(.*?)```", PAGE, flags=re.DOTALL)


def test_its_examples_of_backing_up_and_restoring_work_as_shown(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("CASUALTY_DATABASE", None)
    options = {
        "cwd": tmp_path,
        "env": environment,
        "capture_output": True,
        "text": True,
        "check": True,
    }
    subprocess.run([sys.executable, "-m", "service", "migrate"], **options)
    assert len(EXAMPLES) == 3
    for commands, shown in EXAMPLES:
        commands = commands.replace(".venv/bin/python", sys.executable)
        completed = subprocess.run(["sh", "-ec", commands], **options)
        assert _replace_numbers(completed.stdout + completed.stderr) == _replace_numbers(shown)


def _replace_numbers(text: str) -> str:
    return re.sub(r"[\d,]+", "0", text)
