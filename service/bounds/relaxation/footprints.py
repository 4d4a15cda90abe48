"""Where claims can be, as far as the query and some wide constraints tell it apart.

Places and days are cut at the edges of the query and of these constraints. The footprint of a claim
is the part of the cut places and days that it touches. Claims of the same footprint are added up.
"""

from collections.abc import Sequence

import numpy as np

from service.bounds.boxes import Box, Region, prefix_group_axes
from service.bounds.partition import find_distinct_rows
from service.bounds.relaxation.constraint_table import EVERYWHERE, ConstraintTable
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.columns.arrays import IntArray
from service.columns.record_columns import NONE
from service.domain.periods import OPEN_END, OPEN_START
from service.domain.trees import Conjunction, Interval, join_intervals

FIELDS = ("first_slice", "last_slice", "first_stretch", "last_stretch", "groups")
"""What a footprint is: slices of places, stretches of days, and a selection of groups or NONE."""


class Grid:
    """Places and days cut at the edges of some constraints and of a query."""

    def __init__(self, table: ConstraintTable, constraints: IntArray, query: Region) -> None:
        self._table, intervals = table, table.place_intervals
        self._axis = intervals.axis
        interval_lists = [intervals.intervals[each] for each in table.places[constraints].tolist()]
        interval_lists += [box.intervals_along(self._axis) for box in query.boxes]
        edges = {EVERYWHERE[0], EVERYWHERE[1]}
        edges |= {edge for each in interval_lists for interval in each or () for edge in interval}
        self._edges: IntArray = np.array(sorted(edges), dtype=np.int64)
        self._atoms = self._merge_slices(interval_lists)
        days = {OPEN_START, OPEN_END + 1}
        days |= set(table.first[constraints].tolist()) | set((table.last[constraints] + 1).tolist())
        days |= {box.first_day for box in query.boxes} | {box.last_day + 1 for box in query.boxes}
        self._days: IntArray = np.array(sorted(days), dtype=np.int64)
        self._first_days: list[int] = self._days[:-1].tolist()
        self._last_days: list[int] = (self._days[1:] - 1).tolist()
        self._axes: dict[tuple[int, ...], list[Conjunction]] = {}

    def _merge_slices(self, interval_lists: Sequence[tuple[Interval, ...] | None]) -> IntArray:
        """Return the number of each slice's atom: slices of one atom are in the same intervals."""
        incidence = np.zeros((len(self._edges) - 1, len(interval_lists)), dtype=bool)
        for column, intervals in enumerate(interval_lists):
            for start, stop in intervals or ():
                first, end = np.searchsorted(self._edges, (start, stop))
                incidence[first:end, column] = True
        return find_distinct_rows(incidence)[0]

    def locate_components(self, components: NarrowComponents, chosen: IntArray) -> IntArray:
        """Return the footprints of some components, int[n_chosen, 5]."""
        members = components.find_members(chosen)
        footprints = self.locate_constraints(members)
        sizes = components.sizes[chosen]
        starts = np.cumsum(sizes) - sizes
        least, greatest = (
            function.reduceat(footprints, starts, axis=0) if len(chosen) else footprints
            for function in (np.minimum, np.maximum)
        )
        groups = np.where(least[:, 4] == greatest[:, 4], least[:, 4], NONE)
        return np.stack([least[:, 0], greatest[:, 1], least[:, 2], greatest[:, 3], groups], axis=1)

    def locate_constraints(self, constraints: IntArray) -> IntArray:
        """Return the footprints of some constraints, int[n_constraints, 5]."""
        table = self._table
        starts, stops = table.place_intervals.hulls[table.places[constraints]].T
        return np.stack(
            [
                np.searchsorted(self._edges, starts, side="right") - 1,
                np.searchsorted(self._edges, stops) - 1,
                np.searchsorted(self._days, table.first[constraints], side="right") - 1,
                np.searchsorted(self._days, table.last[constraints], side="right") - 1,
                table.groups[constraints],
            ],
            axis=1,
        )

    def count_distinct(self, footprints: IntArray) -> int:
        """Return how many different footprints there are, before equal places are merged."""
        atoms = self._atoms[footprints[:, :2]]
        return len(np.unique(np.concatenate([atoms, footprints[:, 2:]], axis=1), axis=0))

    def merge_places(self, footprints: IntArray) -> IntArray:
        """Return footprints with the slices of each replaced by those of an equal one.

        Two are equal if their slices are of the same atoms.
        """
        merged = footprints.copy()
        pairs, numbers = np.unique(footprints[:, :2], axis=0, return_inverse=True)
        first_of: dict[tuple[int, ...], tuple[int, int]] = {}
        replaced = [
            first_of.setdefault(tuple(self._list_atoms(first, last)), (first, last))
            for first, last in pairs.tolist()
        ]
        merged[:, :2] = np.array(replaced, dtype=np.int64)[numbers.ravel()]
        return merged

    def _list_atoms(self, first_slice: int, last_slice: int) -> list[int]:
        atoms: list[int] = np.unique(self._atoms[first_slice : last_slice + 1]).tolist()
        return atoms

    def make_boxes(self, footprint: Sequence[int], outcomes: int) -> list[Box]:
        """Return the boxes of a footprint, with these outcomes."""
        first_slice, last_slice, first_stretch, last_stretch, groups = footprint
        first_day, last_day = self._first_days[first_stretch], self._last_days[last_stretch]
        key = first_slice, last_slice, groups
        if key not in self._axes:
            self._axes[key] = self._make_axes(*key)
        return [Box(first_day, last_day, outcomes, axes) for axes in self._axes[key]]

    def _make_axes(self, first_slice: int, last_slice: int, groups: int) -> list[Conjunction]:
        """Return the axes of the boxes of a footprint."""
        atoms = self._list_atoms(first_slice, last_slice)
        slices = np.flatnonzero(np.isin(self._atoms, atoms)).tolist()
        edges = self._edges.tolist()
        intervals = join_intervals((edges[each], edges[each + 1]) for each in slices)
        where = () if intervals == (EVERYWHERE,) else ((self._axis, intervals),)
        selections = self._table.state.group_sets.selections
        alternatives = ((),) if groups == NONE else selections[groups].alternatives
        return [prefix_group_axes(each) + where for each in alternatives]
