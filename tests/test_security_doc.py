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
from tests import engines
from tests.serving import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PINNED = dict(
    re.findall(r"^([a-z0-9-]+)==([^ ]+) ", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
)
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
HEAD = next(number for number, row in enumerate(ROWS) if row[0] == "component")
OLDEST = {name: oldest for name, oldest, _ in ROWS[HEAD + 1 :]}

NGINX = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
ELSEWHERE = {
    "PostgreSQL": min(engines.RELEASES, key=int),
    "nginx": NGINX.partition(" or newer")[0].rpartition(" ")[2],
}
"""What runs beside the service and is pinned nowhere: what it is tried with, or made for."""


def _limit(of: str) -> str:
    (found,) = (most for name, most, _ in ROWS if name == of)
    return found


def test_the_readme_points_to_it() -> None:
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OLDEST)
def test_what_is_installed_and_pinned_is_not_older(name: str) -> None:
    if OLDEST[name] == "none":
        assert name not in PINNED
        return
    if name in ELSEWHERE:
        assert ELSEWHERE[name] == OLDEST[name]
        return
    if name in ("Python", "SQLite"):
        has = {"Python": sys.version.split()[0], "SQLite": sqlite3.sqlite_version}[name]
    else:
        has = version(name)
        assert Version(PINNED[name]) >= Version(OLDEST[name])
    assert Version(has) >= Version(OLDEST[name])


def test_the_oldest_python_is_the_one_that_is_asked_for() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={OLDEST["Python"]}"' in project


def test_every_dependency_that_reads_what_is_sent_is_listed() -> None:
    assert {"flask", "werkzeug", "gunicorn", "marshmallow", "webargs", "psycopg"} <= set(OLDEST)


def test_the_limits_are_those_that_are_kept() -> None:
    configured = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    for name, said in (
        ("limit_request_line", _limit("request line")),
        ("limit_request_fields", _limit("header fields").split(",")[0]),
        ("limit_request_field_size", _limit("header fields").split("each of ")[1]),
    ):
        kept = re.search(rf"^{name} = (\d+)$", configured, re.MULTILINE)
        assert kept and said.startswith(f"{int(kept[1]):,}"), name
    assert _limit("time to receive the headers") == f"{HEAD_SECONDS:.0f} seconds"
    assert _limit("time to receive the body") == f"{BODY_SECONDS:.0f} seconds"
    assert _limit("body") == f"{MAX_BODY_BYTES >> 20} MiB, a batch {MAX_BATCH_BYTES >> 20} MiB"
    assert _limit("nesting depth of a body") == f"{MAX_JSON_DEPTH} levels"
    assert _limit("reports in a batch") == f"{MAX_BATCH_REPORTS:,}"
    assert _limit("number of people") == f"{MAX_COUNT:,}"
    assert _limit("free text, name") == f"{MAX_TEXT_LENGTH:,} and {MAX_NAME_LENGTH} characters"


def test_every_file_that_it_names_exists() -> None:
    for path in re.findall(r"`((?:tests|docs)/[a-z_/.]+)`", TEXT):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (ROOT / path).exists(), path
