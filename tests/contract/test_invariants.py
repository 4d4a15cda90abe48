"""What follows from the meaning of a total holds for random figures, over HTTP.

Places are in two divisions and groups in four facets, one of them without a name. The sets of one
batch share a database and nothing else: each has places of its own.
"""

import random
from itertools import pairwise
from typing import Final

import pytest

from tests.contract.conftest import MakeService
from tests.contract.service_under_test import Json, ServiceUnderTest
from tests.contract.test_cases import post_in_random_order

PLACES: Final[dict[str, tuple[str | None, str | None]]] = {
    "r": (None, None),
    "a": ("r", None),
    "b": ("r", None),
    "b1": ("b", None),
    "b2": ("b", None),
    "basin": ("r", "hydrography"),
    "upper": ("basin", None),
    "s": (None, None),
}
GROUPS: Final[Json] = {
    "soldiers": {"parent": "everyone", "facet": "side"},
    "civilians": {"parent": "everyone", "facet": "side"},
    "women": {"parent": "everyone", "facet": "sex"},
    "men": {"parent": "everyone", "facet": "sex"},
    "militia": {"parent": "civilians", "facet": "bearing"},
    "medics": {"parent": "everyone", "facet": None},
}
OUTCOMES: Final = ("killed", "wounded", "missing", "captured")

SET_COUNT, SETS_PER_BATCH = 40, 10
"""How many random sets of figures are tried, and how many of them share a database."""

