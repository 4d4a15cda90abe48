"""The figures that overlap one query, and what is known of them."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from service.bounds.accounts import AccountRanges
from service.bounds.boxes import make_region
from service.bounds.combined_total import combine_results, sort_terms
from service.bounds.component_cache import ComponentCache
from service.bounds.component_result import ComponentResult
from service.bounds.optimize import Bound
from service.bounds.relaxation.claim_terms import ClaimTerms
from service.bounds.relaxation.component_bounds import (
    ComponentBounds,
    list_sets,
    make_term_keys,
)
from service.bounds.relaxation.constraint_table import OPEN
from service.bounds.relaxation.equal_components import ComponentMembers, make_members
from service.bounds.relaxation.large_record import LargeRecord
from service.bounds.relaxation.narrow_components import WIDE
from service.bounds.relaxation.record_objects import RecordObjects
from service.bounds.solver import Deadline
from service.columns.arrays import BoolArray, IntArray, list_distinct
from service.columns.column_figures import ColumnFigures
from service.columns.column_terms import (
    DENOMINATOR,
    ColumnTerms,
    TermArrays,
    join_term_arrays,
    make_term_arrays,
    read_people,
)
from service.domain.figure import Figure, Scope
from service.domain.total import End, RoundedSum, Term, Total
from service.domain.trees import Tree
from service.domain.vocabulary import encode_outcomes


@dataclass(frozen=True, slots=True)
class ProvenResult(ComponentResult):
    """What many components add to a total, with the terms of its proof."""

    low_terms: Sequence[Term] = ()
    high_terms: Sequence[Term] = ()
    low_roundings: Sequence[RoundedSum] = ()
    high_roundings: Sequence[RoundedSum] = ()

    def make_terms(self, bound_end: End) -> Sequence[Term]:
        """Return the terms of one end of the range."""
        return self.low_terms if bound_end == "low" else self.high_terms

    def make_roundings(self, bound_end: End) -> list[RoundedSum]:
        """Return the sums of terms that are rounded to whole people."""
        return list(self.low_roundings if bound_end == "low" else self.high_roundings)


def make_exact_result(
    low: int, high: int | None, terms: Mapping[End, Sequence[Term]]
) -> ProvenResult:
    """Return the result of components without contradictions."""
    published = Fraction(low), None if high is None else Fraction(high)
    return ProvenResult(
        (),
        Bound(published[0]),
        Bound(published[1]),
        lambda deadline: (float(low), None if high is None else float(high)),
        lambda disputes, deadline: 0.0,
        AccountRanges(None, published, published),
        lambda deadline: (),
        low_terms=terms["low"],
        high_terms=terms["high"],
    )


class QueryFigures:
    """What overlaps one query: constraints, components and wide constraints."""

    def __init__(
        self,
        record: LargeRecord,
        figures: ColumnFigures,
        is_kept: BoolArray,
        scope: Scope,
        trees: tuple[Tree, Tree],
        cache: ComponentCache,
        *,
        has_all: bool,
    ) -> None:
        """``figures`` are those that overlap the scope, of the rows in ``is_kept``, bool[n_rows].

        If ``has_all``, these are all counted rows of the record, else only those of figures that
        are wholly inside the places, the days and the groups of the query.
        """
        self.record, self.figures, self.is_kept, self.scope = record, figures, is_kept, scope
        self.trees, self.cache = trees, cache
        self.region = make_region(scope, *trees)
        self.bits = encode_outcomes(scope.outcomes)
        self.objects = RecordObjects(record.table, is_kept, trees, cache, record.known_components)
        constraints = record.table.constraint_of_row[figures.rows]
        self.overlapping = list_distinct(constraints, len(record.table))
        touched = record.table.add_partners(self.overlapping)
        touched = touched[is_kept[record.table.first_rows[touched]]]
        labels = record.components.labels[touched]
        self.components = list_distinct(labels[labels != WIDE], record.components.count)
        self.touched = self.components
        self.wide = np.searchsorted(record.components.wide, touched[labels == WIDE])
        self.has_all = has_all
        self.is_restricted = False
        """Whether only some of the ``touched`` components and wide constraints are here."""

    def restrict(self, components: IntArray, wide: IntArray) -> "QueryFigures":
        """Return the same query with some of the components and wide constraints only."""
        restricted = copy(self)
        restricted.__dict__.pop("is_summed", None)
        restricted.components, restricted.wide = components, wide
        restricted.is_restricted = True
        return restricted

    def flag_whole(self) -> BoolArray:
        """Return which touched components are wholly kept and inside the query."""
        record = self.record
        members = record.components.find_members(self.components)
        rows = record.table.first_rows[members]
        is_inside = record.table.state.flag_inside(self.scope)[rows] & self.is_kept[rows]
        sizes = record.components.sizes[self.components]
        starts = np.cumsum(sizes) - sizes
        return np.logical_and.reduceat(is_inside, starts).astype(bool)

    @cached_property
    def is_summed(self) -> BoolArray:
        """Which touched components are inside the query, and have exact bounds already."""
        bounds, components = self.record.bounds, self.components
        flags: BoolArray = self.flag_whole() & ~bounds.is_special[components]
        flags &= bounds.is_exact[components, self.bits]
        return flags

    def list_members(self, component: int) -> IntArray:
        """Return the constraints of a component that are kept."""
        members = self.record.components.members_of(component)
        return members[self.is_kept[self.record.table.first_rows[members]]]

    def find_members(self, components: IntArray) -> ComponentMembers:
        """Return components with their constraints that are kept."""
        record = self.record
        members = record.components.find_members(components)
        is_kept = self.is_kept[record.table.first_rows[members]]
        owners = np.repeat(np.arange(len(components)), record.components.sizes[components])
        counts = np.bincount(owners[is_kept], minlength=len(components))
        return make_members(components, counts, members[is_kept])

    def combine(self, results: Sequence[ComponentResult], deadline: Deadline) -> Total:
        """Return the total of all figures of the query from the results of their components."""
        is_overlapping = np.zeros(len(self.is_kept), dtype=bool)
        is_overlapping[self.figures.rows] = True

        def overlaps(figure: Figure) -> bool:
            return bool(is_overlapping[self.objects.row_of(figure)])

        return combine_results(
            self.figures,
            results,
            self.objects.find_position,
            overlaps,
            deadline,
            self.join_terms,
        )

    def join_terms(self, parts: Sequence[Sequence[Term]]) -> Sequence[Term]:
        """Return the terms of several lists, those that contribute most first."""
        columns = [each for each in parts if isinstance(each, ColumnTerms)]
        others = [term for each in parts if not isinstance(each, ColumnTerms) for term in each]
        if len(columns) == 1 and not others:
            return columns[0]
        if not columns:
            return sort_terms(others, self.objects.find_position)
        if any(DENOMINATOR % term.multiplier.denominator for term in others):
            for each in columns:
                self.objects.make(each.arrays.rows)  # So that their rows are known.
                others += each
            return sort_terms(others, self.objects.find_position)
        rows = np.array([self.objects.row_of(term.figure) for term in others], dtype=np.int64)
        is_high = np.array([term.end == "high" for term in others], dtype=bool)
        sixtieths = np.array(
            [int(term.multiplier * DENOMINATOR) for term in others], dtype=np.int64
        )
        listed = make_term_arrays(rows, is_high, sixtieths)
        return self._make_column_terms(
            join_term_arrays([listed, *(each.arrays for each in columns)])
        )

    def _make_column_terms(self, terms: TermArrays) -> ColumnTerms:
        """Return the terms, those that contribute most first."""
        table = self.record.table
        contributions = np.abs(terms.sixtieths * read_people(table.counted, terms))
        origins = table.state.column("origin")[terms.rows]
        order = np.lexsort((~terms.is_high, origins, -contributions))
        return ColumnTerms(table.counted, table.scope_numbers, terms.select(order))

    def make_sum(self, bounds: ComponentBounds, components: IntArray) -> ProvenResult:
        """Return the sum of exact bounds."""
        highs = bounds.highs[components, self.bits]
        is_open = bool((highs == OPEN).any())
        return make_exact_result(
            int(bounds.lows[components, self.bits].sum()),
            None if is_open else int(highs.sum()),
            {
                "low": self.make_bound_terms(bounds, components, "low", self.bits),
                "high": ()
                if is_open
                else self.make_bound_terms(bounds, components, "high", self.bits),
            },
        )

    def make_bound_terms(
        self, bounds: ComponentBounds, components: IntArray, kind: End, outcomes: int
    ) -> ColumnTerms:
        """Return the terms of the bounds of components for some outcomes."""
        keys = make_term_keys(components, bounds.outcomes[components] & outcomes)
        terms = bounds.low_terms if kind == "low" else bounds.high_terms
        _, constraints, sixtieths = terms.find(keys)
        is_high = (sixtieths > 0) == (kind == "high")
        rows = np.empty_like(constraints)
        rows[is_high] = self.record.find_end_rows(constraints[is_high], "high")
        rows[~is_high] = self.record.find_end_rows(constraints[~is_high], "low")
        return self._make_column_terms(make_term_arrays(rows, is_high, sixtieths))

    def make_table_terms(self, multipliers: Mapping[tuple[int, End], Fraction]) -> list[Term]:
        """Return terms of constraints of the table, with figures in place of constraints."""
        found = []
        ends: tuple[End, End] = ("low", "high")
        for end in ends:
            constraints = [key[0] for key in multipliers if key[1] == end]
            if constraints:
                rows = self.record.find_end_rows(np.array(constraints), end)
                found += [
                    Term(figure, end, multipliers[constraint, end])
                    for figure, constraint in zip(self.objects.make(rows), constraints, strict=True)
                ]
        return found

    def raise_low(self, total: Total) -> Total:
        """Return the total with the sum of the claims inside the query, if its low is less."""
        record, packing = self.record, self.record.packing
        components = self.components
        if len(components):
            is_contradicted = packing.is_claim_contradicted[components]
            components = components[self.flag_whole() & ~is_contradicted]
        constraints = record.components.wide[self.wide]
        rows = record.table.first_rows[constraints]
        is_inside = record.table.state.flag_inside(self.scope)[rows]
        is_inside &= record.table.outcomes[constraints] & ~self.bits == 0
        is_inside &= ~packing.is_wide_claim_contradicted[self.wide]
        is_inside &= packing.wide_people[self.wide] > 0
        positions = self.wide[is_inside]
        claims = ClaimTerms(record)
        claims.add_claims(components, self.bits, Fraction(1))
        for position in positions.tolist():
            claims.add_wide(position, Fraction(1))
        low = int(packing.wide_people[positions].sum())
        low += int(packing.component_people[components][:, list_sets(self.bits)].sum())
        if low <= (total.low or 0):
            return total
        terms = self.make_table_terms(claims.list_terms())
        low_terms = sort_terms(terms, self.objects.find_position)
        return replace(total, low=low, low_terms=low_terms, low_roundings=())
