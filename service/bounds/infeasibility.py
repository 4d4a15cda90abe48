"""Infeasibility: which bounds contradict each other, and what remains when they are set aside.

Least shortfall: all upper bounds hold; how many people fewer than the lower bounds must there be at
least? Least excess: all lower bounds hold; how many more than the upper bounds? A figure's end is
set aside if some optimum of these two elastic programs violates it. Blocks are resolved one by one,
so a contradiction in one block does not affect another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from time import monotonic

import numpy as np

from service.bounds.constraints import Constraint
from service.bounds.disjoint_sets import DisjointSets
from service.bounds.elastic_program import ElasticProgram
from service.bounds.laminar import LaminarFamily
from service.bounds.laminar_violation import OptimalFace
from service.bounds.linear_program import LinearProgram
from service.bounds.optimize import select_bounds, solve_laminar_block, solve_laminar_program
from service.bounds.presolve import Block, ConstraintBounds, find_blocks
from service.bounds.side_violation import LaminarSideViolation, SetAside, Side, SideViolation
from service.bounds.solver import Deadline, UnsolvedError
from service.bounds.sparse_matrix import find_connected_components, vstack
from service.bounds.undisputed_lows import find_undisputed_lows
from service.columns.arrays import BoolArray, IntArray
from service.domain.figure import Figure
from service.domain.total import End

MAX_TRIES = 2
"""How often a side is tried without a pause although time ran out; the first try prepares much."""

PAUSE_RATIO = 10
"""After the last try, pause for this many times the seconds that it took.

During the pause only a query with more than twice that time tries again, so that other queries of
the same answer do not lose their time to it.
"""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Figures whose ends contradict each other, and the numbers of the constraints involved."""

    lows: tuple[Figure, ...]
    highs: tuple[Figure, ...]
    constraints: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ResolvedBounds:
    """The bounds that remain, the disputes about the others, and the conflicts behind the disputes.

    ``exact`` is False if time ran out. Bounds that might have to be set aside are then omitted too,
    so that a range can be wider than necessary, never narrower.
    """

    given_bounds: ConstraintBounds
    remaining_bounds: ConstraintBounds
    disputes: tuple[Dispute, ...]
    conflicts: tuple["Conflict", ...]
    exact: bool
    unresolved: tuple[IntArray, ...] = ()
    """The constraints of each block for which time ran out."""

    @property
    def set_aside(self) -> frozenset[tuple[str, End]]:
        """The ends that are set aside, by the id of the figure."""
        found: set[tuple[str, End]] = set()
        for dispute in self.disputes:
            found.update((figure.id, "low") for figure in dispute.lows)
            found.update((figure.id, "high") for figure in dispute.highs)
        return frozenset(found)


def make_accounts(
    resolved: ResolvedBounds, disputes: Sequence[Dispute] | None = None
) -> tuple[ConstraintBounds, ConstraintBounds]:
    """Return the two accounts of the contradictions (of all if None), others set aside.

    In the first, all of their highs hold and the contradicting lows are set aside; in the second it
    is the other way round.
    """
    constraints = np.array(
        sorted(
            {
                constraint
                for dispute in (resolved.disputes if disputes is None else disputes)
                for constraint in dispute.constraints
            }
        ),
        dtype=np.int64,
    )
    given, remaining = resolved.given_bounds, resolved.remaining_bounds
    lower, upper = remaining.lower.copy(), remaining.upper.copy()
    lower[constraints], upper[constraints] = given.lower[constraints], given.upper[constraints]
    return ConstraintBounds(remaining.lower, upper), ConstraintBounds(lower, remaining.upper)


def make_constraint_bounds(constraints: Sequence[Constraint]) -> ConstraintBounds:
    """Return the bounds of all constraints."""
    upper = [np.inf if constraint.upper is None else constraint.upper for constraint in constraints]
    return ConstraintBounds(
        np.array([constraint.lower for constraint in constraints], dtype=float),
        np.array(upper, dtype=float),
    )


