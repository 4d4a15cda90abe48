"""Breakdowns: the parts of a query along one or two dimensions, and what is in no one part."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.domain.errors import InvalidInputError, invalid_field
from service.domain.figure_set import FigureSet
from service.domain.periods import Period
from service.domain.totals_query import CALENDAR_UNITS, MAX_PARTS, TotalsQuery, split_period
from service.domain.totals_result import OutcomeTotal, Part, Unplaced
from service.domain.trees import Tree
from service.domain.vocabulary import DEFAULT_DIVISION, OUTCOMES, ROOT_GROUP
from service.usecases.state_cache import Snapshot

MAX_NAMED_FACETS: Final = 50
"""How many facets an error names."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One part before its totals are computed.

    ``changes`` are the fields in which the part's query differs from that of the whole. The part
    has one total of ``outcomes``, or if that is empty the totals of the whole.
    """

    key: str
    name: str
    changes: Mapping[str, Any]
    outcomes: frozenset[str] = frozenset()
    key2: str | None = None
    name2: str | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The parts of a query; they share no people if it is disjoint."""

    slices: Sequence[Slice]
    is_disjoint: bool


def list_slices(
    snapshot: Snapshot,
    query: TotalsQuery,
    outcome_sets: Sequence[frozenset[str]],
    figures: FigureSet,
) -> Breakdown:
    """Return the parts of the query; ``figures`` are its counted figures.

    Raises InvalidInputError if there are too many, or if the facet is missing or unknown.
    """
    breakdowns = [
        _list_of_dimension(snapshot, query, dimension, outcome_sets, figures)
        for dimension in query.breakdown
    ]
    is_disjoint = all(each.is_disjoint for each in breakdowns)
    if len(breakdowns) == 1:
        slices = breakdowns[0].slices
    elif set(query.breakdown) <= set(CALENDAR_UNITS):
        slices = _split_further(breakdowns[0].slices, query)
    else:
        first, second = (each.slices for each in breakdowns)
        _check_count(len(first) * len(second), query)
        slices = [_pair(one, other) for one in first for other in second]
    _check_count(len(slices), query)
    return Breakdown(slices, is_disjoint)


def list_reporters(
    snapshot: Snapshot, figures: FigureSet, field: str = "by_reporter", max_parts: int = MAX_PARTS
) -> list[Slice]:
    """Return one part for each reporter of the figures, with that reporter's figures alone.

    Raises InvalidInputError for ``field`` if there are more than ``max_parts``.
    """
    count = len(figures.count_by_reporter())
    if count > max_parts:
        raise invalid_field(
            field, f"This makes {count:,} parts, more than {max_parts:,}; ask for less."
        )
    return [
        Slice(reporter, snapshot.state.reporters[reporter].name, {"reporters": (reporter,)})
        for reporter in sorted(figures.count_by_reporter())
    ]


def compute_unplaced(
    query: TotalsQuery, outcome_totals: Sequence[OutcomeTotal], parts: Sequence[Part]
) -> list[Unplaced]:
    """Return for each total how many people of its low are in no one of the disjoint parts."""
    is_by_outcome = "outcome" in query.breakdown
    unplaced = []
    for whole in outcome_totals:
        placed_low = sum(
            each.total.low or 0
            for part in parts
            for each in part.totals
            if each.outcomes == whole.outcomes or (is_by_outcome and each.outcomes < whole.outcomes)
        )
        unplaced.append(Unplaced(whole.outcomes, max((whole.total.low or 0) - placed_low, 0)))
    return unplaced


def _check_count(count: int, query: TotalsQuery) -> None:
    if count > query.max_parts:
        raise invalid_field(
            "by", f"This makes {count:,} parts, more than {query.max_parts:,}; ask for less."
        )


def _pair(one: Slice, other: Slice) -> Slice:
    return Slice(
        one.key,
        one.name,
        {**one.changes, **other.changes},
        one.outcomes or other.outcomes,
        other.key,
        other.name,
    )


def _split_further(slices: Sequence[Slice], query: TotalsQuery) -> list[Slice]:
    """Split the units of time into those of the second dimension: pairs with a day in common."""
    return [
        Slice(each.key, each.name, {"period": period}, key2=key, name2=key)
        for each in slices
        for key, period in split_period(each.changes["period"], query.breakdown[1], query.max_parts)
    ]


