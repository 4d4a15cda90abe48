"""A high of a query from the wide constraints that cover its figures.

The people that a wide constraint certainly counts outside of the query are subtracted from its
high. If one constraint does not cover all figures of the query, several do, each a part of them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np

from service.bounds.boxes import Box, Region, prefix_group_axes
from service.bounds.relaxation.claim_terms import ClaimTerms
from service.bounds.relaxation.component_bounds import (
    ComponentBounds,
    list_sets,
    make_term_keys,
)
from service.bounds.relaxation.constraint_table import EVERYWHERE, OPEN, ConstraintTable
from service.bounds.relaxation.narrow_components import WIDE
from service.bounds.relaxation.query_figures import QueryFigures
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.total import End
from service.domain.trees import Interval, intervals_contained, join_intervals

MAX_COVERS: Final = 8
"""The most wide constraints that cover one query together."""

MAX_COMPARED_COVERS: Final = 3
"""So many constraints that cover the same number of pieces are compared by their highs."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Wide constraints that cover some of the constraints of a query, and the high that they give.

    ``terms`` are multipliers of the ends of constraints, which add up to ``people``. ``left``,
    int[n_components], are the outcomes of each component in the query that are not covered.
    """

    people: int
    terms: Mapping[tuple[int, End], Fraction]
    left: IntArray


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Parts of the constraints of a query, element by element, int[n_pieces] each.

    ``first`` and ``last`` are days, both included, ``outcomes`` are bits.
    """

    constraint: IntArray
    first: IntArray
    last: IntArray
    outcomes: IntArray

    def list_rows(self, chosen: BoolArray) -> list[list[int]]:
        """Return some of the pieces as constraint, first day, last day and outcomes."""
        columns = (self.constraint, self.first, self.last, self.outcomes)
        rows: list[list[int]] = np.stack([each[chosen] for each in columns], axis=1).tolist()
        return rows

    def replace(self, chosen: BoolArray, rows: Sequence[tuple[int, int, int, int]]) -> "_Pieces":
        """Return the pieces with others in the place of some of them."""
        new = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        columns = (self.constraint, self.first, self.last, self.outcomes)
        return _Pieces(
            *(np.concatenate([old[~chosen], own]) for old, own in zip(columns, new, strict=True))
        )


FindHighs = Callable[[int], IntArray]
"""Return the high of each component in the query for some of its outcomes, ``OPEN`` for none."""


