"""Cuts overlapping extents into cells, and merges the cells that lie in exactly the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.bounds.arrays import BoolArray, IntArray
from service.bounds.boxes import Box
from service.domain.trees import Interval
from service.domain.vocabulary import OUTCOMES


class AxisPartition:
    """A tree cut at every end of a span, slices that lie in the same extents merged."""

    def __init__(self, interval_lists: Sequence[tuple[Interval, ...]]) -> None:
        endpoints = sorted(
            {point for intervals in interval_lists for interval in intervals for point in interval}
        )
        self._edges = np.array(endpoints, dtype=np.int64)
        incidence = np.zeros((len(interval_lists), max(len(endpoints) - 1, 0)), dtype=bool)
        for index, intervals in enumerate(interval_lists):
            for start, stop in intervals:
                first_slice, end_slice = np.searchsorted(self._edges, (start, stop))
                incidence[index, first_slice:end_slice] = True
        self._merged_slices, merged_incidence = _find_distinct_rows(incidence.T)
        self.incidence: BoolArray = merged_incidence

    def classify(self, intervals: tuple[Interval, ...]) -> tuple[BoolArray, BoolArray]:
        """Return of each merged slice whether some, and whether not all, lies in the spans."""
        has_inside = np.zeros(len(self._merged_slices), dtype=bool)
        is_contained = np.zeros(len(self._merged_slices), dtype=bool)
        starts, stops = self._edges[:-1], self._edges[1:]
        for start, stop in intervals:
            has_inside |= (starts < stop) & (stops > start)
            is_contained |= (start <= starts) & (stops <= stop)
        slice_count = len(self.incidence)
        return _any_by_group(self._merged_slices, has_inside, slice_count), _any_by_group(
            self._merged_slices, ~is_contained, slice_count
        )


def _find_distinct_rows(flags: BoolArray) -> tuple[IntArray, BoolArray]:
    """Return for each row the number of its distinct value, and the distinct rows."""
    number_of_row: dict[bytes, int] = {}
    packed = np.packbits(flags, axis=1)
    row_numbers = [number_of_row.setdefault(row.tobytes(), len(number_of_row)) for row in packed]
    first_position = np.zeros(len(number_of_row), dtype=np.int64)
    first_position[row_numbers[::-1]] = np.arange(len(row_numbers))[::-1]
    return np.array(row_numbers, dtype=np.int64), flags[first_position]


def _any_by_group(group_numbers: IntArray, flags: BoolArray, count: int) -> BoolArray:
    group_flags: BoolArray = np.zeros(count, dtype=bool)
    group_flags[group_numbers[flags]] = True
    return group_flags


@dataclass(frozen=True, slots=True)
class Partition:
    """The merged cells of some extents.

    ``incidence[cell, box]`` tells which extents hold the cell. A cell is made of patches: a column
    (slices of places and groups with an outcome) over a run of days.
    """

    incidence: BoolArray
    _place_axis: AxisPartition
    _group_axis: AxisPartition
    _footprints: IntArray
    """Place slice, outcome, group slice and number of each column; equal columns share a number."""
    _patches: IntArray
    """Cell, number of the column, first day and last day of each patch."""

    def classify(self, box: Box) -> tuple[BoolArray, BoolArray]:
        """Return for each cell whether part of it is asked for, and whether part of it is not."""
        place_slice, outcome, group_slice, footprint_number = self._footprints.T
        place_in, place_out = self._place_axis.classify(box.places)
        group_in, group_out = self._group_axis.classify(box.groups)
        outcome_in = np.array([box.outcome_bits >> bit & 1 for bit in range(len(OUTCOMES))], bool)
        footprint_count = int(footprint_number.max()) + 1
        footprint_in = _any_by_group(
            footprint_number,
            place_in[place_slice] & outcome_in[outcome] & group_in[group_slice],
            footprint_count,
        )
        footprint_out = _any_by_group(
            footprint_number,
            place_out[place_slice] | ~outcome_in[outcome] | group_out[group_slice],
            footprint_count,
        )
        cell, footprint, first_day, last_day = self._patches.T
        inside = footprint_in[footprint] & (first_day <= box.last_day) & (last_day >= box.first_day)
        outside = footprint_out[footprint] | (first_day < box.first_day) | (last_day > box.last_day)
        cell_count = len(self.incidence)
        return _any_by_group(cell, inside, cell_count), _any_by_group(cell, outside, cell_count)


def build_partition(boxes: Sequence[Box]) -> Partition:
    """Return the merged cells that lie in at least one of the extents."""
    places = AxisPartition([box.places for box in boxes])
    groups = AxisPartition([box.groups for box in boxes])
    outcome_incidence = np.array(
        [[box.outcome_bits >> bit & 1 for box in boxes] for bit in range(len(OUTCOMES))], bool
    )
    footprints, footprint_incidence = _build_footprints(
        places.incidence, outcome_incidence, groups.incidence
    )
    first_days = np.array([box.first_day for box in boxes], dtype=np.int64)
    last_days = np.array([box.last_day for box in boxes], dtype=np.int64)
    cell_numbers: dict[bytes, int] = {}
    patches = [
        _build_patches(footprint, np.flatnonzero(in_box), first_days, last_days, cell_numbers)
        for footprint, in_box in enumerate(footprint_incidence)
    ]
    packed = np.frombuffer(b"".join(cell_numbers), dtype=np.uint8).reshape(len(cell_numbers), -1)
    incidence = np.unpackbits(packed, axis=1, count=len(boxes)).astype(bool)
    return Partition(incidence, places, groups, footprints, np.concatenate(patches))


def _build_footprints(
    places: BoolArray, outcomes: BoolArray, groups: BoolArray
) -> tuple[IntArray, BoolArray]:
    """Return every column that some extent holds, and which extents hold each distinct one."""
    incidence = places[:, None, None, :] & outcomes[None, :, None, :] & groups[None, None, :, :]
    place_slice, outcome, group_slice = np.nonzero(incidence.any(axis=3))
    footprint_numbers, distinct_incidence = _find_distinct_rows(
        incidence[place_slice, outcome, group_slice]
    )
    return np.stack(
        [place_slice, outcome, group_slice, footprint_numbers], axis=1
    ), distinct_incidence


def _build_patches(
    footprint: int,
    box_numbers: IntArray,
    first_days: IntArray,
    last_days: IntArray,
    cell_numbers: dict[bytes, int],
) -> IntArray:
    """Return the patches of one column, giving each new set of extents the next cell number."""
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
            np.full(len(cells), footprint),
            run_starts[is_covered],
            day_edges[1:][is_covered] - 1,
        ],
        axis=1,
    )
