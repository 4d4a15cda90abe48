"""The minimum and the maximum of an objective over a program's blocks, each with its certificate.

A block is solved as a laminar family if it is one. Otherwise its LP relaxation is solved first,
whose dual values prove the bound. A search for an integral optimum (mixed-integer programming)
follows only where the relaxation's optimum is fractional.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from hashlib import blake2b
from math import ceil

import numpy as np

from service.bounds.certificate import (
    Certificate,
    add_certificates,
    negate_certificate,
    rationalize_duals,
)
from service.bounds.laminar import LaminarBounds, LaminarFamily, ProvenValue, SplitBounds
from service.bounds.linear_program import LinearProgram
from service.bounds.presolve import Block, ConstraintBounds, find_blocks
from service.bounds.solver import OPTIMUM_TOLERANCE, Deadline, Model, Solution, UnsolvedError
from service.bounds.sparse_matrix import vstack
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.domain.total import End

MAX_SEARCH_COLUMNS = 800
"""The most columns of an integer search, as a time limit does not stop it reliably."""

MIN_SEARCH_TIME_RATIO = 4
"""Start an integer search only if this many times the seconds of the relaxation are left.

The solver does not look at the clock any sooner.
"""

MAX_CACHED_BLOCKS = 2_000
"""How many bounds of blocks are kept for one program."""

INTEGRALITY_TOLERANCE = 1e-4
"""A column this near to an integer is tried as that integer."""


@dataclass(frozen=True, slots=True)
class RoundedBound:
    """A sum of a certificate's terms that is rounded to whole people before more is added.

    ``needs_search`` is True if the terms prove less than ``people``: then a search over whole
    numbers found that there is no solution in between.
    """

    certificate: Certificate
    terms_sum: Fraction
    people: int
    needs_search: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range; ``value`` None means that there is no bound.

    ``exact`` is False if a limit was reached, or if only fractions of people meet all figures. The
    value may then be a fraction, to be rounded outward. ``is_known`` is False if time ran out
    before anything was proved. The value is the sum of the certificate's terms, where each of
    ``roundings`` replaces the sum of its own terms by whole people.
    """

    value: Fraction | None
    exact: bool = True
    certificate: Certificate = field(default_factory=dict)
    roundings: tuple[RoundedBound, ...] = ()
    is_known: bool = True


class BlockCache:
    """The exact bounds of blocks of one program that were solved before.

    Queries of one program, and the accounts of its contradictions, differ in few of its blocks.
    Threads may share a cache.
    """

    def __init__(self) -> None:
        self._bounds: dict[bytes, Bound] = {}

    @staticmethod
    def make_key(block: Block, bounds: ConstraintBounds, costs: IntArray) -> bytes:
        """Return what the bound depends on, as a digest."""
        digest = blake2b(digest_size=16)
        for array in (
            block.constraints,
            block.columns,
            block.couplings,
            *select_bounds(block, bounds),
            costs,
        ):
            digest.update(len(array).to_bytes(8, "little"))
            digest.update(array.tobytes())
        return digest.digest()

    def get(self, key: bytes) -> Bound | None:
        """Return the bound that is cached under the key; None if there is none."""
        return self._bounds.get(key)

    def put(self, key: bytes, bound: Bound) -> None:
        """Cache the bound if it is exact; with more time another one may become so."""
        if bound.exact:
            if len(self._bounds) >= MAX_CACHED_BLOCKS:
                self._bounds.clear()
            self._bounds[key] = bound


