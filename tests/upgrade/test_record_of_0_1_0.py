"""A record made by release 0.1.0 opens, verifies and gives the same answers, byte for byte.

Only the human texts of errors may differ, unless they are stored: see ``_without_error_texts``.

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
from tests.support import engines
from tests.upgrade.exchange import Answer, Exchange, RecordedAnswers, Request, send

FOLDER: Final = Path(__file__).parent / "0.1.0"
ROOT: Final = Path(__file__).parents[2]
RECORDED: Final = RecordedAnswers.read(FOLDER / "answers.json.gz")
NOW: Final = datetime.fromisoformat(RECORDED.now)
EXCERPT_LENGTH: Final = 60
"""The number of characters that are shown on each side of the first that differs."""

ABSOLUTE_LINK: Final = re.compile(r'("next":"|^<|^)/v1/(?=[a-z]+[?/])')
"""The beginning of a link in answers of 0.1.0, which loses the path of a proxy."""

BATCH_SUMMARY: Final = re.compile(r',"summary":\{.*\}\}(?=\s*$)')
"""The last member of the answer to a batch."""

Start = Callable[..., FlaskClient]
Command = Callable[..., bytes]


@pytest.fixture
def record(settings: Any) -> Any:
    """Settings with the record of release 0.1.0 as their database."""
    if isinstance(settings.database, Path):
        settings.database.write_bytes(_read_fixture("casualties.db"))
    else:
        with psycopg.connect(settings.database, autocommit=True) as db:
            db.execute(_read_fixture("casualties.sql"))
    return settings


@pytest.fixture
def start(record: Any) -> Start:
    """Start the service on the record, with the clock of the recorded answers."""

    def start_service(now: datetime = NOW, **changes: Any) -> FlaskClient:
        numbers = count(1)
        # No total may run out of time, since its range would then be wider.
        changed_settings = replace(record, solver_seconds=60.0, **changes)
        return create_app(
            changed_settings, lambda: now, lambda: f"new-{next(numbers)}"
        ).test_client()

    return start_service


@pytest.fixture
def command(record: Any) -> Command:
    """Run a command of the service on the record, or on another database."""

    def run_command(*arguments: str, database: Path | str = record.database) -> bytes:
        environment = {**os.environ, "CASUALTY_DATABASE": str(database)}
        completed = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert completed.returncode == 0, (completed.stdout + completed.stderr).decode()
        return completed.stdout

    return run_command


@pytest.mark.parametrize("subject", RECORDED.questions)
def test_every_query_is_answered_as_before(start: Start, subject: str) -> None:
    client = start()
    assert _find_differences(client, RECORDED.questions[subject]) == []


def test_a_repeated_request_is_answered_as_before_and_records_nothing(start: Start) -> None:
    client = start()
    before = _fetch_feed(client)
    assert _find_differences(client, RECORDED.replays) == []
    assert _fetch_feed(client) == before


def test_verify_finds_nothing_wrong_with_the_record(start: Start, command: Command) -> None:
    start()
    events = _read_fixture("ledger.ndjson").splitlines()
    last_hash = json.loads(events[-1])["hash"]
    assert command("verify").decode() == (
        f"Whole: {len(events)} events, the last with the hash {last_hash}.\n"
    )


def test_dump_writes_the_event_log_as_before(command: Command) -> None:
    assert command("dump") == _read_fixture("ledger.ndjson")


def test_the_dumped_event_log_loads_into_a_record_that_verifies(
    command: Command, tmp_path: Path
) -> None:
    ledger, folder = tmp_path / "ledger.ndjson", tmp_path / "loaded"
    ledger.write_bytes(_read_fixture("ledger.ndjson"))
    folder.mkdir()
    with engines.temporary_database(folder) as database:
        command("load", str(ledger), database=database)
        command("verify", database=database)
        assert command("dump", database=database) == _read_fixture("ledger.ndjson")


def test_keys_are_listed_as_before(command: Command) -> None:
    assert command("key", "list").decode() == RECORDED.key_list


@pytest.mark.parametrize("name", ["admin", "report", "read", "bound", "expiring"])
def test_a_valid_key_is_still_accepted(start: Start, name: str) -> None:
    assert _request_status(start(reading="closed"), _make_get_request(name)) == 200


def test_a_key_that_was_revoked_is_still_refused(start: Start) -> None:
    assert _request_status(start(reading="closed"), _make_get_request("revoked")) == 401


def test_a_key_still_expires_at_its_time(start: Start) -> None:
    later = start(NOW + timedelta(days=3), reading="closed")
    assert [_request_status(later, _make_get_request(name)) for name in ("expiring", "read")] == [
        401,
        200,
    ]


def test_a_key_may_do_what_its_scope_allows_and_no_more(start: Start) -> None:
    client = start()

    def post_report(key: str) -> int:
        return _request_status(
            client, _make_request(key, "POST", "/v1/reports", _make_report("mod"))
        )

    def put_place(key: str) -> int:
        return _request_status(
            client, _make_request(key, "PUT", "/v1/places/east", {"name": "The East"})
        )

    assert (post_report("read"), post_report("report")) == (403, 201)
    assert (put_place("report"), put_place("admin")) == (403, 200)


def test_a_bound_key_still_reports_for_its_merged_reporters_alone(
    start: Start,
) -> None:
    client = start()
    reports = (_make_report(reporter) for reporter in ("red-relief", "agency", "agency-old", "mod"))
    requests = [_make_request("bound", "POST", "/v1/reports", body) for body in reports]
    assert [_request_status(client, each) for each in requests] == [201, 201, 201, 403]


def test_a_new_report_is_recorded_after_the_last_event(start: Start, command: Command) -> None:
    client = start()
    event_count = len(_read_fixture("ledger.ndjson").splitlines())
    answer = send(
        client, _make_request("report", "POST", "/v1/reports", _make_report("mod")), RECORDED.keys
    )
    assert answer.status == 201, answer.body
    assert json.loads(answer.body)["seq"] == event_count + 1
    assert command("dump").startswith(_read_fixture("ledger.ndjson"))
    assert f"{event_count + 1} events" in command("verify").decode()


def _read_fixture(name: str) -> bytes:
    return gzip.decompress((FOLDER / f"{name}.gz").read_bytes())


def _find_differences(client: FlaskClient, exchanges: Iterable[Exchange]) -> list[str]:
    """Return a line for every answer that is not the recorded one."""
    lines = []
    for each in exchanges:
        answer = send(client, each.request, RECORDED.keys)
        expected = _with_relative_links(each.answer)
        if expected != each.answer:
            # The ETag of a page is a hash of its bytes, of which the link is a part.
            answer, expected = _without_etag(answer), _without_etag(expected)
        answer, expected = _without_error_texts(answer), _without_error_texts(expected)
        answer = _without_summary(answer)
        if answer != expected:
            request_line = f"{each.request.method} {each.request.path}"
            lines.append(f"{request_line}: {_describe_difference(answer, expected)}")
    return lines


def _with_relative_links(answer: Answer) -> Answer:
    """Return the answer of 0.1.0 with its links as later releases give them: relative."""
    headers = {
        name: ABSOLUTE_LINK.sub(r"\1", value) if name in ("Link", "Location") else value
        for name, value in answer.headers.items()
    }
    return replace(answer, headers=headers, body=ABSOLUTE_LINK.sub(r"\1", answer.body))


def _without_summary(answer: Answer) -> Answer:
    """Return the answer to a batch without the summary at its end, which 0.1.0 did not give."""
    if answer.status != 207:
        return answer
    return replace(answer, body=BATCH_SUMMARY.sub("}", answer.body))


def _without_etag(answer: Answer) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name != "ETag"}
    return replace(answer, headers=headers)


def _without_error_texts(answer: Answer) -> Answer:
    """Return an error without the values of ``title`` and ``detail``, any other answer unchanged.

    Programs read an error's status, members and pointers; its sentences are for people, and a
    release may word them better. A stored response that is replayed keeps even its sentences.
    """
    if answer.status < 400 or "Idempotent-Replayed" in answer.headers:
        return answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    return replace(answer, body=json.dumps(_blank_texts(json.loads(answer.body))))


def _blank_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "" if name in ("title", "detail") else _blank_texts(each)
            for name, each in value.items()
        }
    return [_blank_texts(each) for each in value] if isinstance(value, list) else value


def _describe_difference(now: Answer, then: Answer) -> str:
    """Return how an answer differs: by its status, its headers, or from which character on."""
    if (now.status, now.headers) != (then.status, then.headers):
        return f"{now.status} {now.headers}, and was {then.status} {then.headers}"
    pairs = zip(now.body, then.body, strict=False)
    equal_characters = takewhile(lambda pair: pair[0] == pair[1], pairs)
    position = sum(1 for _ in equal_characters)
    excerpt = slice(max(0, position - EXCERPT_LENGTH), position + EXCERPT_LENGTH)
    return f"…{now.body[excerpt]}…, and was …{then.body[excerpt]}…"


def _fetch_feed(client: FlaskClient) -> Answer:
    return send(client, Request("/v1/changes?limit=1000"), RECORDED.keys)


def _request_status(client: FlaskClient, request: Request) -> int:
    return send(client, request, RECORDED.keys).status


def _make_get_request(key: str) -> Request:
    return Request("/v1/places", key=key)


def _make_request(key: str, method: str, path: str, body: Any) -> Request:
    return Request(path, method, key, {"Content-Type": "application/json"}, json.dumps(body))


def _make_report(reporter: str) -> dict[str, Any]:
    return {
        "reporter": reporter,
        "period": {"from": "2025-07-01", "to": "2025-07-01"},
        "places": ["north"],
        "figures": [{"wording": "at least 2 wounded"}],
    }
