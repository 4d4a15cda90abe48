"""The constraints of a large record as arrays: one row for each distinct scope."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.bounds.boxes import PLACE_AXIS
from service.columns.arrays import BoolArray, IntArray, sort_distinct
from service.columns.column_figures import CountedRows
from service.columns.column_terms import NumberedScopes
from service.columns.interval_lists import IntervalLists
from service.columns.record_columns import NONE, SOFT_BITS
from service.columns.record_state import RecordState
from service.columns.scope_sets import ScopeSets
from service.domain.report import OWN_INCIDENT
from service.domain.total import End
from service.domain.trees import Interval

OPEN: Final = np.iinfo(np.int64).max
"""The upper bound of a constraint that has none."""

SCOPE_COLUMNS: Final = ("places", "groups", "incident", "outcomes", "first", "last")


class ConstraintTable:
    """The distinct scopes of counted figures, with the highest low and the lowest high of each.

    Every array has one element for each constraint. ``places`` and ``groups`` are numbers of
    selections, ``incident`` and ``scheme`` numbers of incidents and of their schemes or ``NONE``,
    ``outcomes`` bits, ``first`` and ``last`` ordinals of days, both included. ``upper`` is ``OPEN``
    if no figure gives a high.

    ``is_irregular`` flags constraints that count people outside of their own scope: of figures
    that others reclassify, and of incidents that several reporters report. Their lows hold for more
    than their scope, their highs for no less than it.
    """

    def __init__(self, counted: CountedRows) -> None:
        self.counted, self.state = counted, counted.state
        self._compared_places: dict[int, tuple[BoolArray, BoolArray]] = {}
        self._compared_groups: dict[int, tuple[BoolArray, BoolArray]] = {}
        rows = np.flatnonzero(counted.is_counted)
        columns = self._read_columns(rows)
        numbers, first_rows = number_distinct([columns[name] for name in SCOPE_COLUMNS])
        self.places, self.groups, self.incident, self.outcomes, self.first, self.last = (
            columns[name][first_rows] for name in SCOPE_COLUMNS
        )
        self.first_rows: IntArray = rows[first_rows]
        """A row of each constraint."""
        self.scheme = self._schemes[self.incident]
        order = np.argsort(numbers, kind="stable")
        self._rows = rows[order]
        self.constraint_of_row: IntArray = np.full(len(counted.is_counted), NONE, dtype=np.int64)
        self.constraint_of_row[rows] = numbers
        """The constraint of each row of figures, ``NONE`` for rows that are not counted."""
        self._starts = np.searchsorted(numbers[order], np.arange(len(first_rows) + 1))
        highs = columns["high"]
        highs[highs == NONE] = OPEN
        self.lower: IntArray = np.maximum.reduceat(columns["low"][order], self._starts[:-1])
        self.upper: IntArray = np.minimum.reduceat(highs[order], self._starts[:-1])
        self._reclassified = self._find_reclassified(rows, numbers)
        self.is_irregular = self._flag_irregular(rows, numbers, columns["reporter"])

    def __len__(self) -> int:
        return len(self.first)

    def _read_columns(self, rows: IntArray) -> dict[str, IntArray]:
        """Return the columns of the rows, with numbers that are equal where the scopes are."""
        state = self.state
        columns = {
            name: state.column(name)[rows].astype(np.int64)
            for name in (*SCOPE_COLUMNS, "low", "high", "report")
        }
        columns["places"] = state.place_sets.selection_numbers[columns["places"]]
        columns["groups"] = state.group_sets.selection_numbers[columns["groups"]]
        columns["reporter"] = state.reporter_numbers[columns.pop("report")]
        columns["incident"] = self._number_incidents(columns["incident"], columns["reporter"])
        return columns

    def _number_incidents(self, incidents: IntArray, reporters: IntArray) -> IntArray:
        """Return numbers of incidents; an own one of each reporter has a number of its own."""
        values = self.state.columns.incidents.values
        own_prefix = f"{OWN_INCIDENT}/"
        is_own = np.array([each.startswith(own_prefix) for each in values] + [False], dtype=bool)
        owners = np.where(is_own[incidents], reporters, NONE)
        # Every reporter has a scheme for its own incidents, and its own ones differ from others'.
        numbers, firsts = number_distinct([incidents, owners])
        named_schemes: dict[str, int] = {}
        schemes = [
            named_schemes.setdefault(
                f"{own_prefix}{owner}" if owner != NONE else values[incident].partition(":")[0],
                len(named_schemes),
            )
            if incident != NONE
            else NONE
            for incident, owner in zip(
                incidents[firsts].tolist(), owners[firsts].tolist(), strict=True
            )
        ]
        is_none = incidents[firsts] == NONE
        renumbered = np.where(is_none, NONE, np.cumsum(~is_none) - 1)
        # The last element is the scheme of NONE, which is the index -1.
        self._schemes: IntArray = np.array(
            [each for each in schemes if each != NONE] + [NONE], dtype=np.int64
        )
        return renumbered[numbers]

    def _flag_irregular(self, rows: IntArray, numbers: IntArray, reporters: IntArray) -> BoolArray:
        flags = self._flag_elsewhere(numbers, reporters)
        for group in self._reclassified:
            flags[group] = True
        return flags

    def _find_reclassified(self, rows: IntArray, numbers: IntArray) -> list[IntArray]:
        """Return the constraints of each figure that reclassifies people, and of those people."""
        chains = self.state.reclassified_rows
        wanted = np.unique([row for chain in chains.items() for row in (chain[0], *chain[1])])
        positions = np.flatnonzero(np.isin(rows, wanted))
        numbers_of = dict(zip(rows[positions].tolist(), numbers[positions].tolist(), strict=True))
        return [
            np.array([numbers_of[each] for each in (row, *earlier) if each in numbers_of])
            for row, earlier in chains.items()
            if row in numbers_of
        ]

    @cached_property
    def irregular_groups(self) -> list[IntArray]:
        """Irregular constraints that count people of each other, int[n] each.

        They are of one incident, or of one figure that reclassifies people and of these people.
        """
        irregular = np.flatnonzero(self.is_irregular)
        with_incident = irregular[self.incident[irregular] != NONE]
        order = with_incident[np.argsort(self.incident[with_incident], kind="stable")]
        edges = np.flatnonzero(np.diff(self.incident[order], prepend=NONE))
        groups = np.split(order, edges[1:]) if len(order) else []
        return [*groups, *self._reclassified]

    @cached_property
    def reach_outcomes(self) -> IntArray:
        """The outcomes of the people that some constraint may count here, int[n_constraints].

        The people of an incident that several reporters put at different places may be at the
        places of each figure, with the outcomes of the others.
        """
        outcomes = self.outcomes.copy()
        for group in self.irregular_groups[: -len(self._reclassified) or None]:
            outcomes[group] = np.bitwise_or.reduce(self.outcomes[group])
        return outcomes

    @cached_property
    def _groups_of(self) -> dict[int, list[int]]:
        """The positions in ``irregular_groups`` of the groups of each irregular constraint."""
        found: dict[int, list[int]] = {}
        for position, group in enumerate(self.irregular_groups):
            for constraint in group.tolist():
                found.setdefault(constraint, []).append(position)
        return found

    def add_partners(self, constraints: IntArray) -> IntArray:
        """Return the constraints and all in the same irregular groups, directly or not.

        They are in ascending order, each once.
        """
        pending = constraints[self.is_irregular[constraints]].tolist()
        if not pending:
            return sort_distinct(constraints)
        members = set(constraints.tolist())
        seen: set[int] = set()
        while pending:
            for position in self._groups_of.get(pending.pop(), ()):
                if position not in seen:
                    seen.add(position)
                    new = set(self.irregular_groups[position].tolist()) - members
                    members |= new
                    pending += new
        return np.array(sorted(members), dtype=np.int64)

    def find_incomplete(self, constraints: IntArray) -> IntArray:
        """Return those of the constraints that are in a group with others than these."""
        members = set(constraints.tolist())
        return np.array(
            [
                each
                for each in constraints[self.is_irregular[constraints]].tolist()
                if not all(
                    members.issuperset(self.irregular_groups[position].tolist())
                    for position in self._groups_of.get(each, ())
                )
            ],
            dtype=np.int64,
        )

    def _flag_elsewhere(self, numbers: IntArray, reporters: IntArray) -> BoolArray:
        """Return which constraints are of an incident that reporters may put at different places.

        That is a matter of pairs of figures. All of an incident are flagged unless they have one
        day in common, and one place in common or all the same places.
        """
        pairs = np.unique(np.stack([self.incident[numbers], reporters], axis=1), axis=0)
        incidents, reporter_counts = np.unique(pairs[:, 0], return_counts=True)
        is_shared = np.isin(self.incident, incidents[(reporter_counts > 1) & (incidents != NONE)])
        shared = np.flatnonzero(is_shared)
        if not len(shared):
            return is_shared
        order = shared[np.argsort(self.incident[shared], kind="stable")]
        edges = np.flatnonzero(np.diff(self.incident[order], prepend=NONE))
        starts, stops = self.place_intervals.common_parts[self.places[order]].T
        has_common_day = np.maximum.reduceat(self.first[order], edges) <= np.minimum.reduceat(
            self.last[order], edges
        )
        has_common_place = (
            np.maximum.reduceat(starts, edges) < np.minimum.reduceat(stops, edges)
        ) | (
            np.maximum.reduceat(self.places[order], edges)
            == np.minimum.reduceat(self.places[order], edges)
        )
        is_apart = ~(has_common_day & has_common_place)
        lengths = np.diff(np.append(edges, len(order)))
        flags: BoolArray = np.zeros(len(self), dtype=bool)
        flags[order[np.repeat(is_apart, lengths)]] = True
        return flags

    def find_rows(self, constraints: IntArray) -> IntArray:
        """Return the rows of the figures of some constraints, in the order of the constraints."""
        return join_slices(self._rows, self._starts, constraints)

    def find_end_rows(self, constraints: IntArray, end: End) -> IntArray:
        """Return for each constraint the row of a figure that gives its low or its high.

        Of several it is one whose end is firm, and of these the first.
        """
        rows = self.find_rows(constraints)
        owners = np.repeat(np.arange(len(constraints)), self.count_figures(constraints))
        bounds = (self.lower if end == "low" else self.upper)[constraints]
        is_end = self.state.column(end)[rows] == bounds[owners]
        rows, owners = rows[is_end], owners[is_end]
        is_soft = self.state.column("flags")[rows] & SOFT_BITS[end] != 0
        order = np.lexsort((rows, is_soft, owners))
        firsts = np.searchsorted(owners[order], np.arange(len(constraints)))
        found: IntArray = rows[order][firsts]
        return found

    def count_figures(self, constraints: IntArray) -> IntArray:
        """Return how many figures each of the constraints has."""
        counts: IntArray = self._starts[constraints + 1] - self._starts[constraints]
        return counts

    def compare_with(self, constraint: int) -> tuple[BoolArray, BoolArray]:
        """Return which constraints share places, days and groups with one, and which are within it.

        Outcomes and incidents are not looked at, but for those of other incidents of its scheme,
        which share nobody with it. Both are bool[n_constraints]. At the places of an irregular
        constraint there may be people of others, who are in any groups.
        """
        first, last = self.first[constraint], self.last[constraint]
        places, inner_places = self.compare_places(int(self.places[constraint]))
        groups, inner_groups = self.compare_groups(int(self.groups[constraint]))
        overlaps = (self.first <= last) & (self.last >= first)
        overlaps &= places[self.places] & (groups[self.groups] | self.is_irregular)
        if self.scheme[constraint] != NONE:
            overlaps &= (self.scheme != self.scheme[constraint]) | (
                self.incident == self.incident[constraint]
            )
        is_within = overlaps & (self.first >= first) & (self.last <= last)
        is_within &= inner_places[self.places] & inner_groups[self.groups]
        return overlaps, is_within

    def compare_places(self, number: int) -> tuple[BoolArray, BoolArray]:
        """Return which selections of places overlap one, and which are within it."""
        if number not in self._compared_places:
            if len(self._compared_places) >= MAX_COMPARED:
                self._compared_places.clear()
            self._compared_places[number] = _compare(self.state.place_sets, number)
        return self._compared_places[number]

    def compare_groups(self, number: int) -> tuple[BoolArray, BoolArray]:
        """Return which selections of groups overlap one, and which are within it."""
        if number not in self._compared_groups:
            if len(self._compared_groups) >= MAX_COMPARED:
                self._compared_groups.clear()
            self._compared_groups[number] = _compare(self.state.group_sets, number)
        return self._compared_groups[number]

    @cached_property
    def scope_numbers(self) -> NumberedScopes:
        """The constraint of each row, by which terms know figures of the same scope."""
        return NumberedScopes(self.constraint_of_row)

    @cached_property
    def is_about_everyone(self) -> BoolArray:
        """Which constraints name no groups."""
        selections = self.state.group_sets.selections
        is_everyone = np.array([each.alternatives == ((),) for each in selections], dtype=bool)
        flags: BoolArray = is_everyone[self.groups]
        return flags

    @cached_property
    def place_intervals(self) -> "PlaceIntervals":
        """Where the constraints are along the division that most places are in."""
        return PlaceIntervals(self.state)


MAX_COMPARED: Final = 1_000
"""How many comparisons of a selection with all others are kept."""


def _compare(sets: ScopeSets, number: int) -> tuple[BoolArray, BoolArray]:
    selection = sets.selections[number]
    return sets.flag_selections_overlapping(selection), sets.flag_selections_within(selection)


def join_slices(values: IntArray, starts: IntArray, numbers: IntArray) -> IntArray:
    """Return the concatenation of ``values[starts[n]:starts[n + 1]]`` for each of the numbers."""
    joined: IntArray = values[join_ranges(starts[numbers], starts[numbers + 1])]
    return joined


def join_ranges(starts: IntArray, stops: IntArray) -> IntArray:
    """Return the concatenation of the ranges from each start to before its stop."""
    lengths = stops - starts
    offsets = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    joined: IntArray = offsets + np.arange(len(offsets))
    return joined


def number_distinct(columns: Sequence[NDArray[np.int64]]) -> tuple[IntArray, IntArray]:
    """Return the number of each row's distinct value in all columns, and a row of each number."""
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, codes = np.unique(column, return_inverse=True)
        numbers = np.unique(numbers * len(values) + codes, return_inverse=True)[1]
    firsts = np.unique(numbers, return_index=True)[1]
    return numbers, firsts


