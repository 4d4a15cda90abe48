"""A linear program whose rows are wide constraints, and whose columns are people they count."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.bounds.crowds import Crowds
from service.bounds.relaxation.component_worlds import Options
from service.bounds.relaxation.weighted_components import SpelledComponent
from service.bounds.relaxation.wide_scopes import WideScopes
from service.bounds.solver import Deadline, Model
from service.bounds.sparse_matrix import SparseMatrix
from service.columns.arrays import BoolArray, FloatArray, IntArray


class Block(NamedTuple):
    """Columns that were added together, from ``start`` to before ``stop``."""

    start: int
    stop: int


class WideSolution(NamedTuple):
    """Columns of a program, and by how many people wide constraints are not met.

    ``slack`` is float[n_wide]. ``meets_all`` says whether the columns in whole numbers meet every
    row without slack.
    """

    primal: FloatArray
    slack: FloatArray
    meets_all: bool

    @property
    def whole(self) -> IntArray:
        """The columns in whole numbers."""
        return np.rint(self.primal).astype(np.int64)


class WideProgram:
    """Columns that people are counted in, and further rows about some columns."""

    def __init__(self, scopes: WideScopes) -> None:
        self._scopes = scopes
        self._column_count = self._row_count = 0
        self._counted: list[tuple[IntArray, IntArray, IntArray]] = []
        self._rows: list[tuple[IntArray, IntArray, IntArray]] = []
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []

    def add_points(self, points: Crowds) -> Block:
        """Add a column for the people at each point."""
        return self.add_entries(self._scopes.list_entries(points), len(points.people))

    def add_entries(self, entries: tuple[IntArray, IntArray], count: int) -> Block:
        """Add so many columns, with pairs of a column and of a scope that counts its people."""
        column, wide = entries
        ones = np.ones(len(wide), dtype=np.int64)
        self._counted.append((wide, self._column_count + column, ones))
        self._column_count += count
        return Block(self._column_count - count, self._column_count)

    def add_options(self, options: Options) -> Block:
        """Add a column for each option; each component has one of its options."""
        count = len(options.component)
        block = self._add(options.owner, options.crowds, count)
        components, choice = np.unique(options.component, return_inverse=True)
        ones = np.ones(len(components))
        columns = block.start + np.arange(count)
        self._add_rows(choice, columns, np.ones(count, np.int64), ones, ones)
        return block

    def add_component(self, component: SpelledComponent) -> Block:
        """Add the columns and the rows of a component."""
        matrix = component.matrix
        block = self._add(component.columns, component.crowds, matrix.shape[1])
        self._add_rows(
            matrix.row,
            block.start + matrix.column,
            matrix.value.astype(np.int64),
            component.lower,
            component.upper,
        )
        return block

    def _add(self, columns: IntArray, crowds: Crowds, count: int) -> Block:
        """Add columns; ``columns`` has that of each crowd, beginning at 0."""
        crowd, wide = self._scopes.list_entries(crowds)
        self._counted.append((wide, self._column_count + columns[crowd], crowds.people[crowd]))
        self._column_count += count
        return Block(self._column_count - count, self._column_count)

    def _add_rows(
        self,
        rows: IntArray,
        columns: IntArray,
        values: IntArray,
        lower: FloatArray,
        upper: FloatArray,
    ) -> None:
        """Add rows, numbered from 0, with their limits."""
        self._rows.append((self._row_count + rows, columns, values))
        self._row_count += len(lower)
        self._lower.append(lower)
        self._upper.append(upper)

    def flag_counting(self) -> BoolArray:
        """Return which wide constraints count people of a column."""
        flags: BoolArray = np.zeros(self._scopes.count, dtype=bool)
        for wide, _, _ in self._counted:
            flags[wide] = True
        return flags

    def build(
        self,
        wide_rows: IntArray,
        people: IntArray,
        costs: FloatArray,
        slack_cost: float,
    ) -> "BuiltProgram":
        """Return the program with some of the wide constraints as rows.

        ``people``, int[n_wide], are those whom wide constraints count besides, ``costs`` are
        float[n_columns].
        """
        scopes, count = self._scopes, len(wide_rows)
        numbers = np.full(scopes.count, -1)
        numbers[wide_rows] = np.arange(count)
        wide, columns, values = (np.concatenate(each) for each in zip(*self._counted, strict=True))
        is_kept = numbers[wide] >= 0
        slack = np.arange(count)
        entries = [
            (numbers[wide[is_kept]], columns[is_kept], values[is_kept]),
            *((count + rows, each, value) for rows, each, value in self._rows),
            (slack, self._column_count + slack, np.ones(count, np.int64)),
            (slack, self._column_count + count + slack, np.full(count, -1)),
        ]
        row, column, value = (np.concatenate(each) for each in zip(*entries, strict=True))
        lower, upper = ((each - people)[wide_rows] for each in scopes.find_limits())
        all_lower: Sequence[FloatArray] = [lower, *self._lower]
        all_upper: Sequence[FloatArray] = [upper, *self._upper]
        shape = (count + self._row_count, self._column_count + 2 * count)
        return BuiltProgram(
            SparseMatrix.from_entries(shape, row, column, value),
            np.concatenate(all_lower),
            np.concatenate(all_upper),
            np.concatenate([costs, np.full(2 * count, slack_cost)]),
            wide_rows,
            scopes.count,
        )


class BuiltProgram(NamedTuple):
    """A program that can be solved; the first rows are the ``wide_rows``."""

    matrix: SparseMatrix
    lower: FloatArray
    upper: FloatArray
    costs: FloatArray
    wide_rows: IntArray
    wide_count: int

    @property
    def _is_empty(self) -> bool:
        """Whether there is no column, which the solver does not take."""
        return not self.matrix.shape[1]

    def solve(self, deadline: Deadline) -> WideSolution:
        """Return columns of the least cost; raises UnsolvedError."""
        if self._is_empty:
            return WideSolution(np.zeros(0), np.zeros(self.wide_count), meets_all=True)
        model = Model(self.matrix, self.lower, self.upper, is_sparsified=False)
        primal = model.minimise(self.costs, deadline).primal
        count = len(self.wide_rows)
        column_count = len(primal) - 2 * count
        slack = np.zeros(self.wide_count)
        slack[self.wide_rows] = primal[column_count:].reshape(2, count).sum(axis=0)
        whole = np.rint(primal).astype(np.int64)
        sums = self.matrix.matvec(whole)
        meets_all = bool(((sums >= self.lower) & (sums <= self.upper)).all())
        meets_all &= not whole[column_count:].any()
        return WideSolution(primal[:column_count], slack, meets_all)

    def find_duals(self, widening: float, deadline: Deadline) -> FloatArray:
        """Return the dual values of wide constraints, float[n_wide]; raises UnsolvedError.

        They are those of a program whose wide rows are wider by so many people: the value of a row
        that limits nobody is 0 then.
        """
        if self._is_empty:
            return np.zeros(self.wide_count)
        wider = np.zeros(len(self.lower))
        wider[: len(self.wide_rows)] = widening
        lower, upper = self.lower - wider, self.upper + wider
        model = Model(self.matrix, lower, upper, is_sparsified=False)
        duals = np.zeros(self.wide_count)
        solution = model.minimise(self.costs, deadline)
        duals[self.wide_rows] = solution.duals[: len(self.wide_rows)]
        return duals
