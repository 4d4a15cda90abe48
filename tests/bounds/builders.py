"""Builders of figures, scopes and totals, and strategies that draw random sets of figures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import combinations
from math import prod
from typing import Any, NamedTuple
from unittest import mock

from hypothesis import strategies as st

from service.bounds import component_solver
from service.bounds.computation import Computation, Result, Steps
from service.bounds.constraints import Constraint
from service.bounds.engine import TotalsEngine
from service.bounds.partition import TooManyCellsError
from service.bounds.solver import Deadline
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.total import Total
from service.domain.trees import Tree, TreeNode
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP

PLACE_IDS = ("r", "a", "b", "b1", "b2", "s")

TOP_DIVISION = "administrative"
"""The division of a place that names none."""

PLACE_NODES = {
    "r": TreeNode(),
    "a": TreeNode("r"),
    "b": TreeNode("r"),
    "b1": TreeNode("b"),
    "b2": TreeNode("b"),
    "s": TreeNode(),
}
"""Region r with village a and district b, which has two villages; and s, disjoint from it."""

GROUP_NODES = {
    ROOT_GROUP: TreeNode(),
    "g": TreeNode(ROOT_GROUP, "side"),
    "h": TreeNode(ROOT_GROUP, "side"),
}

EXTRA_PLACE_NODES = {"basin": TreeNode("r", "hydro"), "front": TreeNode(None, "line")}
"""Places of other divisions: a river basin within the region, and a front anywhere."""

EXTRA_GROUP_NODES = {
    "k": TreeNode("g"),
    "w": TreeNode(ROOT_GROUP, "sex"),
    "m": TreeNode(ROOT_GROUP, "sex"),
    "x": TreeNode(ROOT_GROUP),
    "y": TreeNode(ROOT_GROUP),
    "z": TreeNode("g", "bearing"),
    "q": TreeNode(ROOT_GROUP, "bearing"),
}
"""Groups of other facets: x and y have one each of their own, and z is wholly in g."""

PLACES = Tree(PLACE_NODES, top_facet=TOP_DIVISION)

GROUPS = Tree(GROUP_NODES, root=ROOT_GROUP)


class Forest(NamedTuple):
    """The places and the groups that a set of figures can name."""

    place_nodes: dict[str, TreeNode]
    group_nodes: dict[str, TreeNode]

    @property
    def places(self) -> Tree:
        return Tree(self.place_nodes, top_facet=TOP_DIVISION)

    @property
    def groups(self) -> Tree:
        return Tree(self.group_nodes, root=ROOT_GROUP)


AMPLE_SECONDS = 60.0
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


def finish(steps: Steps[Result]) -> Result:
    """Return the result of all steps."""
    result = Computation(steps).run(Deadline(AMPLE_SECONDS))
    assert result is not None
    return result


@contextmanager
def no_programs() -> Iterator[None]:
    """No linear program is built in the block, as if each had too many cells."""

    def fail(constraints: Sequence[Constraint]) -> Steps[None]:
        yield
        raise TooManyCellsError

    with mock.patch.object(component_solver, "build_linear_program", fail):
        yield


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
def forests(draw: st.DrawFn) -> Forest:
    """Draw some divisions of places and some facets of groups."""
    place_ids = draw(st.sets(st.sampled_from(sorted(EXTRA_PLACE_NODES))))
    group_ids = draw(st.sets(st.sampled_from(sorted(EXTRA_GROUP_NODES)), max_size=5))
    return Forest(
        PLACE_NODES | {place_id: EXTRA_PLACE_NODES[place_id] for place_id in sorted(place_ids)},
        GROUP_NODES | {group_id: EXTRA_GROUP_NODES[group_id] for group_id in sorted(group_ids)},
    )


def forest_scopes(
    forest: Forest, with_events: bool = False, for_query: bool = False
) -> st.SearchStrategy[Scope]:
    """Draw a scope that names places and groups of any division and facet, and holds somebody."""
    places, groups = forest.places, forest.groups
    place_lists = [
        " ".join(ids)
        for size in (1, 2, 3)
        for ids in combinations(forest.place_nodes, size)
        if places.select(ids).alternatives
    ]
    group_lists = [
        " ".join(ids)
        for size in (1, 2)
        for ids in combinations([node for node in forest.group_nodes if node != ROOT_GROUP], size)
        if groups.select(ids).alternatives
    ]
    choices = (
        place_lists + ([""] * (len(place_lists) // 6) if for_query else []),
        _QUERY_DAYS if for_query else _DAYS,
        _OUTCOMES,
        group_lists + [ROOT_GROUP] * (len(group_lists) // 2),
        _EVENTS if with_events else [None],
    )
    return _picks(choices).map(lambda picked: make_scope(*picked))


class Case(NamedTuple):
    """Some figures, the trees that they name, and a query."""

    forest: Forest
    figures: list[Figure]
    query: Scope


@st.composite
def cases(draw: st.DrawFn, max_size: int = 7) -> Case:
    """Draw figures of any divisions, facets, incidents and reporters, and a query."""
    forest = draw(forests())
    with_events = draw(st.sampled_from([False, False, True]))
    figures = draw(figure_lists(max_size, scope_strategy=forest_scopes(forest, with_events)))
    return Case(forest, figures, draw(forest_scopes(forest, for_query=True)))


@st.composite
def figure_lists(
    draw: st.DrawFn,
    max_size: int = 7,
    with_reclassified: bool = True,
    scope_strategy: st.SearchStrategy[Scope] | None = None,
) -> list[Figure]:
    """Draw a list of figures: with and without events, repeated scopes and reclassified people."""
    if scope_strategy is None:
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


class Person(NamedTuple):
    """One person of a hidden world: where, when and how they were lost, and in which events."""

    place: str
    day: int
    outcome: str
    group: str
    incidents: frozenset[str]

    def is_in(self, scope: Scope) -> bool:
        """Return whether a figure of the scope counts this person."""
        day = date(2024, 1, self.day)
        return (
            PLACES.select([self.place]).is_within(PLACES.select(scope.places))
            and (scope.period.first is None or scope.period.first <= day)
            and (scope.period.last is None or day <= scope.period.last)
            and self.outcome in scope.outcomes
            and GROUPS.select([self.group]).is_within(GROUPS.select(scope.groups))
            and (scope.incident is None or scope.incident in self.incidents)
        )


def count_people(world: Sequence[Person], scope: Scope) -> int:
    """Return how many people of the world are in the scope."""
    return sum(person.is_in(scope) for person in world)


_INCIDENTS = [frozenset(ids.split()) for ids in ("", "x:1", "x:2", "y:1", "x:1 y:1", "x:2 y:2")]


def worlds() -> st.SearchStrategy[list[Person]]:
    """Draw the people of a world, which may be empty."""
    choices = (PLACE_IDS, range(1, 5), OUTCOMES, (ROOT_GROUP, "g", "h"), _INCIDENTS)
    return st.lists(_picks(choices).map(lambda picked: Person(*picked)), max_size=12)


def true_figures(
    world: Sequence[Person], figure_id: str, scope: Scope
) -> st.SearchStrategy[Figure]:
    """Draw a figure that is true in the world: its range holds the number of people there."""
    count = count_people(world, scope)
    ends = _picks(((0, 0, 1, 4), (0, 0, 1, 4, None)))
    return ends.map(
        lambda ends: make_figure(
            figure_id,
            max(count - ends[0], 0),
            None if ends[1] is None else count + ends[1],
            scope,
        )
    )


def narrower_scopes(scope: Scope) -> st.SearchStrategy[Scope]:
    """Draw a part of the scope, or the whole of it."""
    days = scope.period
    parts = (
        (scope.places, *((place,) for place in scope.places)),
        (days, Period(days.last, days.last)),
        (scope.outcomes, *(frozenset({outcome}) for outcome in sorted(scope.outcomes))),
        (scope.groups, ("g",)) if ROOT_GROUP in scope.groups else (scope.groups,),
        [scope.incident] if scope.incident else _EVENTS,
    )
    return _picks(parts).map(lambda picked: Scope(*picked))
