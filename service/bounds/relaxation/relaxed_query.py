"""The total of a query from a small program that contains every world."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from service.bounds.accounts import AccountRanges
from service.bounds.combined_total import make_unknown_total
from service.bounds.component_result import ComponentResult
from service.bounds.component_solver import Component
from service.bounds.computation import run_steps
from service.bounds.infeasibility import Dispute
from service.bounds.relaxation.constraint_table import OPEN
from service.bounds.relaxation.footprints import Grid
from service.bounds.relaxation.query_figures import ProvenResult, QueryFigures
from service.bounds.relaxation.relaxed_program import RelaxedProgram
from service.bounds.solver import Deadline
from service.columns.arrays import BoolArray, IntArray
from service.domain.figure import Figure
from service.domain.total import End, RoundedSum, Term, Total

MAX_SPELLED: Final = 1_500
"""The most narrow constraints that one program spells out."""

MAX_WIDE: Final = 200
"""The most wide constraints that one program spells out."""

MAX_FOOTPRINTS: Final = 600
"""With more footprints than this, fewer wide constraints are spelled out."""

PROGRAM_SHARE: Final = 0.8
"""The share of the time that is left for the program of a query."""


class _Around(NamedTuple):
    """What has claims outside of a query: components, and flagged wide constraints."""

    components: IntArray
    is_wide_near: BoolArray


class RelaxedSolution(NamedTuple):
    """What a program adds to a total, and whether a contradiction that it does not have may too."""

    result: ProvenResult
    is_disputed: bool


class RelaxedQuery:
    """The computation of one total from a relaxed program."""

    def __init__(self, query: QueryFigures) -> None:
        self._query = query

    def compute(self, deadline: Deadline) -> Total:
        """Return the total of a small program that contains every world."""
        query = self._query
        solution = self.solve(deadline)
        if solution is None:
            return make_unknown_total(query.figures, query.figures.select_open())
        result = solution.result
        total = query.combine([result], deadline)
        if total.high is None and not total.opening:
            total = replace(total, opening=query.figures.select_open())
        is_in_time = not result.is_unresolved and result.low.is_known and result.high.is_known
        if result.is_unresolved or not result.low.is_known:
            total = query.raise_low(replace(total, is_disputed=True))
        is_disputed = total.is_disputed or solution.is_disputed
        return replace(total, exact=False, is_disputed=is_disputed, is_relaxed=is_in_time)

    def solve(self, deadline: Deadline) -> "RelaxedSolution | None":
        """Return what the program adds to a total; None if it has no room for a contradiction."""
        query, record = self._query, self._query.record
        spelled, aggregated = self._choose_spelled()
        grid, chosen, around = self._choose_grid(aggregated)
        if record.packing.is_contradicted[np.setdiff1d(query.wide, chosen)].any():
            return None
        program = self._build_program(spelled, aggregated, grid, chosen, around)
        component = Component(program.constraints)
        result = component.compute_result(query.region, deadline.take_share(PROGRAM_SHARE))
        # Contradictions within components that are only added up are not looked at, and there can
        # be others further away.
        is_disputed = bool(record.bounds.is_special[aggregated].any())
        return RelaxedSolution(self._name_figures(result, program), is_disputed)

    def _name_figures(self, result: ComponentResult, program: RelaxedProgram) -> ProvenResult:
        """Return the result with reported figures in place of the rows about claims."""
        query = self._query

        def name_terms(terms: Iterable[Term]) -> list[Term]:
            reported, others = program.split_terms(terms)
            return [*reported, *query.make_table_terms(others)]

        def name_all(figures: Iterable[Figure]) -> tuple[Figure, ...]:
            named: dict[Figure, None] = {}
            for figure in figures:
                if program.is_row(figure):
                    constraints = program.find_constraints(figure)
                    rows = query.record.table.find_end_rows(constraints, "low")
                    named.update(dict.fromkeys(query.objects.make(rows)))
                else:
                    named[figure] = None
            return tuple(named)

        named_disputes = {
            id(dispute): Dispute(
                name_all(dispute.lows), name_all(dispute.highs), dispute.constraints
            )
            for dispute in result.disputes
        }
        originals = {
            id(named): dispute
            for dispute, named in zip(result.disputes, named_disputes.values(), strict=True)
        }

        def find_accounts(deadline: Deadline) -> list[AccountRanges]:
            return [
                replace(each, dispute=each.dispute and named_disputes[id(each.dispute)])
                for each in result.find_dispute_accounts(deadline)
            ]

        def minimise_violation(disputes: Sequence[Dispute], deadline: Deadline) -> float | None:
            return result.minimise_violation([originals[id(each)] for each in disputes], deadline)

        def name_roundings(end: End) -> list[RoundedSum]:
            return [
                replace(each, terms=tuple(name_terms(each.terms)))
                for each in result.make_roundings(end)
            ]

        return ProvenResult(
            result.constraints,
            result.low,
            result.high,
            result.find_nearest,
            minimise_violation,
            result.accounts,
            find_accounts,
            list(named_disputes.values()),
            result.exact,
            result.is_unresolved,
            result.set_aside,
            tuple(each for each in result.opening if not program.is_row(each)),
            name_terms(result.make_terms("low")),
            name_terms(result.make_terms("high")),
            name_roundings("low"),
            name_roundings("high"),
        )

    def _choose_spelled(self) -> tuple[IntArray, IntArray]:
        """Return the components to spell out, and those that are added up instead.

        All that overlap the query are spelled out if they are few, else those that are partly
        outside, as far as there is room.
        """
        query = self._query
        components, sizes = query.components, query.record.components.sizes
        if sizes[components].sum() <= MAX_SPELLED:
            return components, components[:0]
        is_special = query.record.bounds.is_special[components]
        order = np.lexsort((sizes[components], query.is_summed, ~is_special))
        has_room = np.cumsum(sizes[components[order]]) <= MAX_SPELLED
        has_room &= ~query.is_summed[order]
        return components[order[has_room]], components[order[~has_room]]

    def _choose_wide(self) -> IntArray:
        """Return the positions of wide constraints to spell out, those most like the query first.

        Contradicted ones come before others.
        """
        query = self._query
        table = query.record.table
        constraints = query.record.components.wide[query.wide]
        period = query.scope.period
        first, last = table.first[constraints], table.last[constraints]
        common = np.minimum(last, period.stop) - np.maximum(first, period.start) + 1.0
        joined = np.maximum(last, period.stop) - np.minimum(first, period.start) + 1.0
        sizes = table.place_intervals.sizes[table.places[constraints]].astype(float)
        own_size = max(1.0, self._count_places())
        is_contradicted = query.record.packing.is_contradicted[query.wide]
        likeness = is_contradicted + common / joined * np.minimum(sizes, own_size) / np.maximum(
            sizes, own_size
        )
        chosen: IntArray = query.wide[np.argsort(-likeness, kind="stable")[:MAX_WIDE]]
        return chosen

    def _count_places(self) -> float:
        query = self._query
        axis = query.record.table.place_intervals.axis
        intervals = [box.intervals_along(axis) for box in query.region.boxes]
        if any(each is None for each in intervals):
            return float(len(query.trees[0]))
        return float(sum(stop - start for each in intervals for start, stop in each or ()))

    def _build_program(
        self,
        spelled: IntArray,
        aggregated: IntArray,
        grid: Grid,
        chosen: IntArray,
        around: "_Around",
    ) -> RelaxedProgram:
        """Return the program."""
        query, record = self._query, self._query.record
        wide = record.components.wide[chosen]
        members = np.concatenate([record.components.find_members(spelled), wide])
        program = RelaxedProgram(record, grid, run_steps(query.objects.build_constraints(members)))
        if len(aggregated):
            program.add_components(aggregated, with_highs=True)
        if len(around.components):
            program.add_components(around.components, with_highs=False)
        claiming = np.concatenate([aggregated, around.components])
        self._add_wide_claims(program, claiming, around.is_wide_near)
        if len(chosen) < len(query.wide):
            # The others can count people anywhere in the query.
            program.add_region(query.region)
        return program

    def _choose_grid(self, aggregated: IntArray) -> tuple[Grid, IntArray, "_Around"]:
        """Return a grid, the wide constraints that make it, and what has claims around the query.

        With fewer wide constraints there are fewer footprints, and the program is smaller.
        """
        query = self._query
        record, chosen = query.record, self._choose_wide()
        while True:
            grid = Grid(record.table, record.components.wide[chosen], query.region)
            around = self._find_around(chosen)
            claiming = np.concatenate([aggregated, around.components])
            footprints = grid.locate_components(record.components, claiming)
            if grid.count_distinct(footprints) <= MAX_FOOTPRINTS or not len(chosen):
                return grid, chosen, around
            chosen = chosen[: len(chosen) // 2]

    def _find_around(self, chosen: IntArray) -> "_Around":
        """Return what has claims outside of the query that the chosen wide constraints cover."""
        query = self._query
        record, packing = query.record, query.record.packing
        is_near = np.zeros(record.components.count, dtype=bool)
        is_wide_near = np.zeros(len(record.components.wide), dtype=bool)
        if not query.has_all:
            return _Around(np.flatnonzero(is_near), is_wide_near)
        for constraint in record.components.wide[chosen].tolist():
            if record.table.upper[constraint] == OPEN:
                continue  # Claims elsewhere do not bound a query that no high covers.
            reach = record.overlaps.find(constraint)
            is_near |= reach.components
            is_wide_near |= reach.wide
        contradicted, is_wide_contradicted = self._find_contradicted(chosen)
        is_near &= packing.component_people.any(axis=1) & ~contradicted
        is_near[query.touched] = False
        is_wide_near &= (packing.wide_people > 0) & ~is_wide_contradicted
        is_wide_near[query.wide] = False
        if query.is_restricted:  # Claims of others may be about people who are added up elsewhere.
            is_wide_near[:] = False
        return _Around(np.flatnonzero(is_near), is_wide_near)

    def _find_contradicted(self, chosen: IntArray) -> tuple[BoolArray, BoolArray]:
        """Return which components and wide constraints have claims that a high contradicts.

        Those that a chosen one contradicts are left out: the program settles that contradiction.
        """
        record, packing = self._query.record, self._query.record.packing
        components = np.zeros(record.components.count, dtype=bool)
        wide = packing.is_contradicted.copy()
        is_chosen = np.zeros(len(wide), dtype=bool)
        is_chosen[chosen] = True
        for position in np.flatnonzero(packing.is_contradicted & ~is_chosen).tolist():
            inner = record.overlaps.find_claims_within(packing, position)
            components[inner.components] = True
            wide[inner.wide] = True
        return components, wide

    def _add_wide_claims(
        self,
        program: RelaxedProgram,
        components: IntArray,
        is_near: BoolArray,
    ) -> None:
        """Add claims of wide constraints, if all claims within them are in the program."""
        query = self._query
        record, packing = query.record, query.record.packing
        has_component = np.zeros(record.components.count, dtype=bool)
        has_component[components] = True
        added = np.zeros(len(is_near), dtype=bool)
        positions = np.flatnonzero(is_near)
        for position in positions[np.argsort(packing.ranks[positions])].tolist():
            inner = record.overlaps.find_claims_within(packing, position)
            if has_component[inner.components].all() and added[inner.wide].all():
                added[position] = True
        program.add_wide_claims(np.flatnonzero(added))
