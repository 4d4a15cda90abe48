"""The connected components of constraints: those that can share people, directly or not.

They are found once for all queries, by a union-find over runs of days. Parts with the same axes and
outcomes are one row, and only rows that overlap are compared. Most rows have few runs: these are
compared run by run, many rows at once. A row with many runs is compared in one sweep over the days.
A component may be larger than necessary, because incidents inside incidents are not distinguished:
that costs time and changes no total.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import Final

import numpy as np

from service.bounds.computation import Steps
from service.bounds.constraints import Constraint
from service.bounds.disjoint_sets import DisjointSets
from service.columns.arrays import BoolArray, IntArray
from service.columns.interval_lists import IntervalLists
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


MIN_ARRAY_RUNS: Final = 64
"""Below so many runs, a loop is faster than arrays."""


MAX_ROW_PAIRS: Final = 50_000
"""About so many pairs of rows are compared in one step."""

MAX_RUN_RATIO: Final = 16
"""A row with more pairs of runs than this times its pairs of rows is compared in a sweep."""


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
    """Return the components; each step reads a constraint or links some rows."""
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
    yield from _link_rows(list(rows.values()), sets)
    roots = [sets.find(index) for index in range(len(constraints))]
    return Components(np.unique(roots, return_inverse=True)[1].astype(np.int64))


def _link_rows(rows: Sequence[_Row], sets: DisjointSets) -> Steps[None]:
    """Unite the constraints of runs that can share people; each step compares some rows."""
    runs = _RunTable(rows)
    for row_of_pair, other_of_pair in _find_overlapping_rows(rows):
        yield
        run_pairs = runs.counts[row_of_pair] * runs.counts[other_of_pair]
        is_swept = np.bincount(row_of_pair, run_pairs) > MAX_RUN_RATIO * np.bincount(row_of_pair)
        is_compared = ~is_swept[row_of_pair]
        for one, other in runs.find_links(row_of_pair[is_compared], other_of_pair[is_compared]):
            sets.unite(one, other)
        for index in np.flatnonzero(is_swept).tolist():
            yield
            others = np.unique(other_of_pair[row_of_pair == index])
            overlapping = [rows[other] for other in others.tolist()]
            _link_everyone(rows[index], overlapping, sets)
            _link_incidents(rows[index], overlapping, sets)


class _RunTable:
    """The runs of all rows in arrays, row after row, to compare many pairs of rows at once."""

    def __init__(self, rows: Sequence[_Row]) -> None:
        runs = [run for row in rows for run in (*row.everyone, *row.incidents)]
        self.counts = np.array([len(row.everyone) + len(row.incidents) for row in rows], np.int64)
        """How many runs each row has, int64[n_rows]."""
        self._first_run = np.cumsum(self.counts) - self.counts
        self._first_day = np.array([run[0] for run in runs], dtype=np.int64)
        self._last_day = np.array([run[1] for run in runs], dtype=np.int64)
        self._constraint = np.array([run[2] for run in runs], dtype=np.int64)
        incidents: dict[Incident, int] = {}
        schemes: dict[str, int] = {}
        self._incident = np.array(
            [incidents.setdefault(run[3], len(incidents)) for run in runs], dtype=np.int64
        )
        self._scheme = np.array(
            [schemes.setdefault(run[3][0] if run[3] else "", len(schemes)) for run in runs],
            dtype=np.int64,
        )

    def find_links(self, rows: IntArray, others: IntArray) -> list[tuple[int, int]]:
        """Return the pairs of constraints whose runs can share people, for these pairs of rows.

        Incidents of one scheme are different people, those of different schemes can be the same.
        """
        pair, position = _enumerate_groups(self.counts[rows] * self.counts[others])
        row, other = rows[pair], others[pair]
        one = self._first_run[row] + position // self.counts[other]
        two = self._first_run[other] + position % self.counts[other]
        can_share = (
            (self._first_day[one] <= self._last_day[two])
            & (self._first_day[two] <= self._last_day[one])
            & (
                (self._incident[one] == self._incident[two])
                | (self._scheme[one] != self._scheme[two])
            )
        )
        constraints, linked = self._constraint[one[can_share]], self._constraint[two[can_share]]
        distinct = np.unique(constraints << 32 | linked)
        return [*zip((distinct >> 32).tolist(), (distinct & 0xFFFFFFFF).tolist(), strict=True)]


def _enumerate_groups(sizes: IntArray) -> tuple[IntArray, IntArray]:
    """Return the group and the position in it of each member of groups of these sizes."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _find_overlapping_rows(rows: Sequence[_Row]) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield pairs of rows that overlap in axes and outcomes, the second one beginning in the first.

    Of two rows that overlap along an axis one begins within the other, so every two rows that
    overlap are yielded, in one order or both. All pairs of one first row are yielded together. The
    rows to compare with one are a slice of all, sorted by where they begin along the axis that most
    of them name.
    """
    axis_counts = Counter(axis for row in rows for axis in row.axes)
    main_axis = max(axis_counts, key=lambda axis: (axis_counts[axis], axis), default="")
    outcome_bits = np.array([row.outcome_bits for row in rows], dtype=np.int64)
    other_axes = [
        _IntervalCodes([row.axes.get(axis) for row in rows])
        for axis in axis_counts
        if axis != main_axis
    ]
    starts = sorted(
        (start, index) for index, row in enumerate(rows) for start, _ in row.axes.get(main_axis, ())
    )
    start_numbers = np.array([start for start, _ in starts], dtype=np.int64)
    # After the rows by start come all rows again, the slice of a row without limit.
    row_of_start = np.array([*(index for _, index in starts), *range(len(rows))], dtype=np.int64)
    intervals = np.array(
        [
            (index, *interval)
            for index, row in enumerate(rows)
            for interval in row.axes.get(main_axis, ((-1, -1),))
        ],
        dtype=np.int64,
    ).reshape(-1, 3)
    row_of_slice = intervals[:, 0]
    has_limit = intervals[:, 1] >= 0
    first, stop = np.searchsorted(start_numbers, intervals[:, 1:].T)
    first = np.where(has_limit, first, len(starts))
    sizes = np.where(has_limit, stop, len(row_of_start)) - first
    for step in _split_slices(row_of_slice, sizes):
        slice_number, position = _enumerate_groups(sizes[step])
        row = row_of_slice[step][slice_number]
        other = row_of_start[first[step][slice_number] + position]
        flags = (outcome_bits[row] & outcome_bits[other]) != 0
        for codes in other_axes:
            flags &= codes.flag_overlapping(row, other)
        yield row[flags], other[flags]


def _split_slices(row_of_slice: IntArray, sizes: IntArray) -> Iterator[slice]:
    """Yield runs of slices of about ``MAX_ROW_PAIRS`` together; a row's slices stay together."""
    step_number = np.cumsum(sizes) // MAX_ROW_PAIRS
    is_new = np.ones(len(sizes), dtype=bool)
    is_new[1:] = (np.diff(step_number) > 0) & (np.diff(row_of_slice) > 0)
    edges = [*np.flatnonzero(is_new).tolist(), len(sizes)]
    for begin, end in pairwise(edges):
        yield slice(begin, end)


