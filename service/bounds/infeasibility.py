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
from typing import Literal

import numpy as np

from service.bounds.arrays import BoolArray, IntArray
from service.bounds.constraints import Constraint
from service.bounds.disjoint_sets import DisjointSets
from service.bounds.elastic_program import MIN_VIOLATION, ElasticProgram
from service.bounds.laminar import LaminarFamily
from service.bounds.laminar_violation import OptimalFace
from service.bounds.linear_program import LinearProgram
from service.bounds.optimize import select_bounds, solve_laminar_block, solve_laminar_program
from service.bounds.presolve import Block, ConstraintBounds, find_blocks
from service.bounds.solver import Deadline, UnsolvedError
from service.bounds.sparse_matrix import find_connected_components, vstack
from service.domain.figure import Figure

MIN_EXTREME_TIME_RATIO = 3
"""Search for an extreme only if this many times the seconds of its side's program are left.

It takes about as long as that program, and a total with both bounds is more useful than a total
with every end that is set aside. If the program took long, the bounds get half of the query's time
and the extremes the other half: they are found over several queries, as the side's program is
solved only once.
"""

MAX_TRIES = 2
"""How often a side is tried without a pause although time ran out; the first try prepares much."""

PAUSE_RATIO = 10
"""After the last try, pause for this many times the seconds that it took.

During the pause only a query with more than twice that time tries again, so that other queries of
the same answer do not lose their time to it.
"""

Side = Literal["lower", "upper"]
"""The bounds that may be violated while the other side's bounds hold."""

