"""Builders of figures, scopes and totals, and strategies that draw random sets of figures."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from math import prod
from typing import Any

from hypothesis import strategies as st

from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.total import Total
from service.domain.trees import Tree
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP

PLACE_IDS = ("r", "a", "b", "b1", "b2", "s")

PLACES = Tree({"r": None, "a": "r", "b": "r", "b1": "b", "b2": "b", "s": None})
"""Region r with village a and district b, which has two villages; and s, disjoint from it."""

GROUPS = Tree({ROOT_GROUP: None, "g": ROOT_GROUP, "h": ROOT_GROUP})

AMPLE_SECONDS = 20.0
"""Seconds that a total may take in a test: far more than any of them needs."""


def make_scope(
    places: str = "a",
    days: tuple[int | None, int | None] = (1, 1),
    outcomes: str = "killed",
    groups: str = ROOT_GROUP,
    incident: str | None = None,
) -> Scope:
    """Return a scope; lists are words separated by spaces, days are in January 2024."""
    first_day, last_day = (None if day is None else date(2024, 1, day) for day in days)
    return Scope(
        tuple(places.split()),
        Period(first_day, last_day),
        frozenset(outcomes.split()),
        tuple(groups.split()),
        incident,
    )


def make_figure(
    figure_id: str,
    low: int,
    high: int | None,
    scope: Scope | None = None,
    *,
    reporter: str = "A",
    soft: str = "",
    reclassifies: str | None = None,
) -> Figure:
    """Return a figure, by default of people killed in village a on the first day."""
    quantity = Quantity(low, high, frozenset(soft.split()))
    return Figure(
        figure_id,
        f"report {figure_id}",
        reporter,
        scope or make_scope(),
        quantity,
        reclassifies=reclassifies,
    )


def compute_total(
    figures: Sequence[Figure], scope: Scope | None = None, seconds: float = AMPLE_SECONDS
) -> Total:
    """Return the total of the scope, by default of people killed in a on the first day."""
    return TotalsEngine(figures, PLACES, GROUPS).total(scope or make_scope(), seconds)


def compute_bounds(
    figures: Sequence[Figure], scope: Scope | None = None
) -> tuple[int | None, int | None]:
    """Return low and high of the scope."""
    result = compute_total(figures, scope)
    return result.low, result.high


def figure_ids_of(figures: Sequence[Figure]) -> set[str]:
    """Return the ids of the figures."""
    return {figure.id for figure in figures}


# A scope is drawn as one number, whose digits select its parts. Drawing each part separately takes
# several times as long, and more examples find more errors.
_PLACES = [" ".join(ids) for size in (1, 2, 3) for ids in combinations(PLACE_IDS, size)]
_OUTCOMES = [" ".join(words) for size in (1, 2) for words in combinations(OUTCOMES[:2], size)] * 3
_OUTCOMES += [" ".join(words) for size in (1, 2, 3) for words in combinations(OUTCOMES, size)]
_DAY_RANGES = [(first, last) for first in range(1, 5) for last in range(first, 5)]
_DAYS: list[tuple[int | None, int | None]] = [*_DAY_RANGES] * 5 + [
    (None, last) for _, last in _DAY_RANGES
]
_QUERY_DAYS = [
    *_DAYS,
    *((None, None) for _ in _DAY_RANGES),
    *((first, None) for first, _ in _DAY_RANGES),
]
_GROUPS = [ROOT_GROUP] * 4 + ["g", "h", "g h"]
_EVENTS = [None, "x:1", "x:2", "y:1", "y:2"]
_QUANTITIES: list[tuple[int, int | None]] = [
    quantity
    for low in (0, 1, 2, 3, 5, 8, 13)
    for width in (0, 1, 4)
    for quantity in ((low, low), (low, None), (0, low), (low, low + width))
]


def _pick_by_digits(number: int, choices: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """Yield one member of each of the choices, selected by the digits of the number."""
    for choice in choices:
        number, digit = divmod(number, len(choice))
        yield choice[digit]


def _picks(choices: Sequence[Sequence[Any]]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw one member of each of the choices."""
    count = prod(map(len, choices))
    return st.integers(0, count - 1).map(lambda number: tuple(_pick_by_digits(number, choices)))


def scopes(with_events: bool = False, for_query: bool = False) -> st.SearchStrategy[Scope]:
    """Draw a scope that overlaps with others more often than not."""
    days = _QUERY_DAYS if for_query else _DAYS
    incidents = _EVENTS if with_events else [None]
    choices = (_PLACES, days, _OUTCOMES, _GROUPS, incidents)
    return _picks(choices).map(lambda picked: make_scope(*picked))


@st.composite
def figure_lists(
    draw: st.DrawFn, max_size: int = 7, with_reclassified: bool = True
) -> list[Figure]:
    """Draw a list of figures: with and without events, repeated scopes and reclassified people."""
    scope_strategy = scopes(draw(st.sampled_from([False, False, True])))
    figures: list[Figure] = []
    for number in range(draw(st.integers(1, max_size))):
        scope = draw(scope_strategy)
        kinds = _picks((range(12), "AB", OUTCOMES, figures or [None], _QUANTITIES))
        kind, reporter, outcome, earlier, (low, high) = draw(kinds)
        reclassifies = None
        if earlier and kind < 4:
            scope = earlier.scope
        elif earlier and kind == 4 and with_reclassified:
            reclassifies = earlier.id
            days, groups = earlier.scope.period, earlier.scope.groups
            scope = Scope(earlier.scope.places, days, frozenset({outcome}), groups)
        figures.append(
            make_figure(
                f"f{number}", low, high, scope, reporter=reporter, reclassifies=reclassifies
            )
        )
    return figures
