"""docs/clients.md is true: its addresses, kinds of events and limits."""

import csv
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from schemas.changes import MAX_WAIT_SECONDS
from service.api.batches import MAX_BATCH_BYTES
from service.http.long_poll_slots import MAX_WAITING_THREADS
from service.store.idempotency import RETENTION
from service.store.projections.dispatch import EVENT_KINDS
from service.usecases.batches import MAX_BATCH_REPORTS
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.gunicorn_server import run_server
from tests.support.markdown import read_shell_blocks
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "clients.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_address_it_names_exists(app: Flask) -> None:
    known = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    named = set(re.findall(r"`((?:GET|POST|PUT) /v1/[^`?]+)", TEXT))
    assert len(named) > 10
    assert named <= known


def test_every_kind_of_event_is_documented() -> None:
    documented = set(re.findall(r"`([a-z]+(?:_[a-z]+)?)`", TEXT[TEXT.index("| kind") :]))
    expected = {kind for kind in EVENT_KINDS if not kind.startswith(("group_", "reporter_"))}
    assert expected <= documented


def test_every_limit_is_that_of_the_service() -> None:
    assert f"up to {MAX_BATCH_REPORTS:,} reports and {MAX_BATCH_BYTES >> 20} MiB" in TEXT
    assert f"({MAX_WAIT_SECONDS} at most)" in TEXT
    assert MAX_WAITING_THREADS == 4 and "Four may" in TEXT
    assert f"For {RETENTION.total_seconds() / 3600:.0f} hours" in TEXT


DAY = {"from": "2024-12-14", "to": "2024-12-14"}


def make_killed_report(number: int, **changes: Any) -> dict[str, Any]:
    """Return a report of one figure: exactly so many killed in Plekhovo on a day."""
    return bodies.make_report(
        period=DAY, figures=[{"outcomes": ["killed"], "exactly": number, **changes}]
    )


@pytest.mark.parametrize(
    ("incidents", "low", "disputed"),
    [({}, 3, True), ({"incident": "own"}, 8, False)],
    ids=["counts of a day", "a list of events"],
)
def test_incidents_are_added_and_counts_of_one_day_are_not(
    client: FlaskClient, send: Callable[..., Any], incidents: Any, low: int, disputed: bool
) -> None:
    for number in (3, 5):
        assert_recorded(send(make_killed_report(number, **incidents)))
    (total,) = client.get("/v1/totals?outcomes=killed").get_json()["totals"]
    assert (total["low"], total["disputed"]) == (low, disputed)


def test_running_totals_give_the_days_between_them(
    client: FlaskClient, send: Callable[..., Any]
) -> None:
    for day, people in (("10", 100), ("11", 104), ("12", 111)):
        assert_recorded(
            send(make_killed_report(people, period={"from": None, "to": f"2024-12-{day}"}))
        )
    address = "/v1/totals?outcomes=killed&from=2024-12-12&to=2024-12-12"
    (last,) = client.get(address).get_json()["totals"]
    (whole,) = client.get("/v1/totals?outcomes=killed").get_json()["totals"]
    assert (last["low"], last["high"], last["disputed"]) == (7, 7, False)
    assert (whole["low"], whole["disputed"]) == (111, False)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_first_steps_give_the_answers_described(tmp_path: Path) -> None:
    with run_server(tmp_path) as server:

        def run_script(script: str) -> str:
            return subprocess.run(
                ["sh", "-ec", script],
                cwd=tmp_path,
                env=os.environ | {"URL": server.url, "KEY": server.key},
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        _, *scripts = read_shell_blocks(PAGE)["First steps"]
        words, numbers, _, table, reasons, correction, corrected, _ = map(run_script, scripts)
    (figure,) = json.loads(words)["figures"]
    assert (figure["low"], figure["high"], figure["outcomes"]) == (35, 45, ["killed"])
    assert [each["code"] for each in json.loads(numbers)["warnings"]] == ["contradicts"]
    assert _select_columns(table, list(SHOWN_TABLE[0])) == SHOWN_TABLE
    answer = json.loads(reasons)
    (caveat,) = [each["text"] for each in answer["caveats"] if each["code"] == "disputed"]
    assert caveat in " ".join(TEXT.replace("\n> ", " ").split())
    assert answer["totals"][0]["contradiction"] == 10
    assert json.loads(correction)["supersedes"] == json.loads(numbers)["id"]
    (total,) = json.loads(corrected)["totals"]
    assert (total["text"], total["disputed"]) == ("42 killed", False)
    assert (tmp_path / "months.csv").read_bytes().startswith(b"\xef\xbb\xbfrow,key,name,from,to,")
    assert len((tmp_path / "reports.csv").read_text("utf-8").splitlines()) == 6


def _read_table(header: str) -> list[dict[str, str]]:
    """Return the rows of the table on the page that begins with this header."""
    lines = TEXT[TEXT.index(header) :].split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


SHOWN_TABLE = _read_table("| row | key | key2 |")


def _select_columns(table: str, columns: list[str]) -> list[dict[str, str]]:
    return [{name: row[name] for name in columns} for row in csv.DictReader(table.splitlines())]