class Objective:
    """The columns that a query counts, and the blocks that they depend on."""

    def __init__(
        self,
        program: LinearProgram,
        certain_columns: BoolArray,
        possible_columns: BoolArray,
        block_cache: BlockCache,
    ) -> None:
        """Take the columns that hold only people inside the query, and those that hold some.

        Both arrays are ``bool[n_columns]``: the minimum counts the certain columns, the maximum the
        possible ones. ``block_cache`` is that of the program.
        """
        self.program = program
        self._block_cache = block_cache
        self.certain_columns = certain_columns
        self.possible_columns = possible_columns
        self._min_blocks: dict[ConstraintBounds, list[Block]] = {}
        self._max_blocks: dict[ConstraintBounds, list[Block] | None] = {}
        self._laminar_solvers: dict[bytes, LaminarBounds] = {}

    def find_min_blocks(self, bounds: ConstraintBounds) -> list[Block]:
        """Return the blocks that the minimum depends on.

        A lower bound that can be met by people outside the query, whom no upper bound counts,
        cannot raise the minimum and is dropped.
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
        """Return the blocks that the maximum depends on; None if it is unbounded."""
        if bounds not in self._max_blocks:
            self._max_blocks[bounds] = self._compute_max_blocks(bounds)
        return self._max_blocks[bounds]

    def _compute_max_blocks(self, bounds: ConstraintBounds) -> list[Block] | None:
        """Return the blocks, or None, without a cache."""
        counted_types = self.possible_columns[self.program.person_type_column]
        if self._flag_open_types(bounds).any():
            return None
        free_types = np.logical_not(counted_types, dtype=np.bool_)
        return find_blocks(
            self.program, bounds, free_types, self.possible_columns, self.possible_columns
        )

    def _flag_open_types(self, bounds: ConstraintBounds) -> BoolArray:
        """Return which person types inside the query no upper bound counts."""
        counted_types = self.possible_columns[self.program.person_type_column]
        bounded_types = self.program.person_type_matrix.nonzero_columns(bounds.has_upper)
        return np.asarray(counted_types & ~bounded_types, dtype=np.bool_)

    def flag_open_constraints(self, bounds: ConstraintBounds) -> BoolArray:
        """Return which constraints count people inside the query whom no upper bound counts.

        The result is ``bool[n_constraints]``.
        """
        return self.program.person_type_matrix.nonzero_rows(self._flag_open_types(bounds))

    def _solve_laminar(self, bounds: ConstraintBounds, columns: BoolArray) -> SplitBounds | None:
        """Return the laminar bounds on the columns; None if there are none."""
        family = self.program.laminar_family
        if family is None:
            return None
        key = columns.tobytes()
        if key not in self._laminar_solvers:
            self._laminar_solvers[key] = LaminarBounds(family, columns, ~columns)
        return self._laminar_solvers[key].compute(bounds.lower, bounds.upper)

    def compute_values(self, bounds: ConstraintBounds, deadline: Deadline) -> tuple[Bound, Bound]:
        """Return the minimum and the maximum; a laminar program's come without certificates."""
        least = self._solve_laminar(bounds, self.certain_columns)
        most = self._solve_laminar(bounds, self.possible_columns)
        if least is None or most is None:
            return (
                self.minimise(bounds, deadline).search_integer(deadline),
                self.maximise(bounds, deadline).search_integer(deadline),
            )
        high = most.upper_in
        high_value = None if high is None else Fraction(high.value)
        return Bound(Fraction(least.lower_in.value)), Bound(high_value)

    def minimise(self, bounds: ConstraintBounds, deadline: Deadline) -> "LazyBound":
        """Return the fewest people inside the query in any world that meets the bounds."""
        split_bounds = self._solve_laminar(bounds, self.certain_columns)
        if split_bounds is not None:
            return LazyBound([_make_bound(split_bounds.lower_in)])
        blocks = self.find_min_blocks(bounds)
        return LazyBound(
            [
                self._bound_block(block, bounds, self.certain_columns, 1, deadline)
                for block in blocks
            ]
        )

    def maximise(self, bounds: ConstraintBounds, deadline: Deadline) -> "LazyBound":
        """Return the most people inside the query in any world that meets the bounds."""
        split_bounds = self._solve_laminar(bounds, self.possible_columns)
        if split_bounds is not None:
            return LazyBound([_make_bound(split_bounds.upper_in)])
        blocks = self.find_max_blocks(bounds)
        if blocks is None:
            return LazyBound([Bound(None)])
        return LazyBound(
            [
                self._bound_block(block, bounds, self.possible_columns, -1, deadline)
                for block in blocks
            ]
        )

    def _bound_block(
        self,
        block: Block,
        bounds: ConstraintBounds,
        columns: BoolArray,
        sign: int,
        deadline: Deadline,
    ) -> "Bound | BlockSolver":
        """Return the fewest (sign 1) or the most (sign -1) people inside the query in the block."""
        costs = sign * columns[block.columns].astype(np.int64)
        key = BlockCache.make_key(block, bounds, costs)
        cached = self._block_cache.get(key)
        if cached is not None:
            return cached
        split_bounds = solve_laminar_block(self.program, block, bounds, columns)
        proven = (
            None
            if split_bounds is None
            else split_bounds.lower_in
            if sign > 0
            else split_bounds.upper_in
        )
        if proven is None:
            remember = partial(self._block_cache.put, key)
            return BlockSolver(block, self.program, bounds, costs, deadline, remember)
        certificate = _renumber_certificate(proven.build_certificate(), block)
        bound = Bound(Fraction(proven.value), True, certificate)
        self._block_cache.put(key, bound)
        return bound


