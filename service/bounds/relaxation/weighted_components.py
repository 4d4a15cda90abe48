"""The most that people of one component can weigh, if weights depend on where and what they are."""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar

import numpy as np

from service.bounds.account_worlds import Account, build_account_rows
from service.bounds.boxes import Box
from service.bounds.computation import run_steps
from service.bounds.crowds import Crowds
from service.bounds.linear_program import LinearProgram, build_linear_program
from service.bounds.partition import NOWHERE, TooManyCellsError
from service.bounds.presolve import ConstraintBounds
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable, join_ranges
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.shapes import (
    DIVISION_AXIS,
    ShapeFinder,
    Window,
    flag_in_window,
)
from service.bounds.relaxation.special_components import SpecialComponent, name_nowhere
from service.bounds.solver import Deadline, Model, UnsolvedError
from service.bounds.sparse_matrix import SparseMatrix, vstack
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.columns.record_columns import NONE
from service.domain.vocabulary import ALL_OUTCOMES

SOLVER_SECONDS: Final = 5.0

TOLERANCE: Final = 1e-4

COUNTED_COST: Final = 1_000
"""Of worlds that weigh the most, one with few people is taken: so many people cost as a weight."""

MAX_PROGRAMS: Final = 500
"""The programs of so many components, each cut by some windows, are kept."""

MAX_RESULTS: Final = 4_000
"""What so many of them weigh at most is kept."""

WindowWeights = tuple[tuple[Window, tuple[int, ...]], ...]
"""Windows, and what a person of each outcome weighs in them beside all else."""


Key = TypeVar("Key")
Value = TypeVar("Value")


class WeighedComponent(NamedTuple):
    """The most that the people of a component weigh, its proof, and a world that reaches it.

    ``multipliers``, int[n_constraints], are of the high of a constraint if positive, of its low if
    negative; there are none if ends can be missed. ``crowds`` is None if no world in whole people
    is known.
    """

    weight: int
    multipliers: IntArray
    crowds: Crowds | None


class SpelledComponent(NamedTuple):
    """The program of a component with a column for each outcome of people.

    ``crowds`` have one person at each point, whom one of the ``columns`` counts. ``lower`` and
    ``upper`` are the limits of the rows.
    """

    matrix: SparseMatrix
    lower: FloatArray
    upper: FloatArray
    columns: IntArray
    crowds: Crowds

    def find_crowds(self, people: IntArray) -> Crowds:
        """Return the people at points, if there are so many in its columns."""
        counted = people[self.columns]
        return self.crowds._replace(people=counted).select(np.flatnonzero(counted))

    def is_met_by(self, people: IntArray) -> bool:
        """Whether so many people in its columns meet all of its rows."""
        sums = self.matrix.matvec(people)
        return bool(((sums >= self.lower) & (sums <= self.upper)).all())


class _Program(NamedTuple):
    """The linear program of a component, and where the people of its columns can be.

    ``can_miss`` says whether the ends of constraints can be missed.
    ``points``, int[n_columns, n_outcomes, 2], have a place and a day for each outcome, and
    ``has_people``, bool[n_columns, n_outcomes], says if there are such people.
    """

    matrix: SparseMatrix
    lower: FloatArray
    upper: FloatArray
    points: IntArray
    has_people: BoolArray
    can_miss: bool


