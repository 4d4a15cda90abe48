"""Cuts overlapping boxes into cells, and merges the cells that are in exactly the same boxes.

The axes are cut one after the other: outcomes, each division of places that some box names, days,
and each facet of groups. After each cut, what is in the same boxes so far is one
state. So the cells are the leaves of a decision diagram (a reduced one, as in R. E. Bryant, 1986),
and its size depends on how many different sets of boxes there are, not on the product of all cuts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.bounds.boxes import Box, is_place_axis
from service.bounds.computation import Steps
from service.columns.arrays import BoolArray, IntArray
from service.domain.trees import Interval
from service.domain.vocabulary import OUTCOMES

MAX_STATES = 60_000
"""How many states one level may have; more would take memory and time without a bound."""

MAX_FLAGS = 1 << 26
"""How many flags one level may have, one byte for each state and each box: 64 MiB."""


class TooManyCellsError(Exception):
    """The boxes name so many axes that the cells cannot be enumerated."""


class AxisPartition:
    """One tree axis cut at every end of an interval, slices that are in the same boxes merged."""

    def __init__(self, interval_lists: Sequence[tuple[Interval, ...] | None]) -> None:
        """Cut for one list of intervals a box; None means no limit along this axis."""
        endpoints = sorted(
            {
                point
                for intervals in interval_lists
                for interval in intervals or ()
                for point in interval
            }
        )
        self._edges = np.array(endpoints, dtype=np.int64)
        if len(interval_lists) * len(endpoints) > MAX_FLAGS:
            raise TooManyCellsError
        # The last slice is outside every interval: members of the axis in no node, or elsewhere.
        incidence = np.zeros((len(interval_lists), max(len(endpoints), 1)), dtype=bool)
        for index, intervals in enumerate(interval_lists):
            if intervals is None:
                incidence[index, :] = True
                continue
            for start, stop in intervals:
                first_slice, end_slice = np.searchsorted(self._edges, (start, stop))
                incidence[index, first_slice:end_slice] = True
        self._merged_slices, merged_incidence = find_distinct_rows(incidence.T)
        self.incidence: BoolArray = merged_incidence
        """bool[n_slices, n_boxes]: which boxes hold each merged slice."""

    def classify(self, intervals: tuple[Interval, ...] | None) -> tuple[BoolArray, BoolArray]:
        """Return which merged slices have a part in the intervals, and which have one outside.

        Both are bool[n_slices]. The slice outside all intervals of the boxes may hold both.
        """
        slice_count = len(self.incidence)
        if intervals is None:
            return np.ones(slice_count, dtype=bool), np.zeros(slice_count, dtype=bool)
        has_inside = np.zeros(len(self._merged_slices), dtype=bool)
        has_outside = np.ones(len(self._merged_slices), dtype=bool)
        starts, stops = self._edges[:-1], self._edges[1:]
        for start, stop in intervals:
            has_inside[:-1] |= (starts < stop) & (stops > start)
            has_outside[:-1] &= ~((start <= starts) & (stops <= stop))
            has_inside[-1] |= bool(start < self._edges[0] or stop > self._edges[-1])
        return (
            any_by_group(self._merged_slices, has_inside, slice_count),
            any_by_group(self._merged_slices, has_outside, slice_count),
        )

    def find_starts(self) -> IntArray:
        """Return where each merged slice begins; ``NOWHERE`` if it is outside of all intervals."""
        edges = np.append(self._edges, NOWHERE)
        edges[max(len(self._edges) - 1, 0)] = NOWHERE
        firsts = np.unique(self._merged_slices, return_index=True)[1]
        starts: IntArray = edges[firsts]
        return starts


NOWHERE: Final = -1


def find_distinct_rows(flags: BoolArray) -> tuple[IntArray, BoolArray]:
    """Return the number of its distinct value for each row, and the distinct rows."""
    number_of_row: dict[bytes, int] = {}
    packed = np.packbits(flags, axis=1)
    row_numbers = [number_of_row.setdefault(row.tobytes(), len(number_of_row)) for row in packed]
    first_position = np.zeros(len(number_of_row), dtype=np.int64)
    first_position[row_numbers[::-1]] = np.arange(len(row_numbers))[::-1]
    return np.array(row_numbers, dtype=np.int64), flags[first_position]


def any_by_group(group_numbers: IntArray, flags: BoolArray, count: int) -> BoolArray:
    """Return bool[count]: for each group whether any of its members is flagged."""
    group_flags: BoolArray = np.zeros(count, dtype=bool)
    group_flags[group_numbers[flags]] = True
    return group_flags


UNCUT = -1
"""The slice of a state that an axis does not cut: everything along that axis."""


@dataclass(frozen=True, slots=True)
class _AxisLevel:
    """One tree axis of the diagram: how each state goes on with each slice of the axis.

    ``old_state``, ``slice_number`` and ``new_state`` are int64[n_transitions].
    """

    axis: str
    partition: AxisPartition
    old_state: IntArray
    slice_number: IntArray
    new_state: IntArray
    state_count: int

    def classify(
        self, box: Box, inside: BoolArray, outside: BoolArray
    ) -> tuple[BoolArray, BoolArray]:
        """Return which new states have a part in the box, and which one outside."""
        intervals = box.intervals_along(self.axis)
        slice_in, slice_out = self.partition.classify(intervals)
        # The last entry is for states that the axis does not cut: UNCUT is -1.
        slice_in = np.append(slice_in, True)
        slice_out = np.append(slice_out, intervals is not None)
        return (
            any_by_group(
                self.new_state,
                inside[self.old_state] & slice_in[self.slice_number],
                self.state_count,
            ),
            any_by_group(
                self.new_state,
                outside[self.old_state] | slice_out[self.slice_number],
                self.state_count,
            ),
        )


@dataclass(frozen=True, slots=True)
class _DayLevel:
    """The days of the diagram: how each state goes on with each run of days.

    All arrays are int64[n_transitions]; days are ordinals, both included.
    """

    old_state: IntArray
    first_day: IntArray
    last_day: IntArray
    new_state: IntArray
    state_count: int

    def classify(
        self, box: Box, inside: BoolArray, outside: BoolArray
    ) -> tuple[BoolArray, BoolArray]:
        """Return which new states have a part in the box, and which one outside."""
        day_in = (self.first_day <= box.last_day) & (self.last_day >= box.first_day)
        day_out = (self.first_day < box.first_day) | (self.last_day > box.last_day)
        return (
            any_by_group(self.new_state, inside[self.old_state] & day_in, self.state_count),
            any_by_group(self.new_state, outside[self.old_state] | day_out, self.state_count),
        )


@dataclass(frozen=True, slots=True)
class Partition:
    """The merged cells of some boxes.

    ``incidence`` is bool[n_cells, n_boxes]: which boxes hold each cell.
    """

    incidence: BoolArray
    _outcome_of_state: IntArray
    """int64[n_first_states]: the outcome of each state before the first level."""
    _levels: tuple[_AxisLevel | _DayLevel, ...]

    def classify(self, boxes: Sequence[Box]) -> tuple[BoolArray, BoolArray]:
        """Return for each cell whether part of it is in one of the boxes, and part in none.

        Both are bool[n_cells]. A cell whose parts are in different boxes may be said to have a part
        in none: that is wider than need be, and never wrong.
        """
        cell_count = len(self.incidence)
        inside, outside = np.zeros(cell_count, dtype=bool), np.ones(cell_count, dtype=bool)
        for box in boxes:
            box_inside, box_outside = self._classify_box(box)
            inside |= box_inside
            outside &= box_outside
        return inside, outside

    def find_points(self, axis: str) -> IntArray:
        """Return a place and a day of each cell for each outcome, int[n_cells, n_outcomes, 2].

        Both are ``NOWHERE`` for outcomes that the cell does not have. Places are along one axis;
        ``NOWHERE`` too if the cell has no limit along it, or is outside of all limits.
        """
        points = np.stack([self._find_points_of(each, axis) for each in range(len(OUTCOMES))], 1)
        return points

    def _find_points_of(self, outcome: int, axis: str) -> IntArray:
        has_outcome = self._outcome_of_state == outcome
        place = day = np.full(len(has_outcome), NOWHERE, dtype=np.int64)
        for level in self._levels:
            transitions = np.flatnonzero(has_outcome[level.old_state])
            new_states, firsts = np.unique(level.new_state[transitions], return_index=True)
            chosen = transitions[firsts]
            old_states = level.old_state[chosen]
            has_outcome = np.zeros(level.state_count, dtype=bool)
            has_outcome[new_states] = True
            old_place, old_day = place[old_states], day[old_states]
            if isinstance(level, _DayLevel):
                old_day = level.first_day[chosen]
            elif level.axis == axis:
                starts = np.append(level.partition.find_starts(), NOWHERE)  # UNCUT is -1.
                old_place = starts[level.slice_number[chosen]]
            place, day = np.full((2, level.state_count), NOWHERE, dtype=np.int64)
            place[new_states], day[new_states] = old_place, old_day
        return np.stack([place, day], axis=1)

    def _classify_box(self, box: Box) -> tuple[BoolArray, BoolArray]:
        own_axes = {level.axis for level in self._levels if isinstance(level, _AxisLevel)}
        is_cut_through = any(axis not in own_axes for axis, _ in box.axes)
        inside = (box.outcome_bits >> self._outcome_of_state & 1).astype(bool)
        outside = ~inside | is_cut_through
        for level in self._levels:
            inside, outside = level.classify(box, inside, outside)
        return inside, outside


def build_partition(boxes: Sequence[Box]) -> Steps[Partition]:
    """Return the merged cells that are in at least one of the boxes.

    Places and days are cut before groups, so that facets multiply cells only where figures of the
    same places and days name them. Raises TooManyCellsError where a level of the diagram has more
    than ``MAX_STATES`` states or ``MAX_FLAGS`` flags.
    """
    outcome_incidence = np.array(
        [[box.outcome_bits >> bit & 1 for box in boxes] for bit in range(len(OUTCOMES))], bool
    )
    outcome_of_state = np.flatnonzero(outcome_incidence.any(axis=1))
    incidence = outcome_incidence[outcome_of_state]
    axes = sorted({axis for box in boxes for axis, _ in box.axes})
    levels: list[_AxisLevel | _DayLevel] = []
    for axis in (axis for axis in axes if is_place_axis(axis)):
        level, incidence = yield from _cut_along_axis(axis, boxes, incidence)
        levels.append(level)
    day_level, incidence = yield from _cut_into_days(boxes, incidence)
    levels.append(day_level)
    for axis in (axis for axis in axes if not is_place_axis(axis)):
        level, incidence = yield from _cut_along_axis(axis, boxes, incidence)
        levels.append(level)
    return Partition(incidence, outcome_of_state, tuple(levels))


class _StateNumbers:
    """Numbers the states of a level by the boxes that hold them."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._rows: list[BoolArray] = []

    def number_of(self, in_boxes: BoolArray) -> int:
        """Return the state's number, the next one for a new set of boxes, bool[n_boxes]."""
        number = self._numbers.setdefault(np.packbits(in_boxes).tobytes(), len(self._rows))
        if number == len(self._rows):
            if number >= MAX_STATES or (number + 1) * len(in_boxes) > MAX_FLAGS:
                raise TooManyCellsError
            self._rows.append(in_boxes)
        return number

    def to_incidence(self) -> BoolArray:
        """Return bool[n_states, n_boxes]."""
        return np.array(self._rows, dtype=bool)


