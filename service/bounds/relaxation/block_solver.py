"""Components of the same shape, solved many at a time.

Components of one shape share one program, and many components are solved as one linear program with
a block for each. Each bound is proved by its dual values in whole numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from math import inf
from operator import or_
from typing import Final, NamedTuple

import numpy as np

from service.bounds.boxes import Box, Region
from service.bounds.computation import Steps
from service.bounds.linear_program import LinearProgram
from service.bounds.partition import TooManyCellsError
from service.bounds.relaxation.component_bounds import (
    DENOMINATOR,
    SET_COUNT,
    ComponentBounds,
    list_sets,
    make_term_keys,
)
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.shapes import Shape, ShapeFinder, Window, make_shape_box
from service.bounds.relaxation.solved_components import (
    ComponentKey,
    SolvedComponent,
    SolvedComponents,
    SolvedTerms,
    make_component_key,
)
from service.bounds.solver import Deadline, Model, UnsolvedError
from service.bounds.sparse_matrix import SparseMatrix, hstack, vstack
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.domain.total import End
from service.domain.vocabulary import OUTCOMES

MAX_BATCH_COLUMNS: Final = 1_500
"""About so many columns are in one linear program."""

MAX_MIXED_COLUMNS: Final = 1_000
"""A smaller program has components of any outcomes, a larger one those of the same outcomes.

