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
from service.usecases.time_budget import Budget
from tests import make
from tests.check import problem, recorded
from tests.conftest import Send

VILLAGES = ("a", "b", "c")
QUESTION = "/v1/totals?place=region&outcomes=killed&by=place"


@pytest.fixture
def by_tens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of an answer go on by ten seconds each time that it is looked at."""
    monkeypatch.setattr(time_budget, "monotonic", count(step=10).__next__)


@pytest.fixture
def patient(settings: Settings, send: Send) -> Callable[[float], FlaskClient]:
    """Record what only a solver can tell apart: of three villages every two together.

    Returns a maker of services that have so many seconds for an answer, and ten for each total.
    """
    places = [{"id": "region", "name": "R"}, *(make.place(id, parent="region") for id in VILLAGES)]
    figures = [
        {"outcomes": ["killed"], "exactly": number, "places": pair}
        for number, pair in ((3, ["a", "b"]), (3, ["b", "c"]), (4, ["a", "c"]))
    ]
    recorded(send(make.report(places=places, figures=figures)))

    def made(seconds: float) -> FlaskClient:
        whole = replace(settings, solver_seconds=10.0, answer_seconds=seconds)
        return create_app(whole).test_client()

    return made


def _told(total: dict[str, Any]) -> tuple[int, int | None, bool]:
    return total["low"], total["high"], total["exact"]


def test_an_ordinary_question_gets_what_it_needs(patient: Any) -> None:
    answer = patient(20.0).get(QUESTION)
    (whole,) = answer.get_json()["totals"]
    assert _told(whole) == (5, 5, True)
    assert [_told(*part["totals"]) for part in answer.get_json()["parts"]] == [
        (2, 2, True), (1, 1, True), (2, 2, True)
    ]  # fmt: skip
    assert "ETag" in answer.headers


@pytest.mark.usefixtures("by_tens")
def test_when_the_time_is_used_up_the_rest_is_wider_and_says_so(patient: Any) -> None:
    answer = patient(25.0).get(QUESTION)
    first, *rest = (part["totals"][0] for part in answer.get_json()["parts"])
    assert _told(answer.get_json()["totals"][0]) == (5, 5, True)
    assert _told(first) == (2, 2, True)
    for total, number in zip(rest, (1, 2), strict=True):
        assert not total["exact"]
        assert total["low"] <= number
        assert total["high"] is None or total["high"] >= number
    tag = {"If-None-Match": answer.headers["ETag"]}
    again = patient(500.0).get(QUESTION, headers=tag)
    assert again.status_code == 200  # With more time it is another answer, under another tag.
    assert all(part["totals"][0]["exact"] for part in again.get_json()["parts"])


@pytest.mark.usefixtures("by_tens")
def test_what_takes_far_too_long_is_given_up_and_says_what_to_ask_instead(patient: Any) -> None:
    client = patient(15.0)
    answer = client.get(QUESTION)
    told = problem(answer, 503)
    assert answer.headers["Retry-After"] == "30"
    assert told["detail"].startswith("This takes longer than the 30 seconds")
    assert "Ask for less at once" in told["detail"]
    assert client.get(QUESTION.removesuffix("&by=place")).status_code == 200


@pytest.mark.usefixtures("by_tens")
def test_a_total_gets_its_own_time_or_what_is_left() -> None:
    shared = Budget(each=12.0, whole=25.0)
    assert [shared.seconds() for _ in range(5)] == [12.0, 5.0, 0.0, 0.0, 0.0]
    with pytest.raises(TimeBudgetExceededError):
        shared.seconds()
