"""Components of the same shape, solved many at a time.

Components of one shape share one program, and many components are solved as one linear program with
a block for each. Each bound is proved by its dual values in whole numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from math import inf
from operator import or_
from typing import Final, NamedTuple

import numpy as np

from service.bounds.boxes import Box, Region
from service.bounds.computation import Steps
from service.bounds.crowds import Crowds, join_crowds
from service.bounds.linear_program import LinearProgram
from service.bounds.partition import NOWHERE, TooManyCellsError
from service.bounds.relaxation.component_bounds import (
    SET_COUNT,
    ComponentBounds,
    list_sets,
    make_term_keys,
)
from service.bounds.relaxation.component_worlds import ComponentEdges, make_world_keys
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.equal_components import (
    ComponentMembers,
    EqualComponents,
    EqualSearch,
)
from service.bounds.relaxation.shapes import (
    DIVISION_AXIS,
    Shape,
    ShapeFinder,
    Window,
    make_shape_box,
)
from service.bounds.relaxation.solved_components import (
    SolvedComponent,
    SolvedComponents,
    SolvedTerms,
    SolvedWorld,
)
from service.bounds.solver import Deadline, Model, UnsolvedError
from service.bounds.sparse_matrix import SparseMatrix, hstack, vstack
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.columns.column_terms import DENOMINATOR
from service.domain.total import End
from service.domain.vocabulary import OUTCOMES

MAX_BATCH_COLUMNS: Final = 1_500
"""About so many columns are in one linear program."""

MAX_MIXED_COLUMNS: Final = 1_000
"""A smaller program has components of any outcomes, a larger one those of the same outcomes.

Every set of outcomes takes two runs, in which those with other outcomes have nothing to solve.
"""

TOLERANCE: Final = 1e-6

COUNTED_COST: Final = 1_000
"""In a world that reaches a bound, so many people who are not counted cost as much as one who is.

