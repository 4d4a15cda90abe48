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
class ExpectedTotal:
    """What the definition gives for one question."""

    is_reported: bool
    low: int | None = None
    high: int | None = None
    exact: bool = True
    is_disputed: bool = False
    nearest: tuple[int, int | None] | None = None
    lows_set_aside: frozenset[str] = frozenset()
    highs_set_aside: frozenset[str] = frozenset()


class CellGrid:
    """Every cell that some counted figure reaches."""

    def __init__(self, figures: Sequence[Figure], places: Tree, groups: Tree, query: Scope) -> None:
        self.figures, self.places, self.groups = figures, places, groups
        self.figures_by_id = {figure.id: figure for figure in figures}
        self.reclassifying = {f.id: f for f in figures if f.reclassifies}
        self.schemes = self._collect_schemes()
        self.day_edges = {query.period.start, min(query.period.stop + 1, OPEN_END)}
        self.days, self.group_nodes, self.assignments = self._build_axes()
        scopes = [self._flag_figure_cells(figure) for figure in figures]
        self.is_used = np.any(scopes, axis=0)
        self.figure_cells = [scope[self.is_used] for scope in scopes]

    def _collect_schemes(self) -> dict[str, list[str]]:
        schemes: dict[str, list[str]] = {}
        for figure in self.figures:
            if figure.reclassifies:
                schemes.setdefault("re " + figure.reclassifies, []).append(figure.id)
            elif figure.scope.incident:
                scheme, _, event = figure.scope.incident.partition(":")
                event_ids = schemes.setdefault(scheme, [])
                if event not in event_ids:
                    event_ids.append(event)
        return schemes

    def events_of(self, figure: Figure) -> dict[str, str]:
        """The events that the figure's people are in, by scheme."""
        if figure.reclassifies:
            enclosing = self.events_of(self.figures_by_id[figure.reclassifies])
            return {**enclosing, "re " + figure.reclassifies: figure.id}
        if figure.scope.incident:
            scheme, _, event = figure.scope.incident.partition(":")
            return {scheme: event}
        return {}

    def _build_axes(self) -> tuple[list[int], list[int], list[Assignment]]:
        """The days, group nodes and combinations of events that cells are made of."""
        edges = {
            edge for f in self.figures for edge in (f.scope.period.start, f.scope.period.stop + 1)
        }
        days = sorted(
            {OPEN_START, OPEN_END, *self.day_edges} | {edge for edge in edges if edge <= OPEN_END}
        )
        choices = [[None, *event_ids] for event_ids in self.schemes.values()]
        combinations = (
            dict(zip(self.schemes, choice, strict=True)) for choice in product(*choices)
        )
        return (
            days,
            list(range(len(self.groups))),
            [a for a in combinations if self._is_consistent(a)],
        )

    def _is_consistent(self, assignment: Assignment) -> bool:
        """A person in a reclassifying event is in the events of the earlier figure too."""
        for scheme, event in assignment.items():
            if scheme.startswith("re ") and event is not None:
                enclosing = self.events_of(self.figures_by_id[event])
                if any(assignment[s] != e for s, e in enclosing.items()):
                    return False
        return True

    def _flag_cells(self, scope: Scope, assignments: Any) -> Any:
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

    def _flag_figure_cells(self, figure: Figure) -> Any:
        own_events = self.events_of(figure)
        is_inside = [all(a[s] == e for s, e in own_events.items()) for a in self.assignments]
        cells = self._flag_cells(figure.scope, is_inside)
        for later in self.reclassifying.values():
            if self._is_descendant(later, figure):
                scheme = "re " + str(later.reclassifies)
                in_later = [a[scheme] == later.id for a in self.assignments]
                converted_scope = replace(figure.scope, outcomes=later.scope.outcomes)
                converted_cells = self._flag_cells(converted_scope, in_later)
                later_cells = self._flag_cells(later.scope, in_later)
                cells |= later_cells if (later_cells & ~converted_cells).any() else converted_cells
        return cells

    def _is_descendant(self, later: Figure, earlier: Figure) -> bool:
        while later.reclassifies:
            if later.reclassifies == earlier.id:
                return True
            later = self.figures_by_id[later.reclassifies]
        return False

    def flag_query_cells(self, query: Scope) -> Any:
        return self._flag_cells(query, [True] * len(self.assignments))[self.is_used]


class InfeasibleError(Exception):
    pass


def solve(costs: Any, rows: Any, lower: Any, upper: Any, is_integer: bool = False) -> float:
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
    if is_integer:
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
        raise InfeasibleError
    return float(model.getInfo().objective_function_value)


