"""What one answer takes in memory is bounded before it is taken: it is refused, with the reason."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.domain.errors import InvalidInputError
from service.domain.total import Total
from service.settings import Settings
from service.usecases import breakdown, comparison, query_figures
from service.usecases.time_budget import TOTAL_BYTES, TimeBudget
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

DAYS = "/v1/totals?from=2024-01-01&to=2024-12-30&by=day&outcomes=killed"


@pytest.fixture
def record(send: SendRequest) -> None:
    """Record a year's figure and those of three reporters."""
    year = {"from": "2024-01-01", "to": "2024-12-30"}
    for number, reporter in enumerate("abc"):
        figures = [
            bodies.make_figure(outcomes=["killed"], wording=f"{number + count}", period=period)
            for count, period in (
                (5, year),
                (2, {"from": f"2024-02-0{number + 1}", "to": "2024-03-01"}),
            )
        ]
        body = bodies.make_report(reporter={"id": reporter, "name": reporter}, figures=figures)
        assert_recorded(send(body))


def test_totals_take_memory_until_there_is_none() -> None:
    budget = TimeBudget(1.0, 1.0, 3 * TOTAL_BYTES)
    for _ in range(3):
        budget.take_memory(Total())
    with pytest.raises(InvalidInputError, match="takes more memory than one response may"):
        budget.take_memory(Total())


def test_an_answer_that_takes_too_much_memory_is_refused(
    record: None, settings: Settings, client: FlaskClient
) -> None:
    assert client.get(DAYS).status_code == 200
    small = create_app(replace(settings, cache_megabytes=1)).test_client()
    problem = assert_problem(small.get(DAYS), 422)
    assert problem["detail"].startswith("This takes more memory than one response may, 0 MiB.")
    assert small.get(DAYS.replace("by=day", "by=month")).status_code == 200


def test_a_part_for_each_of_too_many_reporters_is_refused(
    record: None, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/v1/totals?by_reporter=true"
    assert len(client.get(path).json["by_reporter"]) == 3
    monkeypatch.setattr(breakdown.list_reporters, "__defaults__", ("by_reporter", 2))
    problem = assert_problem(client.get(f"{path}&outcomes=killed"), 422, "by_reporter")
    assert problem["errors"] == [
        {"pointer": "by_reporter", "detail": "This makes 3 parts, more than 2; ask for less."}
    ]


def test_a_comparison_over_too_many_events_is_refused(
    record: None, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = client.get("/v1/totals").json["as_of"]["seq"]
    monkeypatch.setattr(comparison, "MAX_EVENTS_BETWEEN", 2)
    assert client.get(f"/v1/totals?compare={last - 2}").status_code == 200
    problem = assert_problem(client.get("/v1/totals?compare=1"), 422, "compare")
    assert f"the first that can be compared is {last - 2}." in problem["detail"]


def test_the_last_publication_is_that_of_all_reports(
    send: SendRequest, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are looked up some at a time."""
    monkeypatch.setattr(query_figures, "CHUNK_REPORTS", 2)
    for day in (3, 9, 1, 4, ...):
        published = {} if day is ... else {"published_at": f"2025-01-0{day}"}
        assert_recorded(send(bodies.make_report(**{"published_at": None, **published})))
    assert client.get("/v1/totals").json["coverage"]["published"] == "2025-01-09"


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_of_figures_are_slices_of_all(
    record: None, client: FlaskClient, send: SendRequest, limit: int
) -> None:
    """Counted and excluded figures, wherever a page begins."""
    assert_recorded(send(bodies.make_report(relays="r1", reporter={"id": "d", "name": "D"})))
    everything = client.get("/v1/totals/figures?limit=100").json
    assert any(each["state"] == "relay" for each in everything["figures"])
    paged, path = [], f"/v1/totals/figures?limit={limit}"
    while path is not None:
        page = client.get(path).json
        paged.append(page["figures"])
        path = page.get("next") and f"/v1/totals/{page['next']}"
    assert [figure for figures in paged for figure in figures] == everything["figures"]
    assert {len(figures) for figures in paged[:-1]} == {limit}