class ConflictResolver:
    """Resolves the conflicts of a program, each block when a query first depends on it."""

    def __init__(self, program: LinearProgram) -> None:
        self._program = program
        self.given_bounds = make_constraint_bounds(program.constraints)
        self._conflicts: dict[int, Conflict] = {}
        no_columns = np.zeros(program.constraint_matrix.shape[1], dtype=bool)
        self.is_consistent = (
            solve_laminar_program(program, self.given_bounds, no_columns) is not None
        )
        """Whether the program is laminar and feasible, so that no block has a conflict."""

    @cached_property
    def _blocks(self) -> list[Block]:
        all_types = np.ones(self._program.person_type_matrix.shape[1], dtype=bool)
        no_columns = np.zeros(self._program.constraint_matrix.shape[1], dtype=bool)
        return find_blocks(self._program, self.given_bounds, all_types, no_columns, ~no_columns)

    @cached_property
    def _block_of_constraint(self) -> IntArray:
        """The number of each constraint's block, ``int[n_constraints]``; -1 for none."""
        block_of = np.full(len(self._program.constraints), -1)
        for number, block in enumerate(self._blocks):
            block_of[block.constraints] = number
        return block_of

    def find_blocks_of(self, constraints: BoolArray) -> set[int]:
        """Return the numbers of the flagged constraints' blocks; none if all are consistent.

        ``constraints`` is ``bool[n_constraints]``.
        """
        if self.is_consistent:
            return set()
        return {int(number) for number in self._block_of_constraint[constraints] if number >= 0}

    def resolve(self, block_numbers: set[int], deadline: Deadline) -> ResolvedBounds:
        """Return the bounds that remain when these blocks are resolved.

        The other blocks keep all their bounds. Blocks that are resolved in time are cached.
        """
        remaining = self.given_bounds
        disputes: list[Dispute] = []
        conflicts: list[Conflict] = []
        unresolved: list[IntArray] = []
        by_size = sorted(
            block_numbers, key=lambda number: (len(self._blocks[number].constraints), number)
        )
        for number in by_size:
            conflict = self._get_conflict(number)
            # A hard block leaves half of the time to the others and to the bounds.
            resolution = conflict.resolve(deadline.take_share(0.5))
            if not resolution.exact:
                unresolved.append(conflict.block.constraints)
            if resolution.remaining_bounds is not None:
                if remaining is self.given_bounds:
                    remaining = ConstraintBounds(
                        self.given_bounds.lower.copy(), self.given_bounds.upper.copy()
                    )
                remaining.lower[conflict.block.constraints] = resolution.remaining_bounds.lower
                remaining.upper[conflict.block.constraints] = resolution.remaining_bounds.upper
            if resolution.disputes:
                disputes.extend(resolution.disputes)
                conflicts.append(conflict)
        return ResolvedBounds(
            self.given_bounds,
            remaining,
            tuple(disputes),
            tuple(conflicts),
            not unresolved,
            tuple(unresolved),
        )

    def minimise_violation(self, disputes: Sequence[Dispute], deadline: Deadline) -> float | None:
        """Return the least sum of shortfall and excess in them; None if time ran out."""
        try:
            return sum(
                self._get_conflict(number).minimise_violation(deadline, constraints)
                for number, constraints in self._group_by_block(disputes)
            )
        except UnsolvedError:
            return None

    def _group_by_block(self, disputes: Sequence[Dispute]) -> Iterator[tuple[int, frozenset[int]]]:
        constraints: dict[int, set[int]] = {}
        for dispute in disputes:
            for constraint in dispute.constraints:
                number = int(self._block_of_constraint[constraint])
                constraints.setdefault(number, set()).add(constraint)
        for number, members in constraints.items():
            yield number, frozenset(members)

    def _get_conflict(self, number: int) -> "Conflict":
        if number not in self._conflicts:
            self._conflicts[number] = Conflict(
                self._program, self._blocks[number], self.given_bounds
            )
        return self._conflicts[number]


def _find_laminar_family(program: LinearProgram, block: Block) -> LaminarFamily | None:
    """Return the block's constraints as a forest; None if they are not laminar or are coupled."""
    if len(block.couplings):
        return None
    return LaminarFamily.from_matrix(
        program.constraint_matrix.submatrix(block.constraints, block.columns)
    )


@dataclass(frozen=True, slots=True)
class Resolution:
    """The result for one block: the remaining bounds (None: all of them) and the disputes."""

    remaining_bounds: ConstraintBounds | None = None
    disputes: tuple[Dispute, ...] = ()
    exact: bool = True


