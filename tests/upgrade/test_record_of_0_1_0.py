"""A record made by release 0.1.0 opens, verifies and gives the same answers, byte for byte.

The folder 0.1.0 holds the record as an SQLite file, as SQL for PostgreSQL and as the ledger that
``dump`` wrote it, and the answers that release 0.1.0 gave; make_record.py shows how they were made.
"""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from flask.testing import FlaskClient

from service import create_app
from tests import engines
from tests.upgrade.exchange import Answer, Exchange, Recorded, Request, send

FOLDER: Final = Path(__file__).parent / "0.1.0"
ROOT: Final = Path(__file__).parents[2]
RECORDED: Final = Recorded.read(FOLDER / "answers.json.gz")
NOW: Final = datetime.fromisoformat(RECORDED.now)
SHOWN: Final = 60
"""The number of characters that are shown on each side of the first that differs."""

ABSOLUTE_LINK: Final = re.compile(r'("next":"|^<|^)/v1/(?=[a-z]+[?/])')
"""The beginning of a link in answers of 0.1.0, which loses the path of a proxy."""

Start = Callable[..., FlaskClient]
Command = Callable[..., bytes]


@pytest.fixture
def record(settings: Any) -> Any:
    """Settings with the record of release 0.1.0 as their database."""
    if isinstance(settings.database, Path):
        settings.database.write_bytes(_kept("casualties.db"))
    else:
        with psycopg.connect(settings.database, autocommit=True) as db:
            db.execute(_kept("casualties.sql"))
    return settings


@pytest.fixture
def start(record: Any) -> Start:
    """Start the service on the record, at the moment at which its answers were recorded."""

    def started(now: datetime = NOW, **changed: Any) -> FlaskClient:
        numbers = count(1)
        # No total may run out of time, since its range would then be wider.
        given = replace(record, solver_seconds=60.0, **changed)
        return create_app(given, lambda: now, lambda: f"new-{next(numbers)}").test_client()

    return started


@pytest.fixture
def command(record: Any) -> Command:
    """Run a command of the service on the record, or on another database."""

    def ran(*arguments: str, database: Path | str = record.database) -> bytes:
        environment = {**os.environ, "CASUALTY_DATABASE": str(database)}
        done = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return done.stdout

    return ran


@pytest.mark.parametrize("subject", RECORDED.questions)
def test_every_question_is_answered_as_it_was(start: Start, subject: str) -> None:
    client = start()
    assert _differing(client, RECORDED.questions[subject]) == []


def test_a_request_sent_once_more_is_answered_as_it_was_and_records_nothing(start: Start) -> None:
    client = start()
    before = _ledger_from_the_beginning(client)
    assert _differing(client, RECORDED.replays) == []
    assert _ledger_from_the_beginning(client) == before


def test_verify_finds_nothing_wrong_with_the_record(start: Start, command: Command) -> None:
    start()
    entries = _kept("ledger.ndjson").splitlines()
    last = json.loads(entries[-1])["hash"]
    assert command("verify").decode() == (
        f"Whole: {len(entries)} entries, the last with the hash {last}.\n"
    )


def test_dump_writes_the_ledger_as_it_did(command: Command) -> None:
    assert command("dump") == _kept("ledger.ndjson")


def test_the_dumped_ledger_is_loaded_into_a_whole_record(command: Command, tmp_path: Path) -> None:
    ledger, folder = tmp_path / "ledger.ndjson", tmp_path / "loaded"
    ledger.write_bytes(_kept("ledger.ndjson"))
    folder.mkdir()
    with engines.temporary_database(folder) as database:
        command("load", str(ledger), database=database)
        command("verify", database=database)
        assert command("dump", database=database) == _kept("ledger.ndjson")


def test_keys_are_listed_as_they_were(command: Command) -> None:
    assert command("key", "list").decode() == RECORDED.key_list


@pytest.mark.parametrize("name", ["admin", "report", "read", "bound", "expiring"])
def test_a_key_is_still_good(start: Start, name: str) -> None:
    assert _status(start(reading="closed"), _get(name)) == 200


def test_a_key_that_was_revoked_is_still_refused(start: Start) -> None:
    assert _status(start(reading="closed"), _get("revoked")) == 401


