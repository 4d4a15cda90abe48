"""Totals of records with more figures than the exact engine takes, over HTTP."""

from collections.abc import Callable
from datetime import date, timedelta
from math import inf
from typing import Any, NamedTuple

import numpy as np
import pytest
from flask.testing import FlaskClient

from benchmarks.generate import ReportGenerator
from service import create_app
from service.bounds.relaxation import (
    local_engine,
    narrow_components,
    query_total,
    relaxed_query,
)
from service.settings import Settings
from service.usecases import state_cache

REPORTS = 700

FIRST_DAY = date(2022, 1, 3)

VILLAGES = {"country": (0, 5_000), "oblast-05": (1_000, 1_200), "district-100": (1_000, 1_010)}
"""The first village of a place, and the one after its last."""

QUERIES = [
    (place, outcomes, start, length)
    for place, start, length in (
        ("country", 0, 1_461),
        ("country", 300, 30),
        ("country", 700, 90),
        ("oblast-05", 200, 365),
        ("oblast-05", 0, 1_461),
        ("district-100", 0, 1_461),
    )
    for outcomes in ("killed", "killed,wounded")
]


MakeHeaders = Callable[..., dict[str, str]]


class Services(NamedTuple):
    """Two services with one record; one of them takes it for a large one."""

    exact: FlaskClient
    large: FlaskClient
    generator: ReportGenerator


@pytest.fixture
def services(
    client: FlaskClient, key: MakeHeaders, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Services:
    """Services with generated reports, some of which are about weeks and months of a country."""
    generator = ReportGenerator(REPORTS, seed=7)
    answer = client.post(
        "/v1/reports/batch", json={"reports": list(generator)}, headers=key("report")
    )
    assert answer.status_code == 207, answer.get_data(as_text=True)[:500]
    assert {each["status"] for each in answer.get_json()["results"]} == {201}
    generator.world.finish_marks()
    ask(client, QUERIES[0])  # Makes the engine while the limits are the usual ones.
    monkeypatch.setattr(state_cache, "MAX_EXACT_FIGURES", 0)
    monkeypatch.setattr(narrow_components, "MAX_SMALL_AREA", 2)
    monkeypatch.setattr(narrow_components, "MAX_COMPONENT", 2)
    monkeypatch.setattr(query_total, "MAX_CLOSURE", 0)
    monkeypatch.setattr(relaxed_query, "MAX_SPELLED", 20)
    return Services(client, create_app(settings).test_client(), generator)


def make_address(query: tuple[str, str, int, int]) -> str:
    place, outcomes, start, length = query
    first, last = FIRST_DAY + timedelta(start), FIRST_DAY + timedelta(start + length - 1)
    return f"/v1/totals?place={place}&outcomes={outcomes}&from={first}&to={last}"


def ask(client: FlaskClient, query: tuple[str, str, int, int], more: str = "") -> dict[str, Any]:
    """Return the answer to a query with its proofs."""
    answer = client.get(f"{make_address(query)}&explain=true{more}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def ends_of(total: dict[str, Any]) -> tuple[float, float]:
    return total["low"], inf if total["high"] is None else total["high"]


def test_a_total_of_a_large_record_is_never_narrower_and_nearly_as_close(
    services: Services,
) -> None:
    compared = []
    for query in QUERIES:
        (exact,), (large,) = (ask(each, query)["totals"] for each in services[:2])
        assert exact["exact"]
        (low, high), (exact_low, exact_high) = ends_of(large), ends_of(exact)
        assert low <= exact_low and exact_high <= high, query
        assert not large["exact"]  # Else nothing is compared.
        compared.append((low, exact_low))
    lows, exact_lows = np.array(compared).T
    assert lows.sum() >= 0.9 * exact_lows.sum() > 0


def test_of_many_wide_figures_those_most_like_the_query_are_weighed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaxed_query, "MAX_WIDE", 3)
    address = "/v1/totals?outcomes=killed&from=2022-03-01&to=2022-08-31"
    (exact,), (large,) = (each.get(address).get_json()["totals"] for each in services[:2])
    (low, high), (exact_low, exact_high) = ends_of(large), ends_of(exact)
    assert low <= exact_low and exact_high <= high and low > 0


def test_a_total_of_a_large_record_holds_the_truth(services: Services) -> None:
    world, false_scopes = services.generator.world, services.generator.false_scopes
    tried = 0
    for place, outcomes, start, length in QUERIES:
        begin, end = VILLAGES[place]
        if any(
            scope.last >= start and (scope.first or 0) < start + length for scope in false_scopes
        ):
            continue
        tried += 1
        chosen = (world.village >= begin) & (world.village < end)
        chosen &= (world.day >= start) & (world.day < start + length)
        chosen &= np.isin(world.outcome, [0] if outcomes == "killed" else [0, 1])
        (total,) = ask(services.large, (place, outcomes, start, length))["totals"]
        low, high = ends_of(total)
        people = world.count[chosen]
        assert low <= people.sum() and (people * world.is_reached[chosen]).sum() <= high
    assert tried


def test_the_proof_of_a_large_total_adds_up(services: Services) -> None:
    for query in QUERIES:
        (total,) = ask(services.large, query)["totals"]
        proof = total["because"]
        if len(proof["low"]) == proof["low_count"] and not proof["low_roundings"]:
            assert sum(each["adds"] for each in proof["low"]) == total["low"]
            assert all((each["times"] > 0) == (each["end"] == "low") for each in proof["low"])


def test_parts_of_a_large_record_are_answered(services: Services) -> None:
    query = ("country", "killed", 300, 30)
    answer = ask(services.large, query, "&by=place")
    whole, parts = answer["totals"][0], [each["totals"][0] for each in answer["parts"]]
    assert sum(part["low"] or 0 for part in parts) <= whole["low"]
    assert whole["placed"]["low"] <= whole["low"]


def test_a_total_that_more_time_does_not_change_is_kept_and_not_counted_as_late(
    services: Services, key: MakeHeaders
) -> None:
    address = make_address(QUERIES[1])
    first = services.large.get(address)
    assert not first.get_json()["totals"][0]["exact"]
    again = services.large.get(address)
    assert again.get_json() == first.get_json()
    tag = first.headers["ETag"]
    assert services.large.get(address, headers={"If-None-Match": tag}).status_code == 304
    numbers = services.large.get("/metrics", headers=key("admin")).get_data(as_text=True)
    assert "casualty_kept_answers_total 2.0" in numbers
    assert "casualty_totals_inexact_total 0.0" in numbers


def test_a_very_large_record_is_answered_from_the_figures_nearby(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_cache, "MAX_PREPARED_FIGURES", 100)
    for query in QUERIES:
        (exact,), (local,) = (ask(each, query)["totals"] for each in services[:2])
        (low, high), (exact_low, exact_high) = ends_of(local), ends_of(exact)
        assert low <= exact_low and exact_high <= high, query
        assert not local["exact"]
    assert ask(services.large, QUERIES[0])["totals"][0]["low"] > 0


def test_a_very_large_record_says_so_where_too_much_is_nearby(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_cache, "MAX_PREPARED_FIGURES", 100)
    monkeypatch.setattr(state_cache, "MAX_NEARBY_FIGURES", 100)
    monkeypatch.setattr(local_engine, "MAX_NEARBY_FIGURES", 100)
    (total,) = ask(services.large, QUERIES[0])["totals"]
    assert (total["low"], total["high"], total["exact"]) == (0, None, False)
    (small,) = ask(services.large, QUERIES[-1])["totals"]
    assert small["low"] > 0
