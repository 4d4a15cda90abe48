"""Elastic programs: linear programs in which bounds may be violated at a cost.

Each bound that may be violated gets a nonnegative slack variable, and the sum of the slacks is
minimised (Brown and Graves, 1975; Chinneck and Dravnieks, "Locating minimal infeasible constraint
sets in linear programs", 1991).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from service.bounds.linear_program import LinearProgram
from service.bounds.presolve import Block, ConstraintBounds
from service.bounds.solver import (
    OPTIMUM_TOLERANCE,
    Deadline,
    Model,
    Solution,
    UnsolvedError,
    find_simple_fraction,
    remove_noise,
)
from service.bounds.sparse_matrix import SparseMatrix, hstack, vstack
from service.columns.arrays import FloatArray, IntArray

MIN_VIOLATION = 1e-5
"""People by which a bound must be exceeded to count as violated; the solver's tolerance is 1e-7."""

CENTRAL_TOLERANCE = 1e-3
"""A slack or a reduced cost of a central optimum below this counts as zero."""


@dataclass(frozen=True, slots=True)
class LeastViolation:
    """The least sum of slacks in a block, the constraints violated by it, and what forces it.

    ``violated`` and ``forcing`` are positions in the block's constraints, ``forcing_couplings`` are
    numbers of coupling constraints in the program. The forcing ones have nonzero dual values (a
    Farkas certificate of infeasibility). ``people``, ``float[n_violated]``, is the number of people
    in each violated constraint in one such optimum.
    """

    amount: float
    violated: IntArray
    people: FloatArray
    forcing: IntArray
    forcing_couplings: IntArray


class ElasticRows(NamedTuple):
    """Rows of the bounds of a block, with a slack column for each that may be violated.

    The two bounds of a constraint are two rows: the solver takes no low above a high. ``matrix``
    has the columns of the block first; ``slack_rows`` has the row of each slack column.
    """

    matrix: SparseMatrix
    lower: FloatArray
    upper: FloatArray
    slack_rows: IntArray

    def limit_violation(self, people: float) -> "ElasticRows":
        """Return the same with one more row: the sum of the slacks is at most so many people."""
        slack_count = len(self.slack_rows)
        first_slack = self.matrix.shape[1] - slack_count
        sum_of_slacks = SparseMatrix(
            (1, self.matrix.shape[1]),
            np.zeros(slack_count, dtype=np.int64),
            first_slack + np.arange(slack_count),
            np.ones(slack_count, dtype=np.int64),
        )
        return ElasticRows(
            vstack([self.matrix, sum_of_slacks]),
            np.append(self.lower, -np.inf),
            np.append(self.upper, people),
            self.slack_rows,
        )


def build_elastic_rows(
    program: LinearProgram, block: Block, bounds: ConstraintBounds, relaxed: ConstraintBounds
) -> ElasticRows:
    """Return the rows of lower bounds, of upper bounds and of couplings, in this order.

    ``relaxed`` marks by 1 and 0 which bounds of all constraints may be violated.
    """
    constraints = block.constraints
    lower_constraints, upper_constraints = (
        constraints[block.uses_lower],
        constraints[block.uses_upper],
    )
    matrix = vstack(
        [
            program.constraint_matrix.submatrix(lower_constraints, block.columns),
            program.constraint_matrix.submatrix(upper_constraints, block.columns),
            program.coupling_matrix.submatrix(block.couplings, block.columns),
        ]
    )
    slack_rows = np.flatnonzero(
        np.concatenate([relaxed.lower[lower_constraints], relaxed.upper[upper_constraints]])
    )
    slack_matrix = SparseMatrix(
        (matrix.shape[0], len(slack_rows)),
        slack_rows,
        np.arange(len(slack_rows)),
        np.where(slack_rows < len(lower_constraints), 1, -1),
    )
    no_lower = np.full(len(upper_constraints) + len(block.couplings), -np.inf)
    no_upper = np.full(len(lower_constraints), np.inf)
    couplings = np.zeros(len(block.couplings))
    return ElasticRows(
        hstack(matrix, slack_matrix),
        np.concatenate([bounds.lower[lower_constraints], no_lower]),
        np.concatenate([no_upper, bounds.upper[upper_constraints], couplings]),
        slack_rows,
    )


