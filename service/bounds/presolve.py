"""Drops the ends that cannot bind and splits the rest where nothing ties it together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.bounds.linear_program import Flags, Indices, Program
from service.bounds.sparse_matrix import Sparse, stacked

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """The floor and the ceiling of every row: 0 and infinity where there is none (any more).

    Equal is only what is the same, so that what was worked out of it can be kept by it.
    """

    floors: Numbers
    ceilings: Numbers

    @property
    def capped(self) -> Flags:
        """Which rows have a ceiling."""
        return np.asarray(np.isfinite(self.ceilings), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows, columns and ties that bind each other and nothing else.

    ``binding`` tells which of the rows take part with their floor, ``capping`` which with their
    ceiling.
    """

    rows: Indices
    binding: Flags
    capping: Flags
    columns: Indices
    ties: Indices


def pieces(program: Program, ends: Ends, spare: Flags, needed: Flags, about: Flags) -> list[Piece]:
    """Return the pieces of floors, ceilings and needed columns that hold a column asked ``about``.

    A floor binds nothing if it can be met by a kind of person that is ``spare`` (costs nothing)
    and that no ceiling counts. A column that lies in no binding floor and is not needed is best
    left empty and drops out, and so does a ceiling over nothing but such columns, or above all
    that its piece can come to; without that ceiling, further floors may bind nothing.
    """
    found: list[Piece] = []
    pending = [(np.arange(len(program.rows)), ends.capped, needed)]
    while pending:
        rows, capping, wanted = pending.pop()
        binding = _binding(program, ends, rows, capping, spare)
        for piece in _split(program, _gathered(program, rows, binding, capping, wanted), about):
            loose = _loose(program, ends, piece, needed)
            if not loose.any():
                found.append(piece)
                continue
            mine = np.zeros(len(needed), dtype=bool)
            mine[piece.columns] = needed[piece.columns]
            pending.append((piece.rows, piece.capping & ~loose, mine))
    return found


def _binding(program: Program, ends: Ends, rows: Indices, capping: Flags, spare: Flags) -> Flags:
    """Return which of the rows have a floor that no spare kind of person can meet freely."""
    free = spare & ~program.atoms.columns_in(_flagged(rows[capping], len(program.rows)))
    binding: Flags = (ends.floors[rows] > 0) & ~program.atoms.rows_in(free)[rows]
    return binding


def _gathered(
    program: Program, rows: Indices, binding: Flags, capping: Flags, needed: Flags
) -> Piece:
    """Return the binding floors and the needed columns with the ceilings and ties over them."""
    called = program.covers.columns_in(_flagged(rows[binding], len(program.rows)))
    columns = called | needed
    touched = np.setdiff1d(program.knots[columns], [-1])
    columns = columns | np.isin(program.knots, touched)
    ties = np.isin(program.tie_knots, touched)
    capping = capping & program.covers.rows_in(columns)[rows]
    kept = binding | capping
    return Piece(
        rows[kept], binding[kept], capping[kept], np.flatnonzero(columns), np.flatnonzero(ties)
    )


def _flagged(numbers: Indices, count: int) -> Flags:
    flags: Flags = np.zeros(count, dtype=bool)
    flags[numbers] = True
    return flags


def _loose(program: Program, ends: Ends, piece: Piece, needed: Flags) -> Flags:
    """Return which ceilings of the piece are above all that it can come to.

    Nobody is in the piece but those whom a floor calls for, at most the sum of the floors, and
    those in needed columns, at most the sum of a few ceilings that cover these, each exceeded by
    no more than the floors call for.
    """
    loose = np.zeros(len(piece.rows), dtype=bool)
    called = float(ends.floors[piece.rows[piece.binding]].sum())
    most = called
    capping = np.flatnonzero(piece.capping)
    capping = capping[np.argsort(ends.ceilings[piece.rows[capping]], kind="stable")]
    left = piece.columns[needed[piece.columns]]
    covers = program.covers.cut(piece.rows[capping], left)
    uncovered = np.ones(len(left), dtype=bool)
    for row, columns in zip(capping, covers.by_row(), strict=True):
        if uncovered[columns].any():
            uncovered[columns] = False
            most += float(ends.ceilings[piece.rows[row]]) + called
        else:
            loose[row] = True
    if uncovered.any():
        return np.zeros(len(piece.rows), dtype=bool)
    return loose & (ends.ceilings[piece.rows] >= most)


def _split(program: Program, piece: Piece, about: Flags) -> list[Piece]:
    """Return the parts of the piece that nothing ties together and that are asked about."""
    covers = program.covers.cut(piece.rows, piece.columns)
    links = stacked([covers, program.ties.cut(piece.ties, piece.columns)])
    found = []
    asked = about[piece.columns]
    for members, columns in connected(links):
        if not asked[columns].any():
            continue
        rows = members[members < len(piece.rows)]
        ties = members[members >= len(piece.rows)] - len(piece.rows)
        found.append(
            Piece(
                piece.rows[rows],
                piece.binding[rows],
                piece.capping[rows],
                piece.columns[columns],
                piece.ties[ties],
            )
        )
    return found


def joined(found: Sequence[Piece]) -> Piece:
    """Return the pieces as one."""
    return Piece(
        np.concatenate([piece.rows for piece in found]),
        np.concatenate([piece.binding for piece in found]),
        np.concatenate([piece.capping for piece in found]),
        np.concatenate([piece.columns for piece in found]),
        np.concatenate([piece.ties for piece in found]),
    )


def connected(links: Sparse) -> list[tuple[Indices, Indices]]:
    """Return the rows and columns of each connected part of a bipartite graph.

    A column without a row is no part of any. Every row takes over the least number among the rows
    that it shares a column with, and then that row's number, until nothing changes.
    """
    rows, columns = links.row, links.column
    label = np.arange(links.shape[0])
    while True:
        of_column = np.full(links.shape[1], links.shape[0])
        np.minimum.at(of_column, columns, label[rows])
        lower = label.copy()
        np.minimum.at(lower, rows, of_column[columns])
        lower = lower[lower]
        if (lower == label).all():
            break
        label = lower
    column_label = np.full(links.shape[1], -1)
    column_label[columns] = label[rows]
    return [*zip(_grouped(label, label), _grouped(column_label, label), strict=True)]


def _grouped(labels: Indices, every: Indices) -> list[Indices]:
    """Return for each label in use, ascending, the positions that carry it."""
    used = np.unique(every)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], used, side="left")
    stops = np.searchsorted(labels[order], used, side="right")
    return [order[start:stop] for start, stop in zip(starts, stops, strict=True)]
