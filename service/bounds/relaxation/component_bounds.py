"""The least and the most people of each narrow component, for each set of outcomes.

Components of the same shape share one program, and many components are solved as one linear program
with a block for each. Each bound is proved by its dual values in whole numbers.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache, reduce
from math import inf
from operator import or_
from typing import Final, NamedTuple

import numpy as np

from service.bounds.boxes import Box, Region
from service.bounds.computation import Steps
from service.bounds.linear_program import LinearProgram
from service.bounds.partition import TooManyCellsError
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.shapes import Shape, ShapeFinder
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
from service.domain.vocabulary import OUTCOME_SETS, OUTCOMES

SET_COUNT: Final = len(OUTCOME_SETS)

MAX_BATCH_COLUMNS: Final = 20_000
"""About so many columns are in one linear program."""

DENOMINATOR: Final = 60
"""Dual values are multiples of 1/60; the bound of a component with others is not used."""

TOLERANCE: Final = 1e-6

AMPLE_TIME: Final = Deadline(inf)
"""A batch is so small that its runs have no time limit."""


class BoundTerms:
    """The proofs of bounds with several constraints: multipliers of ends, by component and set.

    A positive multiplier of a low is of the low of a constraint, a negative one of its high. For a
    high it is the reverse: positive ones are of highs.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[IntArray, IntArray, IntArray]] = []
        self._table: tuple[IntArray, IntArray, IntArray] | None = None

    def add(self, keys: IntArray, constraints: IntArray, multipliers: IntArray) -> None:
        """Add terms: ``keys`` are made by ``make_term_keys``, the multipliers are in sixtieths."""
        self._parts.append((keys, constraints, multipliers))
        self._table = None

    def find(self, keys: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Return the terms of some bounds: position in ``keys``, constraint, and multiplier."""
        if self._table is None:
            empty = np.zeros(0, dtype=np.int64)
            columns = zip(*self._parts, (empty, empty, empty), strict=True)
            all_keys, constraints, multipliers = (np.concatenate(each) for each in columns)
            order = np.argsort(all_keys, kind="stable")
            self._table = all_keys[order], constraints[order], multipliers[order]
        all_keys, constraints, multipliers = self._table
        starts = np.searchsorted(all_keys, keys)
        counts = np.searchsorted(all_keys, keys, side="right") - starts
        positions = np.repeat(np.arange(len(keys)), counts)
        offsets = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        return positions, constraints[offsets], multipliers[offsets]


def make_term_keys(components: IntArray, bits: int | IntArray) -> IntArray:
    """Return the keys of the bounds of some components for one set of outcomes, or one of each."""
    return components * SET_COUNT + bits


class ComponentBounds:
    """Bounds on the people of each component, for each set of outcomes as bits.

    ``lows`` and ``highs`` are int[n_components, 16]. A low is 0, and a high ``OPEN``, where nothing
    else is proved. ``is_exact``, bool[n_components, 16], flags those that are reached at both ends.
    ``is_special``, bool[n_components], flags components whose bounds are not known here:
    contradictory and irregular ones, and those that are too large.
    """

    def __init__(self, count: int) -> None:
        self.lows: IntArray = np.zeros((count, SET_COUNT), dtype=np.int64)
        self.highs: IntArray = np.full((count, SET_COUNT), OPEN, dtype=np.int64)
        self.is_exact: BoolArray = np.zeros((count, SET_COUNT), dtype=bool)
        self.is_special: BoolArray = np.zeros(count, dtype=bool)
        self.outcomes: IntArray = np.zeros(count, dtype=np.int64)
        self.low_terms, self.high_terms = BoundTerms(), BoundTerms()

    def iterate_terms(self, keys: IntArray, kind: End) -> Iterator[tuple[int, End, Fraction]]:
        """Yield the proofs of lows or of highs: constraint, end of it, and multiplier.

        ``keys`` are made by ``make_term_keys``. A multiplier is negative if the end is subtracted.
        """
        terms = self.low_terms if kind == "low" else self.high_terms
        other: End = "high" if kind == "low" else "low"
        _, constraints, multipliers = terms.find(keys)
        for constraint, sixtieths in zip(constraints.tolist(), multipliers.tolist(), strict=True):
            end = kind if sixtieths > 0 else other
            yield constraint, end, Fraction(sixtieths, DENOMINATOR)


def bound_components(
    table: ConstraintTable, components: NarrowComponents, solved: SolvedComponents
) -> Steps[ComponentBounds]:
    """Return the bounds of all components; each step solves some of them.

    ``solved`` are those of earlier states, to which the new ones are added.
    """
    bounds = ComponentBounds(components.count)
    members = components.find_members(np.arange(components.count))
    starts = np.cumsum(components.sizes) - components.sizes
    if components.count:
        bounds.outcomes[:] = np.bitwise_or.reduceat(table.outcomes[members], starts)
        bounds.is_special[:] = np.logical_or.reduceat(table.is_irregular[members], starts)
        has_intervals = np.array(
            [each is not None for each in table.place_intervals.intervals], dtype=bool
        )
        bounds.is_special |= ~np.logical_and.reduceat(has_intervals[table.places[members]], starts)
    _bound_singles(table, components, bounds)
    yield from _bound_multiple(table, components, bounds, solved)
    bounds.lows[bounds.is_special] = 0
    bounds.highs[bounds.is_special] = OPEN
    bounds.is_exact[bounds.is_special] = False
    _fill_supersets(bounds)
    return bounds


def _bound_singles(
    table: ConstraintTable, components: NarrowComponents, bounds: ComponentBounds
) -> None:
    """Set the bounds of components with one constraint, and flag contradictory ones."""
    single = np.flatnonzero((components.sizes == 1) & ~bounds.is_special)
    constraints = components.firsts[single]
    lower, upper = table.lower[constraints], table.upper[constraints]
    outcomes = table.outcomes[constraints]
    bounds.is_special[single] |= lower > upper
    for bits in range(SET_COUNT):
        bounds.lows[single, bits] = np.where(outcomes & ~bits, 0, lower)
        bounds.highs[single, bits] = np.where(outcomes & bits, upper, 0)
        bounds.is_exact[single, bits] = True
        is_low = (outcomes & ~bits == 0) & (lower > 0)
        is_high = (outcomes & bits != 0) & (upper < OPEN)
        for terms, flags in ((bounds.low_terms, is_low), (bounds.high_terms, is_high)):
            keys = make_term_keys(single[flags & (outcomes & bits == bits)], bits)
            chosen = constraints[flags & (outcomes & bits == bits)]
            terms.add(keys, chosen, np.full(len(keys), DENOMINATOR))


def _bound_multiple(
    table: ConstraintTable,
    components: NarrowComponents,
    bounds: ComponentBounds,
    solved: SolvedComponents,
) -> Steps[None]:
    """Set the bounds of components with several constraints."""
    finder, known = ShapeFinder(table), _KnownBounds(bounds)
    shapes: dict[Shape, list[_Unsolved]] = {}
    for component in np.flatnonzero((components.sizes > 1) & ~bounds.is_special).tolist():
        yield
        shape, order = finder.find_shape(components.members_of(component))
        key = make_component_key(table, shape, order)
        found = solved.get(key)
        if found is None:
            shapes.setdefault(shape, []).append(_Unsolved(component, order, key))
        else:
            known.add(component, order, found)
    known.set_all()
    batch = _Batch()
    for shape in sorted(shapes, key=_join_outcomes):
        program = yield from _build_program(finder, shape)
        if program is None:
            bounds.is_special[[each.component for each in shapes[shape]]] = True
            continue
        outcomes = _join_outcomes(shape)
        for part in _split_members(program, shapes[shape]):
            instances = _Instances(program, table, part)
            if not batch.has_room(instances, outcomes):
                yield
                batch.solve(bounds, solved)
                batch = _Batch()
            batch.add(instances, outcomes)
    yield
    batch.solve(bounds, solved)


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
    return reduce(or_, (row.outcomes for row in shape))


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
    ) -> None:
        self.program = program
        self.keys = [each.key for each in members]
        self.components = np.array([each.component for each in members], dtype=np.int64)
        self.constraints: IntArray = np.array([each.order for each in members], dtype=np.int64)
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
            is_of_outcome, _ = program.classify_columns(_make_outcome_region(1 << position))
            self.column_outcomes[is_of_outcome] |= 1 << position

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
        types = program.person_type_matrix
        is_bounded = np.zeros((len(self.components), types.shape[1]), dtype=bool)
        for row, column in zip(types.row.tolist(), types.column.tolist(), strict=True):
            is_bounded[:, column] |= has_upper[:, row]
        flags: BoolArray = (counted & ~is_bounded).any(axis=1)
        return flags


def _make_outcome_region(bits: int) -> Region:
    """Return everything with these outcomes."""
    return Region((Box(-(1 << 40), 1 << 40, bits, ()),))


class _Batch:
    """Components with the same outcomes, solved as one linear program with a block for each."""

    def __init__(self) -> None:
        self._instances: list[_Instances] = []
        self._column_count = self._outcomes = 0
        self._solved_terms: list[tuple[End, int, IntArray, IntArray]] = []

    def has_room(self, instances: _Instances, outcomes: int) -> bool:
        """Whether components with these outcomes can be added."""
        return not self._instances or (
            self._column_count + instances.column_count <= MAX_BATCH_COLUMNS
            and outcomes == self._outcomes
        )

    def add(self, instances: _Instances, outcomes: int) -> None:
        """Add components of one shape."""
        self._instances.append(instances)
        self._column_count += instances.column_count
        self._outcomes = outcomes

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
        kept, chosen = ~is_special, self._components[~is_special]
        is_counted = ~is_special[self._column_owners]
        for bits in list_sets(self._outcomes):
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


def _fill_supersets(bounds: ComponentBounds) -> None:
    """Set the bounds of sets of which a component has only some outcomes."""
    numbers = np.arange(len(bounds.outcomes))[:, None]
    own = bounds.outcomes[:, None] & np.arange(SET_COUNT)
    bounds.lows[:] = bounds.lows[numbers, own]
    bounds.highs[:] = bounds.highs[numbers, own]
    bounds.is_exact[:] = bounds.is_exact[numbers, own]
    is_empty = own == 0
    bounds.lows[is_empty], bounds.highs[is_empty], bounds.is_exact[is_empty] = 0, 0, True


@cache
def list_sets(outcomes: int) -> list[int]:
    """Return the sets of outcomes within this one, as bits, from the smallest; do not change it."""
    subsets = (bits for bits in range(1, SET_COUNT) if bits & ~outcomes == 0)
    return sorted(subsets, key=lambda bits: (bits.bit_count(), bits))