class LazyBound:
    """The sum of the bounds of independent blocks, whose integer searches are put off.

    The searches can take long; both ends of a range get their relaxations solved first.
    """

    def __init__(self, parts: Sequence["Bound | BlockSolver"]) -> None:
        self._parts = parts

    def search_integer(self, deadline: Deadline) -> Bound:
        """Return the integral bound, or the bound of the relaxation if time is not sufficient."""
        part_bounds = [
            part if isinstance(part, Bound) else part.search_integer(deadline)
            for part in self._parts
        ]
        exact = all(bound.exact for bound in part_bounds)
        is_known = all(bound.is_known for bound in part_bounds)
        values = [bound.value for bound in part_bounds if bound.value is not None]
        if len(values) < len(part_bounds):
            return Bound(None, exact, is_known=is_known)
        return Bound(
            sum(values, Fraction(0)),
            exact,
            add_certificates([bound.certificate for bound in part_bounds]),
            tuple(rounding for bound in part_bounds for rounding in bound.roundings),
            is_known,
        )


def _make_bound(proven: ProvenValue | None) -> Bound:
    """Return the bound of a laminar family with its certificate."""
    return (
        Bound(None)
        if proven is None
        else Bound(Fraction(proven.value), True, proven.build_certificate())
    )


def solve_laminar_program(
    program: LinearProgram, bounds: ConstraintBounds, columns: BoolArray
) -> SplitBounds | None:
    """Return the laminar bounds of the whole program; None if it is not laminar or infeasible.

    For running totals this is much faster than to find the blocks that a query depends on.
    """
    return (
        None
        if program.laminar_family is None
        else program.laminar_family.compute_bounds(bounds.lower, bounds.upper, columns)
    )


def solve_laminar_block(
    program: LinearProgram, block: Block, bounds: ConstraintBounds, columns: BoolArray
) -> SplitBounds | None:
    """Return the laminar bounds of the block; None if there are none.

    There are none for a block that has coupling constraints, is not laminar or is infeasible.
    Constraints in the certificate have the block's numbering. ``columns`` is ``bool[n_columns]`` of
    the program.
    """
    if len(block.couplings):
        return None
    laminar_family = LaminarFamily.from_matrix(
        program.constraint_matrix.submatrix(block.constraints, block.columns)
    )
    return (
        None
        if laminar_family is None
        else laminar_family.compute_bounds(*select_bounds(block, bounds), columns[block.columns])
    )


def select_bounds(block: Block, bounds: ConstraintBounds) -> tuple[FloatArray, FloatArray]:
    """Return the bounds that the block uses, ``float[n_block_constraints]`` each."""
    lower = np.where(block.uses_lower, bounds.lower[block.constraints], 0.0)
    return lower, np.where(block.uses_upper, bounds.upper[block.constraints], np.inf)


def _renumber_certificate(certificate: Certificate, block: Block) -> Certificate:
    """Return the certificate with the program's numbering of constraints."""
    return {
        (int(block.constraints[position]), end): multiplier
        for (position, end), multiplier in certificate.items()
    }


def _round_bound(cost: int, terms_sum: Fraction, certificate: Certificate) -> Bound:
    """Return the bound of an integral optimum, whose certificate may add up to less."""
    rounding = RoundedBound(certificate, terms_sum, cost, needs_search=cost > ceil(terms_sum))
    roundings = () if terms_sum == cost else (rounding,)
    return Bound(Fraction(cost), True, certificate, roundings)