EVERYWHERE: Final[Interval] = (0, np.iinfo(np.int32).max)

UNLIMITED: Final = 1 << 31
"""A number of places, or of places times days, that is larger than any other."""


class PlaceIntervals:
    """Each distinct selection of places as intervals along one division, where that is possible.

    The division is the one that most of the selections name. A selection that names another
    division has no intervals.
    """

    def __init__(self, state: RecordState) -> None:
        selections = state.place_sets.selections
        counts: dict[str, int] = {}
        for selection in selections:
            for conjunction in selection.alternatives:
                for axis, _ in conjunction:
                    counts[axis] = counts.get(axis, 0) + 1
        division = max(counts, key=lambda axis: (counts[axis], axis), default="")
        self.axis = f"{PLACE_AXIS}{division}"
        """The name of the division's axis in boxes."""
        self.intervals: list[tuple[Interval, ...] | None] = []
        for selection in selections:
            conjunctions = selection.alternatives
            if conjunctions == ((),):
                self.intervals.append((EVERYWHERE,))
            elif len(conjunctions) == 1 and [axis for axis, _ in conjunctions[0]] == [division]:
                self.intervals.append(conjunctions[0][0][1])
            else:
                self.intervals.append(None)
        self.sizes: IntArray = np.array(
            [
                UNLIMITED
                if intervals is None or intervals == (EVERYWHERE,)
                else sum(stop - start for start, stop in intervals)
                for intervals in self.intervals
            ],
            dtype=np.int64,
        )
        """How many places each selection has; ``UNLIMITED`` for everywhere and other divisions."""
        self.interval_counts: IntArray = np.array(
            [0 if each is None else len(each) for each in self.intervals], dtype=np.int64
        )
        """How many intervals each selection has."""
        self._lists = IntervalLists(self.intervals)
        hulls = [(each[0][0], each[-1][1]) if each else EVERYWHERE for each in self.intervals]
        self.hulls: IntArray = np.array(hulls, dtype=np.int64).reshape(-1, 2)
        """The first place and the end of the last place of each selection, int[n, 2]."""

    def flag_overlapping(self, intervals: tuple[Interval, ...]) -> BoolArray:
        """Return which selections may have a place in the intervals, bool[n_selections]."""
        return self._lists.flag_overlapping(intervals)

    @cached_property
    def common_parts(self) -> IntArray:
        """The interval of each selection that has one only, else an empty one; int[n, 2]."""
        return np.array(
            [
                intervals[0] if intervals is not None and len(intervals) == 1 else (0, 0)
                for intervals in self.intervals
            ],
            dtype=np.int64,
        ).reshape(-1, 2)