each_batch = pytest.mark.parametrize("batch", range(SET_COUNT // SETS_PER_BATCH))


@each_batch
def test_the_order_of_arrival_changes_nothing(batch: int, make_service: MakeService) -> None:
    chance = random.Random(batch)
    sets = _make_sets(chance)
    first, second = (make_service(_make_places(), GROUPS) for _ in range(2))
    figures = [figure for each in sets for figure in each]
    for figure in figures:
        first.post(figure["reporter"], [figure])
    post_in_random_order(second, figures, chance)
    for number, figures in enumerate(sets):
        for query in _make_queries(chance, figures, _prefix(number)):
            assert first.ask(query) == second.ask(query), (figures, query)


@each_batch
def test_a_repeated_claim_changes_nothing(batch: int, make_service: MakeService) -> None:
    chance = random.Random(f"repeated {batch}")
    sets = _make_sets(chance)
    service = make_service(_make_places(), GROUPS)
    _post_all(service, sets)
    queries = [
        query
        for number, figures in enumerate(sets)
        for query in _make_queries(chance, figures, _prefix(number))
    ]
    before = [_range_of(service.ask(query)) for query in queries]
    for figures in sets:
        repeated = chance.choice(figures)
        again = {**repeated, "id": f"{repeated['id']}-again"}
        if repeated["incident"] is None:
            again["reporter"] = "four"  # An incident that others report as well may be elsewhere.
        service.post(again["reporter"], [again])
    assert [_range_of(service.ask(query)) for query in queries] == before


@each_batch
def test_parts_never_exceed_their_whole(batch: int, make_service: MakeService) -> None:
    chance = random.Random(f"parts {batch}")
    sets = _make_sets(chance)
    service = make_service(_make_places(), GROUPS)
    _post_all(service, sets)
    for number, figures in enumerate(sets):
        prefix = _prefix(number)
        for query in _make_queries(chance, figures, prefix):
            whole = service.ask({**query, "places": [f"{prefix}r"]})
            for disjoint in (("a", "b"), ("basin",)):
                parts = [service.ask({**query, "places": [prefix + each]}) for each in disjoint]
                _assert_within(parts, whole, (figures, query))
            by_side = [
                service.ask({**query, "places": [f"{prefix}r"], "groups": [each]})
                for each in ("soldiers", "civilians")
            ]
            everyone = service.ask({**query, "places": [f"{prefix}r"], "groups": ["everyone"]})
            _assert_within(by_side, everyone, (figures, query))


@each_batch
def test_a_wider_low_never_lowers_what_is_placed(batch: int, make_service: MakeService) -> None:
    """Of figures without upper bounds, which cannot contradict each other.

    They have no incidents: a figure that puts another reporter's incident elsewhere lowers a low.
    """
    chance = random.Random(f"placed {batch}")
    changes = {"high": None, "incident": None}
    sets = [[{**each, **changes} for each in figures] for figures in _make_sets(chance)]
    service = make_service(_make_places(), GROUPS)
    _post_all(service, sets)
    for number, figures in enumerate(sets):
        for query in _make_queries(chance, figures, _prefix(number)):
            answer = service.ask(query)
            assert answer["reported"] or not answer["placed"]["reported"], (figures, query)
            assert (answer["placed"]["low"] or 0) <= (answer["low"] or 0), (figures, query)


def _assert_within(parts: list[Json], whole: Json, context: object) -> None:
    """Disjoint parts have lows that add up to no more than the low of the whole."""
    if not whole["exact"]:
        return
    assert sum(part["low"] or 0 for part in parts) <= (whole["low"] or 0), context
    for part in parts:
        if part["reported"] and whole["high"] is not None:
            assert part["high"] is not None and part["high"] <= whole["high"], context


def _range_of(answer: Json) -> list[object]:
    names = ("reported", "low", "high", "disputed", "nearest", "contradiction", "placed")
    return [answer[name] for name in names]


def _post_all(service: ServiceUnderTest, sets: list[list[Json]]) -> None:
    for figures in sets:
        for figure in figures:
            service.post(figure["reporter"], [figure])


def _prefix(number: int) -> str:
    return f"n{number}-"


def _make_places() -> Json:
    return {
        _prefix(number) + place: {
            "parent": _prefix(number) + parent if parent else None,
            "division": division,
        }
        for number in range(SETS_PER_BATCH)
        for place, (parent, division) in PLACES.items()
    }


def _make_sets(chance: random.Random) -> list[list[Json]]:
    return [_make_figures(chance, _prefix(number)) for number in range(SETS_PER_BATCH)]


def _make_figures(chance: random.Random, prefix: str) -> list[Json]:
    """Return random figures about places with the prefix."""
    has_incidents = chance.random() < 0.3
    figures: list[Json] = []
    for number in range(chance.randint(2, 6)):
        is_repeated = figures and chance.random() < 0.3
        scope = _scope_of(chance.choice(figures)) if is_repeated else _make_scope(chance, prefix)
        if has_incidents and not is_repeated:
            scope["incident"] = chance.choice([None, "x:1", "x:2", "y:1"])
            if scope["incident"] is not None:
                scope["incident"] = f"{prefix}{scope['incident']}"
        low = chance.choice([0, 1, 2, 3, 5, 8, 13])
        high = chance.choice([low, None, low + 1, low + 4])
        reporter = chance.choice(["one", "two", "three"])
        figures.append(
            {"id": f"{prefix}{number}", "reporter": reporter, "low": low, "high": high, **scope}
        )
    return figures


def _make_queries(chance: random.Random, figures: list[Json], prefix: str) -> list[Json]:
    return [
        _ask_everything(prefix),
        _scope_of(chance.choice(figures)),
        _make_scope(chance, prefix),
    ]


def _ask_everything(prefix: str) -> Json:
    return {
        "places": [f"{prefix}r", f"{prefix}s"],
        "period": {"from": None, "to": None},
        "outcomes": list(OUTCOMES),
        "groups": ["everyone"],
    }


def _scope_of(figure: Json) -> Json:
    return {name: figure[name] for name in ("places", "period", "outcomes", "groups", "incident")}


PLACE_CHOICES: Final = (
    *((each,) for each in PLACES),
    *pairwise(("a", "b", "s")),
    ("b1", "b2"),
    ("a", "b2"),
    ("r", "s"),
)
GROUP_CHOICES: Final = (
    *[("everyone",)] * 4,
    *((each,) for each in GROUPS),
    ("soldiers", "civilians"),
    ("civilians", "women"),
    ("women", "men"),
    ("militia", "women"),
)


def _make_scope(chance: random.Random, prefix: str) -> Json:
    first = chance.randint(1, 4)
    period = {"from": f"2024-01-0{first}", "to": f"2024-01-0{chance.randint(first, 4)}"}
    return {
        "places": [prefix + place for place in chance.choice(PLACE_CHOICES)],
        "period": {**period, "from": chance.choice([period["from"]] * 4 + [None])},
        "outcomes": chance.sample(OUTCOMES[:3], chance.randint(1, 2)),
        "groups": list(chance.choice(GROUP_CHOICES)),
        "incident": None,
    }