class ComponentWeigher:
    """Weighs components whose places have intervals, and remembers what it found.

    Threads may share it.
    """

    def __init__(
        self,
        table: ConstraintTable,
        components: NarrowComponents,
        special: Mapping[int, SpecialComponent],
    ) -> None:
        """``special`` are contradictory components, with the ends that are left."""
        self._table, self._components, self._special = table, components, special
        self._finder = ShapeFinder(table)
        self._programs: dict[tuple[int, tuple[Window, ...], Account], _Program] = {}
        self._results: dict[
            tuple[int, tuple[int, ...], WindowWeights, Account], tuple[WeighedComponent | None]
        ] = {}

    def find_most(
        self,
        component: int,
        everywhere: tuple[int, ...],
        windows: WindowWeights,
        account: Account = "remaining",
    ) -> WeighedComponent | None:
        """Return the most that people can weigh; None if nothing limits it, or nothing was proved.

        ``everywhere`` is what a person of each outcome weighs wherever in the component. The
        account is of its contradictions.
        """
        key = component, everywhere, windows, account
        found = self._results.get(key)
        if found is None:
            found = (self._find_most(component, everywhere, windows, account),)
            _keep(self._results, key, found, MAX_RESULTS)
        return found[0]

    def list_ends(self, component: int) -> tuple[IntArray, IntArray]:
        """Return the constraints of a component whose low or high a multiplier is of.

        A figure of a contradictory component has the number of its row, beginning after those of
        all constraints: another figure of the same scope may have its end set aside. ``NONE`` is a
        low of 0.
        """
        special = self._special.get(component)
        if special is None:
            constraints = self._components.members_of(component)
            return constraints, constraints
        rows = np.where(special.rows == NONE, NONE, len(self._table) + special.rows)
        lows, highs = rows.T
        return lows, highs

    def find_extent(self, component: int) -> Window:
        """Return places and days that have all people of a component."""
        table, members = self._table, self._components.members_of(component)
        starts, stops = table.place_intervals.hulls[table.places[members]].T
        days = int(table.first[members].min()), int(table.last[members].max())
        return Window(((int(starts.min()), int(stops.max())),), *days)

    def spell_out(
        self, component: int, windows: tuple[Window, ...], account: Account = "remaining"
    ) -> SpelledComponent:
        """Return the program of a component; raises UnsolvedError if it has too many cells."""
        return _spell_out(self._get_program(component, windows, account))

    def _find_most(
        self,
        component: int,
        everywhere: tuple[int, ...],
        windows: WindowWeights,
        account: Account,
    ) -> WeighedComponent | None:
        try:
            program = self._get_program(component, tuple(window for window, _ in windows), account)
            weights = np.broadcast_to(np.array(everywhere), program.has_people.shape).copy()
            place, day = program.points[:, :, 0], program.points[:, :, 1]
            for window, own in windows:
                weights += np.where(flag_in_window(window, place, day), np.array(own), 0)
            return _solve(program, weights)
        except UnsolvedError:
            return None

    def _get_program(
        self, component: int, windows: tuple[Window, ...], account: Account
    ) -> _Program:
        """Return the program of a component; raises UnsolvedError if it has too many cells."""
        key = component, windows, account
        program = self._programs.get(key)
        if program is None:
            try:
                program = self._build_program(component, windows, account)
            except TooManyCellsError:
                raise UnsolvedError("a component has too many cells") from None
            _keep(self._programs, key, program, MAX_PROGRAMS)
        return program

    def _build_program(
        self, component: int, windows: tuple[Window, ...], account: Account
    ) -> _Program:
        special = self._special.get(component)
        if special is not None:
            return self._build_special(special, windows, account)
        table = self._table
        constraints = self._components.members_of(component)
        program = run_steps(self._finder.build_cut_program(constraints, windows))
        upper = table.upper[constraints]
        bounds = ConstraintBounds(
            table.lower[constraints].astype(float), np.where(upper < OPEN, upper, np.inf)
        )
        return _make_program(program, bounds, program.locate_people(DIVISION_AXIS))

    def _build_special(
        self, special: SpecialComponent, windows: tuple[Window, ...], account: Account
    ) -> _Program:
        """Return the program of constraints that may count people outside of their own scope."""
        axis = self._table.place_intervals.axis
        boxes = [
            Box(each.first, each.last, ALL_OUTCOMES, ((axis, each.places),)) for each in windows
        ]
        program = run_steps(build_linear_program(special.component.constraints, boxes))
        points = program.locate_people(axis)
        points[:, :, 0] = name_nowhere(points[:, :, 0])
        bounds = special.find_bounds(account)
        if account == "nearest":
            return _make_elastic_program(program, bounds, points, special.worlds[account].missed)
        return _make_program(program, bounds, points)