Only few worlds have so many more of them, and these are not kept.
"""

_FIRST_OUTCOME: Final[IntArray] = np.array(
    [max((bits & -bits).bit_length() - 1, 0) for bits in range(SET_COUNT)], dtype=np.int64
)
"""The position of the first outcome of each set."""

AMPLE_TIME: Final = Deadline(inf)
"""A batch is so small that its runs have no time limit."""


class BlockSolver:
    """Sets the bounds of components with regular constraints whose places have intervals."""

    def __init__(
        self,
        table: ConstraintTable,
        bounds: ComponentBounds,
        solved: SolvedComponents,
        window: Window | None = None,
        *,
        keeps_worlds: bool = True,
    ) -> None:
        """``solved`` are those of earlier calls, to which the new ones are added.

        With a window, the bounds are of the people in it; None means everyone. ``keeps_worlds`` is
        whether the worlds that reach the bounds are wanted, too.
        """
        self._table, self._bounds, self._solved = table, bounds, solved
        self._window = window
        self._edges: dict[int, ComponentEdges] | None = {} if keeps_worlds else None

    def solve(self, members: ComponentMembers) -> Steps[None]:
        """Set the bounds of components; each step solves some of them.

        Equal components are solved once.
        """
        search = EqualSearch(self._table, self._window, self._edges)
        known = _KnownBounds(self._bounds, self._edges)
        unsolved: dict[Shape, list[EqualComponents]] = {}
        for equal in (yield from search.find(members)):
            solved = self._solved.get(equal.key)
            if solved is None or (solved.worlds is None and self._edges is not None):
                unsolved.setdefault(equal.key[0], []).append(equal)
            else:
                known.add(equal.components, equal.orders, solved)
        yield from self._solve_shapes(unsolved, known)
        yield
        known.set_all()

    def _solve_shapes(
        self, shapes: Mapping[Shape, Sequence[EqualComponents]], known: "_KnownBounds"
    ) -> Steps[None]:
        finder = ShapeFinder(self._table)
        batch = _Batch(self._edges)
        for shape in sorted(shapes, key=_join_outcomes):
            program = yield from _build_program(finder, shape)
            if program is None:
                for each in shapes[shape]:
                    self._bounds.is_special[each.components] = True
                continue
            outcomes = _join_outcomes(shape)
            for part in _split_members(program, shapes[shape]):
                instances = _Instances(program, self._table, part, shape)
                if not batch.has_room(instances, outcomes):
                    yield
                    self._solve_batch(batch, known)
                    batch = _Batch(self._edges)
                batch.add(instances, outcomes)
        yield
        self._solve_batch(batch, known)

    def _solve_batch(self, batch: "_Batch", known: "_KnownBounds") -> None:
        """Set the bounds of the first of equal components, and note those of the others."""
        for equal, solved in zip(batch.equal, batch.solve(self._bounds), strict=True):
            if solved is None:
                self._bounds.is_special[equal.components] = True
                continue
            self._solved.put(equal.key, solved)
            if len(equal.components) > 1:
                known.add(equal.components[1:], equal.orders[1:], solved)


class _KnownBounds:
    """Bounds that were solved before, set all at once."""

    def __init__(self, bounds: ComponentBounds, edges: Mapping[int, ComponentEdges] | None) -> None:
        self._bounds, self._edges = bounds, edges
        self._found: list[tuple[IntArray, SolvedComponent]] = []
        self._terms: dict[End, list[tuple[IntArray, IntArray, IntArray]]] = {"low": [], "high": []}

    def add(self, components: IntArray, orders: IntArray, solved: SolvedComponent) -> None:
        """Note the bounds of equal components, with their constraints in the shape's order."""
        self._found.append((components, solved))
        for each in solved.terms:
            count = len(each.positions)
            self._terms[each.kind].append(
                (
                    np.repeat(make_term_keys(components, each.bits), count),
                    orders[:, each.positions].ravel(),
                    np.tile(each.multipliers, len(components)),
                )
            )

    def set_all(self) -> None:
        """Set what was noted."""
        if not self._found:
            return
        bounds = self._bounds
        chosen = np.concatenate([components for components, _ in self._found])
        counts = np.array([len(components) for components, _ in self._found])
        numbers = np.repeat(np.arange(len(counts)), counts)
        bounds.is_special[chosen] = np.array([each.is_special for _, each in self._found])[numbers]
        bounds.lows.set_rows(chosen, np.array([each.lows for _, each in self._found])[numbers])
        bounds.highs.set_rows(chosen, np.array([each.highs for _, each in self._found])[numbers])
        is_exact = np.array([each.is_exact for _, each in self._found])
        bounds.is_exact.set_rows(chosen, is_exact[numbers])
        for terms, parts in (
            (bounds.low_terms, self._terms["low"]),
            (bounds.high_terms, self._terms["high"]),
        ):
            if parts:
                terms.add(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        if self._edges is not None:
            self._add_worlds(self._edges)

    def _add_worlds(self, edges: Mapping[int, ComponentEdges]) -> None:
        reached, keys, crowds = [], [], []
        for components, solved in self._found:
            for each in solved.worlds or ():
                own_keys = make_world_keys(components, each.bits, each.kind)
                reached.append(own_keys)
                keys.append(np.repeat(own_keys, len(each.crowds.people)))
                crowds.append(Crowds(*(np.tile(part, len(components)) for part in each.crowds)))
        nobody = np.zeros(0, dtype=np.int64)
        self._bounds.worlds.add(
            np.concatenate([nobody, *reached]),
            np.concatenate([nobody, *keys]),
            join_crowds(crowds),
            edges,
        )


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
    program: LinearProgram, members: Sequence[EqualComponents]
) -> Iterator[Sequence[EqualComponents]]:
    """Yield as many components as one linear program can hold."""
    count = max(1, MAX_BATCH_COLUMNS // max(1, program.constraint_matrix.shape[1]))
    for start in range(0, len(members), count):
        yield members[start : start + count]


class _Instances:
    """Components of one shape in a batch: the first of equal ones for all of them."""

    def __init__(
        self,
        program: LinearProgram,
        table: ConstraintTable,
        members: Sequence[EqualComponents],
        shape: Shape,
    ) -> None:
        self.program = program
        self.equal = members
        self.components = np.array([each.components[0] for each in members], dtype=np.int64)
        self.constraints: IntArray = np.array([each.orders[0] for each in members], dtype=np.int64)
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
        self.points = program.locate_people(DIVISION_AXIS)
        """A place and a day of each outcome in each column, as numbers of the shape."""
        bits = 1 << np.arange(len(OUTCOMES))
        self.people_outcomes: IntArray = (self.points[:, :, 1] != NOWHERE) @ bits
        """The outcomes of each column in the window and outside, as bits, int[n_columns]."""

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


class _Reached(NamedTuple):
    """Bounds on the people of each component in some columns, and who reaches them.

    ``people`` are 0 unless ``is_proved``. ``whole``, float[n_columns], are the people of each
    column in whole numbers, with whom the components in ``is_reached`` reach their bounds.
    ``duals`` are those of all rows, in sixtieths.
    """

    people: IntArray
    is_proved: BoolArray
    is_reached: BoolArray
    whole: FloatArray
    duals: IntArray


class _Batch:
    """Components that are solved as one linear program with a block for each."""

    def __init__(self, edges: Mapping[int, ComponentEdges] | None) -> None:
        """``edges`` are those of each component by its number; None if no world is wanted."""
        self._edges = edges
        self._instances: list[_Instances] = []
        self._worlds: list[tuple[End, int, BoolArray, IntArray, Crowds]] = []
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
        self._people_outcomes = np.concatenate(
            [np.tile(each.people_outcomes, len(each.components)) for each in instances]
        )
        self._points = np.concatenate(
            [np.tile(each.points, (len(each.components), 1, 1)) for each in instances]
        )

    @property
    def equal(self) -> list[EqualComponents]:
        """The components that each component of the batch is the first of."""
        return [each for instances in self._instances for each in instances.equal]

    def solve(self, bounds: ComponentBounds) -> Sequence[SolvedComponent | None]:
        """Set the bounds of each component of the batch, and return them; None if not solved."""
        if not self._instances:
            return []
        self._stack()
        try:
            self._solve_all(bounds)
        except UnsolvedError:  # Numerical trouble: each of them can be solved by itself.
            return [None] * len(self._components)
        return self._list_solved(bounds)

    def _solve_all(self, bounds: ComponentBounds) -> None:
        """Set the bounds of components that have a world; raises UnsolvedError."""
        is_special = self._flag_contradictory()
        bounds.is_special[self._components[is_special]] = True
        is_in_special = is_special[self._row_owners]
        self._lower[is_in_special], self._upper[is_in_special] = -np.inf, np.inf
        model = Model(self._matrix, self._lower, self._upper, is_sparsified=False)
        outcomes = bounds.outcomes[self._components]
        for bits in list_sets(self._outcomes):
            kept = ~is_special & (outcomes & bits == bits)
            chosen = self._components[kept]
            is_counted = kept[self._column_owners]
            is_certain = is_counted & (self._column_outcomes & ~bits == 0)
            is_certain &= self._column_outcomes != 0
            is_possible = is_counted & (self._column_outcomes & bits != 0)
            low = self._bound(model, is_certain, kept, "low")
            self._add_terms(bounds, "low", low.duals, low.is_proved, bits)
            self._add_worlds(model, bounds, "low", bits, is_certain, low)
            is_open = np.concatenate([each.flag_open(bits) for each in self._instances])
            is_possible &= ~is_open[self._column_owners]
            high = self._bound(model, is_possible, kept & ~is_open, "high")
            self._add_terms(bounds, "high", high.duals, high.is_proved, bits)
            self._add_worlds(model, bounds, "high", bits, is_possible, high)
            bounds.lows[chosen, bits] = low.people[kept]
            bounds.highs[chosen, bits] = np.where(high.is_proved, high.people, OPEN)[kept]
            is_exact = low.is_reached & (high.is_reached | is_open)
            bounds.is_exact[chosen, bits] = is_exact[kept]

    def _add_worlds(
        self,
        model: Model,
        bounds: ComponentBounds,
        kind: End,
        bits: int,
        is_counted: BoolArray,
        reached: "_Reached",
    ) -> None:
        """Add worlds that reach a bound, with few people who are not counted.

        ``is_counted``, bool[n_columns], flags the columns whose people are bounded.
        """
        if self._edges is None:
            return
        whole, is_reached = reached.whole, reached.is_reached
        is_other = (self._people_outcomes != 0) & ~is_counted & is_reached[self._column_owners]
        if is_other.any():
            sign = 1 if kind == "low" else -1
            costs = np.where(is_counted, sign * COUNTED_COST, is_other).astype(float)
            whole, is_whole = self._find_whole(model.minimise(costs, AMPLE_TIME).primal)
            people = np.bincount(self._column_owners, is_counted * whole, len(self._components))
            is_reached = is_reached & is_whole & (people == reached.people)
        is_crowd = (whole > 0) & (self._people_outcomes != 0) & is_reached[self._column_owners]
        columns = np.flatnonzero(is_crowd)
        outcomes = self._people_outcomes[columns]
        wanted = outcomes & (bits if kind == "high" else ~bits)
        outcome = _FIRST_OUTCOME[np.where(wanted, wanted, outcomes)]
        place, day = self._points[columns, outcome].T
        crowds = Crowds(place, day, outcome, whole[columns].astype(np.int64))
        owners = self._column_owners[columns]
        reached_keys = make_world_keys(self._components[is_reached], bits, kind)
        keys = make_world_keys(self._components[owners], bits, kind)
        bounds.worlds.add(reached_keys, keys, crowds, self._edges)
        self._worlds.append((kind, bits, is_reached, owners, crowds))

    def _list_worlds(self) -> list[list[SolvedWorld]]:
        """Return the worlds of each component."""
        worlds: list[list[SolvedWorld]] = [[] for _ in self._components]
        for kind, bits, is_reached, owners, crowds in self._worlds:
            reached = np.flatnonzero(is_reached)
            starts = np.searchsorted(owners, reached).tolist()
            stops = np.searchsorted(owners, reached, side="right").tolist()
            for owner, start, stop in zip(reached.tolist(), starts, stops, strict=True):
                own = Crowds(*(each[start:stop] for each in crowds))
                worlds[owner].append(SolvedWorld(kind, bits, own))
        return worlds

    def _list_solved(self, bounds: ComponentBounds) -> list[SolvedComponent]:
        """Return what was found out about each component, for equal ones and later states."""
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
        worlds = None if self._edges is None else self._list_worlds()
        return [
            SolvedComponent(
                bool(bounds.is_special[component]),
                bounds.lows.expand(component),
                bounds.highs.expand(component),
                bounds.is_exact.expand(component),
                tuple(terms[owner]),
                None if worlds is None else tuple(worlds[owner]),
            )
            for owner, component in enumerate(self._components.tolist())
        ]

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
            is_sparsified=False,
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
        self, model: Model, is_counted: BoolArray, is_wanted: BoolArray, kind: End
    ) -> _Reached:
        """Return the bounds of the wanted components on their people in the flagged columns."""
        sign = 1 if kind == "low" else -1
        costs = sign * is_counted.astype(np.int64)
        solution = model.minimise(costs.astype(float), AMPLE_TIME)
        whole, is_whole = self._find_whole(solution.primal)
        people = np.bincount(self._column_owners, is_counted * whole, len(self._components))
        scaled = np.rint(solution.duals * DENOMINATOR).astype(np.int64)
        proved, is_proved = self._prove(solution.duals, scaled, costs)
        is_proved &= is_wanted
        is_reached = is_whole & is_proved & (people == sign * proved)
        return _Reached(sign * proved, is_proved, is_reached, whole, sign * scaled)

    def _find_whole(self, primal: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return the columns in whole people, and which components are a world with them."""
        whole = np.rint(primal)
        is_whole = ~self._any_by_component(self._column_owners, np.abs(whole - primal) > 1e-4)
        sums = self._matrix.matvec(whole.astype(np.int64))
        is_met = (sums >= self._lower) & (sums <= self._upper)
        is_whole &= ~self._any_by_component(self._row_owners, ~is_met)
        return whole, is_whole

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