def test_a_key_still_ends_at_the_moment_that_was_set(start: Start) -> None:
    later = start(NOW + timedelta(days=3), reading="closed")
    assert [_status(later, _get(name)) for name in ("expiring", "read")] == [401, 200]


def test_a_key_may_do_what_its_scope_allows_and_no_more(start: Start) -> None:
    client = start()

    def reports(key: str) -> int:
        return _status(client, _sent(key, "POST", "/v1/reports", _report("mod")))

    def changes(key: str) -> int:
        return _status(client, _sent(key, "PUT", "/v1/places/east", {"name": "The East"}))

    assert (reports("read"), reports("report")) == (403, 201)
    assert (changes("report"), changes("admin")) == (403, 200)


def test_a_bound_key_is_still_bound_and_speaks_for_what_its_reporter_was_merged_into(
    start: Start,
) -> None:
    client = start()
    reports = (_report(reporter) for reporter in ("red-relief", "agency", "agency-old", "mod"))
    sent = [_sent("bound", "POST", "/v1/reports", body) for body in reports]
    assert [_status(client, each) for each in sent] == [201, 201, 201, 403]


def test_a_further_report_is_recorded_after_the_last_entry(start: Start, command: Command) -> None:
    client = start()
    entries = len(_kept("ledger.ndjson").splitlines())
    answer = send(client, _sent("report", "POST", "/v1/reports", _report("mod")), RECORDED.keys)
    assert answer.status == 201, answer.body
    assert json.loads(answer.body)["seq"] == entries + 1
    assert command("dump").startswith(_kept("ledger.ndjson"))
    assert f"{entries + 1} entries" in command("verify").decode()


def _kept(name: str) -> bytes:
    return gzip.decompress((FOLDER / f"{name}.gz").read_bytes())


def _differing(client: FlaskClient, exchanges: Iterable[Exchange]) -> list[str]:
    """Return a line for every answer that is not the recorded one."""
    found = []
    for each in exchanges:
        answer = send(client, each.request, RECORDED.keys)
        expected = _with_relative_links(each.answer)
        if expected != each.answer:
            # The ETag of a page is a hash of its bytes, of which the link is a part.
            answer, expected = _without_etag(answer), _without_etag(expected)
        if answer != expected:
            asked = f"{each.request.method} {each.request.path}"
            found.append(f"{asked}: {_difference(answer, expected)}")
    return found


def _with_relative_links(answer: Answer) -> Answer:
    """Return the answer of 0.1.0 with its links as later releases give them: relative."""
    headers = {
        name: ABSOLUTE_LINK.sub(r"\1", value) if name in ("Link", "Location") else value
        for name, value in answer.headers.items()
    }
    return replace(answer, headers=headers, body=ABSOLUTE_LINK.sub(r"\1", answer.body))


def _without_etag(answer: Answer) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name != "ETag"}
    return replace(answer, headers=headers)


def _difference(now: Answer, then: Answer) -> str:
    """Return how an answer differs: by its status, its headers, or from which character on."""
    if (now.status, now.headers) != (then.status, then.headers):
        return f"{now.status} {now.headers}, and was {then.status} {then.headers}"
    pairs = zip(now.body, then.body, strict=False)
    alike = takewhile(lambda pair: pair[0] == pair[1], pairs)
    at = sum(1 for _ in alike)
    shown = slice(max(0, at - SHOWN), at + SHOWN)
    return f"…{now.body[shown]}…, and was …{then.body[shown]}…"


def _ledger_from_the_beginning(client: FlaskClient) -> Answer:
    return send(client, Request("/v1/changes?limit=1000"), RECORDED.keys)


def _status(client: FlaskClient, request: Request) -> int:
    return send(client, request, RECORDED.keys).status


def _get(key: str) -> Request:
    return Request("/v1/places", key=key)


def _sent(key: str, method: str, path: str, body: Any) -> Request:
    return Request(path, method, key, {"Content-Type": "application/json"}, json.dumps(body))


def _report(reporter: str) -> dict[str, Any]:
    return {
        "reporter": reporter,
        "period": {"from": "2025-07-01", "to": "2025-07-01"},
        "places": ["north"],
        "figures": [{"wording": "at least 2 wounded"}],
    }