class ElasticProgram:
    """A block in which some bounds have slack variables; one person of violation costs 1."""

    def __init__(
        self,
        program: LinearProgram,
        block: Block,
        bounds: ConstraintBounds,
        relaxed: ConstraintBounds,
    ) -> None:
        """``relaxed`` marks by 1 and 0 which bounds of all constraints may be violated."""
        self._positions = np.concatenate(
            [np.flatnonzero(block.uses_lower), np.flatnonzero(block.uses_upper)]
        )
        self._couplings = block.couplings
        self._column_count = len(block.columns)
        self._constraint_matrix = program.constraint_matrix.submatrix(
            block.constraints, block.columns
        )
        rows = build_elastic_rows(program, block, bounds, relaxed)
        self._slack_rows = rows.slack_rows
        self._model = Model(rows.matrix, rows.lower, rows.upper)

    def _make_costs(self, people: FloatArray | float, slacks: FloatArray | float) -> FloatArray:
        """Return the costs of the columns of people and of the slacks.

        The result is ``float[n_columns + n_slacks]``.
        """
        costs = np.zeros(self._column_count + len(self._slack_rows))
        costs[: self._column_count], costs[self._column_count :] = people, slacks
        return costs

    def minimise_violation(self, deadline: Deadline) -> float:
        """Return the least sum of slacks; raises UnsolvedError if time runs out."""
        return remove_noise(self._model.minimise(self._make_costs(0, 1), deadline).value)

    def find_violated_constraints(self, deadline: Deadline) -> LeastViolation:
        """Return the least violation; afterwards the program allows no greater one.

        A bound is violated if some optimum violates it (an elastic filter). One optimum with its
        dual values nearly always decides this: a positive slack means yes; a dual value below the
        cost of the slack means no, by complementary slackness. Only the other bounds are probed.
        Raises UnsolvedError if time runs out.
        """
        solution = self._find_optimum(deadline)
        least_violation = remove_noise(solution.value)
        if least_violation <= OPTIMUM_TOLERANCE:
            no_rows = np.zeros(0, dtype=np.int64)
            return LeastViolation(0.0, no_rows, no_rows.astype(float), no_rows, no_rows)
        self.limit_violation(least_violation)
        is_violated = solution.primal[self._column_count :] > CENTRAL_TOLERANCE
        is_undecided = ~is_violated & (
            abs(solution.duals[self._slack_rows]) > 1 - CENTRAL_TOLERANCE
        )
        while is_undecided.any():
            probe = self._model.minimise(
                self._make_costs(0, np.where(is_undecided, -1.0, 0.0)), deadline
            )
            is_new = is_undecided & (probe.primal[self._column_count :] > MIN_VIOLATION)
            if not is_new.any():
                break
            is_violated, is_undecided = is_violated | is_new, is_undecided & ~is_new
        forcing, forcing_couplings = np.split(
            abs(solution.duals) > CENTRAL_TOLERANCE, [len(self._positions)]
        )
        violated = self._positions[self._slack_rows[is_violated]]
        people = self._constraint_matrix.matvec(solution.primal[: self._column_count])[violated]
        return LeastViolation(
            least_violation,
            violated,
            people,
            self._positions[forcing],
            self._couplings[forcing_couplings],
        )

    def _find_optimum(self, deadline: Deadline) -> Solution:
        """Return a central optimum if its value is plausible, else a vertex.

        Only in a central optimum are all constraints that can force a violation given nonzero dual
        values, so that the result does not depend on the order of constraints. Coupling constraints
        make this slow; there, a vertex first shows whether there is any violation.
        """
        costs = self._make_costs(0, 1)
        if len(self._couplings):
            vertex = self._model.minimise(costs, deadline)
            if remove_noise(vertex.value) <= OPTIMUM_TOLERANCE:
                return vertex
        try:
            solution = self._model.find_central_optimum(costs, deadline)
        except UnsolvedError:
            return self._model.minimise(costs, deadline)
        if find_simple_fraction(solution.value) is None:
            return self._model.minimise(costs, deadline)
        return solution

    def limit_violation(self, max_violation: float) -> None:
        """Allow a sum of slacks of at most ``max_violation``."""
        self._model.add_constraint(self._make_costs(0, 1), max_violation)

    def minimise_cost(self, costs: FloatArray, deadline: Deadline) -> float:
        """Return the least cost for ``costs``, ``float[n_columns]``; raises UnsolvedError."""
        return remove_noise(self._model.minimise(self._make_costs(costs, 0), deadline).value)

    def find_extreme(self, position: int, sign: int, deadline: Deadline) -> float:
        """Return the fewest (sign 1) or the most (sign -1) people in the block's constraint.

        Raises UnsolvedError if time runs out.
        """
        selector = np.zeros(self._constraint_matrix.shape[0], dtype=np.int64)
        selector[position] = sign
        return sign * self.minimise_cost(
            self._constraint_matrix.rmatvec(selector).astype(float), deadline
        )
