"""One component: its part of a total, solved once and reused for later queries."""

from collections.abc import Callable, Sequence, Set
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np

from service.bounds.account_worlds import Account, AccountWorlds, find_account_worlds
from service.bounds.accounts import AccountRanges, AccountSolver
from service.bounds.boxes import Region
from service.bounds.certificate import Certificate
from service.bounds.component_result import ComponentResult
from service.bounds.computation import Computation
from service.bounds.constraints import Constraint
from service.bounds.infeasibility import (
    ConflictResolver,
    Dispute,
    ResolvedBounds,
    make_accounts,
)
from service.bounds.linear_program import LinearProgram, build_linear_program
from service.bounds.lows_without_program import add_undisputed_lows
from service.bounds.nearest_range import NearestRange, NearestRangeSolver
from service.bounds.optimize import BlockCache, Bound, LazyBound, Objective
from service.bounds.partition import TooManyCellsError
from service.bounds.presolve import ConstraintBounds
from service.bounds.solver import Deadline
from service.columns.arrays import BoolArray
from service.domain.figure import Figure
from service.domain.total import End

MAX_CACHED_RESULTS: Final = 64
"""Results cached for each component. The parts of a breakdown need only a few different ones."""


class Component:
    """A connected component; its program and its conflicts are computed when first needed."""

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self._constraints = constraints
        self._program_steps = Computation(build_linear_program(constraints))
        self._program: LinearProgram
        self._results: dict[tuple[bytes, ...], ComponentResult] = {}
        self._block_cache = BlockCache()
        self._single_results: dict[bool, ComponentResult] = {}

    def _prepare_program(self, deadline: Deadline) -> bool:
        """Return whether the program is built; False if time ran out or it has too many cells."""
        try:
            program = self._program_steps.run(deadline)
        except TooManyCellsError:
            return False
        if program is not None:
            self._program = program
        return program is not None

    def _make_unknown_result(self, query_region: Region) -> ComponentResult:
        """Return the result if there is no program: anything may be disputed."""
        return ComponentResult(
            self._constraints,
            add_undisputed_lows(self._constraints, query_region),
            Bound(None, exact=False),
            lambda deadline: None,
            lambda disputes, deadline: None,
            AccountRanges(None, (Fraction(0), None), (Fraction(0), None)),
            lambda deadline: (),
            exact=False,
            is_unresolved=True,
            opening=_list_figures_without_high(self._constraints),
        )

    @cached_property
    def _resolver(self) -> ConflictResolver:
        return ConflictResolver(self._program)

    @cached_property
    def _nearest_solver(self) -> NearestRangeSolver:
        return NearestRangeSolver(self._program)

    def _resolve_conflicts(
        self, overlapping: BoolArray, objective: Objective, deadline: Deadline
    ) -> ResolvedBounds:
        """Return what remains after every conflict that affects the objective is resolved.

        Setting bounds aside can make further blocks relevant; their conflicts are then resolved
        too.
        """
        resolver = self._resolver
        if resolver.is_consistent:
            return resolver.resolve(set(), deadline)
        block_numbers = resolver.find_blocks_of(
            overlapping | self._flag_relevant_constraints(resolver.given_bounds, objective)
        )
        resolved = resolver.resolve(block_numbers, deadline)
        while resolved.disputes:
            more_numbers = block_numbers.union(
                *(
                    resolver.find_blocks_of(self._flag_relevant_constraints(bounds, objective))
                    for bounds in (resolved.remaining_bounds, *make_accounts(resolved))
                )
            )
            if more_numbers == block_numbers:
                break
            block_numbers = more_numbers
            resolved = resolver.resolve(block_numbers, deadline)
        return resolved

    def _flag_relevant_constraints(
        self, bounds: ConstraintBounds, objective: Objective
    ) -> BoolArray:
        """Return which constraints are in a block that the objective depends on.

        The result is ``bool[n_constraints]``.
        """
        is_relevant = np.zeros(len(self._constraints), dtype=bool)
        for block in (
            *objective.find_min_blocks(bounds),
            *(objective.find_max_blocks(bounds) or ()),
        ):
            is_relevant[block.constraints] = True
        return is_relevant

    def compute_result(self, query_region: Region, deadline: Deadline) -> ComponentResult:
        """Return the component's part of the total in the box.

        The result depends on the box only through the columns and constraints that the box
        overlaps. Queries that overlap the same ones share a cached result.
        """
        single = self._solve_single(query_region)
        if single is not None:
            return single
        if not self._prepare_program(deadline):
            return self._make_unknown_result(query_region)
        possible_columns, outside_columns = self._program.classify_columns(query_region)
        certain_columns = possible_columns & ~outside_columns
        overlapping = np.array(
            [constraint.overlaps(query_region) for constraint in self._constraints]
        )
        key = (overlapping.tobytes(), certain_columns.tobytes(), possible_columns.tobytes())
        cached = self._results.get(key)
        if cached is not None:
            return cached
        result = self._solve(
            overlapping,
            Objective(self._program, certain_columns, possible_columns, self._block_cache),
            deadline,
        )
        if result.exact:  # With more time a later call may find a better one.
            if len(self._results) >= MAX_CACHED_RESULTS:
                self._results.clear()
            self._results[key] = result
        return result

    @property
    def constraints(self) -> Sequence[Constraint]:
        """The constraints of the component."""
        return self._constraints

    def resolve_all(self, deadline: Deadline) -> ResolvedBounds | None:
        """Return what is left if all contradictions are resolved; None without time."""
        if not self._prepare_program(deadline):
            return None
        every = np.ones(len(self._constraints), dtype=bool)
        resolver = self._resolver
        return resolver.resolve(resolver.find_blocks_of(every), deadline)

    def find_account_worlds(
        self, resolved: ResolvedBounds, account: Account, axis: str, deadline: Deadline
    ) -> AccountWorlds:
        """Return the worlds of ``account_worlds.find_account_worlds`` for all contradictions.

        Places are along one axis. Raises UnsolvedError. All must have been resolved.
        """
        return find_account_worlds(
            self._program, resolved.given_bounds, resolved.disputes, account, axis, deadline
        )

    def minimise_violation(self, disputes: Sequence[Dispute], deadline: Deadline) -> float | None:
        """Return the least sum of shortfall and excess in them; None if time ran out."""
        return self._resolver.minimise_violation(disputes, deadline)

    def find_disputes(self, query_region: Region, deadline: Deadline) -> tuple[Dispute, ...]:
        """Return the disputes in which a figure that overlaps the box takes part.

        They are those of ``compute_result``, but no bound is computed.
        """
        if len(self._constraints) == 1 and self._constraints[0].is_feasible:
            return ()
        if not self._prepare_program(deadline):
            return ()
        overlapping = np.array(
            [constraint.overlaps(query_region) for constraint in self._constraints]
        )
        resolved = self._resolver.resolve(self._resolver.find_blocks_of(overlapping), deadline)
        return tuple(
            dispute for dispute in resolved.disputes if self._is_relevant(dispute, overlapping)
        )

    def _solve(
        self, overlapping: BoolArray, objective: Objective, deadline: Deadline
    ) -> ComponentResult:
        """Return the result for one objective; the deadline covers both ends of the range."""
        resolved = self._resolve_conflicts(overlapping, objective, deadline)
        firm_bounds = self._make_firm_bounds(resolved.remaining_bounds, resolved.set_aside)

        # Both relaxations are solved before either integer search, which may use up the time.
        lazy_low = objective.minimise(resolved.remaining_bounds, deadline)
        lazy_high = objective.maximise(resolved.remaining_bounds, deadline)
        low = _prefer_firm_bound(
            lazy_low.search_integer(deadline),
            objective.minimise,
            resolved.remaining_bounds,
            firm_bounds,
            deadline,
        )
        high = _prefer_firm_bound(
            lazy_high.search_integer(deadline),
            objective.maximise,
            resolved.remaining_bounds,
            firm_bounds,
            deadline,
        )
        account_solver = AccountSolver(resolved, objective, (low.value or Fraction(0), high.value))
        accounts = account_solver.compare_all(deadline)
        is_unresolved = any(overlapping[block].any() for block in resolved.unresolved)
        if not accounts.is_known and not any(
            self._is_relevant(dispute, overlapping) for dispute in account_solver.disputes
        ):
            accounts = account_solver.make_undisputed(exact=False)

        def find_dispute_accounts(deadline: Deadline) -> list[AccountRanges]:
            return [
                ranges
                for ranges in account_solver.compare_each(deadline)
                if ranges.is_known
                or (ranges.dispute and self._is_relevant(ranges.dispute, overlapping))
            ]

        cached_nearest: list[NearestRange] = []

        def find_nearest(deadline: Deadline) -> NearestRange | None:
            if not resolved.conflicts:
                return _make_nearest_range(low, high)
            if not cached_nearest:
                nearest = self._nearest_solver.find_nearest(objective, resolved, deadline)
                cached_nearest.extend([] if nearest is None else [nearest])
            return cached_nearest[0] if cached_nearest else None

        return ComponentResult(
            self._constraints,
            low,
            high,
            find_nearest,
            self.minimise_violation,
            accounts,
            find_dispute_accounts,
            account_solver.disputes,
            resolved.exact and low.exact and high.exact and accounts.exact,
            is_unresolved,
            resolved.set_aside,
            self._find_opening(objective, resolved.remaining_bounds) if high.value is None else (),
        )

    def _find_opening(self, objective: Objective, bounds: ConstraintBounds) -> tuple[Figure, ...]:
        """Return the figures that leave the objective without a maximum under these bounds."""
        indices = np.flatnonzero(objective.flag_open_constraints(bounds))
        if not len(indices):  # Time ran out before the maximum was proved.
            return _list_figures_without_high(self._constraints)
        return tuple(
            figure for index in indices.tolist() for figure in self._constraints[index].figures
        )

    def _make_firm_bounds(
        self, bounds: ConstraintBounds, set_aside: Set[tuple[str, End]]
    ) -> ConstraintBounds:
        """Return the remaining bounds that do not rest on a convention of speech (soft ends)."""
        lower, upper = bounds.lower.copy(), bounds.upper.copy()
        for index, constraint in enumerate(self._constraints):
            lows = [
                figure.quantity.low
                for figure in constraint.lower_figures
                if "low" not in figure.quantity.soft and (figure.id, "low") not in set_aside
            ]
            highs = [
                figure.quantity.high
                for figure in constraint.upper_figures
                if "high" not in figure.quantity.soft and (figure.id, "high") not in set_aside
            ]
            known_highs = [high for high in highs if high is not None]
            lower[index] = min(max(lows, default=0), lower[index])
            upper[index] = max(min(known_highs, default=np.inf), upper[index])
        return ConstraintBounds(lower, upper)

    def _is_relevant(self, dispute: Dispute, overlapping: BoolArray) -> bool:
        """Whether a figure with an end set aside overlaps the query.

        ``overlapping``, ``bool[n_constraints]``, flags the constraints that overlap the query.
        """
        figure_ids = {figure.id for figure in (*dispute.lows, *dispute.highs)}
        return any(
            overlapping[index]
            and any(
                figure.id in figure_ids
                for figure in (
                    *self._constraints[index].lower_figures,
                    *self._constraints[index].upper_figures,
                )
            )
            for index in dispute.constraints
        )

    def _solve_single(self, query_region: Region) -> ComponentResult | None:
        """Return the result of a single feasible constraint with one part, else None."""
        constraint = self._constraints[0]
        if len(self._constraints) > 1 or len(constraint.parts) > 1:
            return None
        if not constraint.is_feasible:
            return None
        is_covered = any(constraint.parts[0].box.is_within(box) for box in query_region.boxes)
        if is_covered not in self._single_results:
            self._single_results[is_covered] = self._make_single_result(constraint, is_covered)
        return self._single_results[is_covered]

    def _make_single_result(self, constraint: Constraint, is_covered: bool) -> ComponentResult:
        """Return the result of a query that covers the whole constraint, or a part of it."""
        lower, upper = constraint.lower, constraint.upper
        low = _make_single_bound(lower, "low") if is_covered else Bound(Fraction(0))
        high = Bound(None) if upper is None else _make_single_bound(upper, "high")
        published = (low.value or Fraction(0), high.value)
        return ComponentResult(
            [constraint],
            low,
            high,
            lambda deadline: _make_nearest_range(low, high),
            lambda disputes, deadline: 0.0,
            AccountRanges(None, published, published),
            lambda deadline: (),
            opening=constraint.figures if upper is None else (),
        )