_SetAside = dict[Side, dict[int, list[Figure]]]
"""The figures whose end on a side is set aside, by the number of their constraint."""


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
    """The constraints of each piece that was not settled in time."""


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
            # A hard piece leaves half of the time to the others and to the bounds.
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
        """Return by how many people the contradictions bend the reports at least.

        None where time ran out.
        """
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
        self._sides: dict[Side, _SideViolation | _LaminarSideViolation] = {}
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
            return self._make_unresolved()
        try:
            resolution = self._compute_resolution(deadline)
            if resolution.exact:
                self._resolution = resolution
                self._sides.clear()
            return resolution
        finally:
            self._lock.release()

    def _make_unresolved(self) -> Resolution:
        """Return the resolution if time ran out: no bound remains, as each may be violated."""
        count = len(self.block.constraints)
        return Resolution(ConstraintBounds(np.zeros(count), np.full(count, np.inf)), (), False)

    def _compute_resolution(self, deadline: Deadline) -> Resolution:
        """Return the resolution as far as time allows; the caller holds the lock."""
        no_columns = np.zeros(self._program.constraint_matrix.shape[1], dtype=bool)
        if solve_laminar_block(self._program, self.block, self._bounds, no_columns) is not None:
            return Resolution()
        lower_side = self._get_side("lower", deadline)
        if lower_side is None:
            return self._make_unresolved()
        if not lower_side.least_violation:
            return Resolution()
        upper_side = self._get_side("upper", deadline)
        sides = [lower_side] if upper_side is None else [lower_side, upper_side]
        set_aside: _SetAside = {"lower": {}, "upper": {}}
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
        """Return the least violation of one side while the other holds; None if time ran out."""
        if len(self.block.couplings):
            return None
        return LaminarFamily.from_matrix(
            self._program.constraint_matrix.submatrix(self.block.constraints, self.block.columns)
        )

    @cached_property
    def nearest_face(self) -> tuple[OptimalFace, BoolArray] | None:
        """The worlds that bend the reports least, where the constraints are a tree.

        With it the columns of the program that are empty in all these worlds, bool[n_columns].
        """
        if self._laminar_family is None:
            return None
        lower, upper = select_bounds(self.block, self._bounds)
        face = self._laminar_family.find_optimal_face(lower, upper, ("lower", "upper"))
        # Complementary slackness: a column with a price has nobody in any world of least violation.
        duals = np.zeros(len(self._program.constraints), dtype=np.int64)
        duals[self.block.constraints] = face.duals
        return face, self._program.constraint_matrix.rmatvec(duals) != 0

    def _get_side(
        self, side: Side, deadline: Deadline
    ) -> "_SideViolation | _LaminarSideViolation | None":
        """Return how the side bends when the other is true; None where the time ran out."""
        if side not in self._sides:
            started_at = monotonic()
            is_paused = (
                started_at < self._paused_until
                and deadline.seconds_left() <= 2 * self._seconds_spent
            )
            if is_paused or not deadline.seconds_left():
                return None
            if self._laminar_family is not None:
                self._sides[side] = _LaminarSideViolation(
                    side, self._program, self.block, self._bounds, self._laminar_family
                )
                return self._sides[side]
            try:
                self._sides[side] = _SideViolation(
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

        If ``constraints`` is not None, only their bounds are looked at.
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
            all_constraints = np.ones(len(self._program.constraints))
            relaxed = ConstraintBounds(all_constraints, all_constraints)
            self._least_violations[constraints] = ElasticProgram(
                self._program, block, self._bounds, relaxed
            ).minimise_violation(deadline)
        return self._least_violations[constraints]

    def _find_remaining(self, constraint: int, set_aside: _SetAside) -> tuple[float, float]:
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
        sides: Sequence["_SideViolation | _LaminarSideViolation"],
        set_aside: _SetAside,
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
        self, sides: Sequence["_SideViolation | _LaminarSideViolation"]
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


class _LaminarSideViolation:
    """How a piece bends on one side least, where its constraints are a tree: without a solver."""

    exact = True

    def __init__(
        self,
        side: Side,
        program: LinearProgram,
        block: Block,
        bounds: ConstraintBounds,
        family: LaminarFamily,
    ) -> None:
        self.side, self._program, self._block = side, program, block
        lower, upper = select_bounds(block, bounds)
        face = family.find_optimal_face(lower, upper, (side,))
        self.least_violation = float(face.amount)
        extremes = np.array(face.least if side == "lower" else face.most)
        is_violated = extremes < lower if side == "lower" else extremes > upper
        self._extremes = dict(
            zip(np.flatnonzero(is_violated).tolist(), extremes[is_violated].tolist(), strict=True)
        )
        is_forcing = np.array(face.duals) != 0
        self.constraints = set(block.constraints[is_violated | is_forcing].tolist())
        self.couplings = set[int]()
        # A price on the way between two constraints makes one violation of theirs.
        self.links = [
            (int(block.constraints[position]), int(block.constraints[family.parent[position]]))
            for position, price in enumerate(face.prices)
            if price
        ]

    def find_set_aside(self, deadline: Deadline) -> dict[int, list[Figure]]:
        """Return the figures whose end on this side is set aside, by constraint."""
        return {
            int(self._block.constraints[position]): [
                figure
                for figure in _bounding_figures(
                    self._program.constraints[self._block.constraints[position]], self.side
                )
                if _is_violated(_get_level(figure, self.side), extreme, self.side)
            ]
            for position, extreme in self._extremes.items()
        }


class _SideViolation:
    """The least violation of one side's bounds in a block while the other side's bounds hold."""

    def __init__(
        self,
        side: Side,
        program: LinearProgram,
        block: Block,
        bounds: ConstraintBounds,
        deadline: Deadline,
    ) -> None:
        """Solve the elastic program; raises UnsolvedError if time runs out."""
        self.side, self._program, self._block = side, program, block
        self.links: list[tuple[int, int]] = []
        self._extremes: dict[int, float] = {}
        self.exact = True
        if len(block.constraints) == 1:
            self._solve_single_constraint(bounds)
            return
        constraint_count = len(program.constraints)
        relaxed = ConstraintBounds(
            np.full(constraint_count, side == "lower"),
            np.full(constraint_count, side == "upper"),
        )
        self._elastic = ElasticProgram(program, block, bounds, relaxed)
        seconds_before = deadline.seconds_left()
        violation = self._elastic.find_violated_constraints(deadline)
        self._solve_seconds = seconds_before - deadline.seconds_left()
        self.least_violation = violation.amount
        self._violated = violation.violated
        self._people_of = dict(
            zip(violation.violated.tolist(), violation.people.tolist(), strict=True)
        )
        self.couplings = set(violation.forcing_couplings.tolist())
        self.constraints = set(
            block.constraints[np.concatenate([violation.violated, violation.forcing])].tolist()
        )

    def _solve_single_constraint(self, bounds: ConstraintBounds) -> None:
        """Set the result for one constraint whose lower bound exceeds its upper bound."""
        constraint = int(self._block.constraints[0])
        lower, upper = float(bounds.lower[constraint]), float(bounds.upper[constraint])
        self.least_violation = lower - upper
        self._violated = np.array([0])
        self.couplings, self.constraints = set[int](), {constraint}
        self._extremes[0] = upper if self.side == "lower" else lower

    def find_set_aside(self, deadline: Deadline) -> dict[int, list[Figure]]:
        """Return the figures whose end on this side is set aside, by constraint of the program.

        If time runs out, all ends of a violated constraint are, and ``exact`` is False until the
        next call.
        """
        self.exact = True
        figures_by_constraint = {}
        for position in self._violated.tolist():
            constraint = int(self._block.constraints[position])
            extreme = self._find_extreme(position, deadline)
            figures_by_constraint[constraint] = [
                figure
                for figure in _bounding_figures(self._program.constraints[constraint], self.side)
                if _is_violated(_get_level(figure, self.side), extreme, self.side)
            ]
        return figures_by_constraint

    def _find_extreme(self, position: int, deadline: Deadline) -> float:
        """Return the fewest (or most) people that an optimum puts in a violated constraint.

        The outermost end is violated in any case. A solver run is needed only for further ends that
        the known optimum does not violate.
        """
        if position in self._extremes:
            return self._extremes[position]
        extreme = -np.inf if self.side == "lower" else np.inf
        figures = _bounding_figures(
            self._program.constraints[self._block.constraints[position]], self.side
        )
        levels = {_get_level(figure, self.side) for figure in figures} - {None}
        if len(levels) > 1 and not all(
            _is_violated(level, self._people_of[position], self.side) for level in levels
        ):
            try:
                if deadline.seconds_left() <= min(
                    MIN_EXTREME_TIME_RATIO * self._solve_seconds, deadline.seconds / 2
                ):
                    raise UnsolvedError("the remaining time is kept for the bounds")
                extreme = self._elastic.find_extreme(
                    position, 1 if self.side == "lower" else -1, deadline
                )
            except UnsolvedError:
                self.exact = False
                return extreme
        self._extremes[position] = extreme
        return extreme


def _bounding_figures(constraint: Constraint, side: Side) -> tuple[Figure, ...]:
    """Return the figures whose end on the side bounds the constraint."""
    return constraint.lower_figures if side == "lower" else constraint.upper_figures


def _get_level(figure: Figure, side: Side) -> int | None:
    """Return the figure's low or high on this side; None if it has none. A low of 0 is none."""
    return figure.quantity.low or None if side == "lower" else figure.quantity.high


def _is_violated(level: int | None, people: float, side: Side) -> bool:
    """Whether a low or high at this level is violated by ``people`` in the constraint."""
    if level is None:
        return False
    return people < level - MIN_VIOLATION if side == "lower" else people > level + MIN_VIOLATION
