"""The total of one query in a large record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from service.bounds.accounts import AccountRanges
from service.bounds.boxes import make_region
from service.bounds.combined_total import (
    combine_results,
    make_unknown_total,
    solve_components,
    sort_terms,
)
from service.bounds.component_cache import ComponentCache
from service.bounds.component_result import ComponentResult
from service.bounds.component_solver import Component
from service.bounds.computation import Steps, run_steps
from service.bounds.constraints import Constraint, FigureScopes, Reclassifications
from service.bounds.engine import make_content_key
from service.bounds.infeasibility import Dispute
from service.bounds.optimize import Bound
from service.bounds.relaxation.component_bounds import list_sets, make_term_keys
from service.bounds.relaxation.constraint_table import OPEN
from service.bounds.relaxation.footprints import Grid
from service.bounds.relaxation.narrow_components import WIDE
from service.bounds.relaxation.relaxed_program import ClaimTerms, LargeRecord, RelaxedProgram
from service.bounds.solver import Deadline
from service.columns.arrays import BoolArray, IntArray
from service.columns.column_figures import ColumnFigures
from service.domain.figure import Figure, Scope
from service.domain.total import End, RoundedSum, Term, Total
from service.domain.trees import Tree
from service.domain.vocabulary import encode_outcomes

MAX_SPELLED: Final = 1_500
"""The most narrow constraints that one program spells out."""

MAX_CLOSURE: Final = 1_500
"""If no more constraints than this depend on each other, the total is exact."""

MAX_WIDE: Final = 200
"""The most wide constraints that one program spells out."""

MAX_FOOTPRINTS: Final = 600
"""With more footprints than this, fewer wide constraints are spelled out."""

MAX_SOLVED: Final = 300
"""The most components that are solved one by one for a query."""

PROGRAM_SHARE: Final = 0.8
"""The share of the time that is left for the program of a query."""


@dataclass(frozen=True, slots=True)
class ProvenResult(ComponentResult):
    """What many components add to a total, with the terms of its proof."""

    low_terms: Sequence[Term] = ()
    high_terms: Sequence[Term] = ()
    low_roundings: Sequence[RoundedSum] = ()
    high_roundings: Sequence[RoundedSum] = ()

    def make_terms(self, bound_end: End) -> list[Term]:
        """Return the terms of one end of the range."""
        return list(self.low_terms if bound_end == "low" else self.high_terms)

    def make_roundings(self, bound_end: End) -> list[RoundedSum]:
        """Return the sums of terms that are rounded to whole people."""
        return list(self.low_roundings if bound_end == "low" else self.high_roundings)


def _make_exact_result(
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


class FigureObjects:
    """Figures of rows as objects, whose rows are remembered."""

    def __init__(self, record: LargeRecord, is_kept: BoolArray) -> None:
        """``is_kept``, bool[n_rows], flags the rows that are counted in the total."""
        self._state, self._table, self._is_kept = record.table.state, record.table, is_kept
        self._rows: dict[str, int] = {}

    def make(self, rows: IntArray) -> tuple[Figure, ...]:
        """Return the figures of the rows."""
        numbers = rows.tolist()
        figures = self._state.make_figures(numbers)
        self._rows.update((each.id, row) for each, row in zip(figures, numbers, strict=True))
        return figures

    def make_of_constraints(self, constraints: IntArray) -> list[Figure]:
        """Return the kept figures of some constraints, in an order that their content gives."""
        rows = self._table.find_rows(constraints)
        return sorted(self.make(rows[self._is_kept[rows]]), key=make_content_key)

    def row_of(self, figure: Figure) -> int:
        """Return the row of a figure that was made here."""
        return self._rows[figure.id]

    def find_position(self, figure: Figure) -> int:
        """Return the position of a figure in the order of recording."""
        return int(self._state.column("origin")[self.row_of(figure)])


class _Around(NamedTuple):
    """What has claims outside of a query: components, and flagged wide constraints."""

    components: IntArray
    is_wide_near: BoolArray


class QueryTotal:
    """The computation of one total."""

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
        self._record, self._figures, self._is_kept, self._scope = record, figures, is_kept, scope
        self._trees, self._cache = trees, cache
        self._region = make_region(scope, *trees)
        self._bits = encode_outcomes(scope.outcomes)
        self._objects = FigureObjects(record, is_kept)
        overlapping = np.unique(record.table.constraint_of_row[figures.rows])
        touched = record.table.add_partners(overlapping)
        touched = touched[is_kept[record.table.first_rows[touched]]]
        labels = record.components.labels[touched]
        self._components = np.unique(labels[labels != WIDE])
        self._wide = np.searchsorted(record.components.wide, touched[labels == WIDE])
        self._has_all = has_all

    def compute(self, deadline: Deadline) -> Total:
        """Return the total."""
        is_shared = bool(self._record.packing.is_shared[self._components].any())
        if not len(self._wide) and not (is_shared and self._has_all):
            return self._compute_components(deadline)
        closure = self._find_closure()
        if closure is not None:
            component = self._make_component(closure)
            return self._combine([component.compute_result(self._region, deadline)], deadline)
        if len(self._wide):
            return self._compute_relaxed(deadline)
        # Wide figures about other days or places can narrow it further.
        total = self._compute_components(deadline)
        return replace(total, exact=False, is_relaxed=total.is_final)

    def _flag_whole(self) -> BoolArray:
        """Return which touched components are wholly kept and inside the query."""
        record = self._record
        members = record.components.find_members(self._components)
        rows = record.table.first_rows[members]
        is_inside = record.table.state.flag_inside(self._scope)[rows] & self._is_kept[rows]
        sizes = record.components.sizes[self._components]
        starts = np.cumsum(sizes) - sizes
        return np.logical_and.reduceat(is_inside, starts).astype(bool)

    @cached_property
    def _is_summed(self) -> BoolArray:
        """Which touched components are inside the query, and have exact bounds already."""
        bounds, components = self._record.bounds, self._components
        flags: BoolArray = self._flag_whole() & ~bounds.is_special[components]
        flags &= bounds.is_exact[components, self._bits]
        return flags

    def _compute_components(self, deadline: Deadline) -> Total:
        """Return the total where no wide figure overlaps the query."""
        summed = self._components[self._is_summed]
        others = self._components[~self._is_summed]
        solved, rest = others[:MAX_SOLVED], others[MAX_SOLVED:]
        members_of = self._record.components.members_of
        components = [self._make_component(members_of(each)) for each in solved.tolist()]
        results: list[ComponentResult] = list(solve_components(components, self._region, deadline))
        if len(summed):
            results.append(self._sum_components(summed))
        total = self._combine(results, deadline)
        if len(summed) and results[-1].high.value is None:
            total = replace(total, opening=self._figures.select_open())
        return self._add_unsolved(total, rest) if len(rest) else total

    def _add_unsolved(self, total: Total, rest: IntArray) -> Total:
        """Return a wider total, with components that are too many to be solved one by one."""
        bounds = self._record.bounds
        highs = bounds.highs[rest, self._bits]
        is_special = bounds.is_special[rest]
        is_open = total.high is None or (highs == OPEN).any() or is_special.any()
        high_terms = () if is_open else self._make_bound_terms(rest, "high")
        return replace(
            total,
            high=None if is_open else (total.high or 0) + int(highs.sum()),
            exact=False,
            is_relaxed=total.exact,
            is_disputed=total.is_disputed or bool(is_special.any()),
            high_terms=() if is_open else (*total.high_terms, *high_terms),
            opening=self._figures.select_open() if is_open else (),
        )

    def _sum_components(self, components: IntArray) -> ProvenResult:
        """Return the sum of the exact bounds of components that are inside the query."""
        bounds = self._record.bounds
        highs = bounds.highs[components, self._bits]
        is_open = bool((highs == OPEN).any())
        return _make_exact_result(
            int(bounds.lows[components, self._bits].sum()),
            None if is_open else int(highs.sum()),
            {
                "low": self._make_bound_terms(components, "low"),
                "high": () if is_open else self._make_bound_terms(components, "high"),
            },
        )

    def _make_bound_terms(self, components: IntArray, kind: End) -> list[Term]:
        """Return the terms of the bounds of components."""
        bounds = self._record.bounds
        keys = make_term_keys(components, bounds.outcomes[components] & self._bits)
        return self._make_table_terms(
            {
                (constraint, end): multiplier
                for constraint, end, multiplier in bounds.iterate_terms(keys, kind)
            }
        )

    def _make_table_terms(self, multipliers: Mapping[tuple[int, End], Fraction]) -> list[Term]:
        """Return terms of constraints of the table, with figures in place of constraints."""
        found = []
        ends: tuple[End, End] = ("low", "high")
        for end in ends:
            constraints = [key[0] for key in multipliers if key[1] == end]
            if constraints:
                rows = self._record.table.find_end_rows(np.array(constraints), end)
                found += [
                    Term(figure, end, multipliers[constraint, end])
                    for figure, constraint in zip(
                        self._objects.make(rows), constraints, strict=True
                    )
                ]
        return found

    def _make_component(self, members: IntArray) -> Component:
        """Return the constraints of the kept figures in some rows of the table as a component."""
        constraints = run_steps(self._build_constraints(members))
        return self._cache.get_component(tuple(constraints))

    def _build_constraints(self, members: IntArray) -> Steps[list[Constraint]]:
        """Return the constraints of the kept figures in some rows of the table."""
        figures = self._objects.make_of_constraints(members)
        by_id = self._record.table.state.reclassifiable_figures
        reclassifications = Reclassifications(figures, by_id)
        scopes = FigureScopes(figures, reclassifications, *self._trees)
        constraints = yield from scopes.build_constraints()
        incomplete = self._record.table.find_incomplete(members)
        if not len(incomplete):
            return constraints
        # A low of theirs is about people of constraints that are not here.
        weakened = {each.id for each in self._objects.make_of_constraints(incomplete)}
        return [_drop_lows(each, weakened) for each in constraints]

    def _combine(self, results: Sequence[ComponentResult], deadline: Deadline) -> Total:
        rows = set(self._figures.rows.tolist())

        def overlaps(figure: Figure) -> bool:
            return self._objects.row_of(figure) in rows

        return combine_results(
            self._figures, results, self._objects.find_position, overlaps, deadline
        )

    # The rest is about queries that wide figures overlap.

    def _compute_relaxed(self, deadline: Deadline) -> Total:
        """Return the total of a small program that contains every world."""
        spelled, aggregated = self._choose_spelled()
        grid, chosen, around = self._choose_grid(aggregated)
        if self._record.packing.is_contradicted[np.setdiff1d(self._wide, chosen)].any():
            return make_unknown_total(self._figures)
        program = self._build_program(spelled, aggregated, grid, chosen, around)
        component = Component(program.constraints)
        result = component.compute_result(self._region, deadline.take_share(PROGRAM_SHARE))
        total = self._combine([self._name_figures(result, program)], deadline)
        if total.high is None and not total.opening:
            total = replace(total, opening=self._figures.select_open())
        is_in_time = not result.is_unresolved and result.low.is_known and result.high.is_known
        if result.is_unresolved or not result.low.is_known:
            total = self._raise_low(replace(total, is_disputed=True))
        # Contradictions within components that are only added up are not looked at, and there can
        # be others further away.
        is_disputed = total.is_disputed or bool(self._record.bounds.is_special[aggregated].any())
        return replace(total, exact=False, is_disputed=is_disputed, is_relaxed=is_in_time)

    def _raise_low(self, total: Total) -> Total:
        """Return the total with the sum of the claims inside the query, if its low is less."""
        record, packing = self._record, self._record.packing
        contradicted, is_wide_contradicted = self._find_contradicted(self._wide[:0])
        components = self._components
        if len(components):
            components = components[self._flag_whole() & ~contradicted[components]]
        constraints = record.components.wide[self._wide]
        rows = record.table.first_rows[constraints]
        is_inside = record.table.state.flag_inside(self._scope)[rows]
        is_inside &= record.table.outcomes[constraints] & ~self._bits == 0
        is_inside &= ~is_wide_contradicted[self._wide] & (packing.wide_people[self._wide] > 0)
        positions = self._wide[is_inside]
        claims = ClaimTerms(record)
        claims.add_claims(components, self._bits, Fraction(1))
        for position in positions.tolist():
            claims.add_wide(position, Fraction(1))
        low = int(packing.wide_people[positions].sum())
        low += int(packing.component_people[components][:, list_sets(self._bits)].sum())
        if low <= (total.low or 0):
            return total
        terms = self._make_table_terms(claims.list_terms())
        low_terms = sort_terms(terms, self._objects.find_position)
        return replace(total, low=low, low_terms=low_terms, low_roundings=())

    def _find_closure(self) -> IntArray | None:
        """Return all constraints that share people with each other and with some in the query.

        None if they are too many to be spelled out.
        """
        record = self._record
        sizes, outcomes = record.components.sizes, record.bounds.outcomes
        is_member = np.zeros(record.components.count, dtype=bool)
        is_wide_member = np.zeros(len(record.components.wide), dtype=bool)
        new_components, new_wide = self._components, self._wide
        while len(new_components) or len(new_wide):
            is_member[new_components] = True
            is_wide_member[new_wide] = True
            if sizes[is_member].sum() + is_wide_member.sum() > MAX_CLOSURE:
                return None
            if not self._has_all:
                break  # Everything that is kept and shares people is inside the query.
            touched = np.zeros(record.components.count, dtype=bool)
            met = record.overlaps.flag_near(new_components)
            for constraint in record.components.wide[new_wide].tolist():
                reach = record.overlaps.find(constraint)
                touched |= reach.components & (outcomes & record.table.outcomes[constraint] != 0)
                met |= reach.wide
                if sizes[is_member | touched].sum() > MAX_CLOSURE:
                    return None
            new_components = np.flatnonzero(touched & ~is_member)
            new_wide = np.flatnonzero(met & ~is_wide_member)
        members = record.components.find_members(np.flatnonzero(is_member))
        closure = np.concatenate([members, record.components.wide[is_wide_member]])
        return closure if len(closure) <= MAX_CLOSURE else None

    def _name_figures(self, result: ComponentResult, program: RelaxedProgram) -> ProvenResult:
        """Return the result with reported figures in place of the rows about claims."""

        def name_terms(terms: Iterable[Term]) -> list[Term]:
            reported, others = program.split_terms(terms)
            return [*reported, *self._make_table_terms(others)]

        def name_all(figures: Iterable[Figure]) -> tuple[Figure, ...]:
            named: dict[Figure, None] = {}
            for figure in figures:
                if program.is_row(figure):
                    constraints = program.find_constraints(figure)
                    rows = self._record.table.find_end_rows(constraints, "low")
                    named.update(dict.fromkeys(self._objects.make(rows)))
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
        components, sizes = self._components, self._record.components.sizes
        if sizes[components].sum() <= MAX_SPELLED:
            return components, components[:0]
        is_special = self._record.bounds.is_special[components]
        order = np.lexsort((sizes[components], self._is_summed, ~is_special))
        has_room = np.cumsum(sizes[components[order]]) <= MAX_SPELLED
        has_room &= ~self._is_summed[order]
        return components[order[has_room]], components[order[~has_room]]

    def _choose_wide(self) -> IntArray:
        """Return the positions of wide constraints to spell out, those most like the query first.

        Contradicted ones come before others.
        """
        table = self._record.table
        constraints = self._record.components.wide[self._wide]
        period = self._scope.period
        first, last = table.first[constraints], table.last[constraints]
        common = np.minimum(last, period.stop) - np.maximum(first, period.start) + 1.0
        joined = np.maximum(last, period.stop) - np.minimum(first, period.start) + 1.0
        sizes = table.place_intervals.sizes[table.places[constraints]].astype(float)
        own_size = max(1.0, self._count_places())
        is_contradicted = self._record.packing.is_contradicted[self._wide]
        likeness = is_contradicted + common / joined * np.minimum(sizes, own_size) / np.maximum(
            sizes, own_size
        )
        chosen: IntArray = self._wide[np.argsort(-likeness, kind="stable")[:MAX_WIDE]]
        return chosen

    def _count_places(self) -> float:
        axis = self._record.table.place_intervals.axis
        intervals = [box.intervals_along(axis) for box in self._region.boxes]
        if any(each is None for each in intervals):
            return float(len(self._trees[0]))
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
        record = self._record
        wide = record.components.wide[chosen]
        members = np.concatenate([record.components.find_members(spelled), wide])
        program = RelaxedProgram(record, grid, run_steps(self._build_constraints(members)))
        if len(aggregated):
            program.add_components(aggregated, with_highs=True)
        if len(around.components):
            program.add_components(around.components, with_highs=False)
        claiming = np.concatenate([aggregated, around.components])
        self._add_wide_claims(program, claiming, around.is_wide_near)
        if len(chosen) < len(self._wide):
            # The others can count people anywhere in the query.
            program.add_region(self._region)
        return program

    def _choose_grid(self, aggregated: IntArray) -> tuple[Grid, IntArray, "_Around"]:
        """Return a grid, the wide constraints that make it, and what has claims around the query.

        With fewer wide constraints there are fewer footprints, and the program is smaller.
        """
        record, chosen = self._record, self._choose_wide()
        while True:
            grid = Grid(record.table, record.components.wide[chosen], self._region)
            around = self._find_around(chosen)
            claiming = np.concatenate([aggregated, around.components])
            footprints = grid.locate_components(record.components, claiming)
            if grid.count_distinct(footprints) <= MAX_FOOTPRINTS or not len(chosen):
                return grid, chosen, around
            chosen = chosen[: len(chosen) // 2]

    def _find_around(self, chosen: IntArray) -> "_Around":
        """Return what has claims outside of the query that the chosen wide constraints cover."""
        record, packing = self._record, self._record.packing
        is_near = np.zeros(record.components.count, dtype=bool)
        is_wide_near = np.zeros(len(record.components.wide), dtype=bool)
        if not self._has_all:
            return _Around(np.flatnonzero(is_near), is_wide_near)
        for constraint in record.components.wide[chosen].tolist():
            if record.table.upper[constraint] == OPEN:
                continue  # Claims elsewhere do not bound a query that no high covers.
            reach = record.overlaps.find(constraint)
            is_near |= reach.components
            is_wide_near |= reach.wide
        contradicted, is_wide_contradicted = self._find_contradicted(chosen)
        is_near &= packing.component_people.any(axis=1) & ~contradicted
        is_near[self._components] = False
        is_wide_near &= (packing.wide_people > 0) & ~is_wide_contradicted
        is_wide_near[self._wide] = False
        return _Around(np.flatnonzero(is_near), is_wide_near)

    def _find_contradicted(self, chosen: IntArray) -> tuple[BoolArray, BoolArray]:
        """Return which components and wide constraints have claims that a high contradicts.

        Those that a chosen one contradicts are left out: the program settles that contradiction.
        """
        record, packing = self._record, self._record.packing
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
        record, packing = self._record, self._record.packing
        has_component = np.zeros(record.components.count, dtype=bool)
        has_component[components] = True
        added = np.zeros(len(is_near), dtype=bool)
        positions = np.flatnonzero(is_near)
        for position in positions[np.argsort(packing.ranks[positions])].tolist():
            inner = record.overlaps.find_claims_within(packing, position)
            if has_component[inner.components].all() and added[inner.wide].all():
                added[position] = True
        program.add_wide_claims(np.flatnonzero(added))


def _drop_lows(constraint: Constraint, figure_ids: set[str]) -> Constraint:
    """Return the constraint without the lows of some figures."""
    lower_figures = tuple(each for each in constraint.lower_figures if each.id not in figure_ids)
    return replace(constraint, lower_figures=lower_figures)
