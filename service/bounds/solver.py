"""Linear and mixed-integer programs, solved by HiGHS; it is imported when first needed."""

import time
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from service.bounds.solver_effort import time_solver_run
from service.bounds.sparse_matrix import SparseMatrix
from service.bounds.sparsify import SparsifiedMatrix, sparsify_matrix
from service.columns.arrays import BoolArray, FloatArray

OPTIMUM_TOLERANCE = 1e-6
"""The error of a floating-point optimum, relative to its size (at least 1)."""

MAX_DENOMINATOR = 360
"""The largest denominator of an optimum; over sums of integers it is a simple fraction."""


def find_simple_fraction(value: float) -> float | None:
    """Return the simple fraction within tolerance of the value; None if there is none."""
    fraction = float(Fraction(value).limit_denominator(MAX_DENOMINATOR))
    return fraction if abs(fraction - value) <= OPTIMUM_TOLERANCE * max(1.0, abs(value)) else None


def remove_noise(value: float) -> float:
    """Return the simple fraction within tolerance of the value, else the value."""
    fraction = find_simple_fraction(value)
    return value if fraction is None else fraction


_DEFAULT_OPTIONS = {"solver": "choose", "presolve": "choose", "run_crossover": "on"}
_CENTRAL_OPTIONS = {"solver": "ipm", "presolve": "off", "run_crossover": "off"}
"""Presolve and crossover would move the solution to a vertex, one of many optima."""

_DUAL_SIMPLEX, _PRIMAL_SIMPLEX = 1, 4
"""HiGHS's numbers for the simplex methods."""


class Deadline:
    """A point in time after which no solver run is started."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def take_share(self, share: float) -> "Deadline":
        """Return an earlier deadline: when this share of the seconds that are left is over."""
        return Deadline(self.seconds_left() * share)

    def seconds_left(self) -> float:
        """Return the seconds that are left, never below 0."""
        return max(self._end - time.monotonic(), 0.0)


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimum: its value, ``primal`` (``float[n_columns]``) and ``duals`` (``float[n_rows]``).

    ``duals`` is empty for a mixed-integer program. ``dual_bound`` is a lower bound on the optimum:
    the value itself, unless an integer search was ended early.
    """

    value: float
    primal: FloatArray
    duals: FloatArray
    dual_bound: float


class UnsolvedError(Exception):
    """No optimum: the program has none, time ran out, or the solver failed numerically."""


class UnboundedError(UnsolvedError):
    """No optimum, since the cost of a program that has a solution can be as low as one likes."""


@cache
def _load_solver_class() -> Any:
    """Return the class of HiGHS without callbacks.

    Its constructor would enable them, and print a line before the output can be turned off.
    """
    import highspy

    class SilentHighs(highspy.Highs):  # type: ignore[misc]
        def enableCallbacks(self) -> None:  # noqa: N802 - the name is that of HiGHS
            pass

    return SilentHighs


