"""docs/running.md is true: its metrics, its variables, its links."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.http.context import get_services, install_services
from service.settings import Settings
from service.store.factory import open_store
from tests import make
from tests.check import recorded
from tests.conftest import SendRequest
from tests.metered import families, samples
from tests.serving import ROOT

PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(casualty_\w+)` \| (\w+) \|([^|]*)\|", PAGE, flags=re.MULTILINE)


@pytest.fixture
def scraped(
    app: Flask, client: FlaskClient, send: SendRequest, settings: Settings
) -> Iterator[str]:
    """All that can be told of a record with a report, and of readers' own way to it."""
    recorded(send(make.report()))
    readers = open_store(settings.database, settings.busy_seconds)
    with app.app_context():
        install_services(app, replace(get_services(), read_store=readers))
    yield client.get("/metrics").get_data(as_text=True)
    readers.close()


@pytest.mark.sqlite
def test_every_metric_stands_in_it_and_nothing_else(scraped: str) -> None:
    assert families(scraped) == {name for name, _, _ in ROWS}


@pytest.mark.sqlite
def test_kinds_and_labels_are_those_told(scraped: str) -> None:
    found = samples(scraped)
    for name, kind, labels in ROWS:
        assert f"# TYPE {name} {kind}\n" in scraped
        sample = f"{name}_count" if kind == "histogram" else name
        (told,) = {frozenset(dict(each)) for one, each in found if one == sample}
        assert told == set(re.findall(r"`(\w+)`", labels))


def test_every_event_of_the_log_stands_in_it() -> None:
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


def test_every_variable_of_the_server_stands_in_it() -> None:
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, flags=re.MULTILINE))
    read = set(re.findall(r'environ\.get\("([A-Z_]+)"', CONFIGURATION)) | {"DRAIN_SECONDS"}
    assert listed == read


def test_every_file_and_every_part_that_it_points_to_exists() -> None:
    headings = {each.lower().replace(" ", "-") for each in re.findall(r"^#+ (.+)$", PAGE, re.M)}
    for target in re.findall(r"\]\((?!http)([^)]+)\)", PAGE):
        file, _, part = target.partition("#")
        assert (ROOT / "docs" / file).exists(), target
        assert file or part in headings, target


EXAMPLES = re.findall(r"```sh\n(.*?)```\n\n```\n(.*?)```", PAGE, flags=re.DOTALL)


def test_its_examples_of_backing_up_and_restoring_work_as_shown(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    environ.pop("CASUALTY_DATABASE", None)
    run = {"cwd": tmp_path, "env": environ, "capture_output": True, "text": True, "check": True}
    subprocess.run([sys.executable, "-m", "service", "migrate"], **run)
    assert len(EXAMPLES) == 3
    for commands, shown in EXAMPLES:
        commands = commands.replace(".venv/bin/python", sys.executable)
        done = subprocess.run(["sh", "-ec", commands], **run)
        assert _shape(done.stdout + done.stderr) == _shape(shown)


def _shape(text: str) -> str:
    return re.sub(r"[\d,]+", "0", text)