def compute_expected_total(
    figures: Sequence[Figure], places: Tree, groups: Tree, query: Scope
) -> ExpectedTotal:
    """What sections 2 and 4 of the contract say, to the letter."""
    grid = CellGrid(figures, places, groups, query)
    query_cells = grid.flag_query_cells(query)
    overlaps = [bool((scope & query_cells).any()) for scope in grid.figure_cells]
    if not any(overlaps):
        return ExpectedTotal(False)
    distinct = {scope.tobytes(): scope for scope in grid.figure_cells}
    constraints = list(distinct.values())
    figures_by_scope = {
        key: [f for f, s in zip(figures, grid.figure_cells, strict=True) if s.tobytes() == key]
        for key in distinct
    }
    lower = np.array(
        [max(f.quantity.low for f in figures_by_scope[key]) for key in distinct], float
    )
    upper = np.array(
        [
            min(
                [f.quantity.high for f in figures_by_scope[key] if f.quantity.high is not None],
                default=inf,
            )
            for key in distinct
        ],
        float,
    )
    lows_set_aside = _find_set_aside(grid, figures, constraints, lower, upper, "lower")
    highs_set_aside = _find_set_aside(grid, figures, constraints, lower, upper, "upper")
    remaining_lower, remaining_upper = [], []
    for key in distinct:
        remaining_lower.append(
            max(
                [f.quantity.low for f in figures_by_scope[key] if f.id not in lows_set_aside],
                default=0,
            )
        )
        highs = [f.quantity.high for f in figures_by_scope[key] if f.id not in highs_set_aside]
        remaining_upper.append(min([h for h in highs if h is not None], default=inf))
    expected = ExpectedTotal(
        True, lows_set_aside=frozenset(lows_set_aside), highs_set_aside=frozenset(highs_set_aside)
    )
    disputed_ids = lows_set_aside | highs_set_aside
    expected.is_disputed = any(
        f.id in disputed_ids and is_overlapping
        for f, is_overlapping in zip(figures, overlaps, strict=True)
    )
    objective = query_cells.astype(float)
    try:
        low = round(
            solve(objective, constraints, remaining_lower, remaining_upper, is_integer=True)
        )
        high = -solve(-objective, constraints, remaining_lower, remaining_upper, is_integer=True)
    except InfeasibleError:
        expected.exact = False
        low = floor(solve(objective, constraints, remaining_lower, remaining_upper) + 1e-7)
        high = -solve(-objective, constraints, remaining_lower, remaining_upper)
    expected.low = low
    capped_cells = np.any(
        [r for r, c in zip(constraints, remaining_upper, strict=True) if c < inf]
        or [objective * 0],
        axis=0,
    )
    expected.high = None if (query_cells & ~capped_cells.astype(bool)).any() else ceil(high - 1e-7)
    if expected.is_disputed:
        expected.nearest = _find_nearest(constraints, lower, upper, objective)
    return expected


def _build_elastic_rows(
    constraints: Any, lower_bounds: Any, upper_bounds: Any, may_fall_short: float, may_exceed: float
) -> Any:
    """Rows, lower and upper with a shortfall and an excess column for each distinct scope."""
    count, cells = len(constraints), len(constraints[0])
    matrix, lower, upper = [], [], []
    for index in range(count):
        for sign, bound in ((1, lower_bounds[index]), (-1, upper_bounds[index])):
            if (sign > 0 and bound > 0) or (sign < 0 and bound < inf):
                row = np.zeros(cells + 2 * count)
                row[:cells] = constraints[index]
                row[cells + index if sign > 0 else cells + count + index] = sign
                matrix.append(row)
                lower.append(bound if sign > 0 else -inf)
                upper.append(inf if sign > 0 else bound)
    for first, allowed in ((cells, may_fall_short), (cells + count, may_exceed)):
        if not allowed:
            row = np.zeros(cells + 2 * count)
            row[first : first + count] = 1
            matrix.append(row)
            lower.append(0)
            upper.append(0)
    return matrix, lower, upper


def _make_violation_costs(cells: int, count: int) -> Any:
    return np.concatenate([np.zeros(cells), np.ones(2 * count)])


def _find_set_aside(
    world: CellGrid,
    figures: Sequence[Figure],
    constraints: Any,
    lower_bounds: Any,
    upper_bounds: Any,
    side: str,
) -> set[str]:
    count, cells = len(constraints), len(constraints[0])
    matrix, lower, upper = _build_elastic_rows(
        constraints, lower_bounds, upper_bounds, side == "lower", side == "upper"
    )
    violation_costs = _make_violation_costs(cells, count)
    least_violation = round(solve(violation_costs, matrix, lower, upper) * 360) / 360
    matrix.append(violation_costs)
    lower.append(0)
    upper.append(least_violation)
    set_aside = set()
    for figure, scope in zip(figures, world.figure_cells, strict=True):
        people = np.concatenate([scope.astype(float), np.zeros(2 * count)])
        if side == "lower" and figure.quantity.low:
            if solve(people, matrix, lower, upper) < figure.quantity.low - 1e-6:
                set_aside.add(figure.id)
        elif side == "upper" and figure.quantity.high is not None:
            highest = solve(-people, matrix, lower, upper)
            # More than the ceiling must be forced by the floors, not just be allowed.
            if -highest > figure.quantity.high + 1e-6:
                set_aside.add(figure.id)
    return set_aside


def _find_nearest(
    constraints: Any, lower_bounds: Any, upper_bounds: Any, objective: Any
) -> tuple[int, int | None]:
    count, cells = len(constraints), len(constraints[0])
    matrix, lower, upper = _build_elastic_rows(constraints, lower_bounds, upper_bounds, 1, 1)
    violation_costs = _make_violation_costs(cells, count)
    least_violation = round(solve(violation_costs, matrix, lower, upper) * 360) / 360
    matrix.append(violation_costs)
    lower.append(0)
    upper.append(least_violation)
    people = np.concatenate([objective, np.zeros(2 * count)])
    low = solve(people, matrix, lower, upper)
    high = -solve(-people, matrix, lower, upper)
    return floor(low + 1e-7), None if high == inf else ceil(high - 1e-7)
