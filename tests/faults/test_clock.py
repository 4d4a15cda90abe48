"""A clock that is put back: the record goes on forward, and what was known at a moment stays."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.check import problem, recorded
from tests.conftest import SendRequest
from tests.faults.posting import body
from tests.faults.size import at

NOON = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that goes on by a second when it is looked at, and can be set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the application under test."""
    return Clock()


def _known(client: FlaskClient, moment: Any) -> Any:
    """Return what is told as of the moment, but for the words of the question itself."""
    answer = client.get("/v1/totals", query_string={"outcomes": "killed", "as_of": moment})
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    del told["query"]
    return told


def test_entries_go_forward_in_time_whatever_the_clock_does(
    client: FlaskClient, send: SendRequest, clock: Clock
) -> None:
    chance = random.Random(3)
    for number in range(at(40, 400)):
        recorded(send(body(f"ref-{number}")))
        if chance.random() < 0.3:
            clock.now += timedelta(seconds=chance.uniform(-7200, 3600))
    entries = client.get("/v1/changes?limit=1000").get_json()["changes"]
    assert all(one["recorded_at"] <= two["recorded_at"] for one, two in pairwise(entries))
    reported = [each["recorded_at"] for each in entries if each["kind"] == "reported"]
    assert len(set(reported)) == len(reported)


def test_what_was_known_at_an_entry_stays_so_though_the_clock_goes_back(
    client: FlaskClient, send: SendRequest, clock: Clock
) -> None:
    known = {}
    for number in range(12):
        sent = recorded(send(body(f"ref-{number}")))
        known[sent["recorded_at"]] = _known(client, sent["recorded_at"])
        assert known[sent["recorded_at"]] == _known(client, sent["seq"])
        assert known[sent["recorded_at"]]["totals"][0]["low"] == number + 1
        clock.now -= timedelta(seconds=5 * (number % 3))
    assert {moment: _known(client, moment) for moment in known} == known


def test_the_record_may_be_ahead_of_the_clock_and_a_moment_after_both_is_to_come(
    client: FlaskClient, send: SendRequest, clock: Callable[[], datetime]
) -> None:
    last = recorded(send(body("ref-0")))["recorded_at"]
    assert isinstance(clock, Clock)
    clock.now -= timedelta(days=1)
    assert _known(client, last)["as_of"]["recorded_at"] == last
    later = {"as_of": last.replace("T12:", "T13:")}
    problem(client.get("/v1/totals", query_string=later), 422, "as_of")
