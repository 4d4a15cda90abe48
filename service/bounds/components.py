"""Which rows are tied to each other by overlapping scopes, found only as far as is asked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.bounds.boxes import Extent, Node
from service.bounds.constraints import Part, Row

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Parts:
    """The parts of many rows side by side in arrays, so that one can be held against all."""

    def __init__(self, rows: Sequence[Row]) -> None:
        parts = [part for row in rows for part in row.parts]
        self.owner: Indices = np.array(
            [index for index, row in enumerate(rows) for _ in row.parts], dtype=np.int64
        )
        self.start = np.array([part.extent.start for part in parts], dtype=np.int64)
        self.stop = np.array([part.extent.stop for part in parts], dtype=np.int64)
        self.outcomes = np.array([part.extent.outcomes for part in parts], dtype=np.int64)
        self._places = _Spans([part.extent.places for part in parts])
        self._groups = _Spans([part.extent.groups for part in parts])
        self._numbers: dict[str, int] = {}
        depth = max((len(part.node) for part in parts), default=0)
        self._nodes: Indices = np.full((len(parts), depth, 2), -1, dtype=np.int64)
        for index, part in enumerate(parts):
            if part.node:
                self._nodes[index, : len(part.node)] = self._numbered(part.node)

    def _numbered(self, node: Node) -> list[tuple[int, int]]:
        def number(name: str) -> int:
            return self._numbers.setdefault(name, len(self._numbers))

        return [(number(scheme), number(event)) for scheme, event in node]

    def meeting(self, asked: Extent) -> Flags:
        """Return which parts have a cell in common with the extent, events aside."""
        flags: Flags = (
            (self.start <= asked.stop)
            & (self.stop >= asked.start)
            & ((self.outcomes & asked.outcomes) != 0)
            & self._places.meeting(asked.places)
            & self._groups.meeting(asked.groups)
        )
        return flags

    def tied(self, part: Part) -> Flags:
        """Return which parts can hold some of the same people as the given one."""
        flags = self.meeting(part.extent)
        same = np.ones(len(flags), dtype=bool)
        for level, (scheme, event) in enumerate(self._numbered(part.node)):
            schemes, events = self._nodes[:, level, 0], self._nodes[:, level, 1]
            same &= schemes == scheme
            flags &= ~(same & (events != event))
            same &= events == event
        return flags


class _Spans:
    """Lists of spans, one per part, flattened."""

    def __init__(self, lists: Sequence[tuple[tuple[int, int], ...]]) -> None:
        self._count = len(lists)
        flat = [(index, *span) for index, spans in enumerate(lists) for span in spans]
        table = np.array(flat, dtype=np.int64).reshape(-1, 3)
        self._owner, self._start, self._stop = table[:, 0], table[:, 1], table[:, 2]

    def meeting(self, spans: tuple[tuple[int, int], ...]) -> Flags:
        """Return which of the lists have a node in common with the spans."""
        hit = np.zeros(len(self._owner), dtype=bool)
        for start, stop in spans:
            hit |= (self._start < stop) & (self._stop > start)
        flags: Flags = np.zeros(self._count, dtype=bool)
        flags[self._owner[hit]] = True
        return flags


class Clusters:
    """The clusters of some rows, each found when first asked for."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._parts = Parts(rows)
        self._cluster = np.full(len(rows), -1, dtype=np.int64)
        self._members: list[Indices] = []

    def meeting(self, asked: Extent) -> Indices:
        """Return the indices of the rows that may hold people asked for, in ascending order."""
        return np.unique(self._parts.owner[self._parts.meeting(asked)])

    def of(self, row: int) -> int:
        """Return the number of the row's cluster."""
        if self._cluster[row] < 0:
            self._grow(row)
        return int(self._cluster[row])

    def members(self, cluster: int) -> Indices:
        """Return the indices of the cluster's rows, in ascending order."""
        return self._members[cluster]

    def _grow(self, seed: int) -> None:
        number = len(self._members)
        inside = self._cluster
        inside[seed] = number
        pending = [seed]
        left = int((inside < 0).sum())
        while pending and left:
            for part in self._rows[pending.pop()].parts:
                found = np.unique(self._parts.owner[self._parts.tied(part)])
                fresh = found[inside[found] < 0]
                inside[fresh] = number
                pending.extend(fresh.tolist())
                left -= len(fresh)
        self._members.append(np.flatnonzero(inside == number))