class BlockSolver:
    """The LP relaxation of one block and the integer search from its optimum.

    Costs, ``int[n_block_columns]``, are 0 or 1 for a minimum, 0 or -1 for a maximum.
    """

    def __init__(
        self,
        block: Block,
        program: LinearProgram,
        bounds: ConstraintBounds,
        costs: IntArray,
        deadline: Deadline,
        remember: Callable[[Bound], None],
    ) -> None:
        """Solve the relaxation; ``remember`` is called with the bound that a search returns."""
        self._block, self._costs, self._remember = block, costs, remember
        constraint_matrix = program.constraint_matrix.submatrix(block.constraints, block.columns)
        self._matrix = vstack(
            [constraint_matrix, program.coupling_matrix.submatrix(block.couplings, block.columns)]
        )
        self._constraint_lower, self._constraint_upper = select_bounds(block, bounds)
        coupling_count = len(block.couplings)
        self._row_lower = np.concatenate([self._constraint_lower, np.full(coupling_count, -np.inf)])
        self._row_upper = np.concatenate([self._constraint_upper, np.zeros(coupling_count)])
        self._proven_bound: Bound | None = None
        if not deadline.seconds_left():
            return
        try:
            self._solve_relaxation(deadline)
        except UnsolvedError:
            pass

    def _solve_relaxation(self, deadline: Deadline) -> None:
        """Solve the relaxation and prove its bound; raises UnsolvedError."""
        self._model = Model(self._matrix, self._row_lower, self._row_upper)
        seconds_before = deadline.seconds_left()
        self._relaxation = self._model.minimise(self._costs.astype(float), deadline)
        self._solve_seconds = seconds_before - deadline.seconds_left()
        value, certificate = self._prove_bound()
        cost = self._compute_integer_cost(self._relaxation)
        if cost is not None and cost <= ceil(value):
            self._proven_bound = _round_bound(cost, value, certificate)
        else:
            self._proven_bound = Bound(value, False, certificate)

    def search_integer(self, deadline: Deadline) -> Bound:
        """Return the integral bound if it is found, else the proven bound of the relaxation."""
        bound = self._search_integer(deadline)
        self._remember(bound)
        return bound

    def _search_integer(self, deadline: Deadline) -> Bound:
        is_maximum = (self._costs < 0).any()
        if self._proven_bound is None:
            return Bound(None, exact=False, is_known=False) if is_maximum else self._add_lows()
        bound = (
            self._proven_bound
            if self._proven_bound.exact
            else self._find_integer_optimum(self._proven_bound, deadline)
        )
        if not is_maximum:
            return bound
        roundings = tuple(
            RoundedBound(
                negate_certificate(each.certificate),
                -each.terms_sum,
                -each.people,
                each.needs_search,
            )
            for each in bound.roundings
        )
        certificate = negate_certificate(bound.certificate)
        return Bound(-(bound.value or 0) + Fraction(0), bound.exact, certificate, roundings)

    def _add_lows(self) -> Bound:
        """Return a bound that needs no solver: the lows of some disjoint rows inside the query.

        The rows are chosen one by one, once the highest lows first and once the shortest rows.
        """
        columns_of = self._matrix.split_rows()[: len(self._constraint_lower)]
        sizes = [len(columns) for columns in columns_of]
        sums = []
        for order in (np.argsort(-self._constraint_lower, kind="stable"), np.argsort(sizes)):
            is_free = self._costs > 0
            chosen = []
            for row in order.tolist():
                if self._constraint_lower[row] > 0 and is_free[columns_of[row]].all():
                    is_free[columns_of[row]] = False
                    chosen.append(row)
            sums.append((int(self._constraint_lower[chosen].sum()), chosen))
        people, chosen = max(sums)
        certificate: Certificate = {(row, "low"): Fraction(1) for row in chosen}
        return Bound(
            Fraction(people), False, _renumber_certificate(certificate, self._block), is_known=False
        )

    def _find_integer_optimum(self, proven_bound: Bound, deadline: Deadline) -> Bound:
        """Return the integral optimum if a search finds it, else the proven bound.

        The first search fixes the columns that are integral in the relaxation's optimum, so that it
        is small however large the block is (similar to relaxation enforced neighbourhood search,
        Berthold, 2014).
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
        """Return the integral optimum with the flagged columns fixed; None if not proved optimal.

        ``fixed`` is ``bool[n_block_columns]``.
        """
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
        # With fixed columns the search proves no bound for the whole block.
        search_bound = (
            -np.inf
            if fixed.any()
            else solution.dual_bound - OPTIMUM_TOLERANCE * max(1.0, abs(solution.dual_bound))
        )
        proven_cost = np.ceil(max(float(proven_bound.value or 0), search_bound))
        if cost is None or cost > proven_cost:
            return None
        return _round_bound(cost, proven_bound.value or Fraction(0), proven_bound.certificate)

    def _prove_bound(self) -> tuple[Fraction, Certificate]:
        """Return the bound that the dual values prove in exact arithmetic, and its certificate.

        Raises UnsolvedError if they prove none.
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
        """Return the cost of the rounded solution; None if it is not integral or not feasible."""
        primal = np.rint(solution.primal).astype(np.int64)
        sums = self._matrix.matvec(primal)
        is_feasible = (sums >= self._row_lower).all() and (sums <= self._row_upper).all()
        is_integral = (np.abs(primal - solution.primal) <= INTEGRALITY_TOLERANCE).all() and (
            primal >= 0
        ).all()
        return int(self._costs @ primal) if is_feasible and is_integral else None
