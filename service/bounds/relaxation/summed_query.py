"""The total of a query as a sum of the bounds of its components."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import ceil, inf
from typing import Final, NamedTuple

import numpy as np

from service.bounds.combined_total import solve_components
from service.bounds.component_result import ComponentResult
from service.bounds.relaxation.component_bounds import ComponentBounds
from service.bounds.relaxation.constraint_table import OPEN
from service.bounds.relaxation.covers import Cover, CoverSearch, contains_region
from service.bounds.relaxation.narrow_components import WIDE
from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.relaxed_query import RelaxedQuery
from service.bounds.relaxation.shapes import make_window
from service.bounds.solver import Deadline
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.total import Term, Total

MAX_SOLVED: Final = 300
"""The most components that are solved one by one for a query."""


class _Cut(NamedTuple):
    """Components that are partly outside of a query, with exact bounds inside.

    ``numbers`` are their positions in ``bounds``.
    """

    components: IntArray
    numbers: IntArray
    bounds: ComponentBounds
    is_in_time: bool = True


class _Parts(NamedTuple):
    """The results of the components of a query.

    ``results`` are all results, ``solved_results`` those of the components in ``solved``, which
    were solved one by one. ``rest`` are components without a result, ``is_left_out`` flags those
    that are not looked at. ``highs`` are those of all components in the query, ``OPEN`` where there
    is none.
    """

    results: Sequence[ComponentResult]
    solved_results: Sequence[ComponentResult]
    solved: IntArray
    cut: _Cut
    rest: IntArray
    is_left_out: BoolArray
    highs: IntArray
    is_sum_open: bool


class SummedQuery:
    """The computation of one total from the bounds of components.

    What shares people with a contradicted wide constraint has a program of its own.
    """

    def __init__(self, query: QueryFigures) -> None:
        self._query = query

    def compute_components(self, deadline: Deadline) -> Total:
        """Return the total where no wide figure overlaps the query."""
        query = self._query
        parts = self._solve_parts(np.zeros(len(query.components), dtype=bool), deadline)
        total = query.combine(parts.results, deadline)
        if parts.is_sum_open:
            total = replace(total, opening=query.figures.select_open())
        if not len(parts.rest):
            return total
        return self._add_unsolved(total, parts.rest, is_in_time=parts.cut.is_in_time)

    def _solve_parts(self, is_left_out: BoolArray, deadline: Deadline) -> "_Parts":
        """Return the results of the components of the query that are not left out."""
        query, bounds = self._query, self._query.record.bounds
        is_summed = query.is_summed & ~is_left_out
        highs = bounds.highs[query.components, query.bits]
        highs[bounds.is_special[query.components] | is_left_out] = OPEN
        summed = query.components[is_summed]
        results: list[ComponentResult] = []
        if len(summed):
            results.append(query.make_sum(bounds, summed))
        to_cut = query.components[~is_summed & ~is_left_out]
        has_wide = len(query.record.components.wide) > 0
        cut = self._bound_cut(to_cut, deadline.take_share(0.5 if has_wide else 0.75))
        is_cut = np.isin(query.components, cut.components)
        highs[is_cut] = cut.bounds.highs[cut.numbers, query.bits]
        if len(cut.components):
            results.append(query.make_sum(cut.bounds, cut.numbers))
        others = query.components[~is_summed & ~is_cut & ~is_left_out]
        solved, rest = others[:MAX_SOLVED], others[MAX_SOLVED:]
        components = [
            query.objects.make_component(query.list_members(each)) for each in solved.tolist()
        ]
        solved_results = solve_components(components, query.region, deadline)
        highs[np.searchsorted(query.components, solved)] = [
            OPEN if each.high.value is None else ceil(each.high.value) for each in solved_results
        ]
        results += solved_results
        is_sum_open = bool((highs[is_summed | is_cut] == OPEN).any())
        return _Parts(results, solved_results, solved, cut, rest, is_left_out, highs, is_sum_open)

    def _bound_cut(self, components: IntArray, deadline: Deadline) -> "_Cut":
        """Return those of the components whose bounds in the query could be proved exactly."""
        query, record = self._query, self._query.record
        nobody = components[:0]
        nothing = _Cut(nobody, nobody, ComponentBounds(nobody))
        window = make_window(query.region, record.table.place_intervals.axis)
        regular = components[~record.bounds.is_special[components]]
        if window is None or not len(regular):
            return nothing
        if window.group_axes and len(record.components.wide):
            return nothing  # A group cuts nearly all components: wide ones need the time.
        members = query.find_members(regular)
        bounds = record.windows.find(members, window, query.cache.solved, deadline)
        if bounds is None:
            return nothing._replace(is_in_time=False)
        exact = np.flatnonzero(bounds.is_exact[:, query.bits])
        return _Cut(regular[exact], exact, bounds)

    def compute(self, deadline: Deadline) -> Total | None:
        """Return the total with a low from the components alone, and a high from wide constraints.

        None if the figures contradict each other in a way that this does not show, or if time runs
        out.
        """
        query = self._query
        packing = query.record.packing
        is_contested = packing.is_contested[query.components]
        contested_wide = query.wide[packing.is_wide_contested[query.wide]]
        is_disputed, results = False, list[ComponentResult]()
        if is_contested.any() or len(contested_wide):
            if is_contested.all():
                return None
            contested = query.restrict(query.components[is_contested], contested_wide)
            solution = RelaxedQuery(contested).solve(deadline)
            if solution is None:
                return None
            is_disputed = solution.is_disputed
            results.append(solution.result)
        parts = self._solve_parts(is_contested, deadline)
        results += parts.results
        # The high may be a sum of those that were solved.
        is_rounded = any(_is_rounded(each) for each in parts.solved_results)
        if is_rounded or any(each.is_unresolved for each in results):
            return None
        total = query.combine(results, deadline)
        is_disputed |= bool(query.record.bounds.is_special[parts.rest].any())
        total = replace(
            total,
            is_disputed=total.is_disputed or is_disputed,
            is_relaxed=total.exact and parts.cut.is_in_time,
            high=None,
            high_terms=(),
            high_roundings=(),
        )
        total = query.raise_low(total)
        search = CoverSearch(query)
        cover = search.find(partial(self._find_highs, parts))
        closing = self._find_closing(parts.highs < OPEN)
        if cover is None and closing is None:
            total = replace(total, opening=query.figures.select_open())
        else:
            with_high = self._add_high(total, parts, cover, closing)
            if with_high is None:
                return None
            total = with_high
        if total.nearest is None:
            return total
        nearest_low, nearest_high = max(total.nearest[0], total.low or 0), total.high
        return replace(total, nearest=(nearest_low, nearest_high))

    def _add_high(
        self, total: Total, parts: "_Parts", cover: Cover | None, closing: int | None
    ) -> Total | None:
        """Return the total with the high of a cover, or of a component that has all people."""
        query, components = self._query, self._query.components
        high, left = inf, np.zeros(len(components), dtype=np.int64)
        if cover is not None:
            high, left = cover.people, cover.left
            for outcomes in np.unique(left[left != 0]).tolist():
                own_highs = self._find_highs(parts, outcomes)[left == outcomes]
                high += inf if (own_highs == OPEN).any() else int(own_highs.sum())
        if closing is not None:
            position = int(np.searchsorted(components, closing))
            if parts.highs[position] <= high:
                high, cover = int(parts.highs[position]), None
                left = np.where(components == closing, query.bits, 0)
        if not (total.low or 0) <= high < inf:
            return None  # A contradiction that nothing has shown yet, or a high that is not known.
        terms: list[Sequence[Term]] = []
        if cover is not None:
            terms.append(query.make_table_terms(cover.terms))
        for outcomes in np.unique(left[left != 0]).tolist():
            terms += self._make_high_terms(parts, components[left == outcomes], outcomes)
        return replace(total, high=int(high), high_terms=query.join_terms(terms), opening=())

    def _find_highs(self, parts: "_Parts", outcomes: int) -> IntArray:
        """Return the high of each component for some outcomes of the query, int[n_components]."""
        query = self._query
        if outcomes == query.bits:
            return parts.highs
        bounds, components = query.record.bounds, query.components
        highs: IntArray = np.where(bounds.is_special[components], OPEN, 0)
        highs = np.maximum(highs, bounds.highs[components, outcomes])
        cut = parts.cut
        highs[np.searchsorted(components, cut.components)] = cut.bounds.highs[cut.numbers, outcomes]
        # Some were solved for all outcomes together. That high is also one for fewer outcomes.
        solved = np.searchsorted(components, parts.solved)
        highs[solved] = parts.highs[solved]
        highs[parts.is_left_out] = OPEN
        return highs

    def _make_high_terms(
        self, parts: "_Parts", components: IntArray, outcomes: int
    ) -> list[Sequence[Term]]:
        """Return the proofs of the highs of some components in the query."""
        query = self._query
        is_solved = np.isin(components, parts.solved)
        is_cut = np.isin(components, parts.cut.components)
        positions = np.searchsorted(parts.solved, components[is_solved])
        results = [parts.solved_results[each] for each in positions.tolist()]
        cut = parts.cut.numbers[np.searchsorted(parts.cut.components, components[is_cut])]
        whole = components[~is_solved & ~is_cut]
        return [
            *(each.make_terms("high") for each in results),
            query.make_bound_terms(parts.cut.bounds, cut, "high", outcomes),
            query.make_bound_terms(query.record.bounds, whole, "high", outcomes),
        ]

    def _find_closing(self, has_high: BoolArray) -> int | None:
        """Return a component with a high for everyone in the query; None if there is none."""
        query = self._query
        table, labels = query.record.table, query.record.components.labels
        narrow = query.overlapping[labels[query.overlapping] != WIDE]
        period = query.scope.period
        is_closing = (table.upper[narrow] < OPEN) & (table.incident[narrow] == NONE)
        is_closing &= ~table.is_irregular[narrow]
        is_closing &= table.outcomes[narrow] & query.bits == query.bits
        is_closing &= (table.first[narrow] <= period.start) & (table.last[narrow] >= period.stop)
        is_closing &= has_high[np.searchsorted(query.components, labels[narrow])]
        for constraint in narrow[is_closing].tolist():
            if contains_region(table, constraint, query.region):
                return int(labels[constraint])
        return None

    def _add_unsolved(self, total: Total, rest: IntArray, *, is_in_time: bool) -> Total:
        """Return a wider total, with components that are too many to be solved one by one."""
        query = self._query
        bounds = query.record.bounds
        highs = bounds.highs[rest, query.bits]
        is_special = bounds.is_special[rest]
        is_open = total.high is None or (highs == OPEN).any() or is_special.any()
        high_terms = () if is_open else query.make_bound_terms(bounds, rest, "high", query.bits)
        return replace(
            total,
            high=None if is_open else (total.high or 0) + int(highs.sum()),
            exact=False,
            is_relaxed=total.exact and is_in_time,
            is_disputed=total.is_disputed or bool(is_special.any()),
            high_terms=() if is_open else query.join_terms([total.high_terms, high_terms]),
            opening=query.figures.select_open() if is_open else (),
        )


def _is_rounded(result: ComponentResult) -> bool:
    """Whether the terms of the high add up to a fraction, or are rounded before."""
    high = result.high.value
    return high is not None and (high.denominator > 1 or bool(result.make_roundings("high")))
