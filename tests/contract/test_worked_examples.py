"""Worked examples of what totals mean, over HTTP; no answer depends on how figures arrive.

``worked_examples.json`` holds the examples: the figures of each, queries, and the expected totals.
"""

import json
import random
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from service.store.sqlite.engine import SqliteStore
from service.usecases import api_keys
from tests.conftest import AMPLE_BUDGETS, START_TIME
from tests.support.assertions import assert_recorded

EXAMPLES_FILE = Path(__file__).with_name("worked_examples.json")

Json = dict[str, Any]


EXAMPLES: Json = json.loads(EXAMPLES_FILE.read_text(encoding="utf-8"))
each_case = pytest.mark.parametrize("case", EXAMPLES["cases"], ids=lambda case: case["name"])

PLACES = {"r": None, "a": "r", "b": "r", "b1": "b", "b2": "b", "s": None}
GROUPS = {"everyone": None, "g": "everyone", "h": "everyone"}
OUTCOMES = ("killed", "wounded", "missing", "captured")

SET_COUNT, SETS_PER_DATABASE = 100, 10
"""How many random sets of figures are tried, and how many of them share a database."""


class ServiceWithOwnIds:
    """A service with an empty record, which posts and queries figures by the test's own ids."""

    def __init__(self, database: Path, places: Json, groups: Json) -> None:
        app = create_app(Settings(database=database, log_level="error", **AMPLE_BUDGETS))
        store = SqliteStore(database, busy_seconds=5)
        self._key = api_keys.create_key(store, name="test", scope="report", now=START_TIME)
        store.close()
        self._client: FlaskClient = app.test_client()
        self._entities = {
            "places": [
                {"id": entity_id, "name": entity_id, "parent": up}
                for entity_id, up in places.items()
            ],
            "groups": [
                {"id": entity_id, "name": entity_id, "parent": up}
                for entity_id, up in groups.items()
                if up is not None
            ],
        }
        self._ids: dict[str, str] = {}

    def post(self, reporter: str, figures: Sequence[Json]) -> None:
        """Post one report with these figures, each with a scope of its own."""
        body = {
            "reporter": {"id": reporter, "name": reporter},
            **self._entities,
            "figures": [_as_reported(figure) for figure in figures],
        }
        headers = {"Authorization": f"Bearer {self._key}"}
        report = assert_recorded(self._client.post("/v1/reports", json=body, headers=headers))
        for figure, stored in zip(figures, report["figures"], strict=True):
            self._ids[stored["id"]] = figure["id"]

    def ask(self, scope: Json) -> Json:
        """Return the total of one scope, without the ids that depend on the order of posting."""
        period = scope["period"]
        query = {
            "place": ",".join(scope["places"]),
            "outcomes": ",".join(scope["outcomes"]),
            "group": ",".join(scope["groups"]),
            **{name: day for name, day in period.items() if day is not None},
        }
        response = self._client.get("/v1/totals", query_string=query)
        assert response.status_code == 200, response.get_data(as_text=True)
        body = response.get_json()
        (total,) = body["totals"]
        compared_fields = (
            "reported",
            "low",
            "high",
            "disputed",
            "nearest",
            "exact",
            "best",
            "text",
        )
        return {
            **{name: total[name] for name in compared_fields},
            "floors_set_aside": self._own_ids_of(total["set_aside"]["floors"]),
            "ceilings_set_aside": self._own_ids_of(total["set_aside"]["ceilings"]),
            "used": self._own_ids_of(body["used"]),
            "caveats": [
                (each["code"], self._own_ids_of(each["figures"])) for each in body["caveats"]
            ],
        }

    def _own_ids_of(self, figures: Sequence[str]) -> list[str]:
        return sorted(self._ids[figure] for figure in figures)


def _as_reported(figure: Json) -> Json:
    """Return the figure as a report holds it; its own id and its reporter stand elsewhere."""
    left_out = {"id", "reporter"} | ({"incident"} if figure["incident"] is None else set())
    return {name: value for name, value in figure.items() if name not in left_out}


@pytest.fixture
def make_service(tmp_path: Path) -> Callable[[Json, Json], ServiceWithOwnIds]:
    """A maker of services, each with an empty record."""
    numbers = count()
    return lambda places, groups: ServiceWithOwnIds(
        tmp_path / f"{next(numbers)}.db", places, groups
    )


def post_one_by_one(service: ServiceWithOwnIds, figures: Sequence[Json]) -> None:
    """Post every figure in a report of its own."""
    for figure in figures:
        service.post(figure["reporter"], [figure])