Every set of outcomes takes two runs, in which those with other outcomes have nothing to solve.
"""

TOLERANCE: Final = 1e-6

AMPLE_TIME: Final = Deadline(inf)
"""A batch is so small that its runs have no time limit."""


class Members(NamedTuple):
    """A component by its number, and its constraints."""

    component: int
    constraints: IntArray


class BlockSolver:
    """Sets the bounds of components with regular constraints whose places have intervals."""

    def __init__(
        self,
        table: ConstraintTable,
        bounds: ComponentBounds,
        solved: SolvedComponents,
        window: Window | None = None,
    ) -> None:
        """``solved`` are those of earlier calls, to which the new ones are added.

        With a window, the bounds are of the people in it; None means everyone.
        """
        self._table, self._bounds, self._solved = table, bounds, solved
        self._window = window

    def solve(self, components: Iterable[Members]) -> Steps[None]:
        """Set the bounds of components; each step solves some of them."""
        finder, known = ShapeFinder(self._table), _KnownBounds(self._bounds)
        shapes: dict[Shape, list[_Unsolved]] = {}
        for component, constraints in components:
            yield
            shape, order = finder.find_shape(constraints, self._window)
            key = make_component_key(self._table, shape, order)
            found = self._solved.get(key)
            if found is None:
                shapes.setdefault(shape, []).append(_Unsolved(component, order, key))
            else:
                known.add(component, order, found)
        known.set_all()
        yield from self._solve_shapes(finder, shapes)

    def _solve_shapes(
        self, finder: ShapeFinder, shapes: dict[Shape, list["_Unsolved"]]
    ) -> Steps[None]:
        batch = _Batch()
        for shape in sorted(shapes, key=_join_outcomes):
            program = yield from _build_program(finder, shape)
            if program is None:
                self._bounds.is_special[[each.component for each in shapes[shape]]] = True
                continue
            outcomes = _join_outcomes(shape)
            for part in _split_members(program, shapes[shape]):
                instances = _Instances(program, self._table, part, shape)
                if not batch.has_room(instances, outcomes):
                    yield
                    batch.solve(self._bounds, self._solved)
                    batch = _Batch()
                batch.add(instances, outcomes)
        yield
        batch.solve(self._bounds, self._solved)


class _Unsolved(NamedTuple):
    """A component to be solved, with its constraints in the order of its shape."""

    component: int
    order: list[int]
    key: ComponentKey


class _KnownBounds:
    """Bounds that were solved before, set all at once."""

    def __init__(self, bounds: ComponentBounds) -> None:
        self._bounds = bounds
        self._found: list[tuple[int, SolvedComponent]] = []
        self._terms: dict[End, list[tuple[int, int, int]]] = {"low": [], "high": []}

    def add(self, component: int, order: list[int], solved: SolvedComponent) -> None:
        """Note the bounds of a component, whose constraints are in the order of its shape."""
        self._found.append((component, solved))
        for each in solved.terms:
            key = component * SET_COUNT + each.bits
            self._terms[each.kind] += [
                (key, order[position], multiplier)
                for position, multiplier in zip(
                    each.positions.tolist(), each.multipliers.tolist(), strict=True
                )
            ]

    def set_all(self) -> None:
        """Set what was noted."""
        if not self._found:
            return
        bounds = self._bounds
        chosen = np.array([component for component, _ in self._found])
        bounds.is_special[chosen] = [each.is_special for _, each in self._found]
        bounds.lows[chosen] = [each.lows for _, each in self._found]
        bounds.highs[chosen] = [each.highs for _, each in self._found]
        bounds.is_exact[chosen] = [each.is_exact for _, each in self._found]
        for terms, rows in (
            (bounds.low_terms, self._terms["low"]),
            (bounds.high_terms, self._terms["high"]),
        ):
            keys, constraints, multipliers = np.array(rows, dtype=np.int64).reshape(-1, 3).T
            terms.add(keys, constraints, multipliers)


def _join_outcomes(shape: Shape) -> int:
    """Return all outcomes of a shape, as bits."""
    return reduce(or_, (row.outcomes for row in shape if not row.is_window))


def _build_program(finder: ShapeFinder, shape: Shape) -> Steps[LinearProgram | None]:
    """Return the program of the shape; None if it has too many cells."""
    try:
        return (yield from finder.build_program(shape))
    except TooManyCellsError:
        return None


def _split_members(
    program: LinearProgram, members: Sequence[_Unsolved]
) -> Iterator[Sequence[_Unsolved]]:
    """Yield as many components as one linear program can hold."""
    count = max(1, MAX_BATCH_COLUMNS // max(1, program.constraint_matrix.shape[1]))
    for start in range(0, len(members), count):
        yield members[start : start + count]


class _Instances:
    """Components of one shape in a batch."""

    def __init__(
        self,
        program: LinearProgram,
        table: ConstraintTable,
        members: Sequence[_Unsolved],
        shape: Shape,
    ) -> None:
        self.program = program
        self.keys = [each.key for each in members]
        self.components = np.array([each.component for each in members], dtype=np.int64)
        self.constraints: IntArray = np.array([each.order for each in members], dtype=np.int64)
        types = program.person_type_matrix
        self._types = np.zeros(types.shape, dtype=np.int32)
        self._types[types.row, types.column] = 1
        coupling_count = program.coupling_matrix.shape[0]
        self.matrix = vstack([program.constraint_matrix, program.coupling_matrix])
        padding = (len(members), coupling_count)
        lower = table.lower[self.constraints].astype(float)
        upper = table.upper[self.constraints].astype(float)
        upper[table.upper[self.constraints] == OPEN] = np.inf
        self.lower: FloatArray = np.concatenate([lower, np.full(padding, -np.inf)], axis=1)
        self.upper: FloatArray = np.concatenate([upper, np.zeros(padding)], axis=1)
        self.column_outcomes: IntArray = np.zeros(self.matrix.shape[1], dtype=np.int64)
        """The outcomes of the people whom each column counts, as bits, int[n_columns].

        0 for a column that counts nobody whom another column does not count.
        """
        for position in range(len(OUTCOMES)):
            is_inside, _ = program.classify_columns(_make_region(shape, 1 << position))
            self.column_outcomes[is_inside] |= 1 << position

    @property
    def row_constraints(self) -> IntArray:
        """The constraint of each row, component by component; -1 for coupling constraints."""
        padding = self.matrix.shape[0] - self.constraints.shape[1]
        return np.pad(self.constraints, ((0, 0), (0, padding)), constant_values=-1).ravel()

    @property
    def column_count(self) -> int:
        return len(self.components) * self.matrix.shape[1]

    def flag_open(self, bits: int) -> BoolArray:
        """Return which components have people of these outcomes whom no high counts."""
        program = self.program
        counted = self.column_outcomes[program.person_type_column] & bits != 0
        has_upper = np.isfinite(self.upper[:, : len(program.constraints)])
        is_bounded = has_upper.astype(np.int32) @ self._types > 0
        flags: BoolArray = (counted & ~is_bounded).any(axis=1)
        return flags


def _make_region(shape: Shape, bits: int) -> Region:
    """Return everything with these outcomes, or the part of it in the window of the shape."""
    if shape[-1].is_window:
        return Region((make_shape_box(shape[-1], bits),))
    return Region((Box(-(1 << 40), 1 << 40, bits, ()),))


class _Batch:
    """Components that are solved as one linear program with a block for each."""

    def __init__(self) -> None:
        self._instances: list[_Instances] = []
        self._column_count = self._outcomes = 0
        self._solved_terms: list[tuple[End, int, IntArray, IntArray]] = []

    def has_room(self, instances: _Instances, outcomes: int) -> bool:
        """Whether components with these outcomes can be added."""
        column_count = self._column_count + instances.column_count
        return not self._instances or (
            column_count <= (MAX_BATCH_COLUMNS if outcomes == self._outcomes else MAX_MIXED_COLUMNS)
        )

    def add(self, instances: _Instances, outcomes: int) -> None:
        """Add components of one shape."""
        self._instances.append(instances)
        self._column_count += instances.column_count
        self._outcomes |= outcomes

    def _stack(self) -> None:
        instances = self._instances
        rows, columns, values, row_owners, column_owners = [], [], [], [], []
        row_count = column_count = number = 0
        for each in instances:
            count, (block_rows, block_columns) = len(each.components), each.matrix.shape
            first_rows = row_count + np.arange(count) * block_rows
            first_columns = column_count + np.arange(count) * block_columns
            rows.append((each.matrix.row + first_rows[:, None]).ravel())
            columns.append((each.matrix.column + first_columns[:, None]).ravel())
            values.append(np.tile(each.matrix.value, count))
            row_owners.append(np.repeat(number + np.arange(count), block_rows))
            column_owners.append(np.repeat(number + np.arange(count), block_columns))
            row_count += count * block_rows
            column_count += count * block_columns
            number += count
        self._matrix = SparseMatrix(
            (row_count, column_count),
            np.concatenate(rows),
            np.concatenate(columns),
            np.concatenate(values).astype(np.int64),
        )
        self._row_owners = np.concatenate(row_owners)
        self._first_rows = np.searchsorted(self._row_owners, np.arange(number))
        self._column_owners = np.concatenate(column_owners)
        self._components = np.concatenate([each.components for each in instances])
        self._lower = np.concatenate([each.lower.ravel() for each in instances])
        self._upper = np.concatenate([each.upper.ravel() for each in instances])
        self._constraints = np.concatenate([each.row_constraints for each in instances])
        self._column_outcomes = np.concatenate(
            [np.tile(each.column_outcomes, len(each.components)) for each in instances]
        )

    def solve(self, bounds: ComponentBounds, solved: SolvedComponents) -> None:
        """Set the bounds of the components of the batch, or flag them as special."""
        if not self._instances:
            return
        self._stack()
        try:
            self._solve_all(bounds)
        except UnsolvedError:  # Numerical trouble: each of them can be solved by itself.
            bounds.is_special[self._components] = True
        else:
            self._keep(bounds, solved)

    def _solve_all(self, bounds: ComponentBounds) -> None:
        """Set the bounds of components that have a world; raises UnsolvedError."""
        is_special = self._flag_contradictory()
        bounds.is_special[self._components[is_special]] = True
        is_in_special = is_special[self._row_owners]
        self._lower[is_in_special], self._upper[is_in_special] = -np.inf, np.inf
        model = Model(self._matrix, self._lower, self._upper)
        outcomes = bounds.outcomes[self._components]
        for bits in list_sets(self._outcomes):
            kept = ~is_special & (outcomes & bits == bits)
            chosen = self._components[kept]
            is_counted = kept[self._column_owners]
            is_certain = is_counted & (self._column_outcomes & ~bits == 0)
            is_certain &= self._column_outcomes != 0
            is_possible = is_counted & (self._column_outcomes & bits != 0)
            low, is_low_exact, is_low_known, duals = self._bound(model, is_certain.astype(np.int64))
            self._add_terms(bounds, "low", duals, is_low_known & kept, bits)
            is_open = np.concatenate([each.flag_open(bits) for each in self._instances])
            is_possible &= ~is_open[self._column_owners]
            high, is_high_exact, is_high_known, duals = self._bound(
                model, -is_possible.astype(np.int64)
            )
            is_high_known &= ~is_open
            self._add_terms(bounds, "high", -duals, is_high_known & kept, bits)
            is_open_exact = is_open | is_high_exact
            bounds.lows[chosen, bits] = low[kept]
            bounds.highs[chosen, bits] = np.where(is_high_known, -high, OPEN)[kept]
            bounds.is_exact[chosen, bits] = (is_low_exact & is_open_exact)[kept]

    def _keep(self, bounds: ComponentBounds, solved: SolvedComponents) -> None:
        """Keep what was found out for later states of the record."""
        terms: list[list[SolvedTerms]] = [[] for _ in self._components]
        for kind, bits, rows, multipliers in self._solved_terms:
            owners = self._row_owners[rows]
            edges = np.flatnonzero(np.diff(owners)) + 1
            for owner, own_rows, own_multipliers in zip(
                owners[np.append(0, edges)].tolist() if len(rows) else (),
                np.split(rows, edges),
                np.split(multipliers, edges),
                strict=False,
            ):
                positions = own_rows - self._first_rows[owner]
                terms[owner].append(SolvedTerms(kind, bits, positions, own_multipliers))
        keys = [key for each in self._instances for key in each.keys]
        for owner, (key, component) in enumerate(zip(keys, self._components.tolist(), strict=True)):
            found = SolvedComponent(
                bool(bounds.is_special[component]),
                bounds.lows[component].copy(),
                bounds.highs[component].copy(),
                bounds.is_exact[component].copy(),
                tuple(terms[owner]),
            )
            solved.put(key, found)

    def _flag_contradictory(self) -> BoolArray:
        """Return which components have no world that meets all their bounds."""
        column_count = self._matrix.shape[1]
        is_crossed = self._lower > self._upper  # The solver takes no such row.
        elastic_rows = np.flatnonzero(self._constraints >= 0)
        count = len(elastic_rows)
        slacks = SparseMatrix(
            (self._matrix.shape[0], 2 * count),
            np.tile(elastic_rows, 2),
            np.arange(2 * count),
            np.repeat([1, -1], count),
        )
        model = Model(
            hstack(self._matrix, slacks),
            np.where(is_crossed, -np.inf, self._lower),
            self._upper,
        )
        costs = np.concatenate([np.zeros(column_count), np.ones(2 * count)])
        solution = model.minimise(costs, AMPLE_TIME)
        slack = solution.primal[column_count:].reshape(2, count).sum(axis=0)
        is_violated = is_crossed
        is_violated[elastic_rows] |= slack > TOLERANCE
        flags: BoolArray = np.zeros(len(self._components), dtype=bool)
        flags[self._row_owners[is_violated]] = True
        return flags

    def _bound(
        self, model: Model, costs: IntArray
    ) -> tuple[IntArray, BoolArray, BoolArray, IntArray]:
        """Return the least cost of each component, whether it is reached and proved, and the duals.

        The duals are those of all rows, in sixtieths.
        """
        solution = model.minimise(costs.astype(float), AMPLE_TIME)
        primal, duals = solution.primal, solution.duals
        count = len(self._components)
        whole = np.rint(primal)
        cost_of = np.bincount(self._column_owners, costs * whole, count)
        is_whole = ~self._any_by_component(self._column_owners, np.abs(whole - primal) > 1e-4)
        sums = self._matrix.matvec(whole.astype(np.int64))
        is_met = (sums >= self._lower) & (sums <= self._upper)
        is_whole &= ~self._any_by_component(self._row_owners, ~is_met)
        scaled = np.rint(duals * DENOMINATOR).astype(np.int64)
        proved, is_proved = self._prove(duals, scaled, costs)
        return proved, is_whole & is_proved & (cost_of == proved), is_proved, scaled

    def _add_terms(
        self, bounds: ComponentBounds, kind: End, duals: IntArray, is_known: BoolArray, bits: int
    ) -> None:
        """Add the proofs of the bounds of some components."""
        rows = np.flatnonzero(is_known[self._row_owners] & (duals != 0) & (self._constraints >= 0))
        keys = make_term_keys(self._components[self._row_owners[rows]], bits)
        terms = bounds.low_terms if kind == "low" else bounds.high_terms
        terms.add(keys, self._constraints[rows], duals[rows])
        self._solved_terms.append((kind, bits, rows, duals[rows]))

    def _prove(
        self, duals: FloatArray, scaled: IntArray, costs: IntArray
    ) -> tuple[IntArray, BoolArray]:
        """Return the cost that the dual values prove for each component; fractions prove none."""
        is_wrong = (np.abs(scaled - duals * DENOMINATOR) > 1e-4) | (
            (scaled > 0) & ~np.isfinite(self._lower)
        )
        is_wrong |= (scaled < 0) & ~np.isfinite(self._upper)
        is_proved = ~self._any_by_component(self._row_owners, is_wrong)
        reduced = self._matrix.rmatvec(scaled) > costs * DENOMINATOR
        is_proved &= ~self._any_by_component(self._column_owners, reduced)
        bounds = np.where(scaled > 0, self._lower, self._upper)
        bounds[scaled == 0] = 0
        people = np.zeros(len(self._components), dtype=np.int64)
        np.add.at(people, self._row_owners, scaled * bounds.astype(np.int64))
        is_proved &= people % DENOMINATOR == 0
        return np.where(is_proved, people // DENOMINATOR, 0), is_proved

    def _any_by_component(self, owners: IntArray, flags: BoolArray) -> BoolArray:
        result: BoolArray = np.bincount(owners[flags], minlength=len(self._components)) > 0
        return result
