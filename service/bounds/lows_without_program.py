"""A low for a component whose program was not built, because of its size or for lack of time."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf
from typing import Final

from service.bounds.boxes import Box, IncidentPath, Region
from service.bounds.constraints import Constraint, IncidentBox
from service.bounds.optimize import Bound
from service.bounds.overlaps import OverlapIndex
from service.domain.vocabulary import OUTCOMES

MAX_TRIED_CONSTRAINTS: Final = 200
"""So many constraints are looked at, those with the highest lows first."""

NO_NODE: Final = ((-1, 0),)
"""The intervals along an axis of a person who is in none of its nodes."""


def add_undisputed_lows(constraints: Sequence[Constraint], query_region: Region) -> Bound:
    """Return the sum of the undisputed lows of disjoint constraints inside the region.

    It is a lower bound, whatever contradictions the constraints hold, and rarely the best one.
    """
    inside = [
        (index, constraint)
        for index, constraint in enumerate(constraints)
        if constraint.lower
        and Region(tuple(part.box for part in constraint.parts)).is_within(query_region)
    ]
    inside.sort(key=lambda item: -item[1].lower)
    finder = _UndisputedLows(constraints)
    lows = [
        (finder.find_low(constraint), index, constraint)
        for index, constraint in inside[:MAX_TRIED_CONSTRAINTS]
    ]
    chosen: list[tuple[int, int, Constraint]] = []
    for low, index, constraint in sorted(lows, key=lambda item: -item[0]):
        if low and not any(_can_share(constraint, other) for *_, other in chosen):
            chosen.append((low, index, constraint))
    return Bound(
        Fraction(sum(low for low, *_ in chosen)),
        exact=False,
        certificate={(index, "low"): Fraction(1) for _, index, _ in chosen},
        is_known=False,
    )


class _UndisputedLows:
    """Finds the lows that no contradiction can set aside, by looking at single cells.

    Suppose that a constraint has fewer than L people in a world that meets all upper bounds, where
    L is one of its lows. If every upper bound that counts some cell of it is on a part of the
    constraint and is at least L, none of them is reached. So a person could be added there, and the
    world is not one of least shortfall: in every such world the constraint has at least L people.
    """

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self._caps = [(each, each.upper) for each in constraints if each.upper is not None]
        self._index = OverlapIndex([cap.parts for cap, _ in self._caps])
        self._axes = sorted(
            {axis for cap, _ in self._caps for part in cap.parts for axis, _ in part.box.axes}
        )

    def find_low(self, constraint: Constraint) -> int:
        """Return the highest of the constraint's lows that surely stands; 0 if none does."""
        room = max(
            (self._find_room(cell, constraint) for cell in self._list_cells(constraint)), default=0
        )
        lows = [figure.quantity.low for figure in constraint.lower_figures]
        return max((low for low in lows if low <= room), default=0)

    def _list_cells(self, constraint: Constraint) -> Iterator[IncidentBox]:
        """Yield some cells of the constraint that few others hold.

        They are of people in its outermost places and groups, in none below them and in none that
        it does not name, and in no further incident, on its first and its last day.
        """
        part = next(each for each in constraint.parts if each.role == "scope")
        nodes = {axis: ((start, start + 1),) for axis, ((start, _), *_) in part.box.axes}
        axes = tuple(sorted((dict.fromkeys(self._axes, NO_NODE) | nodes).items()))
        for bit in range(len(OUTCOMES)):
            if part.box.outcome_bits >> bit & 1:
                for day in {part.box.first_day, part.box.last_day}:
                    yield part._replace(box=Box(day, day, 1 << bit, axes))

    def _find_room(self, cell: IncidentBox, constraint: Constraint) -> float:
        """Return the least upper bound that counts the cell; 0 if one is on further people too."""
        room = inf
        for number in self._index.find_overlapping(Region((cell.box,))).tolist():
            cap, upper = self._caps[number]
            if any(_holds(part, cell) for part in cap.parts):
                if not _is_part(cap, constraint):
                    return 0
                room = min(room, upper)
        return room


def _holds(part: IncidentBox, cell: IncidentBox) -> bool:
    """Whether people of the cell, who are in no further incident, may be counted in the part."""
    path = part.incident_path
    return part.box.overlaps(cell.box) and cell.incident_path[: len(path)] == path


def _is_part(constraint: Constraint, whole: Constraint) -> bool:
    """Whether everybody counted in one constraint is counted in the other."""
    return all(
        any(part == other or part.is_strictly_within(other) for other in whole.parts)
        for part in constraint.parts
    )


def _can_share(constraint: Constraint, other: Constraint) -> bool:
    """Whether two constraints may count the same people."""
    return any(
        one.box.overlaps(two.box) and not _are_different(one.incident_path, two.incident_path)
        for one in constraint.parts
        for two in other.parts
    )


def _are_different(one: IncidentPath, other: IncidentPath) -> bool:
    """Whether the paths begin with different incidents of one scheme, which share nobody."""
    return bool(one and other) and one[0][0] == other[0][0] and one[0] != other[0]
