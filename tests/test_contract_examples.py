"""The contract's worked examples over HTTP, and that nothing depends on how figures arrive."""

import json
import os
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
from tests.check import recorded
from tests.conftest import START_TIME

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT.parent / "shared" / "reading" / "examples.json"

Json = dict[str, Any]


def _examples() -> Json:
    """Return the worked examples; none where they are not at hand."""
    if not EXAMPLES.exists():
        return {"places": {}, "groups": {}, "cases": []}
    found: Json = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return found


GIVEN = _examples()
CASES = pytest.mark.parametrize("case", GIVEN["cases"], ids=lambda case: case["name"])

PLACES = {"r": None, "a": "r", "b": "r", "b1": "b", "b2": "b", "s": None}
GROUPS = {"everyone": None, "g": "everyone", "h": "everyone"}
OUTCOMES = ("killed", "wounded", "missing", "captured")

SETS, BATCH = 100, 10
"""How many random sets of figures are tried, and how many of them share a database."""


class World:
    """A service of its own in which figures are posted and asked about by the test's own ids."""

    def __init__(self, database: Path, places: Json, groups: Json) -> None:
        app = create_app(Settings(database=database, log_level="error", solver_seconds=60))
        store = SqliteStore(database, busy_seconds=5)
        self._key = api_keys.create_key(store, name="test", scope="report", now=START_TIME)
        store.close()
        self._client: FlaskClient = app.test_client()
        self._named = {
            "places": [{"id": id, "name": id, "parent": up} for id, up in places.items()],
            "groups": [
                {"id": id, "name": id, "parent": up} for id, up in groups.items() if up is not None
            ],
        }
        self._ids: dict[str, str] = {}

    def post(self, reporter: str, figures: Sequence[Json]) -> None:
        """Post one report with these figures, each with a scope of its own."""
        body = {
            "reporter": {"id": reporter, "name": reporter},
            **self._named,
            "figures": [_sent(figure) for figure in figures],
        }
        headers = {"Authorization": f"Bearer {self._key}"}
        report = recorded(self._client.post("/v1/reports", json=body, headers=headers))
        for figure, stored in zip(figures, report["figures"], strict=True):
            self._ids[stored["id"]] = figure["id"]

    def ask(self, scope: Json) -> Json:
        """Return what is told of one scope, without anything that names how it was posted."""
        period = scope["period"]
        query = {
            "place": ",".join(scope["places"]),
            "outcomes": ",".join(scope["outcomes"]),
            "group": ",".join(scope["groups"]),
            **{name: day for name, day in period.items() if day is not None},
        }
        answer = self._client.get("/v1/totals", query_string=query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        told = answer.get_json()
        (total,) = told["totals"]
        same = ("reported", "low", "high", "disputed", "nearest", "exact", "best", "text")
        return {
            **{name: total[name] for name in same},
            "floors_set_aside": self._mine(total["set_aside"]["floors"]),
            "ceilings_set_aside": self._mine(total["set_aside"]["ceilings"]),
            "used": self._mine(told["used"]),
            "caveats": [(each["code"], self._mine(each["figures"])) for each in told["caveats"]],
        }

    def _mine(self, figures: Sequence[str]) -> list[str]:
        return sorted(self._ids[figure] for figure in figures)


def _sent(figure: Json) -> Json:
    """Return the figure as a report holds it; its own id and its reporter stand elsewhere."""
    left_out = {"id", "reporter"} | ({"incident"} if figure["incident"] is None else set())
    return {name: value for name, value in figure.items() if name not in left_out}


@pytest.fixture
def world(tmp_path: Path) -> Callable[[Json, Json], World]:
    """A maker of services, each with an empty record."""
    numbers = count()
    return lambda places, groups: World(tmp_path / f"{next(numbers)}.db", places, groups)


def one_by_one(world: World, figures: Sequence[Json]) -> None:
    """Post every figure in a report of its own."""
    for figure in figures:
        world.post(figure["reporter"], [figure])


def together(world: World, figures: Sequence[Json], chance: random.Random) -> None:
    """Post the figures in another order, some of one reporter's in the same report."""
    waiting = chance.sample(figures, len(figures))
    while waiting:
        reporter = waiting[0]["reporter"]
        mine = [figure for figure in waiting if figure["reporter"] == reporter]
        chosen = mine[: chance.randint(1, len(mine))]
        waiting = [figure for figure in waiting if figure not in chosen]
        world.post(reporter, chosen)


def test_the_worked_examples_are_at_hand() -> None:
    if EXAMPLES.exists():
        assert GIVEN["cases"]
    elif os.environ.get("CI"):
        pytest.fail("The contract's worked examples are not beside the project.")
    else:
        pytest.skip("The contract's worked examples are not beside the project.")


@CASES
def test_a_worked_example_is_answered_as_it_says(
    case: Json, world: Callable[[Json, Json], World]
) -> None:
    service = world(GIVEN["places"], GIVEN["groups"])
    one_by_one(service, case["figures"])
    for query in case["queries"]:
        told = service.ask(query["ask"])
        assert {name: told[name] for name in query["expect"]} == query["expect"], query["ask"]


@CASES
def test_a_worked_example_does_not_depend_on_how_it_arrives(
    case: Json, world: Callable[[Json, Json], World]
) -> None:
    first, second = (world(GIVEN["places"], GIVEN["groups"]) for _ in range(2))
    one_by_one(first, case["figures"])
    together(second, case["figures"], random.Random(case["name"]))
    for query in case["queries"]:
        assert _told(first, query["ask"]) == _told(second, query["ask"])


@pytest.mark.parametrize("batch", range(SETS // BATCH))
def test_no_answer_depends_on_how_figures_arrive(
    batch: int, world: Callable[[Json, Json], World]
) -> None:
    """Sets of one batch share a database and nothing else: each has a tree of its own."""
    chance = random.Random(batch)
    sets = [_set(chance, f"n{number}-") for number in range(BATCH)]
    figures = [figure for figures, _ in sets for figure in figures]
    places = {
        f"n{number}-{id}": f"n{number}-{up}" if up else None
        for number in range(BATCH)
        for id, up in PLACES.items()
    }
    first, second = (world(places, GROUPS) for _ in range(2))
    one_by_one(first, figures)
    together(second, figures, chance)
    for mine, queries in sets:
        for query in queries:
            assert _told(first, query) == _told(second, query), (mine, query)


def _told(world: World, scope: Json) -> Json:
    """Return the answer without the order of what has none."""
    told = world.ask(scope)
    told["caveats"] = sorted(told["caveats"])
    return told


def _set(chance: random.Random, prefix: str) -> tuple[list[Json], list[Json]]:
    """Return random figures and three questions about them, of places with the prefix."""
    eventful = chance.random() < 0.3
    figures: list[Json] = []
    for number in range(chance.randint(2, 7)):
        again = figures and chance.random() < 0.3
        scope = _scope_of(chance.choice(figures)) if again else _scope(chance, prefix)
        if eventful and not again:
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
    return figures, [whole, _scope_of(chance.choice(figures)), _scope(chance, prefix)]


def _scope_of(figure: Json) -> Json:
    return {name: figure[name] for name in ("places", "period", "outcomes", "groups", "incident")}


def _scope(chance: random.Random, prefix: str) -> Json:
    first = chance.randint(1, 4)
    period = {"from": f"2024-01-0{first}", "to": f"2024-01-0{chance.randint(first, 4)}"}
    return {
        "places": [prefix + id for id in chance.sample(sorted(PLACES), chance.randint(1, 3))],
        "period": {**period, "from": chance.choice([period["from"]] * 4 + [None])},
        "outcomes": chance.sample(OUTCOMES[:3], chance.randint(1, 2)),
        "groups": chance.choice([["everyone"]] * 4 + [["g"], ["h"], ["g", "h"]]),
        "incident": None,
    }