def _make_program(program: LinearProgram, bounds: ConstraintBounds, points: IntArray) -> _Program:
    coupling_count = program.coupling_matrix.shape[0]
    return _Program(
        vstack([program.constraint_matrix, program.coupling_matrix]),
        np.append(bounds.lower, np.full(coupling_count, -np.inf)),
        np.append(bounds.upper, np.zeros(coupling_count)),
        points,
        points[:, :, 1] != NOWHERE,
        can_miss=False,
    )


def _make_elastic_program(
    program: LinearProgram, bounds: ConstraintBounds, points: IntArray, missed: int
) -> _Program:
    """Return the program of people by whom the constraints are missed by no more than so many."""
    rows = build_account_rows(program, bounds, "nearest").limit_violation(missed)
    no_points = np.full((len(rows.slack_rows), *points.shape[1:]), NOWHERE)
    all_points = np.concatenate([points, no_points])
    return _Program(
        rows.matrix,
        rows.lower,
        rows.upper,
        all_points,
        all_points[:, :, 1] != NOWHERE,
        can_miss=True,
    )


def _keep(cache: dict[Key, Value], key: Key, value: Value, limit: int) -> None:
    """Keep a value, and drop those that were kept first beyond the limit."""
    cache[key] = value
    for old in list(cache)[:-limit]:
        cache.pop(old, None)


def _spell_out(program: _Program) -> SpelledComponent:
    column, outcome = np.nonzero(program.has_people)
    silent = np.flatnonzero(~program.has_people.any(axis=1))
    originals = np.concatenate([column, silent])
    order = np.argsort(program.matrix.column, kind="stable")
    starts = np.searchsorted(program.matrix.column[order], originals)
    stops = np.searchsorted(program.matrix.column[order], originals, side="right")
    entries = order[join_ranges(starts, stops)]
    place, day = program.points[column, outcome].T
    matrix = SparseMatrix(
        (program.matrix.shape[0], len(originals)),
        program.matrix.row[entries],
        np.repeat(np.arange(len(originals)), stops - starts),
        program.matrix.value[entries],
    )
    crowds = Crowds(place, day, outcome, np.ones(len(column), dtype=np.int64))
    return SpelledComponent(matrix, program.lower, program.upper, np.arange(len(column)), crowds)


def _solve(program: _Program, weights: IntArray) -> WeighedComponent | None:
    """Return the most that people weigh; weights are int[n_columns, n_outcomes].

    Raises UnsolvedError.
    """
    matrix, lower, upper = program.matrix, program.lower, program.upper
    by_outcome = np.where(program.has_people, weights, np.iinfo(np.int64).min)
    is_counted = program.has_people.any(axis=1)
    most = np.where(is_counted, by_outcome.max(axis=1), 0)
    model = Model(matrix, lower, upper)
    duals = model.minimise(-most.astype(float), Deadline(SOLVER_SECONDS)).duals
    multipliers = -np.rint(duals).astype(np.int64)
    limits = np.where(multipliers > 0, upper, lower)
    limits[multipliers == 0] = 0
    is_proved = np.abs(multipliers + duals).max() <= TOLERANCE and np.isfinite(limits).all()
    if not is_proved or (matrix.rmatvec(multipliers) < most).any():
        return None
    weight = int(multipliers @ limits.astype(np.int64))
    costs = is_counted - float(COUNTED_COST) * most
    whole = np.rint(model.minimise(costs, Deadline(SOLVER_SECONDS)).primal).astype(np.int64)
    sums = matrix.matvec(whole)
    is_world = bool((sums >= lower).all() and (sums <= upper).all())
    is_world &= int(most @ whole) == weight
    columns = np.flatnonzero((whole > 0) & is_counted)
    outcome = by_outcome[columns].argmax(axis=1)
    place, day = program.points[columns, outcome].T
    crowds = Crowds(place, day, outcome, whole[columns]) if is_world else None
    return WeighedComponent(weight, multipliers[:0] if program.can_miss else multipliers, crowds)