class Model:
    """A minimisation over nonnegative columns, solved for one cost vector after another."""

    def __init__(
        self,
        matrix: SparseMatrix,
        lower: FloatArray,
        upper: FloatArray,
        *,
        is_sparsified: bool = True,
    ) -> None:
        """Take ``lower`` and ``upper``, ``float[n_rows]``; an infinite bound means none.

        Without sparsifying, a program that is solved only once takes less time.
        """
        import highspy  # takes 70 ms and 29 MB; a process that never solves does without

        self._highspy = highspy
        self._column_count = matrix.shape[1]
        self._sparsified = (
            sparsify_matrix(matrix) if is_sparsified else SparsifiedMatrix.unchanged(matrix)
        )
        defining_rows, matrix = self._sparsified.defining_rows, self._sparsified.matrix
        row_count, column_count = matrix.shape
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = column_count, row_count
        lp.col_cost_ = np.zeros(column_count)
        lower = np.where(np.isneginf(lower), -highspy.kHighsInf, lower)
        upper = np.where(np.isposinf(upper), highspy.kHighsInf, upper)
        # The sum of a defining row is a column and has the bounds of that row.
        lp.col_lower_ = np.concatenate([np.zeros(self._column_count), lower[defining_rows]])
        lp.col_upper_ = np.concatenate(
            [np.full(self._column_count, highspy.kHighsInf), upper[defining_rows]]
        )
        lower[defining_rows] = upper[defining_rows] = 0.0
        lp.row_lower_, lp.row_upper_ = lower, upper
        starts, indices, values = matrix.to_csr()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = starts, indices
        lp.a_matrix_.value_ = values.astype(float)
        self._highs = _load_solver_class()()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        self._highs.setOptionValue("mip_rel_gap", 0.0)
        self._highs.setOptionValue("mip_abs_gap", 0.99)
        self._highs.passModel(lp)
        self._at_vertex = False

    def add_constraint(self, coefficients: FloatArray, upper: float) -> None:
        """Require ``coefficients @ columns <= upper``; ``coefficients`` is ``float[n_columns]``."""
        indices = np.flatnonzero(coefficients).astype(np.int32)
        infinity = self._highspy.kHighsInf
        self._highs.addRow(-infinity, upper, len(indices), indices, coefficients[indices])

    def minimise(self, costs: FloatArray, deadline: Deadline) -> Solution:
        """Return an optimal vertex of the linear program for ``costs``, ``float[n_columns]``.

        Raises UnsolvedError if there is no optimum or time runs out. The previous optimum stays
        feasible for other costs; primal simplex continues from there, often with few iterations.
        """
        self._highs.setOptionValue(
            "simplex_strategy", _PRIMAL_SIMPLEX if self._at_vertex else _DUAL_SIMPLEX
        )
        solution = self._solve_continuous(costs, deadline)
        self._at_vertex = True
        return solution

    def find_central_optimum(self, costs: FloatArray, deadline: Deadline) -> Solution:
        """Return an optimum from the relative interior of all optima of the linear program.

        Such an optimum is strictly complementary (Goldman and Tucker, 1956): each column that is
        positive in some optimum is positive in it, and each dual value that can be nonzero is. The
        interior-point method without crossover gives it up to its precision. Raises UnsolvedError.
        """
        for option, value in _CENTRAL_OPTIONS.items():
            self._highs.setOptionValue(option, value)
        try:
            return self._solve_continuous(costs, deadline)
        finally:
            self._at_vertex = False
            for option, value in _DEFAULT_OPTIONS.items():
                self._highs.setOptionValue(option, value)

    def _solve_continuous(self, costs: FloatArray, deadline: Deadline) -> Solution:
        info = self._run(costs, deadline)
        solution = self._highs.getSolution()
        value = float(info.objective_function_value)
        duals = self._sparsified.restore_duals(np.array(solution.row_dual))
        return Solution(value, self._primal_of(solution), duals, value)

    def _primal_of(self, solution: Any) -> FloatArray:
        """Return the columns of a solution without those that sparsification added."""
        return np.array(solution.col_value)[: self._column_count]

    def minimise_integer(
        self, costs: FloatArray, start: FloatArray, fixed: BoolArray, deadline: Deadline
    ) -> Solution:
        """Return an integral optimum in which the flagged columns are fixed as in ``start``.

        ``fixed`` is ``bool[n_columns]``. Raises UnsolvedError if there is no optimum or time runs
        out. The columns stay integer variables afterwards.
        """
        self._at_vertex = False
        indices = np.arange(self._column_count, dtype=np.int32)
        variable_types = np.full(self._column_count, self._highspy.HighsVarType.kInteger)
        self._highs.changeColsIntegrality(self._column_count, indices, variable_types)
        lower = np.where(fixed, np.rint(start), 0.0)
        upper = np.where(fixed, lower, self._highspy.kHighsInf)
        self._highs.changeColsBounds(self._column_count, indices, lower, upper)
        # HiGHS 1.15.1 proves wrong whole-number optima where its presolve meets equal rows.
        self._highs.setOptionValue("presolve", "off")
        info = self._run(costs, deadline)
        primal = self._primal_of(self._highs.getSolution())
        value = float(info.objective_function_value)
        return Solution(value, primal, np.zeros(0), float(info.mip_dual_bound))

    def _run(self, costs: FloatArray, deadline: Deadline) -> Any:
        seconds_left = deadline.seconds_left()
        if seconds_left <= 0:
            raise UnsolvedError("no time left")
        indices = np.arange(self._column_count, dtype=np.int32)
        self._highs.changeColsCost(self._column_count, indices, costs.astype(float))
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + seconds_left)
        with time_solver_run(self._column_count):
            self._highs.run()
        status = self._highs.getModelStatus()
        statuses = self._highspy.HighsModelStatus
        if status in (statuses.kUnbounded, statuses.kUnboundedOrInfeasible):
            raise UnboundedError(self._highs.modelStatusToString(status))
        if status != statuses.kOptimal:
            raise UnsolvedError(self._highs.modelStatusToString(status))
        return self._highs.getInfo()
