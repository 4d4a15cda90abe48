"""The connected components of constraints: those that can share people, directly or not.

They are found once for all queries, by a union-find over runs of days. Parts with the same axes and
outcomes are one row; only rows that overlap are compared, and each comparison is one sweep over
their days. A component may be larger than necessary, because incidents inside incidents are not
distinguished: that costs time and changes no total.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import itemgetter

import numpy as np

from service.bounds.arrays import BoolArray, IntArray
from service.bounds.computation import Steps
from service.bounds.constraints import Constraint
from service.bounds.disjoint_sets import DisjointSets
from service.bounds.overlaps import IntervalLists
from service.domain.trees import Conjunction, Interval


class Components:
    """The number of each constraint's component, and the constraints of each component."""

    def __init__(self, labels: IntArray) -> None:
        """``labels`` is int[n_constraints]."""
        self._labels = labels
        order = np.argsort(labels, kind="stable")
        self._members = np.split(order, np.cumsum(np.bincount(labels))[:-1])

    def component_of(self, constraint: int) -> int:
        """Return the number of the constraint's component."""
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


def find_components(constraints: Sequence[Constraint]) -> Steps[Components]:
    """Return the components; each step links one row with those that overlap it."""
    sets = DisjointSets(len(constraints))
    rows: dict[tuple[int, Conjunction], _Row] = {}
    for index, constraint in enumerate(constraints):
        yield
        for box, incident_path, _ in constraint.parts:
            key = box.outcome_bits, box.axes
            row = rows.get(key) or rows.setdefault(key, _Row(*key))
            if incident_path:
                row.incidents.append((box.first_day, box.last_day, index, incident_path[0]))
            else:
                row.everyone.append((box.first_day, box.last_day, index, None))
    for row in rows.values():
        row.everyone = _merge_runs(row.everyone, sets)
        row.incidents.sort()
    for row, overlapping in _find_overlapping_rows(list(rows.values())):
        yield
        _link_everyone(row, overlapping, sets)
        _link_incidents(row, overlapping, sets)
    roots = [sets.find(index) for index in range(len(constraints))]
    return Components(np.unique(roots, return_inverse=True)[1].astype(np.int64))


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
        distinct = IntervalLists(list(numbers))
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
    constraints, first_met, end_met = others[is_met, 2], first_met[is_met], end_met[is_met]
    for constraint, position in zip(constraints.tolist(), first_met.tolist(), strict=True):
        sets.unite(row.everyone[position][2], constraint)
    # A run that meets several of the row makes one set of each two neighbours among these.
    changes = np.zeros(len(own) + 1, dtype=np.int64)
    np.add.at(changes, first_met, 1)
    np.add.at(changes, end_met - 1, -1)
    for position in np.flatnonzero(np.cumsum(changes) > 0).tolist():
        sets.unite(row.everyone[position][2], row.everyone[position + 1][2])


def _link_incidents(row: _Row, overlapping: Sequence[_Row], sets: DisjointSets) -> None:
    """Unite each run about an incident of the row with those of the same days.

    Incidents of one scheme are different people, those of different schemes can be the same.
    """
    if not row.incidents:
        return
    runs = [
        (first, 0, last, constraint, incident)
        for first, last, constraint, incident in row.incidents
    ]
    runs += [
        (first, 1, last, constraint, incident)
        for other in overlapping
        for first, last, constraint, incident in (*other.everyone, *other.incidents)
    ]
    runs.sort(key=itemgetter(0, 1))
    open_runs: tuple[_OpenRuns, _OpenRuns] = (_OpenRuns(), _OpenRuns())
    for first, side, last, constraint, incident in runs:
        open_runs[1 - side].meet(first, constraint, incident, sets)
        open_runs[side].add(last, constraint, incident)


class _OpenRuns:
    """The runs of one side of a sweep over the days, by scheme; "" is the scheme of everyone."""

    def __init__(self) -> None:
        self._by_scheme: dict[str, _SchemeRuns] = {}

    def add(self, last: int, constraint: int, incident: Incident) -> None:
        """Note a run that lasts until a day."""
        scheme = incident[0] if incident else ""
        runs = self._by_scheme.get(scheme)
        if runs is None:
            runs = self._by_scheme[scheme] = _SchemeRuns()
        runs.fresh.append((last, constraint))
        if incident is not None:
            runs.by_incident.setdefault(incident, []).append((last, constraint))

    def meet(self, day: int, constraint: int, incident: Incident, sets: DisjointSets) -> None:
        """Unite the constraint of a run that begins on the day with all those that it can share."""
        for scheme, runs in self._by_scheme.items():
            if incident is None or scheme != incident[0]:
                runs.fresh = _unite_open(runs.fresh, day, constraint, sets)
            elif incident in runs.by_incident:
                runs.by_incident[incident] = _unite_open(
                    runs.by_incident[incident], day, constraint, sets
                )


class _SchemeRuns:
    """The runs of one scheme: last day and constraint of each.

    ``fresh`` has only the one that lasts longest of those that one run has met, because that makes
    them one set. ``by_incident`` does the same for each incident by itself.
    """

    def __init__(self) -> None:
        self.fresh: list[tuple[int, int]] = []
        self.by_incident: dict[Incident, list[tuple[int, int]]] = {}


def _unite_open(
    runs: list[tuple[int, int]], day: int, constraint: int, sets: DisjointSets
) -> list[tuple[int, int]]:
    """Unite the constraint with the runs that have not ended; return the one that lasts longest."""
    is_open = [run for run in runs if run[0] >= day]
    for _, other in is_open:
        sets.unite(other, constraint)
    return [max(is_open)] if len(is_open) > 1 else is_open