def _cut_along_axis(
    axis: str, boxes: Sequence[Box], incidence: BoolArray
) -> Steps[tuple[_AxisLevel, BoolArray]]:
    """Return the level that cuts the states along the axis, and the boxes of each new state."""
    interval_lists = [box.intervals_along(axis) for box in boxes]
    axis_partition = AxisPartition(interval_lists)
    has_limit = np.array([intervals is not None for intervals in interval_lists], dtype=bool)
    is_cut = (incidence & has_limit).any(axis=1)
    states = _StateNumbers()
    transitions = [
        (int(old_state), UNCUT, states.number_of(incidence[old_state]))
        for old_state in np.flatnonzero(~is_cut)
    ]
    cut_states = np.flatnonzero(is_cut)
    for slice_number, slice_boxes in enumerate(axis_partition.incidence):
        yield
        both = incidence[cut_states] & slice_boxes
        for position in np.flatnonzero(both.any(axis=1)).tolist():
            transitions.append(
                (int(cut_states[position]), slice_number, states.number_of(both[position]))
            )
    old_state, slice_number_of, new_state = np.array(transitions, dtype=np.int64).T
    new_incidence = states.to_incidence()
    level = _AxisLevel(
        axis, axis_partition, old_state, slice_number_of, new_state, len(new_incidence)
    )
    return level, new_incidence


