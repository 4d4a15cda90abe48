"""Many selections of one tree side by side: which of them overlap a selection, or are within it."""

from collections.abc import Sequence

import numpy as np

from service.columns.arrays import BoolArray
from service.columns.column_table import ColumnTable
from service.columns.interval_lists import IntervalLists
from service.domain.trees import Conjunction, Selection


class SelectionIndex:
    """The alternatives of selections in arrays; more selections can be added at the end."""

    def __init__(self) -> None:
        self._count = 0
        self._alternatives = ColumnTable({"selection": np.int64})
        self._axes: dict[str, IntervalLists] = {}

    def extend(self, selections: Sequence[Selection]) -> None:
        """Add selections at the end."""
        known = len(self._alternatives)
        conjunctions = [
            (self._count + number, dict(conjunction))
            for number, selection in enumerate(selections)
            for conjunction in selection.alternatives
        ]
        for axis in {axis for _, conjunction in conjunctions for axis in conjunction}:
            if axis not in self._axes:
                self._axes[axis] = IntervalLists([None] * known)
        for axis, interval_lists in self._axes.items():
            interval_lists.extend([conjunction.get(axis) for _, conjunction in conjunctions])
        self._alternatives.append((selection,) for selection, _ in conjunctions)
        self._count += len(selections)

    def flag_overlapping(self, selection: Selection) -> BoolArray:
        """Return which of the selections can share people with this one, bool[n_selections]."""
        is_hit = np.zeros(len(self._alternatives), dtype=bool)
        for conjunction in selection.alternatives:
            is_hit |= self._flag_alternatives_overlapping(conjunction)
        flags: BoolArray = np.zeros(self._count, dtype=bool)
        flags[self._alternatives["selection"][is_hit]] = True
        return flags

    def _flag_alternatives_overlapping(self, conjunction: Conjunction) -> BoolArray:
        """Return which alternatives can hold together with the conjunction."""
        flags = np.ones(len(self._alternatives), dtype=bool)
        for axis, intervals in conjunction:
            if axis in self._axes:
                flags &= self._axes[axis].flag_overlapping(intervals)
        return flags

    def flag_within(self, selection: Selection) -> BoolArray:
        """Return which of the selections hold nobody outside of this one, bool[n_selections]."""
        is_inside = np.zeros(len(self._alternatives), dtype=bool)
        for conjunction in selection.alternatives:
            is_inside |= self._flag_alternatives_within(conjunction)
        flags: BoolArray = np.ones(self._count, dtype=bool)
        flags[self._alternatives["selection"][~is_inside]] = False
        return flags

    def _flag_alternatives_within(self, conjunction: Conjunction) -> BoolArray:
        """Return which alternatives hold only if the conjunction does."""
        flags = np.ones(len(self._alternatives), dtype=bool)
        for axis, intervals in conjunction:
            if axis not in self._axes:
                return np.zeros(len(self._alternatives), dtype=bool)
            flags &= self._axes[axis].flag_within(intervals)
        return flags
