"""Which rows are tied to each other by overlapping scopes, found only as far as is asked."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from heapq import merge
from operator import itemgetter
from threading import Lock

import numpy as np

from service.bounds.arrays import BoolArray, IntArray
from service.bounds.boxes import Box, Region
from service.bounds.constraints import Constraint
from service.bounds.disjoint_sets import DisjointSets
from service.bounds.solver import Deadline
from service.domain.trees import Conjunction, Interval


class IncidentBoxArrays:
    """The parts of many rows side by side in arrays, so that one can be held against all."""

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        parts = [part for constraint in constraints for part in constraint.parts]
        self.constraint_of: IntArray = np.array(
            [index for index, constraint in enumerate(constraints) for _ in constraint.parts],
            dtype=np.int64,
        )
        self.first_day = np.array([part.box.first_day for part in parts], dtype=np.int64)
        self.last_day = np.array([part.box.last_day for part in parts], dtype=np.int64)
        self.outcome_bits = np.array([part.box.outcome_bits for part in parts], dtype=np.int64)
        axes = {axis for part in parts for axis, _ in part.box.axes}
        self._intervals = {
            axis: _IntervalLists([part.box.intervals_along(axis) for part in parts])
            for axis in axes
        }

    def flag_overlapping(self, box: Box) -> BoolArray:
        """Return which parts have a cell in common with the extent, incidents aside."""
        flags: BoolArray = (
            (self.first_day <= box.last_day)
            & (self.last_day >= box.first_day)
            & ((self.outcome_bits & box.outcome_bits) != 0)
        )
        for axis, intervals in box.axes:
            if axis in self._intervals:
                flags &= self._intervals[axis].flag_overlapping(intervals)
        return flags


class _IntervalLists:
    """Lists of spans, one per part, flattened."""

    def __init__(self, interval_lists: Sequence[tuple[Interval, ...] | None]) -> None:
        """Take one list a part; None stands for no limit along the axis."""
        self._has_no_limit = np.array([intervals is None for intervals in interval_lists], bool)
        indexed_intervals = [
            (index, *interval)
            for index, intervals in enumerate(interval_lists)
            for interval in intervals or ()
        ]
        table = np.array(indexed_intervals, dtype=np.int64).reshape(-1, 3)
        self._list_of, self._start, self._stop = table[:, 0], table[:, 1], table[:, 2]

    def flag_overlapping(self, intervals: tuple[Interval, ...]) -> BoolArray:
        """Return which of the lists have a node in common with the spans."""
        is_hit = np.zeros(len(self._list_of), dtype=bool)
        for start, stop in intervals:
            is_hit |= (self._start < stop) & (self._stop > start)
        flags: BoolArray = self._has_no_limit.copy()
        flags[self._list_of[is_hit]] = True
        return flags


class ConnectedComponents:
    """The connected components of some constraints: those that can share people, directly or not.

    They are found once for all, by a union-find over runs of days. Parts with the same axes and
    outcomes are one row; only rows that overlap are compared, and each comparison is one sweep over
    their days. A component may be larger than necessary, because incidents inside incidents are not
    distinguished: that costs time and changes no total.
    """

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self._constraints = constraints
        self._incident_boxes = IncidentBoxArrays(constraints)
        self._search: _ComponentSearch | None = None
        self._labels = np.zeros(0, dtype=np.int64)
        self._has_labels = False
        self._members: list[IntArray] = []
        self._lock = Lock()

    def find_overlapping(self, region: Region) -> IntArray:
        """Return the indices of the constraints that may hold people of the region, ascending."""
        flags = np.zeros(len(self._incident_boxes.constraint_of), dtype=bool)
        for box in region.boxes:
            flags |= self._incident_boxes.flag_overlapping(box)
        return np.unique(self._incident_boxes.constraint_of[flags])

    def find_components(self, deadline: Deadline) -> bool:
        """Return whether all components are known; the next call continues where time ran out."""
        with self._lock:
            if self._search is None:
                self._search = _ComponentSearch(self._constraints)
            if not self._has_labels and self._search.run(deadline):
                self._labels = self._search.label_constraints()
                order = np.argsort(self._labels, kind="stable")
                ends = np.cumsum(np.bincount(self._labels))
                self._members = np.split(order, ends[:-1])
                self._has_labels = True
            return self._has_labels

    def component_of(self, constraint: int) -> int:
        """Return the number of the constraint's component, which must be known."""
        return int(self._labels[constraint])

    def members_of(self, component: int) -> IntArray:
        """Return the indices of the component's constraints, in ascending order."""
        return self._members[component]


