"""One answer has its time, which its totals share; what comes too late is wider, never wrong."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.domain.errors import TimeBudgetExceededError
from service.settings import Settings
from service.usecases import time_budget
from service.usecases.time_budget import TimeBudget
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

VILLAGES = ("a", "b", "c")
TOTALS_BY_PLACE = "/v1/totals?place=region&outcomes=killed&by=place"


@pytest.fixture
def ten_second_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of an answer go on by ten seconds each time that it is looked at."""
    monkeypatch.setattr(time_budget, "monotonic", count(step=10).__next__)


@pytest.fixture
def make_client(settings: Settings, send: SendRequest) -> Callable[[float], FlaskClient]:
    """Record what only a solver can tell apart: of three villages every two together.

    Returns a maker of services that have so many seconds for an answer, and ten for each total.
    """
    places = [
        {"id": "region", "name": "R"},
        *(bodies.make_place(place_id, parent="region") for place_id in VILLAGES),
    ]
    figures = [
        {"outcomes": ["killed"], "exactly": number, "places": pair}
        for number, pair in ((3, ["a", "b"]), (3, ["b", "c"]), (4, ["a", "c"]))
    ]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))

    def create_client(seconds: float) -> FlaskClient:
        changed_settings = replace(settings, solver_seconds=10.0, answer_seconds=seconds)
        return create_app(changed_settings).test_client()

    return create_client


def _range_of(total: dict[str, Any]) -> tuple[int, int | None, bool]:
    return total["low"], total["high"], total["exact"]


def test_an_ordinary_query_gets_the_time_it_needs(make_client: Any) -> None:
    answer = make_client(20.0).get(TOTALS_BY_PLACE)
    (whole,) = answer.get_json()["totals"]
    assert _range_of(whole) == (5, 5, True)
    assert [_range_of(*part["totals"]) for part in answer.get_json()["parts"]] == [
        (2, 2, True), (1, 1, True), (2, 2, True)
    ]  # fmt: skip
    assert "ETag" in answer.headers


@pytest.mark.usefixtures("ten_second_clock")
def test_totals_after_the_budget_is_used_up_are_wider_and_not_exact(make_client: Any) -> None:
    answer = make_client(35.0).get(TOTALS_BY_PLACE)
    first, *rest = (part["totals"][0] for part in answer.get_json()["parts"])
    assert _range_of(answer.get_json()["totals"][0]) == (5, 5, True)
    assert _range_of(first) == (2, 2, True)
    for total, number in zip(rest, (1, 2), strict=True):
        assert not total["exact"]
        assert total["low"] <= number
        assert total["high"] is None or total["high"] >= number
    tag = {"If-None-Match": answer.headers["ETag"]}
    again = make_client(500.0).get(TOTALS_BY_PLACE, headers=tag)
    assert again.status_code == 200  # With more time it is another answer, under another tag.
    assert all(part["totals"][0]["exact"] for part in again.get_json()["parts"])


@pytest.mark.usefixtures("ten_second_clock")
def test_an_answer_far_over_its_budget_is_refused_with_advice(make_client: Any) -> None:
    client = make_client(15.0)
    answer = client.get(TOTALS_BY_PLACE)
    problem_body = assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "30"
    assert problem_body["detail"].startswith("This takes longer than the 30 seconds")
    assert "Ask for less at once" in problem_body["detail"]
    assert client.get(TOTALS_BY_PLACE.removesuffix("&by=place")).status_code == 200


@pytest.mark.usefixtures("ten_second_clock")
def test_a_total_gets_its_own_time_or_the_remaining_budget() -> None:
    budget = TimeBudget(total_seconds=12.0, answer_seconds=25.0)
    assert [budget.next_seconds() for _ in range(5)] == [12.0, 5.0, 0.0, 0.0, 0.0]
    with pytest.raises(TimeBudgetExceededError):
        budget.next_seconds()
