"""Cuts overlapping boxes into cells, and merges the cells that are in exactly the same boxes.

The axes are cut one after the other: outcomes, then each division of places and each facet of
groups that some box names, then days. After each cut, what is in the same boxes so far is one
state. So the cells are the leaves of a decision diagram (a reduced one, as in R. E. Bryant, 1986),
and its size depends on how many different sets of boxes there are, not on the product of all cuts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.bounds.arrays import BoolArray, IntArray
from service.bounds.boxes import Box
from service.domain.trees import Interval
from service.domain.vocabulary import OUTCOMES

MAX_STATES = 60_000
"""How many states one level may have; more would take memory and time without a bound."""


class TooManyCellsError(Exception):
    """The boxes name so many axes that the cells cannot be enumerated."""


class AxisPartition:
    """One tree axis cut at every end of an interval, slices that are in the same boxes merged."""

    def __init__(self, interval_lists: Sequence[tuple[Interval, ...] | None]) -> None:
        """Cut for one list of intervals a box; None stands for no limit along this axis."""
        endpoints = sorted(
            {
                point
                for intervals in interval_lists
                for interval in intervals or ()
                for point in interval
            }
        )
        self._edges = np.array(endpoints, dtype=np.int64)
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


@dataclass(frozen=True, slots=True)
class _Level:
    """One axis of the diagram: how each state goes on with each slice of the axis.

    ``old_state``, ``slice_number`` and ``new_state`` are int64[n_transitions].
    """

    axis: str
    partition: AxisPartition
    old_state: IntArray
    slice_number: IntArray
    new_state: IntArray
    state_count: int


@dataclass(frozen=True, slots=True)
class Partition:
    """The merged cells of some boxes.

    ``incidence`` is bool[n_cells, n_boxes] and tells which boxes hold the cell. A cell is made of
    patches: one state of the last level over a run of days.
    """

    incidence: BoolArray
    _outcome_of_state: IntArray
    """int64[n_first_states]: the outcome of each state before the first level."""
    _levels: tuple[_Level, ...]
    _patches: IntArray
    """int64[n_patches, 4]: cell, state of the last level, first day and last day."""

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

    def _classify_box(self, box: Box) -> tuple[BoolArray, BoolArray]:
        own_axes = {level.axis for level in self._levels}
        is_cut_through = any(axis not in own_axes for axis, _ in box.axes)
        has_inside = (box.outcome_bits >> self._outcome_of_state & 1).astype(bool)
        has_outside = ~has_inside | is_cut_through
        for level in self._levels:
            slice_in, slice_out = level.partition.classify(box.intervals_along(level.axis))
            old, piece, new = level.old_state, level.slice_number, level.new_state
            count = level.state_count
            has_outside = any_by_group(new, has_outside[old] | slice_out[piece], count)
            has_inside = any_by_group(new, has_inside[old] & slice_in[piece], count)
        cell, state, first_day, last_day = self._patches.T
        inside = has_inside[state] & (first_day <= box.last_day) & (last_day >= box.first_day)
        outside = has_outside[state] | (first_day < box.first_day) | (last_day > box.last_day)
        cell_count = len(self.incidence)
        return any_by_group(cell, inside, cell_count), any_by_group(cell, outside, cell_count)


def build_partition(boxes: Sequence[Box]) -> Partition:
    """Return the merged cells that are in at least one of the boxes.

    Raises TooManyCellsError where a level of the diagram has more than ``MAX_STATES`` states.
    """
    outcome_incidence = np.array(
        [[box.outcome_bits >> bit & 1 for box in boxes] for bit in range(len(OUTCOMES))], bool
    )
    outcome_of_state = np.flatnonzero(outcome_incidence.any(axis=1))
    incidence = outcome_incidence[outcome_of_state]
    levels = []
    for axis in sorted({axis for box in boxes for axis, _ in box.axes}):
        axis_partition = AxisPartition([box.intervals_along(axis) for box in boxes])
        level, incidence = _build_level(axis, axis_partition, incidence)
        levels.append(level)
    first_days = np.array([box.first_day for box in boxes], dtype=np.int64)
    last_days = np.array([box.last_day for box in boxes], dtype=np.int64)
    cell_numbers: dict[bytes, int] = {}
    patches = [
        _build_patches(state, np.flatnonzero(in_box), first_days, last_days, cell_numbers)
        for state, in_box in enumerate(incidence)
    ]
    packed = np.frombuffer(b"".join(cell_numbers), dtype=np.uint8).reshape(len(cell_numbers), -1)
    cells = np.unpackbits(packed, axis=1, count=len(boxes)).astype(bool)
    return Partition(cells, outcome_of_state, tuple(levels), np.concatenate(patches))


def _build_level(
    axis: str, axis_partition: AxisPartition, incidence: BoolArray
) -> tuple[_Level, BoolArray]:
    """Return the level that cuts the states along the axis, and the boxes of each new state.

    ``incidence`` is bool[n_states, n_boxes], before and after.
    """
    old_states, slice_numbers, rows = [], [], []
    numbers: dict[bytes, int] = {}
    new_states: list[int] = []
    for slice_number, slice_boxes in enumerate(axis_partition.incidence):
        both = incidence & slice_boxes
        for old_state in np.flatnonzero(both.any(axis=1)).tolist():
            key = np.packbits(both[old_state]).tobytes()
            number = numbers.setdefault(key, len(numbers))
            if number == len(rows):
                if len(rows) >= MAX_STATES:
                    raise TooManyCellsError
                rows.append(both[old_state])
            old_states.append(old_state)
            slice_numbers.append(slice_number)
            new_states.append(number)
    level = _Level(
        axis,
        axis_partition,
        np.array(old_states, dtype=np.int64),
        np.array(slice_numbers, dtype=np.int64),
        np.array(new_states, dtype=np.int64),
        len(rows),
    )
    return level, np.array(rows, dtype=bool).reshape(len(rows), incidence.shape[1])


def _build_patches(
    state: int,
    box_numbers: IntArray,
    first_days: IntArray,
    last_days: IntArray,
    cell_numbers: dict[bytes, int],
) -> IntArray:
    """Return the patches of one state, giving each new set of boxes the next cell number."""
    own_first_days, own_last_days = first_days[box_numbers], last_days[box_numbers]
    day_edges = np.unique(np.concatenate([own_first_days, own_last_days + 1]))
    run_starts = day_edges[:-1]
    incidence = np.zeros((len(run_starts), len(first_days)), dtype=bool)
    incidence[:, box_numbers] = (own_first_days <= run_starts[:, None]) & (
        own_last_days >= run_starts[:, None]
    )
    is_covered = incidence.any(axis=1)
    packed = np.packbits(incidence[is_covered], axis=1)
    cells = [cell_numbers.setdefault(row.tobytes(), len(cell_numbers)) for row in packed]
    return np.stack(
        [
            np.array(cells),
            np.full(len(cells), state),
            run_starts[is_covered],
            day_edges[1:][is_covered] - 1,
        ],
        axis=1,
    )
