"""The scopes of wide constraints, to count people in them."""

from typing import Final

import numpy as np

from service.bounds.crowds import Crowds
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.shapes import Window, flag_in_window
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.columns.record_columns import NONE

CHUNK_FLAGS: Final = 1 << 22
"""About so many flags are made at once."""


class WideScopes:
    """Wide constraints as places, days and outcomes; all arrays have an element for each.

    ``is_plain`` flags those that are regular, about everyone and about no single incident, and
    whose places are along the main division. People in others cannot be counted here.
    """

    def __init__(self, table: ConstraintTable, wide: IntArray) -> None:
        self.count = len(wide)
        lists = [table.place_intervals.intervals[each] for each in table.places[wide].tolist()]
        self.is_plain: BoolArray = np.array([bool(each) for each in lists], dtype=bool)
        self.is_plain &= ~table.is_irregular[wide] & (table.incident[wide] == NONE)
        self.is_plain &= table.is_about_everyone[wide]
        self.intervals = [each or ((0, 0),) for each in lists]
        runs = [run for each in self.intervals for run in each]
        self._starts, self._stops = np.array(runs, dtype=np.int64).reshape(-1, 2).T
        counts = [len(each) for each in self.intervals]
        self._edges = np.cumsum(counts, dtype=np.int64) - counts
        self.first, self.last = table.first[wide], table.last[wide]
        self.outcomes = table.outcomes[wide]
        self.lower, self.upper = table.lower[wide], table.upper[wide]

    def find_limits(self) -> tuple[FloatArray, FloatArray]:
        """Return the lows and the highs, infinite where there is none, float[n_wide] each."""
        upper = np.where(self.upper < OPEN, self.upper, np.inf)
        return self.lower.astype(float), upper

    def find_place_edges(self, chosen: IntArray) -> IntArray:
        """Return where some of the scopes begin or end along the places, in ascending order."""
        runs = [run for each in chosen.tolist() for run in self.intervals[each]]
        return np.unique(np.array(runs, dtype=np.int64))

    def find_day_edges(self, chosen: IntArray) -> IntArray:
        """Return where some of the scopes begin or end along the days, in ascending order."""
        return np.unique(np.concatenate([self.first[chosen], self.last[chosen] + 1]))

    def flag_places(self, places: IntArray) -> BoolArray:
        """Return which scopes have each of the places, bool[n_places, n_wide]."""
        flags: BoolArray = np.zeros((len(places), self.count), dtype=bool)
        if self.count and len(places):
            column = places[:, None]
            in_run = (self._starts <= column) & (column < self._stops)
            flags |= np.logical_or.reduceat(in_run, self._edges, axis=1)
        return flags

    def flag_days(self, days: IntArray) -> BoolArray:
        """Return which scopes have each of the days, bool[n_days, n_wide]."""
        column = days[:, None]
        flags: BoolArray = (column >= self.first) & (column <= self.last)
        return flags

    def flag_outcomes(self, outcomes: IntArray) -> BoolArray:
        """Return which scopes have each of the outcomes, bool[n_outcomes, n_wide]."""
        flags: BoolArray = (self.outcomes >> outcomes[:, None] & 1).astype(bool)
        return flags

    def flag(self, crowds: Crowds) -> BoolArray:
        """Return which scopes count each crowd, bool[n_crowds, n_wide]."""
        places, numbers = np.unique(crowds.place, return_inverse=True)
        flags = self.flag_places(places)[numbers]
        flags &= self.flag_days(crowds.day)
        flags &= self.flag_outcomes(crowds.outcome)
        return flags

    def flag_in(self, position: int, crowds: Crowds) -> BoolArray:
        """Return which crowds a scope counts, bool[n_crowds]."""
        flags = flag_in_window(self.get_window(position), crowds.place, crowds.day)
        flags &= (self.outcomes[position] >> crowds.outcome & 1).astype(bool)
        return flags

    def list_entries(self, crowds: Crowds) -> tuple[IntArray, IntArray]:
        """Return pairs of a crowd and of a scope that counts it, by their positions."""
        found: list[tuple[IntArray, IntArray]] = []
        step = max(1, CHUNK_FLAGS // max(1, self.count))
        for begin in range(0, len(crowds.people), step):
            part = Crowds(*(each[begin : begin + step] for each in crowds))
            crowd, wide = np.nonzero(self.flag(part))
            found.append((crowd + begin, wide))
        nothing = np.zeros(0, dtype=np.int64)
        columns = zip(*found, (nothing, nothing), strict=True)
        crowd, wide = (np.concatenate(each) for each in columns)
        return crowd, wide

    def find_distinct(self, crowds: Crowds) -> IntArray:
        """Return the first of the crowds that the same scopes count, in ascending order.

        The crowds have the same number of people.
        """
        count = len(crowds.people)
        marks = self.mark(np.arange(count), crowds, count)
        firsts: IntArray = np.sort(np.unique(marks, return_index=True)[1])
        return firsts

    def mark(self, owners: IntArray, crowds: Crowds, owner_count: int) -> IntArray:
        """Return a number of each owner: the same for those whose people the scopes count alike.

        ``owners``, int[n_crowds], are those of the crowds. Others have the same number by chance
        only, with a probability of about 1 in 2 ** 60.
        """
        crowd, wide = self.list_entries(crowds)
        weights = np.random.default_rng(0).integers(1 << 62, size=self.count)
        marks: IntArray = np.zeros(owner_count, dtype=np.int64)
        np.add.at(marks, owners[crowd], crowds.people[crowd] * weights[wide])
        return marks

    def get_window(self, position: int) -> Window:
        """Return the places and days of a scope."""
        days = int(self.first[position]), int(self.last[position])
        return Window(self.intervals[position], *days)

    def find_near(self, extent: Window) -> IntArray:
        """Return the plain scopes that may have some, but not all, places and days of an extent."""
        ((start, stop),) = extent.places
        flags = (self.first <= extent.last) & (self.last >= extent.first) & self.is_plain
        flags &= np.logical_or.reduceat((self._starts < stop) & (self._stops > start), self._edges)
        has_all = (self.first <= extent.first) & (self.last >= extent.last)
        has_all &= np.logical_or.reduceat(
            (self._starts <= start) & (self._stops >= stop), self._edges
        )
        return np.flatnonzero(flags & ~has_all)

    def count_people(self, crowds: Crowds) -> IntArray:
        """Return how many people of the crowds each scope counts, int[n_wide]."""
        crowd, wide = self.list_entries(crowds)
        people: IntArray = np.zeros(self.count, dtype=np.int64)
        np.add.at(people, wide, crowds.people[crowd])
        return people
