"""A record made by release 0.1.0 opens and verifies, and its reports are answered as before.

The answers about reports and events are the same byte for byte, but for the human texts of errors
(see ``_without_error_texts``). Places, groups and the vocabulary have more members than before.
Totals follow the second edition of the contract: see ``test_totals_are_those_of_0_1_0``.

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

SUPERSEDES: Final = re.compile(r'"supersedes":"\w+",')
BATCH_SUMMARY: Final = re.compile(r',"summary":\{.*\}\}(?=\s*$)')
"""The last member of the answer to a batch."""

SAME_SUBJECTS: Final = ("lists of reports", "reports", "the feed", "reporters")
"""The subjects whose answers are the same byte for byte."""

OTHER_STATUSES: Final = {
    "/v1/totals?by=day": 200,  # The days default to those of the figures.
    "/v1/totals?by=group": 422,  # Several facets: the answer asks for one.
    "/v1/totals?group=army,children&by=group": 422,
    "/v1/totals?by=group&compare=24&format=csv": 422,
}
"""The requests that are answered with another status than in 0.1.0."""

COMPARED_MEMBERS: Final = ("reported", "high", "best", "disputed", "nearest", "exact", "figures")
"""The members of a total that are the same as in 0.1.0 once groups are in a facet."""

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


@pytest.mark.parametrize("subject", SAME_SUBJECTS)
def test_every_query_is_answered_as_before(start: Start, subject: str) -> None:
    client = start()
    assert _find_differences(client, RECORDED.questions[subject]) == []


@pytest.mark.parametrize("subject", sorted({*RECORDED.questions} - {*SAME_SUBJECTS}))
def test_no_member_of_an_answer_is_lost(start: Start, subject: str) -> None:
    client = start()
    lost = {}
    for each in RECORDED.questions[subject]:
        answer = send(client, each.request, RECORDED.keys)
        if each.request.path in OTHER_STATUSES:
            assert answer.status == OTHER_STATUSES[each.request.path]
            continue
        assert answer.status == each.answer.status, each.request.path
        lost[each.request.path] = _list_members(each.answer) - _list_members(answer)
    assert {path: members for path, members in lost.items() if members} == {}


@pytest.mark.parametrize("subject", ["places", "groups"])
def test_the_members_of_an_entity_have_the_values_that_they_had(start: Start, subject: str) -> None:
    client = start()
    for each in RECORDED.questions[subject]:
        if each.answer.status == 200:
            now = json.loads(send(client, each.request, RECORDED.keys).body)
            then = json.loads(_with_relative_links(each.answer).body)
            assert _select_members(now, then) == then


def test_the_lexicon_of_0_1_0_is_still_described(start: Start) -> None:
    (exchange,) = (
        each for each in RECORDED.questions["vocabulary"] if each.request.path == "/v1/vocabulary"
    )
    vocabulary = json.loads(send(start(), exchange.request, RECORDED.keys).body)
    assert vocabulary["earlier_lexicons"] == [json.loads(exchange.answer.body)["lexicon"]]


def test_totals_are_those_of_0_1_0(start: Start) -> None:
    """Once the groups are in one facet, a total that was undisputed has the same numbers.

    Release 0.1.0 took groups beside each other for different people. Since the second edition they
    may share people, unless they are in one facet. Two more rules of it change numbers: a total is
    disputed only if the two accounts differ, and where two reporters put one incident at different
    places or days, the people may be the same, so that a low can be less.
    """
    client = start()
    _put_groups_into_one_facet(client)
    compared_count = 0
    for each in RECORDED.questions["totals"]:
        is_past = "as_of" in each.request.path or "compare" in each.request.path
        if is_past or each.answer.status != 200 or each.request.path in OTHER_STATUSES:
            continue
        then = json.loads(each.answer.body)
        now = json.loads(send(client, each.request, RECORDED.keys).body)
        for old, new, codes in _pair_totals(then, now):
            where = f"{each.request.path} {old['outcomes']}"
            if old["disputed"]:
                assert new["low"] <= old["nearest"]["low"], where
                continue
            compared_count += 1
            assert {name: new[name] for name in COMPARED_MEMBERS} == {
                name: old[name] for name in COMPARED_MEMBERS
            }, where
            if new["low"] != old["low"]:
                assert "same_incident_elsewhere" in codes, where
                assert new["low"] < old["low"], where
    assert compared_count > 250


def test_groups_without_a_facet_may_share_people(start: Start) -> None:
    """So no total of all people may be more than in 0.1.0, where their lows were added."""
    client = start()
    request = Request("/v1/totals?outcomes=killed")
    before = json.loads(send(client, request, RECORDED.keys).body)["totals"][0]
    _put_groups_into_one_facet(client)
    after = json.loads(send(client, request, RECORDED.keys).body)["totals"][0]
    assert before["low"] < after["low"]


def test_previews_are_about_the_same_report(start: Start) -> None:
    client = start()
    for each in RECORDED.questions["previews"]:
        then = json.loads(each.answer.body)
        now = json.loads(send(client, each.request, RECORDED.keys).body)
        if each.answer.status < 300:
            for body in (then["report"], now["report"]):
                for warning in body["warnings"]:
                    del warning["text"]
            assert _select_members(now["report"], then["report"]) == then["report"]


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
        answer = _without_new_headers(_without_new_members(answer), expected)
        if answer != expected:
            request_line = f"{each.request.method} {each.request.path}"
            lines.append(f"{request_line}: {_describe_difference(answer, expected)}")
    return lines


def _list_members(answer: Answer) -> set[str]:
    """Return the paths of all members of a JSON answer, or the columns of a CSV file.

    Items of a list count as one. Caveats, proofs and events have members of their own kind, which
    other tests cover.
    """
    if answer.headers["Content-Type"].startswith("text/csv"):
        return set(answer.body.splitlines()[0].split(","))
    return set(_walk_members(json.loads(answer.body), ""))


def _walk_members(value: Any, path: str) -> Iterable[str]:
    items = value.items() if isinstance(value, dict) else ()
    for name, each in items:
        yield f"{path}/{name}"
        if name not in ("because", "caveats", "nearest", "events", "lexicon"):
            yield from _walk_members(each, f"{path}/{name}")
    for each in value if isinstance(value, list) else ():
        yield from _walk_members(each, f"{path}/*")


def _select_members(now: Any, then: Any) -> Any:
    """Return what the older answer holds too: objects may have gained members, lists no items."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {name: _select_members(now.get(name), each) for name, each in then.items()}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [_select_members(one, other) for one, other in zip(now, then, strict=True)]
    return now


