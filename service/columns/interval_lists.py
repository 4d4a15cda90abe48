"""Lists of intervals side by side in arrays, so that one list is compared with all."""

from collections.abc import Iterable, Sequence

import numpy as np

from service.columns.arrays import BoolArray
from service.columns.column_table import ColumnTable
from service.domain.trees import Interval


class IntervalLists:
    """Lists of intervals along one axis; more can be added at the end."""

    def __init__(self, interval_lists: Iterable[tuple[Interval, ...] | None] = ()) -> None:
        """Take the lists; None means no limit along the axis."""
        self._lists = ColumnTable({"has_no_limit": bool, "interval_count": np.int64})
        self._intervals = ColumnTable({"list": np.int64, "start": np.int64, "stop": np.int64})
        self.extend(list(interval_lists))

    def extend(self, interval_lists: Sequence[tuple[Interval, ...] | None]) -> None:
        """Add lists at the end."""
        first = len(self._lists)
        self._lists.append((each is None, len(each or ())) for each in interval_lists)
        self._intervals.append(
            (first + number, *interval)
            for number, intervals in enumerate(interval_lists)
            for interval in intervals or ()
        )

    def flag_overlapping(self, intervals: tuple[Interval, ...]) -> BoolArray:
        """Return which of the lists have a node in common with the intervals, bool[n_lists]."""
        starts, stops = self._intervals["start"], self._intervals["stop"]
        is_hit = np.zeros(len(self._intervals), dtype=bool)
        for start, stop in intervals:
            is_hit |= (starts < stop) & (stops > start)
        flags: BoolArray = self._lists["has_no_limit"].copy()
        flags[self._intervals["list"][is_hit]] = True
        return flags

    def flag_within(self, intervals: tuple[Interval, ...]) -> BoolArray:
        """Return which of the lists have no node outside of the intervals, bool[n_lists].

        The intervals do not touch each other.
        """
        starts, stops = self._intervals["start"], self._intervals["stop"]
        is_inside = np.zeros(len(self._intervals), dtype=bool)
        for start, stop in intervals:
            is_inside |= (starts >= start) & (stops <= stop)
        inside_counts = np.bincount(self._intervals["list"][is_inside], minlength=len(self._lists))
        flags: BoolArray = ~self._lists["has_no_limit"] & (
            inside_counts == self._lists["interval_count"]
        )
        return flags