def post_together(
    service: ServiceWithOwnIds, figures: Sequence[Json], chance: random.Random
) -> None:
    """Post the figures in another order, some of one reporter's in the same report."""
    remaining = chance.sample(figures, len(figures))
    while remaining:
        reporter = remaining[0]["reporter"]
        of_reporter = [figure for figure in remaining if figure["reporter"] == reporter]
        chosen = of_reporter[: chance.randint(1, len(of_reporter))]
        remaining = [figure for figure in remaining if figure not in chosen]
        service.post(reporter, chosen)


@each_case
def test_a_worked_example_has_the_expected_answer(
    case: Json, make_service: Callable[[Json, Json], ServiceWithOwnIds]
) -> None:
    service = make_service(EXAMPLES["places"], EXAMPLES["groups"])
    post_one_by_one(service, case["figures"])
    for query in case["queries"]:
        answer = service.ask(query["ask"])
        assert {name: answer[name] for name in query["expect"]} == query["expect"], query["ask"]


@each_case
def test_a_worked_example_does_not_depend_on_how_it_arrives(
    case: Json, make_service: Callable[[Json, Json], ServiceWithOwnIds]
) -> None:
    first, second = (make_service(EXAMPLES["places"], EXAMPLES["groups"]) for _ in range(2))
    post_one_by_one(first, case["figures"])
    post_together(second, case["figures"], random.Random(case["name"]))
    for query in case["queries"]:
        assert _ask_sorted(first, query["ask"]) == _ask_sorted(second, query["ask"])


@pytest.mark.parametrize("batch", range(SET_COUNT // SETS_PER_DATABASE))
def test_no_answer_depends_on_how_figures_arrive(
    batch: int, make_service: Callable[[Json, Json], ServiceWithOwnIds]
) -> None:
    """Sets of one batch share a database and nothing else: each has a tree of its own."""
    chance = random.Random(batch)
    sets = [_make_figures_and_queries(chance, f"n{number}-") for number in range(SETS_PER_DATABASE)]
    figures = [figure for figures, _ in sets for figure in figures]
    places = {
        f"n{number}-{place_id}": f"n{number}-{parent}" if parent else None
        for number in range(SETS_PER_DATABASE)
        for place_id, parent in PLACES.items()
    }
    first, second = (make_service(places, GROUPS) for _ in range(2))
    post_one_by_one(first, figures)
    post_together(second, figures, chance)
    for set_figures, queries in sets:
        for query in queries:
            assert _ask_sorted(first, query) == _ask_sorted(second, query), (set_figures, query)


def _ask_sorted(service: ServiceWithOwnIds, scope: Json) -> Json:
    """Return the answer without the order of what has none."""
    answer = service.ask(scope)
    answer["caveats"] = sorted(answer["caveats"])
    return answer


def _make_figures_and_queries(chance: random.Random, prefix: str) -> tuple[list[Json], list[Json]]:
    """Return random figures and three questions about them, of places with the prefix."""
    with_incidents = chance.random() < 0.3
    figures: list[Json] = []
    for number in range(chance.randint(2, 7)):
        is_repeated = figures and chance.random() < 0.3
        scope = _scope_of(chance.choice(figures)) if is_repeated else _make_scope(chance, prefix)
        if with_incidents and not is_repeated:
            scope["incident"] = chance.choice([None, "x:1", "x:2", "y:1"])
        low = chance.choice([0, 1, 2, 3, 5, 8, 13])
        high = chance.choice([low, None, low + 1, low + 4])
        reporter = chance.choice(["one", "two", "three"])
        figures.append(
            {"id": f"{prefix}{number}", "reporter": reporter, "low": low, "high": high, **scope}
        )
    whole = {
        "places": [f"{prefix}r", f"{prefix}s"],
        "period": {"from": None, "to": None},
        "outcomes": OUTCOMES,
        "groups": ["everyone"],
    }
    return figures, [whole, _scope_of(chance.choice(figures)), _make_scope(chance, prefix)]


def _scope_of(figure: Json) -> Json:
    return {name: figure[name] for name in ("places", "period", "outcomes", "groups", "incident")}


def _make_scope(chance: random.Random, prefix: str) -> Json:
    first = chance.randint(1, 4)
    period = {"from": f"2024-01-0{first}", "to": f"2024-01-0{chance.randint(first, 4)}"}
    return {
        "places": [
            prefix + place_id for place_id in chance.sample(sorted(PLACES), chance.randint(1, 3))
        ],
        "period": {**period, "from": chance.choice([period["from"]] * 4 + [None])},
        "outcomes": chance.sample(OUTCOMES[:3], chance.randint(1, 2)),
        "groups": chance.choice([["everyone"]] * 4 + [["g"], ["h"], ["g", "h"]]),
        "incident": None,
    }
