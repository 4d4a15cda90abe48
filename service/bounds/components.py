"""Connected components of constraints that can share people, found on demand."""

from collections.abc import Sequence

import numpy as np

from service.bounds.arrays import BoolArray, IntArray
from service.bounds.boxes import Box, IncidentPath
from service.bounds.constraints import Constraint, IncidentBox


class IncidentBoxArrays:
    """The parts of many constraints as arrays, so that one box is compared with all at once.

    ``constraint_of`` is ``int[n_parts]``: the constraint that each part belongs to.
    """

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        parts = [part for constraint in constraints for part in constraint.parts]
        self.constraint_of: IntArray = np.array(
            [index for index, constraint in enumerate(constraints) for _ in constraint.parts],
            dtype=np.int64,
        )
        self.first_day = np.array([part.box.first_day for part in parts], dtype=np.int64)
        self.last_day = np.array([part.box.last_day for part in parts], dtype=np.int64)
        self.outcome_bits = np.array([part.box.outcome_bits for part in parts], dtype=np.int64)
        self._place_intervals = _IntervalLists([part.box.places for part in parts])
        self._group_intervals = _IntervalLists([part.box.groups for part in parts])
        self._codes: dict[str, int] = {}
        depth = max((len(part.incident_path) for part in parts), default=0)
        self._incident_codes: IntArray = np.full((len(parts), depth, 2), -1, dtype=np.int64)
        for index, part in enumerate(parts):
            if part.incident_path:
                self._incident_codes[index, : len(part.incident_path)] = self._encode_path(
                    part.incident_path
                )

    def _encode_path(self, incident_path: IncidentPath) -> list[tuple[int, int]]:
        def encode(name: str) -> int:
            return self._codes.setdefault(name, len(self._codes))

        return [(encode(scheme), encode(incident)) for scheme, incident in incident_path]

    def flag_overlapping(self, box: Box) -> BoolArray:
        """Return which parts overlap the box, ``bool[n_parts]``; incidents are ignored."""
        flags: BoolArray = (
            (self.first_day <= box.last_day)
            & (self.last_day >= box.first_day)
            & ((self.outcome_bits & box.outcome_bits) != 0)
            & self._place_intervals.flag_overlapping(box.places)
            & self._group_intervals.flag_overlapping(box.groups)
        )
        return flags

    def flag_sharing_people(self, part: IncidentBox) -> BoolArray:
        """Return which parts can contain some of the same people as this one, ``bool[n_parts]``."""
        flags = self.flag_overlapping(part.box)
        same_path = np.ones(len(flags), dtype=bool)
        for level, (scheme, incident) in enumerate(self._encode_path(part.incident_path)):
            schemes, incidents = (
                self._incident_codes[:, level, 0],
                self._incident_codes[:, level, 1],
            )
            same_path &= schemes == scheme
            flags &= ~(same_path & (incidents != incident))
            same_path &= incidents == incident
        return flags


class _IntervalLists:
    """The interval lists of all parts, flattened into arrays."""

    def __init__(self, interval_lists: Sequence[tuple[tuple[int, int], ...]]) -> None:
        self._list_count = len(interval_lists)
        indexed_intervals = [
            (index, *interval)
            for index, intervals in enumerate(interval_lists)
            for interval in intervals
        ]
        table = np.array(indexed_intervals, dtype=np.int64).reshape(-1, 3)
        self._list_of, self._start, self._stop = table[:, 0], table[:, 1], table[:, 2]

    def flag_overlapping(self, intervals: tuple[tuple[int, int], ...]) -> BoolArray:
        """Return which lists overlap the given intervals, ``bool[n_lists]``."""
        is_hit = np.zeros(len(self._list_of), dtype=bool)
        for start, stop in intervals:
            is_hit |= (self._start < stop) & (self._stop > start)
        flags: BoolArray = np.zeros(self._list_count, dtype=bool)
        flags[self._list_of[is_hit]] = True
        return flags


class ConnectedComponents:
    """The connected components of the graph in which constraints that can share people are linked.

    A component is found when one of its constraints is first looked up.
    """

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self._constraints = constraints
        self._incident_boxes = IncidentBoxArrays(constraints)
        self._component_of = np.full(len(constraints), -1, dtype=np.int64)
        self._members: list[IntArray] = []

    def find_overlapping(self, box: Box) -> IntArray:
        """Return the indices of the constraints that overlap the box, ascending."""
        return np.unique(
            self._incident_boxes.constraint_of[self._incident_boxes.flag_overlapping(box)]
        )

    def component_of(self, constraint: int) -> int:
        """Return the number of the component that contains the constraint."""
        if self._component_of[constraint] < 0:
            self._grow_component(constraint)
        return int(self._component_of[constraint])

    def members_of(self, component: int) -> IntArray:
        """Return the indices of the component's constraints, ascending."""
        return self._members[component]

    def _grow_component(self, first_constraint: int) -> None:
        component = len(self._members)
        component_of = self._component_of
        component_of[first_constraint] = component
        pending = [first_constraint]
        unassigned = int((component_of < 0).sum())
        while pending and unassigned:
            for part in self._constraints[pending.pop()].parts:
                sharing = np.unique(
                    self._incident_boxes.constraint_of[
                        self._incident_boxes.flag_sharing_people(part)
                    ]
                )
                new_members = sharing[component_of[sharing] < 0]
                component_of[new_members] = component
                pending.extend(new_members.tolist())
                unassigned -= len(new_members)
        self._members.append(np.flatnonzero(component_of == component))
