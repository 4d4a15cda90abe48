"""Components of the same shape: the same program, with other numbers of people.

The shape of a component is what is left of it if places, days and incidents are numbered anew.
Hundreds of thousands of components have some ten thousand shapes, and each needs one program.
"""

from typing import NamedTuple

from service.bounds.boxes import PLACE_AXIS, Box, prefix_group_axes
from service.bounds.computation import Steps
from service.bounds.constraints import Constraint, IncidentBox
from service.bounds.linear_program import LinearProgram, build_linear_program
from service.bounds.relaxation.constraint_table import ConstraintTable
from service.columns.arrays import IntArray
from service.columns.record_columns import NONE
from service.domain.trees import Interval

DIVISION_AXIS = f"{PLACE_AXIS}division"
"""The only axis of places in a program of a shape."""


class ShapeRow(NamedTuple):
    """One constraint of a shape; places, days, schemes and incidents are numbered within it."""

    places: tuple[Interval, ...]
    first: int
    stop: int
    outcomes: int
    groups: int
    scheme: int
    incident: int


Shape = tuple[ShapeRow, ...]


class ShapeFinder:
    """Finds the shape of sets of regular constraints whose places have intervals."""

    def __init__(self, table: ConstraintTable) -> None:
        self._intervals = table.place_intervals.intervals
        self._table = table

    def find_shape(self, constraints: IntArray) -> tuple[Shape, list[int]]:
        """Return the shape, and the constraints in the order of its rows."""
        table = self._table
        place_lists = [self._intervals[each] or () for each in table.places[constraints].tolist()]
        firsts, lasts = table.first[constraints].tolist(), table.last[constraints].tolist()
        places = _number({edge for each in place_lists for interval in each for edge in interval})
        days = _number({*firsts, *(last + 1 for last in lasts)})
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
        shape = tuple(
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
        return shape, [row[-1] for row in rows]

    def build_program(self, shape: Shape) -> Steps[LinearProgram]:
        """Return the program of a shape, whose constraints have no figures."""
        return build_linear_program([self._make_constraint(row) for row in shape])

    def _make_constraint(self, row: ShapeRow) -> Constraint:
        path = () if row.scheme == NONE else ((str(row.scheme), str(row.incident)),)
        where = ((DIVISION_AXIS, row.places),)
        groups = self._table.state.group_sets.selections[row.groups]
        parts = [
            IncidentBox(
                Box(row.first, row.stop - 1, row.outcomes, prefix_group_axes(each) + where), path
            )
            for each in groups.alternatives
        ]
        return Constraint(tuple(parts), (), (), ())


def _number(values: set[int]) -> dict[int, int]:
    return {value: number for number, value in enumerate(sorted(values))}
