"""Short ways to write figures, questions and whole random sets of them in tests of the bounds."""

from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st

from service.bounds.reckoner import Reckoner
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.total import Total
from service.domain.trees import Tree
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP

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


_DAYS = st.tuples(st.integers(1, 4), st.integers(0, 3)).map(
    lambda pair: (pair[0], min(4, pair[0] + pair[1]))
)
_GROUPS = st.sampled_from([ROOT_GROUP] * 4 + ["g", "h", "g h"])


def _words(words: Sequence[str], most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=most, unique=True).map(" ".join)


@st.composite
def scopes(draw: st.DrawFn, events: bool = False, asked: bool = False) -> Scope:
    """Draw a scope that overlaps with others more often than not."""
    places = draw(_words(["r", "a", "b", "b1", "b2", "s"], 3))
    first, last = draw(_DAYS)
    kinds: list[tuple[int | None, int | None]] = [(first, last)] * 5 + [(None, last)]
    days = draw(st.sampled_from([*kinds, (None, None), (first, None)] if asked else kinds))
    outcomes = draw(_words(OUTCOMES[:2], 2) | _words(OUTCOMES, 3))
    incident = draw(st.sampled_from([None, "x:1", "x:2", "y:1", "y:2"])) if events else None
    return scope(places, days, outcomes, draw(_GROUPS), incident)


@st.composite
def quantities(draw: st.DrawFn) -> tuple[int, int | None]:
    """Draw an exact number, a floor, a ceiling or a range."""
    low = draw(st.sampled_from([0, 1, 2, 3, 5, 8, 13]))
    width = draw(st.sampled_from([0, 1, 4]))
    return draw(st.sampled_from([(low, low), (low, None), (0, low), (low, low + width)]))


@st.composite
def sets(draw: st.DrawFn, most: int = 7, reclassified: bool = True) -> list[Figure]:
    """Draw a set of figures: with and without events, repeated scopes and reclassified people."""
    events = draw(st.sampled_from([False, False, True]))
    figures: list[Figure] = []
    for number in range(draw(st.integers(1, most))):
        where = draw(scopes(events))
        earlier = draw(st.sampled_from(figures)) if figures else None
        kind = draw(st.integers(0, 11))
        source = None
        if earlier and kind < 4:
            where = earlier.scope
        elif earlier and kind == 4 and reclassified:
            source = earlier.id
            outcome = frozenset({draw(st.sampled_from(OUTCOMES))})
            days, groups = earlier.scope.period, earlier.scope.groups
            where = Scope(earlier.scope.places, days, outcome, groups)
        low, high = draw(quantities())
        by = draw(st.sampled_from("AB"))
        figures.append(figure(f"f{number}", low, high, where, by=by, reclassifies=source))
    return figures
