"""The partition of overlapping boxes into cells (an arrangement of boxes).

Each axis is cut at every endpoint of a box (coordinate compression). Pieces that are inside exactly
the same boxes are merged into one cell, so a cell is a set of people whom no figure distinguishes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.bounds.arrays import BoolArray, IntArray
from service.bounds.boxes import Box
from service.domain.trees import Interval
from service.domain.vocabulary import OUTCOMES


class AxisPartition:
    """One tree axis cut at every endpoint of an interval; slices in the same boxes are merged.

    ``incidence`` is ``bool[n_merged_slices, n_boxes]``.
    """

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
        """Return which merged slices overlap the intervals, and which are not contained in them.

        Both arrays are ``bool[n_merged_slices]``.
        """
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
    """Return the number of each row's distinct value, ``int[n_rows]``, and the distinct rows."""
    number_of_row: dict[bytes, int] = {}
    packed = np.packbits(flags, axis=1)
    row_numbers = [number_of_row.setdefault(row.tobytes(), len(number_of_row)) for row in packed]
    first_position = np.zeros(len(number_of_row), dtype=np.int64)
    first_position[row_numbers[::-1]] = np.arange(len(row_numbers))[::-1]
    return np.array(row_numbers, dtype=np.int64), flags[first_position]


def _any_by_group(group_numbers: IntArray, flags: BoolArray, count: int) -> BoolArray:
    """Return ``bool[count]``: whether some flag of each group is set."""
    group_flags: BoolArray = np.zeros(count, dtype=bool)
    group_flags[group_numbers[flags]] = True
    return group_flags


@dataclass(frozen=True, slots=True)
class Partition:
    """The merged cells of a set of boxes.

    ``incidence`` is ``bool[n_cells, n_boxes]``: which boxes contain the cell. A cell is a union of
    patches; a patch is a footprint (a place slice, an outcome and a group slice) over a run of
    days.
    """

    incidence: BoolArray
    _place_axis: AxisPartition
    _group_axis: AxisPartition
    _footprints: IntArray
    """``int[n_footprints, 4]``: place slice, outcome, group slice, number of distinct footprint."""
    _patches: IntArray
    """``int[n_patches, 4]``: cell, number of the footprint, first day, last day."""

    def classify(self, box: Box) -> tuple[BoolArray, BoolArray]:
        """Return which cells overlap the box, and which are not contained in it.

        Both arrays are ``bool[n_cells]``.
        """
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
    """Return the merged cells that are inside at least one of the boxes."""
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
    """Return all footprints, ``int[n_footprints, 4]``, and the boxes of each distinct footprint."""
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
    """Return the patches of one footprint; each new set of boxes gets the next cell number."""
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
