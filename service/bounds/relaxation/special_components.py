"""Components that contradict themselves, with what is left of their figures."""

from typing import Final, NamedTuple

import numpy as np

from service.bounds.crowds import Crowds
from service.bounds.partition import NOWHERE
from service.bounds.relaxation.constraint_table import EVERYWHERE, OPEN, ConstraintTable
from service.bounds.relaxation.record_objects import RecordObjects
from service.bounds.solver import Deadline
from service.columns.arrays import IntArray

SOLVER_SECONDS: Final = 5.0


class SpecialComponent(NamedTuple):
    """The ends of a component that are not set aside, and people who miss the fewest others.

    ``lower`` and ``upper``, int[n_constraints], are those of its constraints in ascending order.
    A low is 0, and a high ``OPEN``, if a figure with that end is set aside.
    """

    lower: IntArray
    upper: IntArray
    crowds: Crowds
    is_known: bool
    """Whether the ends are known; else none is given."""
    is_contradictory: bool


def solve_special(
    table: ConstraintTable, objects: RecordObjects, members: IntArray
) -> SpecialComponent | None:
    """Return what is left of a component; None if no people are known who come close to it.

    Nothing is left of figures that count people outside of their own scope.
    """
    deadline = Deadline(SOLVER_SECONDS)
    component = objects.make_component(members)
    left = component.resolve_all(deadline)
    if left is None:
        return None
    crowds = component.find_nearest_world(table.place_intervals.axis, deadline)
    if crowds is None:
        return None
    lower = np.zeros(len(members), dtype=np.int64)
    upper = np.full(len(members), OPEN, dtype=np.int64)
    is_known = not table.is_irregular[members].any()
    if is_known:
        for constraint, low, high in zip(
            component.constraints, left.lower.tolist(), left.upper.tolist(), strict=True
        ):
            row = objects.row_of(constraint.figures[0])
            number = int(table.constraint_of_row[row])
            position = int(np.searchsorted(members, number))
            if low == table.lower[number]:
                lower[position] = int(low)
            if high == table.upper[number]:
                upper[position] = int(high)
    # People who are at no place of the division are still counted by figures about everywhere.
    place = np.where(crowds.place == NOWHERE, EVERYWHERE[1] - 1, crowds.place)
    return SpecialComponent(
        lower, upper, crowds._replace(place=place), is_known, component.has_contradiction
    )