def _list_of_dimension(
    snapshot: Snapshot,
    query: TotalsQuery,
    dimension: str,
    outcome_sets: Sequence[frozenset[str]],
    figures: FigureSet,
) -> Breakdown:
    """Return the parts along one dimension."""
    if dimension == "place":
        return _list_places(snapshot, query)
    if dimension == "group":
        return Breakdown(_list_groups(snapshot, query), is_disjoint=True)
    if dimension == "reporter":
        slices = list_reporters(snapshot, figures, "by", query.max_parts)
        return Breakdown(slices, is_disjoint=False)
    if dimension == "outcome":
        single_outcomes = [o for o in OUTCOMES if any(o in outcomes for outcomes in outcome_sets)]
        slices = [Slice(each, each, {}, frozenset({each})) for each in single_outcomes]
        return Breakdown(slices, is_disjoint=True)
    period = _bound_period(query.period, figures)
    units = [] if period is None else split_period(period, dimension, query.max_parts)
    return Breakdown([Slice(key, key, {"period": each}) for key, each in units], is_disjoint=True)


def _bound_period(period: Period, figures: FigureSet) -> Period | None:
    """Return the period, an open end replaced by the first or the last day of the figures.

    A figure without a first day counts with its last one. None if there is an open end and no
    figure to replace it.
    """
    if period.first is not None and period.last is not None:
        return period
    day_range = figures.find_day_range()
    if day_range is None:
        return None
    first, last = period.first or day_range[0], period.last or day_range[1]
    return Period(min(first, last), last)


def _list_places(snapshot: Snapshot, query: TotalsQuery) -> Breakdown:
    """Return the children of the places, of their own division; one without is its own part.

    Without places, the parts are those of the administrative division that are below no other.
    """
    tree, places = snapshot.places, snapshot.state.places
    outermost = _list_outermost(tree, query.places)
    divisions = {tree.facet_of(each): None for each in outermost} or {DEFAULT_DIVISION: None}
    slices = [
        Slice(node, places[node].name, {"places": nodes})
        for division in divisions
        for node, nodes in _list_nodes(tree, outermost, division)
    ]
    return Breakdown(slices, is_disjoint=len(divisions) == 1)


def _list_groups(snapshot: Snapshot, query: TotalsQuery) -> list[Slice]:
    """Return the groups right below the queried ones, of one facet; one without is its own part.

    Raises InvalidInputError if there are several facets and the query names none of them, or one
    that does not exist.
    """
    tree, groups = snapshot.groups, snapshot.state.groups
    outermost = [each for each in _list_outermost(tree, query.groups) if each != ROOT_GROUP]
    offered = {tree.facet_of(each) for each in outermost or tree.children(ROOT_GROUP)}
    facet = query.facet
    if facet is None and len(offered) > 1:
        raise _make_facet_error("There are several facets of groups; choose one:", offered)
    if facet is not None and facet not in (known := {tree.facet_of(each) for each in groups}):
        raise _make_facet_error("No group has this facet. Known:", known)
    facet = facet or next(iter(offered), None)
    return [
        Slice(node, groups[node].name, {"groups": nodes})
        for node, nodes in _list_nodes(tree, outermost, facet)
    ]


def _make_facet_error(text: str, facets: Iterable[str | None]) -> InvalidInputError:
    names = sorted(each for each in facets if each is not None)
    shown = [*names[:MAX_NAMED_FACETS], "…"] if len(names) > MAX_NAMED_FACETS else names
    return invalid_field("facet", f"{text} {', '.join(shown) or 'none'}.")


def _list_outermost(tree: Tree, nodes: Sequence[str]) -> list[str]:
    """Return the nodes that are below no other one of their facet, each once."""
    return [
        node
        for node in dict.fromkeys(nodes)
        if not any(
            tree.is_below(node, other) and tree.facet_of(node) == tree.facet_of(other)
            for other in nodes
        )
    ]


def _list_nodes(
    tree: Tree, outermost: Sequence[str], facet: str | None
) -> list[tuple[str, tuple[str, ...]]]:
    """Return the nodes that are parts, each with the nodes that select it within the query.

    The queried nodes of other facets hold in every part. A part in which nobody can be is left out.
    """
    own = [each for each in outermost if tree.facet_of(each) == facet]
    others = tuple(each for each in outermost if tree.facet_of(each) != facet)
    nodes = (
        [child for node in own for child in _list_children(tree, node)]
        if own
        else _list_top_nodes(tree, facet)
    )
    parts = [(node, (node, *others)) for node in nodes]
    return [part for part in parts if tree.select(part[1]).alternatives]


def _list_children(tree: Tree, node: str) -> list[str]:
    """Return the children of the node's own facet, or the node itself if it has none."""
    facet = tree.facet_of(node)
    return [each for each in tree.children(node) if tree.facet_of(each) == facet] or [node]


def _list_top_nodes(tree: Tree, facet: str | None) -> list[str]:
    """Return the nodes of the facet that are below no other one of it, in preorder."""
    top_nodes: list[str] = []
    stack = list(reversed(tree.roots()))
    while stack:
        node = stack.pop()
        if facet is not None and tree.facet_of(node) == facet:
            top_nodes.append(node)
        else:
            stack.extend(reversed(tree.children(node)))
    return top_nodes
