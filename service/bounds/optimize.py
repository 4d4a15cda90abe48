"""The least and the most of one program under given floors and ceilings, each with its proof."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

import numpy as np

from service.bounds.arrays import BoolArray, FloatArray, IntArray
from service.bounds.certificate import (
    Certificate,
    add_certificates,
    negate_certificate,
    rationalize_duals,
)
from service.bounds.laminar import LaminarFamily, ProvenValue, SplitBounds
from service.bounds.linear_program import LinearProgram
from service.bounds.presolve import Block, ConstraintBounds, find_blocks
from service.bounds.solver import OPTIMUM_TOLERANCE, Deadline, Model, Solution, UnsolvedError
from service.bounds.sparse_matrix import vstack
from service.domain.total import End

MAX_SEARCH_COLUMNS = 800
"""How many columns a search for whole numbers may have: its time cannot be held to a limit."""

MIN_SEARCH_TIME_RATIO = 4
"""A search is only begun while so many times as long is left as the real-valued optimum took: it
looks at the clock no sooner."""

INTEGRALITY_TOLERANCE = 1e-4
"""How far from a whole number the solver's columns may be to be tried as one."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a total: None where it is open.

    ``exact`` is False where a limit was hit or where only fractions of people meet all figures;
    the value then may be a fraction and is to be rounded outward.
    """

    value: Fraction | None
    exact: bool = True
    certificate: Certificate = field(default_factory=dict)


class Objective:
    """The columns of a program that a question counts, and the pieces that bear on it."""

    def __init__(
        self, program: LinearProgram, certain_columns: BoolArray, possible_columns: BoolArray
    ) -> None:
        """``certain_columns`` hold only people asked for, ``possible_columns`` hold some."""
        self.program = program
        self.certain_columns = certain_columns
        self.possible_columns = possible_columns
        self._min_blocks: dict[ConstraintBounds, list[Block]] = {}
        self._max_blocks: dict[ConstraintBounds, list[Block] | None] = {}
        self._laminar_bounds: dict[tuple[ConstraintBounds, bytes], SplitBounds | None] = {}

    def find_min_blocks(self, bounds: ConstraintBounds) -> list[Block]:
        """Return the pieces that bear on the fewest people asked for.

        A floor that can be met by people who are not asked for and whom no ceiling counts cannot
        raise it, and drops out before anything is solved.
        """
        if bounds not in self._min_blocks:
            free_types = np.logical_not(
                self.certain_columns[self.program.person_type_column], dtype=np.bool_
            )
            no_columns = np.zeros(len(self.certain_columns), dtype=bool)
            self._min_blocks[bounds] = find_blocks(
                self.program, bounds, free_types, no_columns, self.certain_columns
            )
        return self._min_blocks[bounds]

    def find_max_blocks(self, bounds: ConstraintBounds) -> list[Block] | None:
        """Return the pieces that bear on the most people asked for; None if it is open."""
        if bounds not in self._max_blocks:
            self._max_blocks[bounds] = self._compute_max_blocks(bounds)
        return self._max_blocks[bounds]

    def _compute_max_blocks(self, bounds: ConstraintBounds) -> list[Block] | None:
        counted_types = self.possible_columns[self.program.person_type_column]
        if (
            counted_types & ~self.program.person_type_matrix.nonzero_columns(bounds.has_upper)
        ).any():
            return None
        free_types = np.logical_not(counted_types, dtype=np.bool_)
        return find_blocks(
            self.program, bounds, free_types, self.possible_columns, self.possible_columns
        )

    def _solve_laminar(self, bounds: ConstraintBounds, columns: BoolArray) -> SplitBounds | None:
        """Return what all rows allow of the columns, once for both ends where they ask the same."""
        key = bounds, columns.tobytes()
        if key not in self._laminar_bounds:
            self._laminar_bounds[key] = solve_laminar_program(self.program, bounds, columns)
        return self._laminar_bounds[key]

    def minimise(self, bounds: ConstraintBounds, deadline: Deadline) -> "LazyBound":
        """Return the fewest people asked for in any world that meets the ends."""
        split_bounds = self._solve_laminar(bounds, self.certain_columns)
        if split_bounds is not None:
            return LazyBound([_make_bound(split_bounds.lower_in)])
        blocks = self.find_min_blocks(bounds)
        return LazyBound(
            [
                _bound_block(block, self.program, bounds, self.certain_columns, 1, deadline)
                for block in blocks
            ]
        )

    def maximise(self, bounds: ConstraintBounds, deadline: Deadline) -> "LazyBound":
        """Return the most people asked for in any world that meets the ends, None if it is open."""
        split_bounds = self._solve_laminar(bounds, self.possible_columns)
        if split_bounds is not None:
            return LazyBound([_make_bound(split_bounds.upper_in)])
        blocks = self.find_max_blocks(bounds)
        if blocks is None:
            return LazyBound([Bound(None)])
        return LazyBound(
            [
                _bound_block(block, self.program, bounds, self.possible_columns, -1, deadline)
                for block in blocks
            ]
        )


class LazyBound:
    """One end of a total as real numbers tell it, the sum over pieces that do not bind each other.

    The search for whole people can take long, and is put off until it is asked for.
    """

    def __init__(self, parts: Sequence["Bound | BlockSolver"]) -> None:
        self._parts = parts

    def search_integer(self, deadline: Deadline) -> Bound:
        """Return the end in whole people, or as real numbers tell it where no time is left."""
        part_bounds = [
            part if isinstance(part, Bound) else part.search_integer(deadline)
            for part in self._parts
        ]
        exact = all(bound.exact for bound in part_bounds)
        values = [bound.value for bound in part_bounds if bound.value is not None]
        if len(values) < len(part_bounds):
            return Bound(None, exact)
        return Bound(
            sum(values, Fraction(0)),
            exact,
            add_certificates([bound.certificate for bound in part_bounds]),
        )


def _bound_block(
    block: Block,
    program: LinearProgram,
    bounds: ConstraintBounds,
    columns: BoolArray,
    sign: int,
    deadline: Deadline,
) -> "Bound | BlockSolver":
    """Return the fewest (sign 1) or the most (sign -1) people asked for in the piece."""
    split_bounds = solve_laminar_block(program, block, bounds, columns)
    proven = (
        None
        if split_bounds is None
        else split_bounds.lower_in
        if sign > 0
        else split_bounds.upper_in
    )
    if proven is not None:
        certificate = _renumber_certificate(proven.build_certificate(), block)
        return Bound(Fraction(proven.value), True, certificate)
    return BlockSolver(
        block, program, bounds, sign * columns[block.columns].astype(np.int64), deadline
    )


def _make_bound(proven: ProvenValue | None) -> Bound:
    """Return the end of a total that nested rows have, with its proof."""
    return (
        Bound(None)
        if proven is None
        else Bound(Fraction(proven.value), True, proven.build_certificate())
    )


def solve_laminar_program(
    program: LinearProgram, bounds: ConstraintBounds, columns: BoolArray
) -> SplitBounds | None:
    """Return what all rows together allow where they are nested, free of ties, and agree.

    Of running totals that is far quicker than to look for the pieces that bear on a question.
    """
    return (
        None
        if program.laminar_family is None
        else program.laminar_family.compute_bounds(bounds.lower, bounds.upper, columns)
    )


def solve_laminar_block(
    program: LinearProgram, block: Block, bounds: ConstraintBounds, columns: BoolArray
) -> SplitBounds | None:
    """Return what the piece allows where its rows are all nested, nothing ties its columns and its
    ends agree; None where a solver has to tell. Rows are numbered as in the piece.
    """
    if len(block.couplings):
        return None
    laminar_family = LaminarFamily.from_matrix(
        program.constraint_matrix.submatrix(block.constraints, block.columns)
    )
    return (
        None
        if laminar_family is None
        else laminar_family.compute_bounds(*_select_bounds(block, bounds), columns[block.columns])
    )


def _select_bounds(block: Block, bounds: ConstraintBounds) -> tuple[FloatArray, FloatArray]:
    """Return the floors and the ceilings with which the piece's rows take part."""
    lower = np.where(block.uses_lower, bounds.lower[block.constraints], 0.0)
    return lower, np.where(block.uses_upper, bounds.upper[block.constraints], np.inf)


