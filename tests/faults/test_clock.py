"""A clock that is set back: timestamps of the record never decrease, and as_of keeps its answer."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.faults.posting_clients import make_body
from tests.faults.run_size import choose_size
from tests.support.assertions import assert_problem, assert_recorded

NOON = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


class SettableClock:
    """A clock that goes on by a second when it is looked at, and can be set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    """The clock of the application under test."""
    return SettableClock()


def _fetch_totals(client: FlaskClient, as_of: Any) -> Any:
    """Return the answer as of the timestamp, without the echo of the query."""
    answer = client.get("/v1/totals", query_string={"outcomes": "killed", "as_of": as_of})
    assert answer.status_code == 200, answer.text
    totals = answer.get_json()
    del totals["query"]
    return totals


def test_events_go_forward_in_time_whatever_the_clock_does(
    client: FlaskClient, send: SendRequest, clock: SettableClock
) -> None:
    chance = random.Random(3)
    for number in range(choose_size(40, 400)):
        assert_recorded(send(make_body(f"ref-{number}")))
        if chance.random() < 0.3:
            clock.now += timedelta(seconds=chance.uniform(-7200, 3600))
    events = client.get("/v1/changes?limit=1000").get_json()["changes"]
    assert all(one["recorded_at"] <= two["recorded_at"] for one, two in pairwise(events))
    report_times = [each["recorded_at"] for each in events if each["kind"] == "reported"]
    assert len(set(report_times)) == len(report_times)


def test_totals_as_of_an_event_stay_the_same_though_the_clock_goes_back(
    client: FlaskClient, send: SendRequest, clock: SettableClock
) -> None:
    totals_by_time = {}
    for number in range(12):
        report = assert_recorded(send(make_body(f"ref-{number}")))
        totals_by_time[report["recorded_at"]] = _fetch_totals(client, report["recorded_at"])
        assert totals_by_time[report["recorded_at"]] == _fetch_totals(client, report["seq"])
        assert totals_by_time[report["recorded_at"]]["totals"][0]["low"] == number + 1
        clock.now -= timedelta(seconds=5 * (number % 3))
    assert {
        recorded_at: _fetch_totals(client, recorded_at) for recorded_at in totals_by_time
    } == totals_by_time


def test_as_of_the_last_event_is_answered_though_the_clock_is_behind_and_a_later_time_is_refused(
    client: FlaskClient, send: SendRequest, clock: Callable[[], datetime]
) -> None:
    last = assert_recorded(send(make_body("ref-0")))["recorded_at"]
    assert isinstance(clock, SettableClock)
    clock.now -= timedelta(days=1)
    assert _fetch_totals(client, last)["as_of"]["recorded_at"] == last
    later = {"as_of": last.replace("T12:", "T13:")}
    assert_problem(client.get("/v1/totals", query_string=later), 422, "as_of")
