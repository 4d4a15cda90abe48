"""The definition of a total spelled out, cell by cell, for the tests to hold the service against.

No cell is merged, no figure dropped, every combination of events is a cell of its own and every end
is tried one by one: slow, and as close to the words of the contract as code can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, floor, inf
from typing import Any

import highspy
import numpy as np

from service.domain.figure import Figure, Scope
from service.domain.periods import OPEN_END, OPEN_START
from service.domain.trees import Tree
from service.domain.vocabulary import OUTCOMES

Assignment = dict[str, str | None]
"""The event that a person is in, for each scheme; None for none."""


@dataclass
class Answer:
    """What the definition gives for one question."""

    reported: bool
    low: int | None = None
    high: int | None = None
    exact: bool = True
    disputed: bool = False
    nearest: tuple[int, int | None] | None = None
    floors: frozenset[str] = frozenset()
    ceilings: frozenset[str] = frozenset()


class World:
    """Every cell that some counted figure reaches."""

    def __init__(self, figures: Sequence[Figure], places: Tree, groups: Tree, query: Scope) -> None:
        self.figures, self.places, self.groups = figures, places, groups
        self.known = {figure.id: figure for figure in figures}
        self.reclassified = {f.id: f for f in figures if f.reclassifies}
        self.schemes = self._schemes()
        self.edges = {query.period.start, min(query.period.stop + 1, OPEN_END)}
        self.days, self.group_nodes, self.assignments = self._axes()
        scopes = [self._covered(figure) for figure in figures]
        self.used = np.any(scopes, axis=0)
        self.scopes = [scope[self.used] for scope in scopes]

    def _schemes(self) -> dict[str, list[str]]:
        schemes: dict[str, list[str]] = {}
        for figure in self.figures:
            if figure.reclassifies:
                schemes.setdefault("re " + figure.reclassifies, []).append(figure.id)
            elif figure.scope.incident:
                scheme, _, event = figure.scope.incident.partition(":")
                ids = schemes.setdefault(scheme, [])
                if event not in ids:
                    ids.append(event)
        return schemes

    def events(self, figure: Figure) -> dict[str, str]:
        """The events that the figure's people are in, by scheme."""
        if figure.reclassifies:
            around = self.events(self.known[figure.reclassifies])
            return {**around, "re " + figure.reclassifies: figure.id}
        if figure.scope.incident:
            scheme, _, event = figure.scope.incident.partition(":")
            return {scheme: event}
        return {}

    def _axes(self) -> tuple[list[int], list[int], list[Assignment]]:
        """The days, group nodes and combinations of events that cells are made of."""
        edges = {
            edge for f in self.figures for edge in (f.scope.period.start, f.scope.period.stop + 1)
        }
        days = sorted(
            {OPEN_START, OPEN_END, *self.edges} | {edge for edge in edges if edge <= OPEN_END}
        )
        choices = [[None, *ids] for ids in self.schemes.values()]
        combined = (dict(zip(self.schemes, chosen, strict=True)) for chosen in product(*choices))
        return days, list(range(len(self.groups))), [a for a in combined if self._nested(a)]

    def _nested(self, assignment: Assignment) -> bool:
        """A person in a reclassifying event is in the events of the earlier figure too."""
        for scheme, event in assignment.items():
            if scheme.startswith("re ") and event is not None:
                around = self.events(self.known[event])
                if any(assignment[s] != e for s, e in around.items()):
                    return False
        return True

    def _in(self, scope: Scope, assignments: Any) -> Any:
        """Which cells lie in the scope and in one of the combinations of events."""
        places = (
            self.places.intervals(scope.places) if scope.places else self.places.all_intervals()
        )
        groups = self.groups.intervals(scope.groups)
        axes = (
            [any(a <= place < b for a, b in places) for place in range(len(self.places))],
            [scope.period.start <= day <= scope.period.stop for day in self.days],
            [outcome in scope.outcomes for outcome in OUTCOMES],
            [any(a <= group < b for a, b in groups) for group in self.group_nodes],
            assignments,
        )
        cells = np.array(True)
        for axis in axes:
            cells = np.multiply.outer(cells, np.array(axis, bool))
        return cells.ravel()

    def _covered(self, figure: Figure) -> Any:
        mine = self.events(figure)
        within = [all(a[s] == e for s, e in mine.items()) for a in self.assignments]
        covered = self._in(figure.scope, within)
        for later in self.reclassified.values():
            if self._descends(later, figure):
                scheme = "re " + str(later.reclassifies)
                inside = [a[scheme] == later.id for a in self.assignments]
                turned = replace(figure.scope, outcomes=later.scope.outcomes)
                wider, own = self._in(turned, inside), self._in(later.scope, inside)
                covered |= own if (own & ~wider).any() else wider
        return covered

    def _descends(self, later: Figure, earlier: Figure) -> bool:
        while later.reclassifies:
            if later.reclassifies == earlier.id:
                return True
            later = self.known[later.reclassifies]
        return False

    def asked(self, query: Scope) -> Any:
        return self._in(query, [True] * len(self.assignments))[self.used]


class Infeasible(Exception):
    pass


