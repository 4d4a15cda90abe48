"""The definition of a total in code, cell by cell, for the tests to compare the service with.

No cell is merged before its figures are known, no figure is dropped, every combination of facets,
divisions and incidents is a cell of its own, and every end is tried one by one. It is slow, and as
close to docs/meaning.md as code can be. It reads trees as plain mappings of nodes, and it shares no
code with the service's trees, boxes or programs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, floor, inf
from typing import Any

import highspy
import numpy as np

from service.domain.figure import Figure, Scope
from service.domain.periods import OPEN_END, OPEN_START
from service.domain.trees import TreeNode
from service.domain.vocabulary import OUTCOMES

TOLERANCE = 1e-6


@dataclass
class ExpectedRange:
    """The fewest and the most people; ``exact`` is False if no world has only whole people.

    ``high`` None is open.
    """

    low: int
    high: int | None
    exact: bool = True

    @property
    def ends(self) -> tuple[int, int | None]:
        return self.low, self.high


@dataclass
class ExpectedTotal:
    """What the definition gives for one query."""

    is_reported: bool
    low: int | None = None
    high: int | None = None
    exact: bool = True
    is_disputed: bool = False
    nearest: tuple[int, int | None] | None = None
    least_violation: float = 0.0
    """The least sum of shortfall and excess over all contradictions, of this query or not."""
    lows_set_aside: frozenset[str] = frozenset()
    highs_set_aside: frozenset[str] = frozenset()
    opening: frozenset[str] = frozenset()
    """The figures that have a cell inside the query that no remaining high counts."""
    accounts: tuple[ExpectedRange, ...] = ()


class Axis:
    """All the ways in which one person can be placed in some trees of one kind.

    ``kinds`` is one mapping a way: for each facet (or division) the innermost node that the person
    is in, None for none.
    """

    def __init__(
        self, nodes: Mapping[str, TreeNode], root: str | None, default: str | None
    ) -> None:
        self._nodes, self._root, self._default = nodes, root, default
        self.facets = {node: self._facet_of(node) for node in nodes if node != root}
        members: dict[str, list[str | None]] = {}
        for node, facet in self.facets.items():
            members.setdefault(facet, [None]).append(node)
        choices = product(*members.values())
        kinds = [dict(zip(members, choice, strict=True)) for choice in choices]
        self.kinds = [kind for kind in kinds if self._is_possible(kind)]

    def _facet_of(self, node: str) -> str:
        """The facet named, else the parent's; a top one has the default, or one of its own."""
        entry = self._nodes[node]
        if entry.facet is not None:
            return entry.facet
        if entry.parent is None or entry.parent == self._root:
            return self._default or "own " + node
        return self._facet_of(entry.parent)

    def is_in(self, kind: Mapping[str, str | None], node: str) -> bool:
        """Whether a person of this kind is in the node."""
        if node == self._root:
            return True
        at = kind[self.facets[node]]
        while at is not None and self.facets.get(at) == self.facets[node]:
            if at == node:
                return True
            at = self._nodes[at].parent
        return False

    def _is_possible(self, kind: Mapping[str, str | None]) -> bool:
        """A person in a node is in each node above it, whatever facet that has."""
        for at in kind.values():
            above = None if at is None else self._nodes[at].parent
            while above is not None:
                if not self.is_in(kind, above):
                    return False
                above = self._nodes[above].parent
        return True

    def flag_kinds(self, nodes: Iterable[str]) -> list[bool]:
        """Nodes of one facet are alternatives, those of different facets must all hold."""
        by_facet: dict[str, list[str]] = {}
        for node in nodes:
            if node != self._root:
                by_facet.setdefault(self.facets[node], []).append(node)
        return [
            all(any(self.is_in(kind, node) for node in named) for named in by_facet.values())
            for kind in self.kinds
        ]