def _cut_into_days(
    boxes: Sequence[Box], incidence: BoolArray
) -> Steps[tuple[_DayLevel, BoolArray]]:
    """Return the level that cuts the states into runs of days, and the boxes of each new state."""
    first_days = np.array([box.first_day for box in boxes], dtype=np.int64)
    last_days = np.array([box.last_day for box in boxes], dtype=np.int64)
    states = _StateNumbers()
    transitions: list[tuple[int, int, int, int]] = []
    for old_state, in_boxes in enumerate(incidence):
        yield
        members = np.flatnonzero(in_boxes)
        day_edges = np.unique(np.concatenate([first_days[members], last_days[members] + 1]))
        for run_start, run_stop in zip(
            day_edges[:-1].tolist(), day_edges[1:].tolist(), strict=True
        ):
            on_these_days = in_boxes & (first_days <= run_start) & (last_days >= run_start)
            if on_these_days.any():
                number = states.number_of(on_these_days)
                transitions.append((old_state, run_start, run_stop - 1, number))
    old_states, run_starts, run_ends, new_states = np.array(transitions, dtype=np.int64).T
    new_incidence = states.to_incidence()
    return (
        _DayLevel(old_states, run_starts, run_ends, new_states, len(new_incidence)),
        new_incidence,
    )
