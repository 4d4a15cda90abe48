"""Points where people can be whom no narrow constraint counts."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from service.bounds.crowds import Crowds
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.narrow_components import WIDE, NarrowComponents
from service.bounds.relaxation.wide_scopes import WideScopes
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.trees import Interval, intervals_contained
from service.domain.vocabulary import OUTCOMES

MAX_PLACES: Final = 4_000
"""The constraints that count people at a place are remembered for so many places."""

MAX_STRETCHES: Final = 3
"""A free day is looked for in so many stretches of days."""


class _Counting(NamedTuple):
    """The days and outcomes of narrow constraints that may count everyone at a place."""

    first: IntArray
    last: IntArray
    outcomes: IntArray


class FreePoints:
    """Finds a place and a day where nobody who is in no incident is counted in a component."""

    def __init__(self, table: ConstraintTable, components: NarrowComponents) -> None:
        self._table = table
        is_counting = (components.labels != WIDE) & (table.incident == NONE)
        is_counting &= (table.upper < OPEN) | table.is_irregular
        self._counting: IntArray = np.flatnonzero(is_counting)
        self._is_about_all: BoolArray = table.is_about_everyone & ~table.is_irregular
        self._by_place: dict[int, _Counting] = {}

    def find(self, places: Iterable[int], first: int, last: int, outcome: int) -> Interval | None:
        """Return a place and a day for an outcome; None if there is none at these places."""
        for place in places:
            day = self._find_day(self._find_counting(place), first, last, outcome)
            if day is not None:
                return place, day
        return None

    def is_covered(self, places: Interval, first: int, last: int, outcome: int) -> bool:
        """Whether everyone there is counted in a component by a figure about all of the places."""
        table, intervals = self._table, self._table.place_intervals
        flags = intervals.flag_overlapping((places,))
        has_all = np.array(
            [
                number
                for number in np.flatnonzero(flags).tolist()
                if intervals_contained((places,), intervals.intervals[number] or ())
            ],
            dtype=np.int64,
        )
        chosen = self._counting[np.isin(table.places[self._counting], has_all)]
        chosen = chosen[self._is_about_all[chosen]]
        counting = _Counting(table.first[chosen], table.last[chosen], table.outcomes[chosen])
        return self._find_day(counting, first, last, outcome) is None

    def _find_counting(self, place: int) -> _Counting:
        found = self._by_place.get(place)
        if found is None:
            table = self._table
            flags = table.place_intervals.flag_overlapping(((place, place + 1),))
            chosen = self._counting[flags[table.places[self._counting]]]
            found = _Counting(table.first[chosen], table.last[chosen], table.outcomes[chosen])
            if len(self._by_place) >= MAX_PLACES:
                self._by_place.clear()
            self._by_place[place] = found
        return found

    def _find_day(self, counting: _Counting, first: int, last: int, outcome: int) -> int | None:
        """Return the first free day from ``first`` to ``last``; None if there is none."""
        has_outcome = (counting.outcomes >> outcome & 1).astype(bool)
        firsts, lasts = counting.first[has_outcome], counting.last[has_outcome]
        day = first
        while day <= last:
            covers = (firsts <= day) & (lasts >= day)
            if not covers.any():
                return day
            day = int(lasts[covers].max()) + 1
        return None


class Area(NamedTuple):
    """Places, days and outcomes in which points are looked for; days are both included."""

    places: tuple[Interval, ...]
    first: int
    last: int
    outcomes: int


def find_free_points(
    free_points: FreePoints, scopes: WideScopes, chosen: IntArray, area: Area | None = None
) -> Crowds:
    """Return free points for each set of the chosen scopes that share people, and each outcome.

    There are at most two of a set, as far apart as was found, with one person each. With an area,
    all points are inside it.
    """
    found: list[tuple[int, int, int]] = []
    edges = scopes.find_place_edges(chosen)
    slices = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    if area is not None:
        slices = [
            (max(start, low), min(stop, high))
            for start, stop in slices
            for low, high in area.places
            if start < high and low < stop
        ]
    in_slice = scopes.flag_places(np.array([start for start, _ in slices], np.int64))[:, chosen]
    slices_of: dict[bytes, list[int]] = {}
    for number in np.flatnonzero(in_slice.any(axis=1)).tolist():
        slices_of.setdefault(in_slice[number].tobytes(), []).append(number)
    for numbers in slices_of.values():
        ends = dict.fromkeys([*numbers[:2], numbers[-1]])
        places = [place for number in ends for place in _list_places(*slices[number])]
        found += _find_at(free_points, scopes, chosen[in_slice[numbers[0]]], places, area)
    place, day, outcome = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return Crowds(place, day, outcome, np.ones(len(found), dtype=np.int64))


def _list_places(start: int, stop: int) -> Iterable[int]:
    """Return some places of a slice: the outermost one comes first."""
    candidates = (start, start + 1, start + 2, (start + stop) // 2, stop - 1)
    return dict.fromkeys(each for each in candidates if start <= each < stop)


def _find_at(
    free_points: FreePoints,
    scopes: WideScopes,
    chosen: IntArray,
    places: list[int],
    area: Area | None,
) -> list[tuple[int, int, int]]:
    """Return place, day and outcome for each set of the scopes, which have all of the places."""
    edges = scopes.find_day_edges(chosen)
    if area is not None:
        edges = np.unique(np.clip(edges, area.first, area.last + 1))
    in_stretch = scopes.flag_days(edges[:-1])[:, chosen]
    found = []
    for outcome in range(len(OUTCOMES)):
        if area is not None and not area.outcomes >> outcome & 1:
            continue
        has_outcome = (scopes.outcomes[chosen] >> outcome & 1).astype(bool)
        for numbers in _group_rows(in_stretch & has_outcome):
            # One near each end, since a query may have one of them only.
            for where, when in ((places, numbers), (places[::-1], numbers[::-1])):
                stretches = [
                    (int(edges[each]), int(edges[each + 1]) - 1) for each in when[:MAX_STRETCHES]
                ]
                point = _find_in_stretches(free_points, where, stretches, outcome)
                if point is None:
                    break
                found.append((*point, outcome))
    return list(dict.fromkeys(found))


def _find_in_stretches(
    free_points: FreePoints, places: list[int], stretches: list[Interval], outcome: int
) -> Interval | None:
    """Return a free place and day in the first of the stretches that has one."""
    points = (free_points.find(places, *stretch, outcome) for stretch in stretches)
    return next((each for each in points if each is not None), None)


def _group_rows(flags: BoolArray) -> Iterable[list[int]]:
    """Return the positions of each distinct row that has a flag."""
    groups: dict[bytes, list[int]] = {}
    packed = np.packbits(flags, axis=1)
    for number in np.flatnonzero(flags.any(axis=1)).tolist():
        groups.setdefault(packed[number].tobytes(), []).append(number)
    return groups.values()