class CellGrid:
    """Every cell that some counted figure reaches."""

    def __init__(
        self,
        figures: Sequence[Figure],
        places: Mapping[str, TreeNode],
        groups: Mapping[str, TreeNode],
        query: Scope,
    ) -> None:
        self.figures = figures
        self.figures_by_id = {figure.id: figure for figure in figures}
        self.reclassifying = [figure for figure in figures if figure.reclassifies]
        self.places = Axis(places, None, "administrative")
        self.groups = Axis(groups, "everyone", None)
        self.schemes = self._collect_schemes()
        self.days = self._list_days(query)
        choices = [[None, *event_ids] for event_ids in self.schemes.values()]
        self.assignments = [
            assignment
            for choice in product(*choices)
            if self._is_consistent(assignment := dict(zip(self.schemes, choice, strict=True)))
        ]
        self.query_cells = self._flag_cells(query, [True] * len(self.assignments))
        self.own_cells = [self._flag_figure_cells(figure) for figure in figures]
        self.low_cells = [self._flag_low_cells(index) for index in range(len(figures))]
        self._merge_cells()

    def _merge_cells(self) -> None:
        """Leave out cells that no figure reaches; make one of those that all rows treat alike."""
        table = np.array([*self.own_cells, *self.low_cells, self.query_cells])
        table = table[:, np.any(self.own_cells, axis=0)]
        if table.size:
            _, first_of_kind = np.unique(
                np.packbits(table, axis=0).T.copy().view([("", "u1")] * (-(-len(table) // 8))),
                return_index=True,
            )
            table = table[:, np.sort(first_of_kind)]
        count = len(self.figures)
        self.own_cells = list(table[:count])
        self.low_cells = list(table[count : 2 * count])
        self.query_cells = table[-1]

    def _collect_schemes(self) -> dict[str, list[str]]:
        schemes: dict[str, list[str]] = {}
        for figure in self.figures:
            for scheme, event in self._own_event(figure).items():
                event_ids = schemes.setdefault(scheme, [])
                if event not in event_ids:
                    event_ids.append(event)
        return schemes

    @staticmethod
    def _own_event(figure: Figure) -> dict[str, str]:
        if figure.reclassifies:
            # A scheme of its own for each, so that two may speak of the same people.
            return {f"re {figure.id}": figure.id}
        if figure.scope.incident:
            scheme, _, event = figure.scope.incident.partition(":")
            return {scheme: event}
        return {}

    def events_of(self, figure: Figure) -> dict[str, str]:
        """The events that the figure's people are in, by scheme."""
        if figure.reclassifies:
            return {
                **self.events_of(self.figures_by_id[figure.reclassifies]),
                **self._own_event(figure),
            }
        return self._own_event(figure)

    def _list_days(self, query: Scope) -> list[int]:
        edges = {OPEN_START, query.period.start, query.period.stop + 1}
        for figure in self.figures:
            edges |= {figure.scope.period.start, figure.scope.period.stop + 1}
        return sorted(edge for edge in edges if edge <= OPEN_END)

    def _is_consistent(self, assignment: Mapping[str, str | None]) -> bool:
        """A person in a reclassifying event is in the events of the earlier figure too."""
        return all(
            assignment[scheme] == event
            for figure in self.reclassifying
            if assignment[f"re {figure.id}"] is not None
            for scheme, event in self.events_of(
                self.figures_by_id[figure.reclassifies or ""]
            ).items()
        )

    def _flag_cells(self, scope: Scope, assignments: Sequence[bool]) -> Any:
        axes = (
            self.places.flag_kinds(scope.places),
            [scope.period.start <= day <= scope.period.stop for day in self.days],
            [outcome in scope.outcomes for outcome in OUTCOMES],
            self.groups.flag_kinds(scope.groups),
            assignments,
        )
        cells = np.array(True)
        for axis in axes:
            cells = np.multiply.outer(cells, np.array(axis, bool))
        return cells.ravel()

    def _in_events(self, events: Mapping[str, str]) -> list[bool]:
        return [all(each[s] == e for s, e in events.items()) for each in self.assignments]

    def _flag_figure_cells(self, figure: Figure) -> Any:
        """The figure's scope, widened by the later figures that reclassify its people."""
        cells = self._flag_cells(figure.scope, self._in_events(self.events_of(figure)))
        for later in self.reclassifying:
            if self._is_descendant(later, figure):
                widened = self._restrict(figure.scope, later.scope)
                cells = cells | self._flag_cells(widened, self._in_events(self.events_of(later)))
        return cells

    @staticmethod
    def _restrict(earlier: Scope, later: Scope) -> Scope:
        """The later scope lies within the earlier one's places, days and groups."""
        return replace(later, incident=earlier.incident)

    def _is_descendant(self, later: Figure, earlier: Figure) -> bool:
        while later.reclassifies:
            if later.reclassifies == earlier.id:
                return True
            later = self.figures_by_id[later.reclassifies]
        return False

    def _flag_low_cells(self, index: int) -> Any:
        """The cells over which the figure's low holds.

        Where other reporters put the same incident at places or days that do not meet this
        figure's, and their groups and outcomes do meet, these are added.
        """
        figure = self.figures[index]
        cells = self.own_cells[index].copy()
        if figure.scope.incident is None or figure.reclassifies:
            return cells
        events = self._in_events(self.events_of(figure))
        for other in self.figures:
            if (
                other.reporter != figure.reporter
                and other.scope.incident == figure.scope.incident
                and not other.reclassifies
                and self._is_elsewhere(figure.scope, other.scope)
            ):
                elsewhere = replace(
                    figure.scope, places=other.scope.places, period=other.scope.period
                )
                cells |= self._flag_cells(elsewhere, events)
        return cells

    def _is_elsewhere(self, one: Scope, other: Scope) -> bool:
        where = np.multiply.outer(*self._where(one)) & np.multiply.outer(*self._where(other))
        who = np.array(self.groups.flag_kinds(one.groups)) & self.groups.flag_kinds(other.groups)
        return not where.any() and bool(who.any()) and bool(one.outcomes & other.outcomes)

    def _where(self, scope: Scope) -> tuple[Any, Any]:
        days = [scope.period.start <= day <= scope.period.stop for day in self.days]
        return np.array(self.places.flag_kinds(scope.places)), np.array(days)


class InfeasibleError(Exception):
    pass


def solve(costs: Any, rows: Any, lower: Any, upper: Any, is_integer: bool = False) -> float:
    """The least cost; minus infinity where it is unbounded."""
    model = highspy.Highs()
    # HiGHS has one pool of threads in a process: another number than the service's is an error.
    model.setOptionValue("threads", 1)
    model.setOptionValue("output_flag", False)
    model.setOptionValue("mip_rel_gap", 0.0)
    # HiGHS 1.15 has wrong whole-number optima where presolve meets rows that are there twice.
    model.setOptionValue("presolve", "off")
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


@dataclass
class Ends:
    """The distinct scopes on one side, and the strictest end given for each."""

    scopes: list[Any]
    ends: list[float]

    @classmethod
    def collect(cls, pairs: Iterable[tuple[Any, float]], strictest: Any) -> "Ends":
        by_scope: dict[bytes, tuple[Any, float]] = {}
        for scope, end in pairs:
            key = scope.tobytes()
            known = by_scope.get(key)
            by_scope[key] = (scope, end if known is None else strictest(known[1], end))
        return cls([s for s, _ in by_scope.values()], [e for _, e in by_scope.values()])


class Definition:
    """The lows and the highs of some figures, and what they allow."""

    def __init__(self, grid: CellGrid) -> None:
        self.grid = grid
        self.lows_set_aside = self._find_set_aside("low")
        self.highs_set_aside = self._find_set_aside("high")

    def lows(self, left_out: Iterable[str] = ()) -> Ends:
        return Ends.collect(
            (
                (cells, figure.quantity.low)
                for figure, cells in zip(self.grid.figures, self.grid.low_cells, strict=True)
                if figure.id not in left_out
            ),
            max,
        )

    def highs(self, left_out: Iterable[str] = ()) -> Ends:
        return Ends.collect(
            (
                (cells, figure.quantity.high)
                for figure, cells in zip(self.grid.figures, self.grid.own_cells, strict=True)
                if figure.id not in left_out and figure.quantity.high is not None
            ),
            min,
        )

    def find_range(self, lows: Ends, highs: Ends) -> ExpectedRange:
        """The least and the most people of the query over the worlds that meet these ends."""
        rows = [*lows.scopes, *highs.scopes]
        lower = [*lows.ends, *[-inf] * len(highs.ends)]
        upper = [*[inf] * len(lows.ends), *highs.ends]
        people = self.grid.query_cells.astype(float)
        exact = True
        try:
            low = solve(people, rows, lower, upper, is_integer=True)
            high = -solve(-people, rows, lower, upper, is_integer=True)
        except InfeasibleError:
            exact = False
            low = solve(people, rows, lower, upper)
            high = -solve(-people, rows, lower, upper)
        is_capped = np.any([*highs.scopes, people * 0], axis=0).astype(bool)
        is_open = bool((self.grid.query_cells & ~is_capped).any())
        return ExpectedRange(
            floor(low + TOLERANCE), None if is_open else ceil(high - TOLERANCE), exact
        )

    def _elastic_rows(
        self, bends: Sequence[str]
    ) -> tuple[list[Any], list[float], list[float], Any]:
        """Rows with a column of shortfall or excess for each distinct end that may bend."""
        lows, highs = self.lows(), self.highs()
        cells = len(self.grid.query_cells)
        count = len(lows.ends) + len(highs.ends)
        rows, lower, upper = [], [], []
        signs = [*[1] * len(lows.ends), *[-1] * len(highs.ends)]
        for index, (scope, end, sign) in enumerate(
            zip([*lows.scopes, *highs.scopes], [*lows.ends, *highs.ends], signs, strict=True)
        ):
            row = np.zeros(cells + count)
            row[:cells] = scope
            row[cells + index] = sign if ("low" if sign > 0 else "high") in bends else 0
            rows.append(row)
            lower.append(end if sign > 0 else -inf)
            upper.append(inf if sign > 0 else end)
        costs = np.concatenate([np.zeros(cells), np.ones(count)])
        return rows, lower, upper, costs

    def _limit_violation(self, bends: Sequence[str]) -> tuple[Any, Any, Any, int, float]:
        """Rows of the worlds that bend these ends least, and how much that is."""
        rows, lower, upper, costs = self._elastic_rows(bends)
        least = round(solve(costs, rows, lower, upper) * 360) / 360
        rows.append(costs)
        lower.append(0)
        upper.append(least)
        return rows, lower, upper, len(costs) - len(self.grid.query_cells), least

    def _find_set_aside(self, end: str) -> frozenset[str]:
        rows, lower, upper, slacks, _ = self._limit_violation([end])
        set_aside = set()
        for index, figure in enumerate(self.grid.figures):
            cells = (self.grid.low_cells if end == "low" else self.grid.own_cells)[index]
            people = np.concatenate([cells.astype(float), np.zeros(slacks)])
            if end == "low" and figure.quantity.low:
                if solve(people, rows, lower, upper) < figure.quantity.low - TOLERANCE:
                    set_aside.add(figure.id)
            elif end == "high" and figure.quantity.high is not None:
                # An end that is exceeded in some world of least excess is set aside.
                if -solve(-people, rows, lower, upper) > figure.quantity.high + TOLERANCE:
                    set_aside.add(figure.id)
        return frozenset(set_aside)

    def find_nearest(self) -> tuple[tuple[int, int | None], float]:
        rows, lower, upper, slacks, least = self._limit_violation(["low", "high"])
        people = np.concatenate([self.grid.query_cells.astype(float), np.zeros(slacks)])
        low = solve(people, rows, lower, upper)
        high = -solve(-people, rows, lower, upper)
        ends = floor(low + TOLERANCE), None if high == inf else ceil(high - TOLERANCE)
        return ends, least


def compute_expected_total(
    figures: Sequence[Figure],
    places: Mapping[str, TreeNode],
    groups: Mapping[str, TreeNode],
    query: Scope,
) -> ExpectedTotal:
    """What sections 1, 2 and 4 of the contract say, to the letter."""
    grid = CellGrid(figures, places, groups, query)
    if not any((scope & grid.query_cells).any() for scope in grid.own_cells):
        return ExpectedTotal(False)
    definition = Definition(grid)
    lows_left = definition.lows(definition.lows_set_aside)
    highs_left = definition.highs(definition.highs_set_aside)
    is_capped = np.any([*highs_left.scopes, grid.query_cells & False], axis=0)
    opening = frozenset(
        figure.id
        for figure, cells in zip(figures, grid.own_cells, strict=True)
        if (cells & grid.query_cells & ~is_capped).any()
    )
    total = definition.find_range(lows_left, highs_left)
    expected = ExpectedTotal(
        True,
        total.low,
        total.high,
        total.exact,
        lows_set_aside=definition.lows_set_aside,
        highs_set_aside=definition.highs_set_aside,
        opening=opening,
    )
    if definition.lows_set_aside or definition.highs_set_aside:
        expected.accounts = (
            definition.find_range(lows_left, definition.highs()),
            definition.find_range(definition.lows(), highs_left),
        )
        expected.is_disputed = expected.accounts[0].ends != expected.accounts[1].ends
        if expected.is_disputed:
            expected.nearest, expected.least_violation = definition.find_nearest()
    return expected


def compute_expected_placed(
    figures: Sequence[Figure],
    places: Mapping[str, TreeNode],
    groups: Mapping[str, TreeNode],
    query: Scope,
) -> ExpectedTotal:
    """The total of the figures that are wholly inside the query's places, period and groups."""
    place_axis, group_axis = Axis(places, None, "administrative"), Axis(groups, "everyone", None)

    def is_within(axis: Axis, inner: Iterable[str], outer: Iterable[str]) -> bool:
        outside = ~np.array(axis.flag_kinds(outer))
        return not (np.array(axis.flag_kinds(inner)) & outside).any()

    inside = [
        figure
        for figure in figures
        if is_within(place_axis, figure.scope.places, query.places)
        and is_within(group_axis, figure.scope.groups, query.groups)
        and query.period.start <= figure.scope.period.start
        and figure.scope.period.stop <= query.period.stop
    ]
    return compute_expected_total(inside, places, groups, query)