class CoverSearch:
    """Looks for the wide constraints that cover the figures of one query."""

    def __init__(self, query: QueryFigures) -> None:
        record = query.record
        self._record, self._query, self._bits = record, query, query.bits
        table, box = record.table, query.region.boxes[0]
        constraints = query.overlapping
        self._pieces = _Pieces(
            constraints,
            np.maximum(table.first[constraints], box.first_day),
            np.minimum(table.last[constraints], box.last_day),
            table.outcomes[constraints] & query.bits,
        )
        self._places = _find_places(query.region, table.place_intervals.axis)
        self._outside: dict[int, _Outside] = {}
        component_count = record.components.count
        self._is_touched: BoolArray = np.zeros(component_count, dtype=bool)
        self._is_touched[query.components] = True
        self._is_inside: BoolArray = np.zeros(component_count, dtype=bool)
        self._is_inside[query.components[query.is_summed]] = True

    def find(self, find_highs: FindHighs) -> Cover | None:
        """Return a cover of all wide constraints and of all components without a high.

        None if there is none of at most ``MAX_COVERS`` wide constraints: mostly because some people
        in the query are in no wide constraint with a high.
        """
        self._split(self._flag_needing(find_highs))
        needs_cover = self._flag_needing(find_highs)
        covered = {each: self._flag_covered(each) for each in self._candidates}
        is_left: BoolArray = np.ones(len(needs_cover), dtype=bool)
        chosen: list[int] = []
        while (is_left & needs_cover).any():
            gains = {each: int((flags & is_left).sum()) for each, flags in covered.items()}
            best = max(gains.values(), default=0)
            if not best or len(chosen) == MAX_COVERS:
                return None
            chosen.append(self._choose(each for each, gain in gains.items() if gain == best))
            is_left &= ~covered[chosen[-1]]
        return self._explain(chosen, is_left)

    def _split(self, needs_cover: BoolArray) -> None:
        """Split what no candidate covers alone: its outcomes, and its days where others begin."""
        for position in self._candidates:
            needs_cover &= ~self._flag_covered(position)
        if not needs_cover.any():
            return
        table, wide = self._record.table, self._record.components.wide[self._candidates]
        edges = np.unique(np.concatenate([table.first[wide], table.last[wide] + 1])).tolist()
        pieces = []
        for constraint, first, last, outcomes in self._pieces.list_rows(needs_cover):
            inner = edges[bisect_right(edges, first) : bisect_right(edges, last)]
            starts, stops = [first, *inner], [*inner, last + 1]
            pieces += [
                (constraint, start, stop - 1, outcome)
                for start, stop in zip(starts, stops, strict=True)
                for outcome in list_sets(outcomes)
                if outcome.bit_count() == 1
            ]
        self._pieces = self._pieces.replace(needs_cover, pieces)

    def _flag_needing(self, find_highs: FindHighs) -> BoolArray:
        """Return which pieces a cover must have: of wide constraints, and those without a high."""
        pieces, components = self._pieces, self._query.components
        labels = self._record.components.labels[pieces.constraint]
        needs_cover: BoolArray = labels == WIDE
        for outcomes in np.unique(pieces.outcomes).tolist():
            chosen = np.flatnonzero((labels != WIDE) & (pieces.outcomes == outcomes))
            highs = find_highs(outcomes)[np.searchsorted(components, labels[chosen])]
            needs_cover[chosen] = highs == OPEN
        return needs_cover

    @cached_property
    def _candidates(self) -> list[int]:
        """The positions of plain wide constraints with a high that overlap the query."""
        table, packing = self._record.table, self._record.packing
        constraints = self._record.components.wide[self._query.wide]
        is_candidate = (table.upper[constraints] < OPEN) & (table.incident[constraints] == NONE)
        is_candidate &= ~table.is_irregular[constraints]
        is_candidate &= ~packing.is_wide_contested[self._query.wide]
        candidates: list[int] = self._query.wide[is_candidate].tolist()
        return candidates

    def _flag_covered(self, position: int) -> BoolArray:
        """Return the pieces that the wide constraint covers, bool[n_pieces].

        It counts all of their people in the query.
        """
        table, pieces = self._record.table, self._pieces
        wide = int(self._record.components.wide[position])
        flags: BoolArray = pieces.first >= table.first[wide]
        flags &= pieces.last <= table.last[wide]
        flags &= pieces.outcomes & ~table.outcomes[wide] == 0
        flags &= ~table.is_irregular[pieces.constraint]
        own_places = table.place_intervals.intervals[table.places[wide]]
        if own_places is None or not intervals_contained(self._places, own_places):
            is_within = table.compare_places(int(table.places[wide]))[1]
            flags &= is_within[table.places[pieces.constraint]]
        if not table.is_about_everyone[wide]:
            is_within = table.compare_groups(int(table.groups[wide]))[1]
            flags &= is_within[table.groups[pieces.constraint]]
        return flags

    def _choose(self, positions: Iterable[int]) -> int:
        """Return the position of the constraint that leaves the fewest people for the query."""
        table, packing = self._record.table, self._record.packing
        constraints = self._record.components.wide
        likely = sorted(
            positions,
            key=lambda each: int(table.upper[constraints[each]] - packing.inner_people[each]),
        )
        return min(
            likely[:MAX_COMPARED_COVERS],
            key=lambda each: int(table.upper[constraints[each]]) - self._find_outside(each).people,
        )

    def _explain(self, chosen: Sequence[int], is_left: BoolArray) -> Cover:
        """Return the cover of some wide constraints; ``is_left`` is bool[n_pieces]."""
        left = np.zeros(len(self._query.components), dtype=np.int64)
        labels = self._record.components.labels[self._pieces.constraint[is_left]]
        positions = np.searchsorted(self._query.components, labels)
        np.bitwise_or.at(left, positions, self._pieces.outcomes[is_left])
        people, terms = 0, ClaimTerms(self._record)
        for position in chosen:
            constraint = int(self._record.components.wide[position])
            outside = self._find_outside(position)
            people += int(self._record.table.upper[constraint]) - outside.people
            terms.add_end(constraint, "high", Fraction(1))
            outside.subtract_from(terms, self._record.bounds)
        return Cover(people, terms.list_terms(), left)

    def _find_outside(self, position: int) -> "_Outside":
        """Return the people that the wide constraint certainly counts outside of the query.

        They are the sum of the lows of components, or of the claims if that is more.
        """
        if position in self._outside:
            return self._outside[position]
        record, packing = self._record, self._record.packing
        constraint = int(record.components.wide[position])
        outcomes = int(record.table.outcomes[constraint])
        others = outcomes & ~self._bits
        reach = record.overlaps.find(constraint)
        is_sure = reach.inner_components & ~packing.is_contested
        outside = np.flatnonzero(is_sure & ~self._is_touched)
        inside = np.flatnonzero(is_sure & self._is_inside)
        lows = int(record.bounds.lows[outside, outcomes].sum())
        lows += int(record.bounds.lows[inside, others].sum())
        is_other = reach.inner_wide & packing.has_sure_claim
        is_other[self._query.wide] = False
        wide = np.flatnonzero(is_other)
        claims = int(packing.component_people[outside][:, list_sets(outcomes)].sum())
        claims += int(packing.component_people[inside][:, list_sets(others)].sum())
        claims += int(packing.wide_people[wide].sum())
        found = _Outside(
            max(lows, claims), claims > lows, ((outside, outcomes), (inside, others)), wide
        )
        self._outside[position] = found
        return found


