"""Short ways to write figures, questions and whole random sets of them in tests of the bounds."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from math import prod
from typing import Any

from hypothesis import strategies as st

from service.bounds.engine import Reckoner
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.total import Total
from service.domain.trees import Tree
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP

PLACES_NAMED = ("r", "a", "b", "b1", "b2", "s")

PLACES = Tree({"r": None, "a": "r", "b": "r", "b1": "b", "b2": "b", "s": None})
"""Region r with village a and district b, which has two villages; and s, apart from it."""

GROUPS = Tree({ROOT_GROUP: None, "g": ROOT_GROUP, "h": ROOT_GROUP})

PATIENCE = 20.0
"""Seconds that a total may take in a test: far more than any of them needs."""


def scope(
    places: str = "a",
    days: tuple[int | None, int | None] = (1, 1),
    outcomes: str = "killed",
    groups: str = ROOT_GROUP,
    incident: str | None = None,
) -> Scope:
    """Return a scope; lists are words with spaces between, days are of January 2024."""
    first, last = (None if day is None else date(2024, 1, day) for day in days)
    return Scope(
        tuple(places.split()),
        Period(first, last),
        frozenset(outcomes.split()),
        tuple(groups.split()),
        incident,
    )


def figure(
    id: str,
    low: int,
    high: int | None,
    where: Scope | None = None,
    *,
    by: str = "A",
    soft: str = "",
    reclassifies: str | None = None,
) -> Figure:
    """Return a figure, by default of those killed in village a on the first day."""
    quantity = Quantity(low, high, frozenset(soft.split()))
    return Figure(id, f"report {id}", by, where or scope(), quantity, reclassifies=reclassifies)


def total(
    figures: Sequence[Figure], asked: Scope | None = None, seconds: float = PATIENCE
) -> Total:
    """Return the total of the asked scope, by default of those killed in a on the first day."""
    return Reckoner(figures, PLACES, GROUPS).total(asked or scope(), seconds)


def bounds(figures: Sequence[Figure], asked: Scope | None = None) -> tuple[int | None, int | None]:
    """Return low and high of the asked scope."""
    found = total(figures, asked)
    return found.low, found.high


def ids(figures: Sequence[Figure]) -> set[str]:
    """Return the ids of the figures."""
    return {each.id for each in figures}


# A scope is drawn as one number and read digit by digit: to draw each part of it by itself takes
# several times as long, and it is the number of sets that finds things.
_PLACES = [" ".join(ids) for size in (1, 2, 3) for ids in combinations(PLACES_NAMED, size)]
_OUTCOMES = [" ".join(words) for size in (1, 2) for words in combinations(OUTCOMES[:2], size)] * 3
_OUTCOMES += [" ".join(words) for size in (1, 2, 3) for words in combinations(OUTCOMES, size)]
_SPANS = [(first, last) for first in range(1, 5) for last in range(first, 5)]
_DAYS: list[tuple[int | None, int | None]] = [*_SPANS] * 5 + [(None, last) for _, last in _SPANS]
_ASKED_DAYS = [*_DAYS, *((None, None) for _ in _SPANS), *((first, None) for first, _ in _SPANS)]
_GROUPS = [ROOT_GROUP] * 4 + ["g", "h", "g h"]
_EVENTS = [None, "x:1", "x:2", "y:1", "y:2"]
_QUANTITIES: list[tuple[int, int | None]] = [
    quantity
    for low in (0, 1, 2, 3, 5, 8, 13)
    for width in (0, 1, 4)
    for quantity in ((low, low), (low, None), (0, low), (low, low + width))
]


def _read(number: int, choices: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """Yield one member of each of the choices, as the digits of the number say."""
    for choice in choices:
        number, digit = divmod(number, len(choice))
        yield choice[digit]


def _drawn(choices: Sequence[Sequence[Any]]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw one member of each of the choices."""
    count = prod(map(len, choices))
    return st.integers(0, count - 1).map(lambda number: tuple(_read(number, choices)))


def scopes(events: bool = False, asked: bool = False) -> st.SearchStrategy[Scope]:
    """Draw a scope that overlaps with others more often than not."""
    days = _ASKED_DAYS if asked else _DAYS
    incidents = _EVENTS if events else [None]
    choices = (_PLACES, days, _OUTCOMES, _GROUPS, incidents)
    return _drawn(choices).map(lambda drawn: scope(*drawn))


@st.composite
def sets(draw: st.DrawFn, most: int = 7, reclassified: bool = True) -> list[Figure]:
    """Draw a set of figures: with and without events, repeated scopes and reclassified people."""
    where_from = scopes(draw(st.sampled_from([False, False, True])))
    figures: list[Figure] = []
    for number in range(draw(st.integers(1, most))):
        where = draw(where_from)
        kinds = _drawn((range(12), "AB", OUTCOMES, figures or [None], _QUANTITIES))
        kind, by, outcome, earlier, (low, high) = draw(kinds)
        source = None
        if earlier and kind < 4:
            where = earlier.scope
        elif earlier and kind == 4 and reclassified:
            source = earlier.id
            days, groups = earlier.scope.period, earlier.scope.groups
            where = Scope(earlier.scope.places, days, frozenset({outcome}), groups)
        figures.append(figure(f"f{number}", low, high, where, by=by, reclassifies=source))
    return figures