Incident = tuple[str, str] | None
"""Scheme and id of an incident, None for everyone."""

Run = tuple[int, int, int, Incident]
"""First day, last day, a constraint, and the incident that it is about."""


class _Row:
    """All parts with the same axes and outcomes, as runs of days."""

    def __init__(self, outcome_bits: int, axes: Conjunction) -> None:
        self.outcome_bits, self.axes = outcome_bits, dict(axes)
        self.everyone: list[Run] = []
        self.incidents: list[Run] = []

    @cached_property
    def days(self) -> IntArray:
        """First day, last day and constraint of every run, int64[n_runs, 3]."""
        return np.array([run[:3] for run in (*self.everyone, *self.incidents)], dtype=np.int64)


class _ComponentSearch:
    """The search for all components, which can be interrupted after each row."""

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self._count = len(constraints)
        self._sets = DisjointSets(len(constraints))
        rows: dict[tuple[int, Conjunction], _Row] = {}
        for index, constraint in enumerate(constraints):
            for box, incident_path, _ in constraint.parts:
                key = box.outcome_bits, box.axes
                row = rows.get(key) or rows.setdefault(key, _Row(*key))
                if incident_path:
                    row.incidents.append((box.first_day, box.last_day, index, incident_path[0]))
                else:
                    row.everyone.append((box.first_day, box.last_day, index, None))
        for row in rows.values():
            row.everyone = _merge_runs(row.everyone, self._sets)
            row.incidents.sort()
        self._pending = _find_overlapping_rows(list(rows.values()))

    def run(self, deadline: Deadline) -> bool:
        """Link row after row; return whether this is finished, False if time ran out."""
        for row, overlapping in self._pending:
            _link_everyone(row, overlapping, self._sets)
            _link_incidents(row, overlapping, self._sets)
            if not deadline.seconds_left():
                return False
        return True

    def label_constraints(self) -> IntArray:
        """Return the number of its component for each constraint, int64[n_constraints]."""
        roots = [self._sets.find(index) for index in range(self._count)]
        return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def _find_overlapping_rows(rows: Sequence[_Row]) -> Iterator[tuple[_Row, list[_Row]]]:
    """Yield each row with all that overlap it in axes and outcomes and begin within it.

    Of two rows that overlap along an axis one begins within the other, so every two rows that
    overlap are yielded, in one order or both. The rows to compare with one are a slice of all,
    sorted by where they begin along the axis that most of them name.
    """
    axis_counts = Counter(axis for row in rows for axis in row.axes)
    main_axis, _ = axis_counts.most_common(1)[0]
    outcome_bits = np.array([row.outcome_bits for row in rows], dtype=np.int64)
    other_axes = {
        axis: _IntervalCodes([row.axes.get(axis) for row in rows])
        for axis in axis_counts
        if axis != main_axis
    }
    starts = sorted(
        (start, index) for index, row in enumerate(rows) for start, _ in row.axes.get(main_axis, ())
    )
    start_numbers = np.array([start for start, _ in starts], dtype=np.int64)
    row_of_start = np.array([index for _, index in starts], dtype=np.int64)
    for index, row in enumerate(rows):
        intervals = row.axes.get(main_axis)
        if intervals is None:
            candidates = np.arange(len(rows))
        else:
            positions = np.searchsorted(start_numbers, np.array(intervals))
            candidates = np.concatenate([row_of_start[first:stop] for first, stop in positions])
        flags = (outcome_bits[candidates] & outcome_bits[index]) != 0
        for codes in other_axes.values():
            flags &= codes.flag_overlapping(index, candidates)
        yield row, [rows[other] for other in np.unique(candidates[flags]).tolist()]


