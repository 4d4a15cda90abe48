"""Cuts overlapping extents into cells, and merges the cells that lie in exactly the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.bounds.boxes import Extent
from service.domain.trees import Interval
from service.domain.vocabulary import OUTCOMES

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Slices:
    """A tree cut at every end of a span, slices that lie in the same extents merged."""

    def __init__(self, lists: Sequence[tuple[Interval, ...]]) -> None:
        points = sorted({point for spans in lists for span in spans for point in span})
        self._edges = np.array(points, dtype=np.int64)
        inside = np.zeros((len(lists), max(len(points) - 1, 0)), dtype=bool)
        for index, spans in enumerate(lists):
            for start, stop in spans:
                first, last = np.searchsorted(self._edges, (start, stop))
                inside[index, first:last] = True
        self._group, members = _distinct_rows(inside.T)
        self.inside: Flags = members

    def split(self, spans: tuple[Interval, ...]) -> tuple[Flags, Flags]:
        """Return of each merged slice whether some, and whether not all, lies in the spans."""
        some = np.zeros(len(self._group), dtype=bool)
        every = np.zeros(len(self._group), dtype=bool)
        starts, stops = self._edges[:-1], self._edges[1:]
        for start, stop in spans:
            some |= (starts < stop) & (stops > start)
            every |= (start <= starts) & (stops <= stop)
        count = len(self.inside)
        return _any_by(self._group, some, count), _any_by(self._group, ~every, count)


def _distinct_rows(flags: Flags) -> tuple[Indices, Flags]:
    """Return for each row the number of its distinct value, and the distinct rows."""
    numbers: dict[bytes, int] = {}
    packed = np.packbits(flags, axis=1)
    group = [numbers.setdefault(row.tobytes(), len(numbers)) for row in packed]
    first = np.zeros(len(numbers), dtype=np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    return np.array(group, dtype=np.int64), flags[first]


def _any_by(group: Indices, flags: Flags, count: int) -> Flags:
    result: Flags = np.zeros(count, dtype=bool)
    result[group[flags]] = True
    return result


@dataclass(frozen=True, slots=True)
class Cells:
    """The merged cells of some extents.

    ``inside[cell, extent]`` tells which extents hold the cell. A cell is made of patches: a column
    (slices of places and groups with an outcome) over a run of days.
    """

    inside: Flags
    _places: Slices
    _groups: Slices
    _columns: Indices
    """Place slice, outcome, group slice and number of each column; equal columns share a number."""
    _patches: Indices
    """Cell, number of the column, first day and last day of each patch."""

    def split(self, asked: Extent) -> tuple[Flags, Flags]:
        """Return for each cell whether part of it is asked for, and whether part of it is not."""
        place, outcome, group, number = self._columns.T
        place_in, place_out = self._places.split(asked.places)
        group_in, group_out = self._groups.split(asked.groups)
        outcome_in = np.array([asked.outcomes >> bit & 1 for bit in range(len(OUTCOMES))], bool)
        columns = int(number.max()) + 1
        column_in = _any_by(
            number, place_in[place] & outcome_in[outcome] & group_in[group], columns
        )
        column_out = _any_by(
            number, place_out[place] | ~outcome_in[outcome] | group_out[group], columns
        )
        cell, column, start, stop = self._patches.T
        inside = column_in[column] & (start <= asked.stop) & (stop >= asked.start)
        outside = column_out[column] | (start < asked.start) | (stop > asked.stop)
        count = len(self.inside)
        return _any_by(cell, inside, count), _any_by(cell, outside, count)


def cut(extents: Sequence[Extent]) -> Cells:
    """Return the merged cells that lie in at least one of the extents."""
    places = Slices([extent.places for extent in extents])
    groups = Slices([extent.groups for extent in extents])
    outcomes = np.array(
        [[extent.outcomes >> bit & 1 for extent in extents] for bit in range(len(OUTCOMES))], bool
    )
    columns, holders = _columns(places.inside, outcomes, groups.inside)
    starts = np.array([extent.start for extent in extents], dtype=np.int64)
    stops = np.array([extent.stop for extent in extents], dtype=np.int64)
    numbers: dict[bytes, int] = {}
    patches = [
        _patches(number, np.flatnonzero(held), starts, stops, numbers)
        for number, held in enumerate(holders)
    ]
    packed = np.frombuffer(b"".join(numbers), dtype=np.uint8).reshape(len(numbers), -1)
    inside = np.unpackbits(packed, axis=1, count=len(extents)).astype(bool)
    return Cells(inside, places, groups, columns, np.concatenate(patches))


def _columns(places: Flags, outcomes: Flags, groups: Flags) -> tuple[Indices, Flags]:
    """Return every column that some extent holds, and which extents hold each distinct one."""
    held = places[:, None, None, :] & outcomes[None, :, None, :] & groups[None, None, :, :]
    place, outcome, group = np.nonzero(held.any(axis=3))
    number, distinct = _distinct_rows(held[place, outcome, group])
    return np.stack([place, outcome, group, number], axis=1), distinct


def _patches(
    column: int, held: Indices, starts: Indices, stops: Indices, numbers: dict[bytes, int]
) -> Indices:
    """Return the patches of one column, giving each new set of extents the next cell number."""
    first, last = starts[held], stops[held]
    edges = np.unique(np.concatenate([first, last + 1]))
    days = edges[:-1]
    inside = np.zeros((len(days), len(starts)), dtype=bool)
    inside[:, held] = (first <= days[:, None]) & (last >= days[:, None])
    kept = inside.any(axis=1)
    packed = np.packbits(inside[kept], axis=1)
    cells = [numbers.setdefault(row.tobytes(), len(numbers)) for row in packed]
    return np.stack(
        [np.array(cells), np.full(len(cells), column), days[kept], edges[1:][kept] - 1], axis=1
    )
