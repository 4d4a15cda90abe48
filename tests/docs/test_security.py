"""SECURITY.md is true: its versions, its limits, its files."""

import re
import sqlite3
import sys
from importlib.metadata import version

import pytest
from packaging.version import Version

from schemas.text_fields import MAX_NAME_LENGTH, MAX_TEXT_LENGTH
from service.api.batches import MAX_BATCH_BYTES
from service.domain.vocabulary import MAX_COUNT
from service.http.request_parsing import MAX_BODY_BYTES, MAX_JSON_DEPTH
from service.serving.gunicorn_worker import BODY_SECONDS, HEAD_SECONDS
from service.usecases.batches import MAX_BATCH_REPORTS
from tests.support import engines
from tests.support.paths import ROOT
from tests.support.text_search import find_some

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PINNED_VERSIONS = dict(
    re.findall(r"^([a-z0-9-]+)==([^ ]+) ", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
)
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
HEAD = next(number for number, row in enumerate(ROWS) if row[0] == "component")
OLDEST_VERSIONS = {name: oldest for name, oldest, _ in ROWS[HEAD + 1 :]}

NGINX = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
UNPINNED_VERSIONS = {
    "PostgreSQL": min(engines.RELEASES, key=int),
    "nginx": NGINX.partition(" or newer")[0].rpartition(" ")[2],
}
"""What runs beside the service and is pinned nowhere: what it is tried with, or made for."""


def _read_limit(limited: str) -> str:
    (limit,) = (maximum for name, maximum, _ in ROWS if name == limited)
    return limit


def test_the_readme_points_to_it() -> None:
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OLDEST_VERSIONS)
def test_installed_and_pinned_versions_are_not_older_than_supported(name: str) -> None:
    if OLDEST_VERSIONS[name] == "none":
        assert name not in PINNED_VERSIONS
        return
    if name in UNPINNED_VERSIONS:
        assert UNPINNED_VERSIONS[name] == OLDEST_VERSIONS[name]
        return
    if name in ("Python", "SQLite"):
        installed = {"Python": sys.version.split()[0], "SQLite": sqlite3.sqlite_version}[name]
    else:
        installed = version(name)
        assert Version(PINNED_VERSIONS[name]) >= Version(OLDEST_VERSIONS[name])
    assert Version(installed) >= Version(OLDEST_VERSIONS[name])


def test_the_oldest_python_is_the_required_one() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={OLDEST_VERSIONS["Python"]}"' in project


def test_every_dependency_that_parses_requests_is_listed() -> None:
    assert {"flask", "werkzeug", "gunicorn", "marshmallow", "webargs", "psycopg"} <= set(
        OLDEST_VERSIONS
    )


def test_the_limits_are_those_of_the_service() -> None:
    configured = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    for name, documented in (
        ("limit_request_line", _read_limit("request line")),
        ("limit_request_fields", _read_limit("header fields").split(",")[0]),
        ("limit_request_field_size", _read_limit("header fields").split("each of ")[1]),
    ):
        setting = re.search(rf"^{name} = (\d+)$", configured, re.MULTILINE)
        assert setting and documented.startswith(f"{int(setting[1]):,}"), name
    assert _read_limit("time to receive the headers") == f"{HEAD_SECONDS:.0f} seconds"
    assert _read_limit("time to receive the body") == f"{BODY_SECONDS:.0f} seconds"
    assert _read_limit("body") == f"{MAX_BODY_BYTES >> 20} MiB, a batch {MAX_BATCH_BYTES >> 20} MiB"
    assert _read_limit("nesting depth of a body") == f"{MAX_JSON_DEPTH} levels"
    assert _read_limit("reports in a batch") == f"{MAX_BATCH_REPORTS:,}"
    assert _read_limit("number of people") == f"{MAX_COUNT:,}"
    assert _read_limit("free text, name") == f"{MAX_TEXT_LENGTH:,} and {MAX_NAME_LENGTH} characters"


def test_every_file_it_names_exists() -> None:
    for path in find_some(r"`((?:tests|docs)/[a-z_/.]+)`", TEXT):
        assert (ROOT / path).exists(), path
    for path in find_some(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (ROOT / path).exists(), path