def solve(costs: Any, rows: Any, lower: Any, upper: Any, whole: bool = False) -> float:
    """The least cost; minus infinity where it is unbounded."""
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("mip_rel_gap", 0.0)
    columns = len(costs)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, len(rows)
    lp.col_cost_ = np.array(costs, float)
    lp.col_lower_ = np.zeros(columns)
    lp.col_upper_ = np.full(columns, highspy.kHighsInf)
    lp.row_lower_, lp.row_upper_ = np.array(lower, float), np.array(upper, float)
    matrix = np.array(rows, float).reshape(len(rows), columns)
    row, column = np.nonzero(matrix)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(rows)))])
    lp.a_matrix_.index_, lp.a_matrix_.value_ = column, matrix[row, column]
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * columns
    model.passModel(lp)
    model.run()
    status = model.getModelStatus()
    if status in (
        highspy.HighsModelStatus.kUnbounded,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return -inf
    if status != highspy.HighsModelStatus.kOptimal:
        raise Infeasible
    return float(model.getInfo().objective_function_value)


def answer(figures: Sequence[Figure], places: Tree, groups: Tree, query: Scope) -> Answer:
    """What sections 2 and 4 of the contract say, to the letter."""
    world = World(figures, places, groups, query)
    asked = world.asked(query)
    meeting = [bool((scope & asked).any()) for scope in world.scopes]
    if not any(meeting):
        return Answer(False)
    distinct = {scope.tobytes(): scope for scope in world.scopes}
    rows = list(distinct.values())
    mine = {
        key: [f for f, s in zip(figures, world.scopes, strict=True) if s.tobytes() == key]
        for key in distinct
    }
    floors = np.array([max(f.quantity.low for f in mine[key]) for key in distinct], float)
    ceilings = np.array(
        [
            min([f.quantity.high for f in mine[key] if f.quantity.high is not None], default=inf)
            for key in distinct
        ],
        float,
    )
    short = _bent(world, figures, rows, floors, ceilings, "floors")
    over = _bent(world, figures, rows, floors, ceilings, "ceilings")
    left_floors, left_ceilings = [], []
    for key in distinct:
        left_floors.append(max([f.quantity.low for f in mine[key] if f.id not in short], default=0))
        highs = [f.quantity.high for f in mine[key] if f.id not in over]
        left_ceilings.append(min([h for h in highs if h is not None], default=inf))
    result = Answer(True, floors=frozenset(short), ceilings=frozenset(over))
    disputed = short | over
    result.disputed = any(
        f.id in disputed and meets for f, meets in zip(figures, meeting, strict=True)
    )
    wanted = asked.astype(float)
    try:
        low = round(solve(wanted, rows, left_floors, left_ceilings, whole=True))
        high = -solve(-wanted, rows, left_floors, left_ceilings, whole=True)
    except Infeasible:
        result.exact = False
        low = floor(solve(wanted, rows, left_floors, left_ceilings) + 1e-7)
        high = -solve(-wanted, rows, left_floors, left_ceilings)
    result.low = low
    covered = np.any(
        [r for r, c in zip(rows, left_ceilings, strict=True) if c < inf] or [wanted * 0], axis=0
    )
    result.high = None if (asked & ~covered.astype(bool)).any() else ceil(high - 1e-7)
    if result.disputed:
        result.nearest = _nearest(rows, floors, ceilings, wanted)
    return result


def _elastic(rows: Any, floors: Any, ceilings: Any, low: float, high: float) -> Any:
    """Rows, lower and upper with a shortfall and an excess column for each distinct scope."""
    count, cells = len(rows), len(rows[0])
    matrix, lower, upper = [], [], []
    for index in range(count):
        for sign, bound in ((1, floors[index]), (-1, ceilings[index])):
            if (sign > 0 and bound > 0) or (sign < 0 and bound < inf):
                line = np.zeros(cells + 2 * count)
                line[:cells] = rows[index]
                line[cells + index if sign > 0 else cells + count + index] = sign
                matrix.append(line)
                lower.append(bound if sign > 0 else -inf)
                upper.append(inf if sign > 0 else bound)
    for first, allowed in ((cells, low), (cells + count, high)):
        if not allowed:
            line = np.zeros(cells + 2 * count)
            line[first : first + count] = 1
            matrix.append(line)
            lower.append(0)
            upper.append(0)
    return matrix, lower, upper


def _bends(cells: int, count: int) -> Any:
    return np.concatenate([np.zeros(cells), np.ones(2 * count)])


def _bent(
    world: World, figures: Sequence[Figure], rows: Any, floors: Any, ceilings: Any, side: str
) -> set[str]:
    count, cells = len(rows), len(rows[0])
    matrix, lower, upper = _elastic(rows, floors, ceilings, side == "floors", side == "ceilings")
    bends = _bends(cells, count)
    least = round(solve(bends, matrix, lower, upper) * 360) / 360
    matrix.append(bends)
    lower.append(0)
    upper.append(least)
    found = set()
    for figure, scope in zip(figures, world.scopes, strict=True):
        people = np.concatenate([scope.astype(float), np.zeros(2 * count)])
        if side == "floors" and figure.quantity.low:
            if solve(people, matrix, lower, upper) < figure.quantity.low - 1e-6:
                found.add(figure.id)
        elif side == "ceilings" and figure.quantity.high is not None:
            free = solve(-people, matrix, lower, upper)
            # More than the ceiling must be forced by the floors, not just be allowed.
            if -free > figure.quantity.high + 1e-6:
                found.add(figure.id)
    return found


def _nearest(rows: Any, floors: Any, ceilings: Any, wanted: Any) -> tuple[int, int | None]:
    count, cells = len(rows), len(rows[0])
    matrix, lower, upper = _elastic(rows, floors, ceilings, 1, 1)
    bends = _bends(cells, count)
    least = round(solve(bends, matrix, lower, upper) * 360) / 360
    matrix.append(bends)
    lower.append(0)
    upper.append(least)
    people = np.concatenate([wanted, np.zeros(2 * count)])
    low = solve(people, matrix, lower, upper)
    high = -solve(-people, matrix, lower, upper)
    return floor(low + 1e-7), None if high == inf else ceil(high - 1e-7)
