"""Changes of reports are those of the event log, whatever way they are asked for."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.columns.record_state import RecordState
from service.settings import Settings
from service.store.interface import Store
from service.usecases.recent_changes import (
    CHANGE_KINDS,
    find_latest_changes,
    find_report_changes,
    find_touched_subjects,
    flag_reports,
    load_marks,
    split_by_day,
)
from service.usecases.state_cache import StateCache
from tests.support import bodies
from tests.support.assertions import assert_recorded

Send = Callable[..., TestResponse]

PLACES = ("a", "b", "c")
REPORTERS = ("u", "v")


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """A clock on which many requests are of one day, and some days have none."""
    generator = random.Random(7)
    moments = [datetime(2026, 1, 5, tzinfo=UTC)]

    def tick() -> datetime:
        moments[0] += timedelta(hours=generator.choice((1, 1, 2, 7, 60)))
        return moments[0]

    return tick


@pytest.fixture
def events(
    client: FlaskClient, send: Send, key: Callable[..., dict[str, str]]
) -> list[dict[str, Any]]:
    """The feed of a record of random reports, replacements and withdrawals."""
    generator, live = random.Random(5), {reporter: [] for reporter in REPORTERS}
    headers = key("report")
    for number in range(40):
        reporter = generator.choice(REPORTERS)
        own: list[str] = live[reporter]
        if own and generator.random() < 0.2:
            report_id = own.pop(generator.randrange(len(own)))
            address = f"/v1/reports/{report_id}/retraction"
            assert client.post(address, json={"reason": "x"}, headers=headers).status_code == 201
            continue
        place = bodies.make_place(generator.choice(PLACES))
        body = bodies.make_report(
            reporter={"id": reporter, "name": reporter}, places=[place], ref=f"no. {number}"
        )
        if generator.random() < 0.2:
            body = bodies.make_stance(
                reporter={"id": reporter, "name": reporter}, places=[place], ref=f"no. {number}"
            )
        elif own and generator.random() < 0.3:
            body["supersedes"] = own.pop(generator.randrange(len(own)))
        own.append(assert_recorded(send(body))["id"])
    changes: list[dict[str, Any]] = client.get("/v1/changes?limit=1000").get_json()["changes"]
    return changes


@pytest.fixture
def state(settings: Settings, store: Store, events: list[dict[str, Any]]) -> RecordState:
    with store.read_transaction() as db:
        return StateCache().load(db, events[-1]["seq"]).state


def list_expected(events: list[dict[str, Any]], after: int = 0) -> list[tuple[int, str, str]]:
    return [
        (each["seq"], each["kind"], each["subject"])
        for each in events
        if each["kind"] in CHANGE_KINDS and each["seq"] > after
    ]


def list_found(state: RecordState, changes: Any) -> list[tuple[int, str, str]]:
    rows = zip(changes.seqs.tolist(), changes.kinds.tolist(), changes.rows.tolist(), strict=True)
    return [(seq, CHANGE_KINDS[kind], state.get_report_id(row)) for seq, kind, row in rows]


def test_changes_are_the_events_of_the_feed(
    state: RecordState, events: list[dict[str, Any]]
) -> None:
    kinds = {kind for _, kind, _ in list_expected(events)}
    assert kinds == set(CHANGE_KINDS)
    for after in (0, 1, 20, events[-1]["seq"]):
        changes = find_report_changes(state, after)
        assert list_found(state, changes) == list_expected(events, after)
        assert len(changes) == len(list_expected(events, after))


def test_the_latest_changes_are_the_last_of_all(
    state: RecordState, events: list[dict[str, Any]]
) -> None:
    for count in (1, 3, 10, 1_000):
        latest = find_latest_changes(state, count)
        assert list_found(state, latest) == list_expected(events)[-count:]


def test_reports_are_flagged_by_place_and_reporter(
    client: FlaskClient, state: RecordState, events: list[dict[str, Any]]
) -> None:
    assert flag_reports(state, (), ()) is None
    for place, reporter in (("a", None), (None, "u"), ("b", "v")):
        query = "&".join(
            f"{name}={value}" for name, value in (("place", place), ("reporter", reporter)) if value
        )
        listed = client.get(f"/v1/reports?limit=1000&{query}").get_json()["reports"]
        flags = flag_reports(state, (place,) if place else (), (reporter,) if reporter else ())
        assert flags is not None
        found = {state.get_report_id(row) for row in flags.nonzero()[0].tolist()}
        assert found == {each["id"] for each in listed} and found
        changes = find_report_changes(state, 0, flags)
        assert {each[2] for each in list_found(state, changes)} == found


def test_days_are_those_of_the_events(
    store: Store, state: RecordState, events: list[dict[str, Any]]
) -> None:
    day_of = {each["seq"]: each["recorded_at"][:10] for each in events}
    changes = find_report_changes(state, 0)
    with store.read_transaction() as db:
        days, left = split_by_day(db, changes, 1_000)
        few, more = split_by_day(db, changes, 3)
    assert left == 0 and len(days) > 5
    assert [day.isoformat() for day, _ in days] == sorted(
        {day_of[seq] for seq in changes.seqs.tolist()}, reverse=True
    )
    for day, of_day in days:
        assert {day_of[seq] for seq in of_day.seqs.tolist()} == {day.isoformat()}
    assert sum(len(each) for _, each in days) == len(changes)
    assert len(few) == 3 and more == len(changes) - sum(len(each) for _, each in few)


def test_marks_are_empty_for_an_event_that_does_not_exist(
    store: Store, events: list[dict[str, Any]]
) -> None:
    with store.read_transaction() as db:
        first, last, unknown = load_marks(db, [1, events[-1]["seq"], 10_000])
    assert first.hash != last.hash
    assert last.recorded_at == events[-1]["recorded_at"]
    assert (unknown.hash, unknown.recorded_at) == ("", "")


def test_a_subject_of_which_nobody_counts_any_more_is_touched(
    client: FlaskClient, send: Send, key: Callable[..., dict[str, str]], settings: Settings,
    store: Store,
) -> None:  # fmt: skip
    report = assert_recorded(send(bodies.make_report(places=[bodies.make_place("a")])))
    assert_recorded(send(bodies.make_report(places=[bodies.make_place("b")])))
    address = f"/v1/reports/{report['id']}/retraction"
    client.post(address, json={"reason": "x"}, headers=key("report"))
    last: int = client.get("/v1/changes").get_json()["last_seq"]
    cache = StateCache()
    with store.read_transaction() as db:
        now, then = cache.load(db, last), cache.load(db, last - 1)
    changes = find_report_changes(now.state, last - 1)
    assert list_found(now.state, changes) == [(last, "retracted", report["id"])]
    (subject,) = find_touched_subjects(now, then, changes, 5)
    assert subject.places == ("a",)
