"""The linear program of one cluster: who could have been counted where, and in which rows.

The program does not depend on the question: a question only says which columns it counts. So it is
built once for all the questions that are asked of the same figures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.bounds.boxes import Extent, Node
from service.bounds.constraints import Row
from service.bounds.laminar import Nest
from service.bounds.partition import Cells, cut
from service.bounds.sparse_matrix import Sparse

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Program:
    """Columns are numbers of people; a row's people are the sum of the columns it covers.

    ``ties`` are rows of +1, 0 and -1 whose sum must not be above zero: they hold together the
    columns of cells where two registers may speak of the same event; ``knots`` and ``tie_knots``
    number the cell that a column or a tie belongs to, -1 for a column without ties.

    ``atoms`` tells for each kind of person (a cell and at most one chain of events) which rows
    count that person, and ``atom_column`` in which column a question counts that person.
    """

    rows: tuple[Row, ...]
    covers: Sparse
    ties: Sparse
    knots: Indices
    tie_knots: Indices
    atoms: Sparse
    atom_column: Indices
    nest: Nest | None
    """The rows as a tree, where they are one and nothing ties their columns."""
    _cells: Cells
    _counted: Indices
    """Cell and column of every pair that makes up the people of a cell."""

    def split(self, asked: Extent) -> tuple[Flags, Flags]:
        """Return which columns can hold people asked for, and which can hold others."""
        cell_in, cell_out = self._cells.split(asked)
        cell, column = self._counted.T
        inside = np.zeros(self.covers.shape[1], dtype=bool)
        outside = np.zeros(self.covers.shape[1], dtype=bool)
        inside[column[cell_in[cell]]] = True
        outside[column[cell_out[cell]]] = True
        return inside, outside


def build(rows: Sequence[Row]) -> Program:
    """Return the program of the rows, which need not all be tied to each other."""
    extents = sorted({part.extent for row in rows for part in row.parts})
    number = {extent: index for index, extent in enumerate(extents)}
    cells = cut(extents)
    if any(part.node for row in rows for part in row.parts):
        return _with_events(tuple(rows), number, cells)
    position = [number[row.parts[0].extent] for row in rows]
    covers = Sparse.of(cells.inside[:, position].T)
    every = np.arange(covers.shape[1])
    ties = Sparse.of(np.zeros((0, covers.shape[1])))
    counted = np.stack([every, every], axis=1)
    untied = np.full(covers.shape[1], -1)
    nest = Nest.of(covers)
    return Program(
        tuple(rows), covers, ties, untied, every[:0], covers, every, nest, cells, counted
    )


def _with_events(rows: tuple[Row, ...], number: Mapping[Extent, int], cells: Cells) -> Program:
    holding: list[list[tuple[int, Node]]] = [[] for _ in number]
    for index, row in enumerate(rows):
        for part in row.parts:
            holding[number[part.extent]].append((index, part.node))
    columns = _Columns(len(rows))
    for cell, inside in enumerate(cells.inside):
        held = [pair for extent in np.flatnonzero(inside) for pair in holding[extent]]
        columns.add(cell, held)
    return columns.program(rows, cells)


class _Columns:
    """Gathers the columns of a program whose rows speak of events.

    Ids of two schemes may be the same event, so a cell with two schemes would need a column for
    each pair of ids. It is enough to know, for each scheme, how many of the cell's people each id
    has: any such numbers fit together as long as no scheme has more people than the cell, and,
    where nobody speaks of the cell as a whole, all schemes together have at least as many.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._covering: list[frozenset[int]] = []
        self._merged: dict[frozenset[int], int] = {}
        self._ties: list[tuple[list[int], list[int]]] = []
        self._knots: list[int] = []
        self._tie_knots: list[int] = []
        self._cell = -1
        self._atoms: set[tuple[frozenset[int], int]] = set()
        self._counted: list[tuple[int, int]] = []

    def add(self, cell: int, held: list[tuple[int, Node]]) -> None:
        """Add the columns of a cell that is held by the given rows, each within an event."""
        self._cell = cell
        everyone = _Event()
        for row, node in held:
            everyone.hold(row, node)
        columns = self._people(everyone, frozenset(), frozenset(), None)
        self._counted.extend((cell, column) for column in columns)

    def _people(
        self, event: "_Event", near: frozenset[int], around: frozenset[int], shared: int | None
    ) -> list[int]:
        """Return the columns that add up to the event's people.

        ``around`` are the rows of all the events around it, ``near`` those that its columns must
        carry themselves: where several schemes share one column of people, ``shared``, that column
        carries the rows of the events around it.
        """
        near, around = near | (event.rows - around), around | event.rows
        if len(event.schemes) > 1:
            return [self._shared_people(event, near, around, shared)]
        columns = [
            column
            for inner in event.inner()
            for column in self._people(inner, near, around, shared)
        ]
        if event.rows:
            own = self._column(near, tied=shared is not None)
            self._atoms.add((around, own if shared is None else shared))
            columns.append(own)
        return columns

    def _shared_people(
        self, event: "_Event", near: frozenset[int], around: frozenset[int], shared: int | None
    ) -> int:
        """Return the one column of an event in which several schemes count the same people."""
        total = self._column(near, tied=True)
        shared = total if shared is None else shared
        if event.rows:
            self._atoms.add((around, shared))
        everyone: list[int] = []
        for scheme in event.schemes.values():
            columns = [
                column
                for inner in scheme.values()
                for column in self._people(inner, frozenset(), around, shared)
            ]
            self._tie(columns, [total])
            everyone.extend(columns)
        if not event.rows:
            self._tie([total], everyone)
        return total

    def _tie(self, more: list[int], less: list[int]) -> None:
        """Hold the people of the first columns to no more than those of the second."""
        self._ties.append((more, less))
        self._tie_knots.append(self._cell)

    def _column(self, rows: frozenset[int], tied: bool) -> int:
        """Return the column that the rows cover: one of its own where it is tied to others."""
        if not tied and rows in self._merged:
            return self._merged[rows]
        self._covering.append(rows)
        self._knots.append(self._cell if tied else -1)
        if not tied:
            self._merged[rows] = len(self._covering) - 1
        return len(self._covering) - 1

    def program(self, rows: tuple[Row, ...], cells: Cells) -> Program:
        """Return the program of all the cells added."""
        covers = Sparse.from_sets(self._covering, self._rows)
        atoms = sorted(self._atoms, key=lambda atom: (sorted(atom[0]), atom[1]))
        held = Sparse.from_sets([covering for covering, _ in atoms], self._rows)
        column_of = np.array([column for _, column in atoms], dtype=np.int64)
        counted = np.array(sorted(set(self._counted)), dtype=np.int64)
        knots = np.array(self._knots, dtype=np.int64)
        tie_knots = np.array(self._tie_knots, dtype=np.int64)
        nest = None if self._ties else Nest.of(covers)
        return Program(
            rows, covers, self._tied(), knots, tie_knots, held, column_of, nest, cells, counted
        )

    def _tied(self) -> Sparse:
        """Return the ties: +1 for columns that may not hold more than those of -1."""
        entries = [
            (tie, column, sign)
            for tie, sides in enumerate(self._ties)
            for columns, sign in zip(sides, (1, -1), strict=True)
            for column in columns
        ]
        table = np.array(entries, dtype=np.int64).reshape(-1, 3)
        return Sparse((len(self._ties), len(self._covering)), *table.T)


class _Event:
    """An event in one cell: the rows that speak of all of it, and the events within it."""

    def __init__(self) -> None:
        self.rows: frozenset[int] = frozenset()
        self.schemes: dict[str, dict[str, _Event]] = {}

    def hold(self, row: int, node: Node) -> None:
        """Note that the row speaks of the event at the end of the path."""
        event = self
        for scheme, name in node:
            event = event.schemes.setdefault(scheme, {}).setdefault(name, _Event())
        event.rows |= {row}

    def inner(self) -> Iterator["_Event"]:
        """Yield the events directly within this one, of all schemes."""
        for scheme in self.schemes.values():
            yield from scheme.values()