@dataclass(frozen=True, slots=True)
class _Outside:
    """People outside of a query: the lows of components for some outcomes, or the claims.

    ``wide`` are positions of wide constraints with claims.
    """

    people: int
    is_of_claims: bool
    parts: tuple[tuple[IntArray, int], ...]
    wide: IntArray

    def subtract_from(self, terms: ClaimTerms, bounds: ComponentBounds) -> None:
        """Subtract these people from a sum of terms."""
        for components, outcomes in self.parts:
            if self.is_of_claims:
                terms.add_claims(components, outcomes, Fraction(-1))
            else:
                own = bounds.outcomes[components] & outcomes
                terms.add_bounds(make_term_keys(components, own), "low", Fraction(-1))
        if self.is_of_claims:
            for position in self.wide.tolist():
                terms.add_wide(position, Fraction(-1))


def _find_places(region: Region, axis: str) -> tuple[Interval, ...]:
    """Return intervals along the axis that have all places of the region."""
    intervals = [box.intervals_along(axis) for box in region.boxes]
    if any(each is None for each in intervals):
        return (EVERYWHERE,)
    return join_intervals(interval for each in intervals for interval in each or ())


def contains_region(table: ConstraintTable, constraint: int, region: Region) -> bool:
    """Whether the scope of a narrow constraint has all people of a region."""
    intervals = table.place_intervals.intervals[table.places[constraint]] or ()
    where = () if intervals == (EVERYWHERE,) else ((table.place_intervals.axis, intervals),)
    days = int(table.first[constraint]), int(table.last[constraint])
    groups = table.state.group_sets.selections[table.groups[constraint]]
    boxes = tuple(
        Box(*days, int(table.outcomes[constraint]), prefix_group_axes(each) + where)
        for each in groups.alternatives
    )
    return region.is_within(Region(boxes))
