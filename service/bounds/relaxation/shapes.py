"""Components of the same shape: the same program, with other numbers of people.

The shape of a component is what is left of it if places, days and incidents are numbered anew.
Hundreds of thousands of components have some ten thousand shapes, and each needs one program.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.bounds.boxes import PLACE_AXIS, Box, Region, is_place_axis, prefix_group_axes
from service.bounds.computation import Steps
from service.bounds.constraints import Constraint, IncidentBox
from service.bounds.linear_program import LinearProgram, build_linear_program
from service.bounds.relaxation.component_worlds import ComponentEdges
from service.bounds.relaxation.constraint_table import EVERYWHERE, ConstraintTable
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.trees import Conjunction, Interval, intersect_intervals
from service.domain.vocabulary import ALL_OUTCOMES

DIVISION_AXIS = f"{PLACE_AXIS}division"
"""The only axis of places in a program of a shape."""


class ShapeRow(NamedTuple):
    """One constraint of a shape; places, days, schemes and incidents are numbered within it.

    ``groups`` is a selection of groups, or ``NONE`` for the window of a query. The window has the
    groups of ``group_axes``.
    """

    places: tuple[Interval, ...]
    first: int
    stop: int
    outcomes: int
    groups: int
    scheme: int
    incident: int
    group_axes: Conjunction = ()

    @property
    def is_window(self) -> bool:
        """Whether the row is the window of a query, not a constraint."""
        return self.groups == NONE


Shape = tuple[ShapeRow, ...]


class FoundShape(NamedTuple):
    """The shape of some constraints, these in the order of its rows, and what its numbers mean."""

    shape: Shape
    order: list[int]
    edges: ComponentEdges


class Window(NamedTuple):
    """Places, days and groups of a query; ``places`` are along the main division.

    ``group_axes`` are the facets that the query names as they are in boxes, none for everyone.
    """

    places: tuple[Interval, ...]
    first: int
    last: int
    group_axes: Conjunction = ()

    def clip(self, places: Interval, first: int, stop: int) -> "Window":
        """Return the part of the window within a range of places and of days."""
        return Window(
            intersect_intervals(self.places, (places,)),
            max(self.first, first),
            min(self.last, stop - 1),
            self.group_axes,
        )


def flag_in_window(window: Window, place: IntArray, day: IntArray) -> BoolArray:
    """Return which points are in the window."""
    in_places = np.any([(place >= start) & (place < stop) for start, stop in window.places], axis=0)
    flags: BoolArray = in_places & (day >= window.first) & (day <= window.last)
    return flags


class ShapeFinder:
    """Finds the shape of sets of regular constraints whose places have intervals."""

    def __init__(self, table: ConstraintTable) -> None:
        self._intervals = table.place_intervals.intervals
        self._table = table

    def find_shape(self, constraints: IntArray, window: Window | None = None) -> FoundShape:
        """Return the shape of constraints.

        With a window, the last row of the shape is the part of the window that the constraints
        have.
        """
        table = self._table
        place_lists = [self._intervals[each] or () for each in table.places[constraints].tolist()]
        firsts, lasts = table.first[constraints].tolist(), table.last[constraints].tolist()
        found_edges, clipped = self._find_edges(place_lists, firsts, lasts, window)
        places, days = ({edge: number for number, edge in enumerate(each)} for each in found_edges)
        rows = sorted(
            (
                tuple([(places[start], places[stop]) for start, stop in intervals]),
                days[first],
                days[last + 1],
                *rest,
            )
            for intervals, first, last, *rest in zip(
                place_lists,
                firsts,
                lasts,
                table.outcomes[constraints].tolist(),
                table.groups[constraints].tolist(),
                table.scheme[constraints].tolist(),
                table.incident[constraints].tolist(),
                constraints.tolist(),
                strict=True,
            )
        )
        schemes: dict[int, int] = {NONE: NONE}
        incidents: dict[int, int] = {NONE: NONE}
        shape: Shape = tuple(
            ShapeRow(
                where,
                first,
                stop,
                outcomes,
                groups,
                schemes.setdefault(scheme, len(schemes) - 1),
                incidents.setdefault(incident, len(incidents) - 1),
            )
            for where, first, stop, outcomes, groups, scheme, incident, _ in rows
        )
        order = [row[-1] for row in rows]
        if clipped is None:
            return FoundShape(shape, order, found_edges)
        where = tuple((places[start], places[stop]) for start, stop in clipped.places)
        first, stop = days[clipped.first], days[clipped.last + 1]
        window_row = ShapeRow(
            where, first, stop, ALL_OUTCOMES, NONE, NONE, NONE, clipped.group_axes
        )
        return FoundShape((*shape, window_row), order, found_edges)

    def find_edges(self, constraints: IntArray, window: Window | None) -> ComponentEdges:
        """Return where the numbered places and days of the shape of constraints begin."""
        table = self._table
        place_lists = [self._intervals[each] or () for each in table.places[constraints].tolist()]
        firsts, lasts = table.first[constraints].tolist(), table.last[constraints].tolist()
        return self._find_edges(place_lists, firsts, lasts, window)[0]

    def _find_edges(
        self,
        place_lists: Sequence[tuple[Interval, ...]],
        firsts: Sequence[int],
        lasts: Sequence[int],
        window: Window | None,
    ) -> tuple[ComponentEdges, Window | None]:
        """Return where places and days begin, and the part of the window that they have."""
        edges = {edge for each in place_lists for interval in each for edge in interval}
        day_edges = {*firsts, *(last + 1 for last in lasts)}
        if window is not None:
            window = window.clip((min(edges), max(edges)), min(day_edges), max(day_edges))
            edges |= {edge for interval in window.places for edge in interval}
            day_edges |= {window.first, window.last + 1}
        return ComponentEdges(sorted(edges), sorted(day_edges)), window

    def build_program(self, shape: Shape) -> Steps[LinearProgram]:
        """Return the program of a shape, whose constraints have no figures."""
        rows = [row for row in shape if not row.is_window]
        windows = [make_shape_box(row, ALL_OUTCOMES) for row in shape if row.is_window]
        return build_linear_program([self._make_constraint(row) for row in rows], windows)

    def build_cut_program(
        self, constraints: IntArray, windows: Sequence[Window]
    ) -> Steps[LinearProgram]:
        """Return the program of constraints, without figures, cut at each of the windows.

        Its places and days are those of the table.
        """
        table = self._table
        rows = [
            ShapeRow(
                self._intervals[table.places[each]] or (),
                int(table.first[each]),
                int(table.last[each]) + 1,
                int(table.outcomes[each]),
                int(table.groups[each]),
                int(table.scheme[each]),
                int(table.incident[each]),
            )
            for each in constraints.tolist()
        ]
        boxes = [
            Box(each.first, each.last, ALL_OUTCOMES, ((DIVISION_AXIS, each.places),))
            for each in windows
        ]
        return build_linear_program([self._make_constraint(row) for row in rows], boxes)

    def _make_constraint(self, row: ShapeRow) -> Constraint:
        path = () if row.scheme == NONE else ((str(row.scheme), str(row.incident)),)
        where = ((DIVISION_AXIS, row.places),)
        alternatives = self._table.state.group_sets.selections[row.groups].alternatives
        parts = [
            IncidentBox(
                Box(row.first, row.stop - 1, row.outcomes, prefix_group_axes(each) + where), path
            )
            for each in alternatives
        ]
        return Constraint(tuple(parts), (), (), ())


def make_shape_box(row: ShapeRow, bits: int) -> Box:
    """Return the places and days of a row with these outcomes, and of a window its groups."""
    where = ((DIVISION_AXIS, row.places),)
    return Box(row.first, row.stop - 1, bits, row.group_axes + where)


def make_window(region: Region, axis: str) -> Window | None:
    """Return the region as a window; None if it names other divisions than the axis's."""
    box = region.boxes[0]
    if len(region.boxes) > 1 or any(is_place_axis(name) and name != axis for name, _ in box.axes):
        return None
    group_axes = tuple(each for each in box.axes if not is_place_axis(each[0]))
    places = box.intervals_along(axis) or (EVERYWHERE,)
    return Window(places, box.first_day, box.last_day, group_axes)