class Conflict:
    """A block whose bounds may contradict each other, with its two elastic programs."""

    def __init__(self, program: LinearProgram, block: Block, bounds: ConstraintBounds) -> None:
        self.block = block
        self._program, self._bounds = program, bounds
        self._sides: dict[Side, SideViolation | LaminarSideViolation] = {}
        self._tries, self._seconds_spent, self._paused_until = 0, 0.0, 0.0
        self._resolution: Resolution | None = None
        self._least_violations: dict[frozenset[int] | None, float] = {}
        self._lock = Lock()

    def resolve(self, deadline: Deadline) -> Resolution:
        """Return the resolution; it is cached if it is exact.

        A thread that asks while another computes waits for it until its deadline.
        """
        if self._resolution is not None:
            return self._resolution
        if not self._lock.acquire(timeout=deadline.seconds_left()):
            return self._unresolved
        try:
            resolution = self._compute_resolution(deadline)
            if resolution.exact:
                self._resolution = resolution
                self._sides.clear()
            return resolution
        finally:
            self._lock.release()

    @cached_property
    def _unresolved(self) -> Resolution:
        """The resolution if time ran out: only bounds remain that are met in any case."""
        given, constraints = self._bounds, self.block.constraints
        guaranteed = find_undisputed_lows(self._program, self.block, given)
        lower = [
            max((low for low in self._list_lows(int(constraint)) if low <= people), default=0)
            for constraint, people in zip(constraints, guaranteed, strict=True)
        ]
        upper = np.where(self.block.uses_upper, np.inf, given.upper[constraints])
        return Resolution(ConstraintBounds(np.array(lower, dtype=float), upper), (), False)

    def _list_lows(self, constraint: int) -> list[int]:
        return [each.quantity.low for each in self._program.constraints[constraint].lower_figures]

    def _compute_resolution(self, deadline: Deadline) -> Resolution:
        """Return the resolution as far as time allows; the caller holds the lock."""
        no_columns = np.zeros(self._program.constraint_matrix.shape[1], dtype=bool)
        if solve_laminar_block(self._program, self.block, self._bounds, no_columns) is not None:
            return Resolution()
        lower_side = self._get_side("lower", deadline)
        if lower_side is None:
            return self._unresolved
        if not lower_side.least_violation:
            return Resolution()
        upper_side = self._get_side("upper", deadline)
        sides = [lower_side] if upper_side is None else [lower_side, upper_side]
        set_aside: SetAside = {"lower": {}, "upper": {}}
        for side in sides:
            set_aside[side.side] = side.find_set_aside(deadline)
        remaining = [
            self._find_remaining(int(constraint), set_aside)
            for constraint in self.block.constraints
        ]
        bounds = ConstraintBounds(
            *(np.array(column, dtype=float) for column in zip(*remaining, strict=True))
        )
        if upper_side is None:
            bounds.upper[:] = np.inf
        is_exact = upper_side is not None and all(side.exact for side in sides)
        return Resolution(bounds, tuple(self._split_disputes(sides, set_aside)), is_exact)

    @cached_property
    def _laminar_family(self) -> LaminarFamily | None:
        """The block's constraints as a forest; None if they are not laminar or are coupled."""
        return _find_laminar_family(self._program, self.block)

    @cached_property
    def nearest_face(self) -> tuple[OptimalFace, BoolArray] | None:
        """The optimal face of both sides together; None if the constraints are not laminar.

        With it come the columns of the program that are empty on this face, ``bool[n_columns]``.
        """
        if self._laminar_family is None:
            return None
        lower, upper = select_bounds(self.block, self._bounds)
        face = self._laminar_family.find_optimal_face(lower, upper, ("lower", "upper"))
        # By complementary slackness a column with a nonzero reduced cost is 0 in every optimum.
        duals = np.zeros(len(self._program.constraints), dtype=np.int64)
        duals[self.block.constraints] = face.duals
        return face, self._program.constraint_matrix.rmatvec(duals) != 0

    def _get_side(
        self, side: Side, deadline: Deadline
    ) -> SideViolation | LaminarSideViolation | None:
        """Return the least violation of one side while the other holds; None if time ran out."""
        if side not in self._sides:
            started_at = monotonic()
            is_paused = (
                started_at < self._paused_until
                and deadline.seconds_left() <= 2 * self._seconds_spent
            )
            if is_paused or not deadline.seconds_left():
                return None
            if self._laminar_family is not None:
                self._sides[side] = LaminarSideViolation(
                    side, self._program, self.block, self._bounds, self._laminar_family
                )
                return self._sides[side]
            try:
                self._sides[side] = SideViolation(
                    side, self._program, self.block, self._bounds, deadline
                )
            except UnsolvedError:
                self._tries, self._seconds_spent = self._tries + 1, monotonic() - started_at
                if self._tries >= MAX_TRIES:
                    self._paused_until = monotonic() + PAUSE_RATIO * self._seconds_spent
                return None
        return self._sides[side]

    def minimise_violation(
        self, deadline: Deadline, constraints: frozenset[int] | None = None
    ) -> float:
        """Return the least sum of shortfall and excess together; raises UnsolvedError.

        If ``constraints`` is not None, only their bounds count.
        """
        if constraints is None and self.nearest_face is not None:
            return float(self.nearest_face[0].amount)
        if constraints not in self._least_violations:
            block = self.block
            if constraints is not None:
                kept = np.isin(block.constraints, sorted(constraints))
                block = replace(
                    block,
                    constraints=block.constraints[kept],
                    uses_lower=block.uses_lower[kept],
                    uses_upper=block.uses_upper[kept],
                )
            self._least_violations[constraints] = self._minimise_violation_of(block, deadline)
        return self._least_violations[constraints]

    def _minimise_violation_of(self, block: Block, deadline: Deadline) -> float:
        family = _find_laminar_family(self._program, block)
        if family is not None:
            lower, upper = select_bounds(block, self._bounds)
            return float(family.find_optimal_face(lower, upper, ("lower", "upper")).amount)
        all_constraints = np.ones(len(self._program.constraints))
        relaxed = ConstraintBounds(all_constraints, all_constraints)
        elastic = ElasticProgram(self._program, block, self._bounds, relaxed)
        return elastic.minimise_violation(deadline)

    def _find_remaining(self, constraint: int, set_aside: SetAside) -> tuple[float, float]:
        """Return the lower and the upper bound that remain in the constraint."""
        own = self._program.constraints[constraint]
        lows_set_aside = set_aside["lower"].get(constraint, ())
        highs_set_aside = set_aside["upper"].get(constraint, ())
        lows = [f.quantity.low for f in own.lower_figures if f not in lows_set_aside]
        highs = [f.quantity.high for f in own.upper_figures if f not in highs_set_aside]
        return max(lows, default=0), min(
            (high for high in highs if high is not None), default=np.inf
        )

    def _split_disputes(
        self,
        sides: Sequence[SideViolation | LaminarSideViolation],
        set_aside: SetAside,
    ) -> Iterator[Dispute]:
        """Yield one dispute for each connected component of the violated and forcing constraints.

        A component without an end set aside affects no total and has an empty dispute.
        """
        for members in self._group_by_violation(sides):
            lows = [
                figure
                for constraint in members
                for figure in set_aside["lower"].get(constraint, ())
            ]
            highs = [
                figure
                for constraint in members
                for figure in set_aside["upper"].get(constraint, ())
            ]
            yield Dispute(tuple(lows), tuple(highs), tuple(members))

    def _group_by_violation(
        self, sides: Sequence[SideViolation | LaminarSideViolation]
    ) -> Iterator[list[int]]:
        """Yield the violated and forcing constraints that bind each other, group by group."""
        all_constraints = set().union(*(side.constraints for side in sides))
        if self._laminar_family is not None:
            sets = DisjointSets(len(self._program.constraints))
            for side in sides:
                for one, other in side.links:
                    sets.unite(one, other)
            groups: dict[int, list[int]] = {}
            for constraint in sorted(all_constraints):
                groups.setdefault(sets.find(constraint), []).append(constraint)
            yield from groups.values()
            return
        constraints = np.array(sorted(all_constraints), dtype=np.int64)
        couplings = np.array(
            sorted(set().union(*(side.couplings for side in sides))), dtype=np.int64
        )
        all_columns = np.arange(self._program.constraint_matrix.shape[1])
        constraint_matrix = self._program.constraint_matrix.submatrix(constraints, all_columns)
        coupling_matrix = self._program.coupling_matrix.submatrix(couplings, all_columns)
        for row_numbers, _ in find_connected_components(
            vstack([constraint_matrix, coupling_matrix])
        ):
            yield [
                int(constraints[row_number])
                for row_number in row_numbers
                if row_number < len(constraints)
            ]
