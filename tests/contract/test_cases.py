"""The worked cases of what a total is, over HTTP, whatever order the figures arrive in.

``cases.json`` has places, groups and cases: the figures of each, queries, and the expected totals.
These tests run on every engine and need nothing besides it, so that nothing can skip them.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.contract.conftest import MakeService
from tests.contract.service_under_test import Json, ServiceUnderTest

FILE: Final = Path(__file__).with_name("cases.json")
CASES: Final[Json] = json.loads(FILE.read_text(encoding="utf-8"))

CASE_COUNT, QUERY_COUNT = 45, 114
RANDOM_ORDERS: Final = 2


def test_all_cases_are_in_the_file() -> None:
    cases = CASES["cases"]
    assert len(cases) == len({case["name"] for case in cases}) == CASE_COUNT
    assert sum(len(case["queries"]) for case in cases) == QUERY_COUNT
    assert any("placed" in query["expect"] for case in cases for query in case["queries"])


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_a_case_has_the_expected_totals_in_any_order_of_arrival(
    case: Json, make_service: MakeService
) -> None:
    first = make_service(CASES["places"], CASES["groups"])
    for figure in case["figures"]:
        first.post(figure["reporter"], [figure])
    answers = [first.ask(query["ask"]) for query in case["queries"]]
    for query, answer in zip(case["queries"], answers, strict=True):
        assert {name: answer[name] for name in query["expect"]} == query["expect"], query["ask"]

    chance = random.Random(case["name"])
    for _ in range(RANDOM_ORDERS if len(case["figures"]) > 1 else 0):
        other = make_service(CASES["places"], CASES["groups"])
        post_in_random_order(other, case["figures"], chance)
        assert [other.ask(query["ask"]) for query in case["queries"]] == answers


def post_in_random_order(
    service: ServiceUnderTest, figures: Sequence[Json], chance: random.Random
) -> None:
    """Post the figures in another order, some of one reporter's in the same report."""
    remaining = chance.sample(figures, len(figures))
    while remaining:
        reporter = remaining[0]["reporter"]
        of_reporter = [figure for figure in remaining if figure["reporter"] == reporter]
        chosen = of_reporter[: chance.randint(1, len(of_reporter))]
        remaining = [figure for figure in remaining if figure not in chosen]
        service.post(reporter, chosen)