def _put_groups_into_one_facet(client: FlaskClient) -> None:
    listed = send(client, Request("/v1/groups?limit=1000"), RECORDED.keys)
    for group in json.loads(listed.body)["groups"]:
        if group["parent"] == "everyone":
            body = {name: group[name] for name in ("name", "parent", "kind", "aliases")}
            request = _make_request(
                "admin", "PUT", f"/v1/groups/{group['id']}", {**body, "facet": "side"}
            )
            assert _request_status(client, request) == 200


def _pair_totals(then: Any, now: Any) -> Iterable[tuple[Any, Any, set[str]]]:
    """Yield each total of the older answer with the present one and the codes of its caveats."""
    for old, new in [(then, now), *zip(then.get("parts", ()), now.get("parts", ()), strict=True)]:
        assert old.get("key") == new.get("key")
        totals = {tuple(total["outcomes"]): total for total in new["totals"]}
        for total in old["totals"]:
            outcomes = tuple(total["outcomes"])
            codes = {
                caveat["code"]
                for caveat in new["caveats"]
                if not caveat["outcomes"] or tuple(caveat["outcomes"]) == outcomes
            }
            yield total, totals[outcomes], codes


def _with_relative_links(answer: Answer) -> Answer:
    """Return the answer of 0.1.0 with its links as later releases give them: relative."""
    headers = {
        name: ABSOLUTE_LINK.sub(r"\1", value) if name in ("Link", "Location") else value
        for name, value in answer.headers.items()
    }
    return replace(answer, headers=headers, body=ABSOLUTE_LINK.sub(r"\1", answer.body))


def _without_new_members(answer: Answer) -> Answer:
    """Return the answer to a batch without what 0.1.0 did not give.

    These are the summary at its end, and which report each one supersedes.
    """
    if answer.status != 207:
        return answer
    return replace(answer, body=SUPERSEDES.sub("", BATCH_SUMMARY.sub("}", answer.body)))


def _without_new_headers(answer: Answer, then: Answer) -> Answer:
    """Return the answer with only the headers that release 0.1.0 sent."""
    headers = {name: value for name, value in answer.headers.items() if name in then.headers}
    return replace(answer, headers=headers)


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