class _IntervalCodes:
    """The intervals of many rows along one axis, each distinct list of them compared once."""

    def __init__(self, interval_lists: Sequence[tuple[Interval, ...] | None]) -> None:
        numbers: dict[tuple[Interval, ...] | None, int] = {}
        self._codes = np.array(
            [numbers.setdefault(intervals, len(numbers)) for intervals in interval_lists]
        )
        distinct = IntervalLists(list(numbers))
        self._overlaps = np.array(
            [
                np.ones(len(numbers), dtype=bool)
                if intervals is None
                else distinct.flag_overlapping(intervals)
                for intervals in numbers
            ]
        )

    def flag_overlapping(self, rows: IntArray, others: IntArray) -> BoolArray:
        """Return of each pair of rows whether the two overlap along this axis."""
        flags: BoolArray = self._overlaps[self._codes[rows], self._codes[others]]
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
        for first, last, constraint, incident in _find_runs_on_days_of(row.incidents, overlapping)
    ]
    runs.sort(key=itemgetter(0, 1))
    open_runs: tuple[_OpenRuns, _OpenRuns] = (_OpenRuns(), _OpenRuns())
    for first, side, last, constraint, incident in runs:
        open_runs[1 - side].meet(first, constraint, incident, sets)
        open_runs[side].add(last, constraint, incident)


def _find_runs_on_days_of(runs: Sequence[Run], rows: Sequence[_Row]) -> list[Run]:
    """Return the runs of the rows that may be on a day of the given runs, which are sorted."""
    others = [run for row in rows for run in (*row.everyone, *row.incidents)]
    if len(others) < MIN_ARRAY_RUNS:
        first_day, last_day = runs[0][0], max(run[1] for run in runs)
        return [run for run in others if run[0] <= last_day and run[1] >= first_day]
    starts = np.array([run[0] for run in runs], dtype=np.int64)
    latest_ends = np.maximum.accumulate(np.array([run[1] for run in runs], dtype=np.int64))
    days = np.concatenate([row.days for row in rows])
    begun = np.searchsorted(starts, days[:, 1], side="right")
    # Of the runs that have begun by its last day, one must last until its first day.
    is_met = (begun > 0) & (latest_ends[np.maximum(begun - 1, 0)] >= days[:, 0])
    return [others[index] for index in np.flatnonzero(is_met).tolist()]


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