class _IntervalCodes:
    """The intervals of many rows along one axis, each distinct list of them compared once."""

    def __init__(self, interval_lists: Sequence[tuple[Interval, ...] | None]) -> None:
        numbers: dict[tuple[Interval, ...] | None, int] = {}
        self._codes = np.array(
            [numbers.setdefault(intervals, len(numbers)) for intervals in interval_lists]
        )
        distinct = _IntervalLists(list(numbers))
        self._overlaps = [
            np.ones(len(numbers), dtype=bool)
            if intervals is None
            else distinct.flag_overlapping(intervals)
            for intervals in numbers
        ]

    def flag_overlapping(self, index: int, candidates: IntArray) -> BoolArray:
        """Return which of the candidate rows overlap the row along this axis."""
        flags: BoolArray = self._overlaps[self._codes[index]][self._codes[candidates]]
        return flags


def _merge_runs(runs: list[Run], sets: DisjointSets) -> list[Run]:
    """Return runs that do not overlap, sorted, having united those that do."""
    merged: list[Run] = []
    for first, last, constraint, incident in sorted(runs):
        if merged and first <= merged[-1][1]:
            sets.unite(merged[-1][2], constraint)
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]), merged[-1][2], incident)
        else:
            merged.append((first, last, constraint, incident))
    return merged


def _link_everyone(row: _Row, overlapping: Sequence[_Row], sets: DisjointSets) -> None:
    """Unite each run about everyone in the row with the runs on the same days."""
    if not row.everyone:
        return
    own = np.array([run[:3] for run in row.everyone], dtype=np.int64)
    others = np.concatenate([other.days for other in overlapping])
    first_met = np.searchsorted(own[:, 1], others[:, 0])
    end_met = np.searchsorted(own[:, 0], others[:, 1], side="right")
    is_met = first_met < end_met
    met = zip(
        others[is_met, 2].tolist(),
        first_met[is_met].tolist(),
        end_met[is_met].tolist(),
        strict=True,
    )
    for constraint, first, end in met:
        for position in range(first, end):
            sets.unite(row.everyone[position][2], constraint)


def _link_incidents(row: _Row, overlapping: Sequence[_Row], sets: DisjointSets) -> None:
    """Unite each run about an incident of the row with those of the same days.

    Incidents of one scheme are different people, those of different schemes can be the same. Once a
    run has met several of one scheme, these are in one set, and the one that lasts longest stands
    for all of them.
    """
    if not row.incidents:
        return
    others = [run for other in overlapping for run in (*other.everyone, *other.incidents)]
    others.sort(key=itemgetter(0))
    open_runs: tuple[_OpenRuns, _OpenRuns] = (_OpenRuns(), _OpenRuns())
    for is_other, (first, last, constraint, incident) in merge(
        ((False, run) for run in row.incidents),
        ((True, run) for run in others),
        key=lambda item: item[1][0],
    ):
        open_runs[not is_other].meet(first, constraint, incident, sets)
        open_runs[is_other].add(last, constraint, incident)


class _OpenRuns:
    """The runs of one side of a sweep over the days that have not ended, by scheme."""

    def __init__(self) -> None:
        self._by_scheme: dict[str, list[tuple[int, int, Incident]]] = {}

    def add(self, last: int, constraint: int, incident: Incident) -> None:
        """Note a run that lasts until a day."""
        scheme = incident[0] if incident else ""
        self._by_scheme.setdefault(scheme, []).append((last, constraint, incident))

    def meet(self, day: int, constraint: int, incident: Incident, sets: DisjointSets) -> None:
        """Unite the constraint of a run that begins on the day with all those that it can share."""
        for scheme, runs in self._by_scheme.items():
            runs[:] = [run for run in runs if run[0] >= day]
            if incident is not None and scheme == incident[0]:
                for _, other, other_incident in runs:
                    if other_incident == incident:
                        sets.unite(other, constraint)
                continue
            for _, other, _ in runs:
                sets.unite(other, constraint)
            if len(runs) > 1 and not scheme:
                runs[:] = [max(runs)]
