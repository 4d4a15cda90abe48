"""Which of many scopes overlap a region."""

from collections.abc import Sequence

import numpy as np

from service.bounds.boxes import Box, Region
from service.bounds.constraints import Parts
from service.columns.arrays import BoolArray, IntArray
from service.columns.interval_lists import IntervalLists


class OverlapIndex:
    """The parts of many scopes side by side in arrays, so that a region is compared with all."""

    def __init__(self, scopes: Sequence[Parts]) -> None:
        parts = [part for scope in scopes for part in scope]
        self._scope_of: IntArray = np.array(
            [index for index, scope in enumerate(scopes) for _ in scope], dtype=np.int64
        )
        self._first_day = np.array([part.box.first_day for part in parts], dtype=np.int64)
        self._last_day = np.array([part.box.last_day for part in parts], dtype=np.int64)
        self._outcome_bits = np.array([part.box.outcome_bits for part in parts], dtype=np.int64)
        axes = {axis for part in parts for axis, _ in part.box.axes}
        self._intervals = {
            axis: IntervalLists([part.box.intervals_along(axis) for part in parts]) for axis in axes
        }

    def find_overlapping(self, region: Region) -> IntArray:
        """Return the indices of the scopes that may hold people of the region, ascending.

        Incidents are not looked at.
        """
        flags = np.zeros(len(self._scope_of), dtype=bool)
        for box in region.boxes:
            flags |= self._flag_overlapping(box)
        return np.unique(self._scope_of[flags])

    def _flag_overlapping(self, box: Box) -> BoolArray:
        """Return which parts have a cell in common with the box, bool[n_parts]."""
        flags: BoolArray = (
            (self._first_day <= box.last_day)
            & (self._last_day >= box.first_day)
            & ((self._outcome_bits & box.outcome_bits) != 0)
        )
        for axis, intervals in box.axes:
            if axis in self._intervals:
                flags &= self._intervals[axis].flag_overlapping(intervals)
        return flags