def _renumber_certificate(certificate: Certificate, block: Block) -> Certificate:
    """Return the proof with the rows' numbers in the whole program."""
    return {
        (int(block.constraints[position]), end): multiplier
        for (position, end), multiplier in certificate.items()
    }


class BlockSolver:
    """The rows and columns of one piece with the cost of each column, cut out of the program.

    Costs are all 0 or 1 for the fewest people, all 0 or -1 for the most.
    """

    def __init__(
        self,
        block: Block,
        program: LinearProgram,
        bounds: ConstraintBounds,
        costs: IntArray,
        deadline: Deadline,
    ) -> None:
        self._block, self._costs = block, costs
        constraint_matrix = program.constraint_matrix.submatrix(block.constraints, block.columns)
        self._matrix = vstack(
            [constraint_matrix, program.coupling_matrix.submatrix(block.couplings, block.columns)]
        )
        self._constraint_lower, self._constraint_upper = _select_bounds(block, bounds)
        coupling_count = len(block.couplings)
        self._row_lower = np.concatenate([self._constraint_lower, np.full(coupling_count, -np.inf)])
        self._row_upper = np.concatenate([self._constraint_upper, np.zeros(coupling_count)])
        self._proven_bound: Bound | None = None
        try:
            self._solve_relaxation(deadline)
        except UnsolvedError:
            pass

    def _solve_relaxation(self, deadline: Deadline) -> None:
        """Find the real-valued optimum and its proof."""
        self._model = Model(self._matrix, self._row_lower, self._row_upper)
        seconds_before = deadline.seconds_left()
        self._relaxation = self._model.minimise(self._costs.astype(float), deadline)
        self._solve_seconds = seconds_before - deadline.seconds_left()
        value, certificate = self._prove_bound()
        cost = self._compute_integer_cost(self._relaxation)
        if cost is not None and cost <= ceil(value):
            self._proven_bound = Bound(Fraction(cost), True, certificate)
        else:
            self._proven_bound = Bound(value, False, certificate)

    def search_integer(self, deadline: Deadline) -> Bound:
        """Return the end in whole people where it is found, else as real numbers prove it."""
        is_maximum = (self._costs < 0).any()
        if self._proven_bound is None:
            return Bound(None if is_maximum else Fraction(0), exact=False)
        bound = (
            self._proven_bound
            if self._proven_bound.exact
            else self._find_integer_optimum(self._proven_bound, deadline)
        )
        if not is_maximum:
            return bound
        return Bound(
            -(bound.value or 0) + Fraction(0), bound.exact, negate_certificate(bound.certificate)
        )

    def _find_integer_optimum(self, proven_bound: Bound, deadline: Deadline) -> Bound:
        """Return the optimum in whole people where a search finds it, else the proven bound.

        It is looked for near the real-valued optimum first, where only the fractions are free:
        that is a small search however large the piece.
        """
        is_integral = (
            np.abs(self._relaxation.primal - np.rint(self._relaxation.primal))
            <= INTEGRALITY_TOLERANCE
        )
        none_fixed = np.zeros(len(is_integral), dtype=bool)
        return (
            self._search_with_fixed(is_integral, proven_bound, deadline)
            or self._search_with_fixed(none_fixed, proven_bound, deadline)
            or proven_bound
        )

    def _search_with_fixed(
        self, fixed: BoolArray, proven_bound: Bound, deadline: Deadline
    ) -> Bound | None:
        """Return the optimum in whole people with the kept columns as they are, if it is one."""
        if (
            (~fixed).sum() > MAX_SEARCH_COLUMNS
            or deadline.seconds_left() < MIN_SEARCH_TIME_RATIO * self._solve_seconds
        ):
            return None
        try:
            solution = self._model.minimise_integer(
                self._costs.astype(float), self._relaxation.primal, fixed, deadline
            )
        except UnsolvedError:
            return None
        cost = self._compute_integer_cost(solution)
        # Where columns are kept the search proves nothing of the others.
        search_bound = (
            -np.inf
            if fixed.any()
            else solution.dual_bound - OPTIMUM_TOLERANCE * max(1.0, abs(solution.dual_bound))
        )
        proven_cost = np.ceil(max(float(proven_bound.value or 0), search_bound))
        is_optimal = cost is not None and cost <= proven_cost
        return Bound(Fraction(cost or 0), True, proven_bound.certificate) if is_optimal else None

    def _prove_bound(self) -> tuple[Fraction, Certificate]:
        """Return the bound that the prices prove in exact arithmetic, and its terms.

        Raises UnsolvedError where they prove none.
        """
        has_upper = np.isfinite(self._row_upper)
        has_lower = np.isfinite(self._row_lower)
        duals = rationalize_duals(
            self._relaxation.duals, self._matrix, self._costs, has_lower, has_upper
        )
        certificate: dict[tuple[int, End], Fraction] = {}
        value = Fraction(0)
        for position, dual in enumerate(duals[: len(self._constraint_lower)]):
            if dual > 0 and self._constraint_lower[position]:
                value += dual * int(self._constraint_lower[position])
                certificate[(position, "low")] = dual
            elif dual < 0:
                value += dual * int(self._constraint_upper[position])
                certificate[(position, "high")] = dual
        return value, _renumber_certificate(certificate, self._block)

    def _compute_integer_cost(self, solution: Solution) -> int | None:
        """Return the cost of the solution, None unless it is a world of whole people."""
        primal = np.rint(solution.primal).astype(np.int64)
        sums = self._matrix.matvec(primal)
        is_feasible = (sums >= self._row_lower).all() and (sums <= self._row_upper).all()
        is_integral = (np.abs(primal - solution.primal) <= INTEGRALITY_TOLERANCE).all() and (
            primal >= 0
        ).all()
        return int(self._costs @ primal) if is_feasible and is_integral else None
