"""Linear and whole-number programs by HiGHS, which is imported when first needed."""

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bounds.solver_effort import working
from service.bounds.sparse_matrix import Sparse
from service.bounds.sparsify import telescoped

Vector = NDArray[np.float64]

NOISE = 1e-6
"""What a floating-point optimum may be off by, relative to its size (at least 1)."""

SIMPLEST = 360
"""The largest denominator read: optima over sums of whole numbers are simple fractions."""


def simple(value: float) -> float | None:
    """Return the simple fraction that the value is within the solver's noise of, else None."""
    near = float(Fraction(value).limit_denominator(SIMPLEST))
    return near if abs(near - value) <= NOISE * max(1.0, abs(value)) else None


def without_noise(value: float) -> float:
    """Return the simple fraction that the value is within the solver's noise of, else the value."""
    near = simple(value)
    return value if near is None else near


_USUAL = {"solver": "choose", "presolve": "choose", "run_crossover": "on"}
_CENTRAL = {"solver": "ipm", "presolve": "off", "run_crossover": "off"}
"""Presolve and crossover both end at a corner, which shows only one of many optima."""

_DUAL, _PRIMAL = 1, 4
"""Simplex methods as the solver numbers them."""


class Deadline:
    """A moment after which no more solving is begun."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, never below 0."""
        return max(self._end - time.monotonic(), 0.0)


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimum: its value, the columns, and the price of each row (empty for whole numbers).

    ``bound`` is what the value cannot pass: the value itself but for a whole-number search that
    was ended early.
    """

    value: float
    columns: Vector
    prices: Vector
    bound: float


class Unsolved(Exception):
    """The optimum was not found: there is none, time ran out, or it is numerically out of reach."""


class Model:
    """A minimisation over columns that are never below zero, solved for one cost after another."""

    def __init__(self, matrix: Sparse, lower: Vector, upper: Vector) -> None:
        """Take one row of the matrix per range; an infinite bound is none."""
        import highspy  # 70 ms and 29 MB that a process which never solves need not pay

        self._highspy = highspy
        self._columns = matrix.shape[1]
        self._telescoped = telescoped(matrix)
        told, matrix = self._telescoped.told, self._telescoped.matrix
        rows, columns = matrix.shape
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = columns, rows
        lp.col_cost_ = np.zeros(columns)
        lower = np.where(np.isneginf(lower), -highspy.kHighsInf, lower)
        upper = np.where(np.isposinf(upper), highspy.kHighsInf, upper)
        # The sum of a row that others are told by is a column, and has the row's range.
        lp.col_lower_ = np.concatenate([np.zeros(self._columns), lower[told]])
        lp.col_upper_ = np.concatenate([np.full(self._columns, highspy.kHighsInf), upper[told]])
        lower[told] = upper[told] = 0.0
        lp.row_lower_, lp.row_upper_ = lower, upper
        starts, index, values = matrix.compressed()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = starts, index
        lp.a_matrix_.value_ = values.astype(float)
        self._solver = highspy.Highs()
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue("threads", 1)
        self._solver.setOptionValue("mip_rel_gap", 0.0)
        self._solver.setOptionValue("mip_abs_gap", 0.99)
        self._solver.passModel(lp)
        self._at_corner = False

    def add_row(self, row: Vector, upper: float) -> None:
        """Hold the sum of the columns, each times its entry in the row, to at most ``upper``."""
        index = np.flatnonzero(row).astype(np.int32)
        infinity = self._highspy.kHighsInf
        self._solver.addRow(-infinity, upper, len(index), index, row[index])

    def minimise(self, costs: Vector, deadline: Deadline) -> Solution:
        """Return the real-valued optimum; raises Unsolved.

        The optimum for other costs is a corner of the same worlds. The primal method goes on from
        there, often in a few steps; any other begins anew.
        """
        self._solver.setOptionValue("simplex_strategy", _PRIMAL if self._at_corner else _DUAL)
        found = self._real(costs, deadline)
        self._at_corner = True
        return found

    def central(self, costs: Vector, deadline: Deadline) -> Solution:
        """Return an optimum from the middle of all real-valued ones; raises Unsolved.

        There every column that can be above zero in some optimum is, and every price that can
        differ from its limit does: as far as the interior-point method keeps what it promises.
        """
        for option, value in _CENTRAL.items():
            self._solver.setOptionValue(option, value)
        try:
            return self._real(costs, deadline)
        finally:
            self._at_corner = False
            for option, value in _USUAL.items():
                self._solver.setOptionValue(option, value)

    def _real(self, costs: Vector, deadline: Deadline) -> Solution:
        info = self._run(costs, deadline)
        solution = self._solver.getSolution()
        value = float(info.objective_function_value)
        prices = self._telescoped.prices(np.array(solution.row_dual))
        return Solution(value, self._people(solution), prices, value)

    def _people(self, solution: Any) -> Vector:
        """Return the columns of a solution, without the sums."""
        return np.array(solution.col_value)[: self._columns]

    def minimise_whole(
        self, costs: Vector, start: Vector, kept: NDArray[np.bool_], deadline: Deadline
    ) -> Solution:
        """Return the best whole-number solution in which the kept columns are as in ``start``.

        Raises Unsolved. The model takes whole numbers only from then on.
        """
        self._at_corner = False
        index = np.arange(self._columns, dtype=np.int32)
        kinds = np.full(self._columns, self._highspy.HighsVarType.kInteger)
        self._solver.changeColsIntegrality(self._columns, index, kinds)
        lower = np.where(kept, np.rint(start), 0.0)
        upper = np.where(kept, lower, self._highspy.kHighsInf)
        self._solver.changeColsBounds(self._columns, index, lower, upper)
        info = self._run(costs, deadline)
        columns = self._people(self._solver.getSolution())
        value = float(info.objective_function_value)
        return Solution(value, columns, np.zeros(0), float(info.mip_dual_bound))

    def _run(self, costs: Vector, deadline: Deadline) -> Any:
        left = deadline.left()
        if left <= 0:
            raise Unsolved("no time left")
        index = np.arange(self._columns, dtype=np.int32)
        self._solver.changeColsCost(self._columns, index, costs.astype(float))
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + left)
        with working(self._columns):
            self._solver.run()
        status = self._solver.getModelStatus()
        if status != self._highspy.HighsModelStatus.kOptimal:
            raise Unsolved(self._solver.modelStatusToString(status))
        return self._solver.getInfo()