def _list_figures_without_high(constraints: Sequence[Constraint]) -> tuple[Figure, ...]:
    return tuple(
        figure
        for constraint in constraints
        for figure in constraint.figures
        if figure.quantity.high is None
    )


def _prefer_firm_bound(
    bound: Bound,
    optimize: Callable[[ConstraintBounds, Deadline], LazyBound],
    bounds: ConstraintBounds,
    firm_bounds: ConstraintBounds,
    deadline: Deadline,
) -> Bound:
    """Return the bound, proved without soft ends if that is possible."""
    uses_soft_end = any(
        (bounds.lower if end == "low" else bounds.upper)[constraint]
        != (firm_bounds.lower if end == "low" else firm_bounds.upper)[constraint]
        for constraint, end in bound.certificate
    )
    if not uses_soft_end:
        return bound
    firm_bound = optimize(firm_bounds, deadline).search_integer(deadline)
    return firm_bound if firm_bound.exact and firm_bound.value == bound.value else bound


def _make_single_bound(value: int, end: End) -> Bound:
    certificate: Certificate = {(0, end): Fraction(1)} if value or end == "high" else {}
    return Bound(Fraction(value), True, certificate)


def _make_nearest_range(low: Bound, high: Bound) -> NearestRange:
    """Return the nearest range of a component without conflicts: its bounds."""
    return float(low.value or 0), None if high.value is None else float(high.value)
