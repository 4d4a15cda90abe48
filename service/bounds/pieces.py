"""Drops the rows that cannot bind and splits the rest where nothing ties it together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.bounds.program import Flags, Indices, Program


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows, columns and ties that bind each other and nothing else.

    All its rows take part with their ceiling; ``binding`` tells which do with their floor.
    """

    rows: Indices
    binding: Flags
    columns: Indices
    ties: Indices


def pieces(program: Program, binding: Flags, capped: Flags, needed: Flags) -> list[Piece]:
    """Return the pieces that the binding floors, all ceilings and the needed columns make.

    A column that lies in no binding floor and is not needed is best left empty and drops out, and
    so does a ceiling over nothing but such columns.
    """
    columns = program.covers[binding].any(axis=0) | needed
    tied = program.ties != 0
    while True:
        ties = tied[:, columns].any(axis=1)
        wider = columns | tied[ties].any(axis=0)
        if (wider == columns).all():
            break
        columns = wider
    rows = binding | (capped & program.covers[:, columns].any(axis=1))
    row_index, column_index = np.flatnonzero(rows), np.flatnonzero(columns)
    tie_index = np.flatnonzero(ties)
    links = np.vstack(
        [program.covers[np.ix_(row_index, column_index)], tied[np.ix_(tie_index, column_index)]]
    )
    found = []
    for link_rows, link_columns in connected(links):
        mine = row_index[link_rows[link_rows < len(row_index)]]
        ties_of = tie_index[link_rows[link_rows >= len(row_index)] - len(row_index)]
        found.append(Piece(mine, binding[mine], column_index[link_columns], ties_of))
    return found


def joined(found: Sequence[Piece]) -> Piece:
    """Return the pieces as one."""
    return Piece(
        np.concatenate([piece.rows for piece in found]),
        np.concatenate([piece.binding for piece in found]),
        np.concatenate([piece.columns for piece in found]),
        np.concatenate([piece.ties for piece in found]),
    )


def connected(links: Flags) -> list[tuple[Indices, Indices]]:
    """Return the rows and columns of each connected part of a bipartite graph.

    A column without a row would be no part of any; there is none where nothing is open.
    """
    left = np.ones(len(links), dtype=bool)
    found = []
    while left.any():
        rows = np.zeros(len(links), dtype=bool)
        rows[left.argmax()] = True
        while True:
            columns = links[rows].any(axis=0)
            wider = links[:, columns].any(axis=1) | rows
            if (wider == rows).all():
                break
            rows = wider
        left &= ~rows
        found.append((np.flatnonzero(rows), np.flatnonzero(columns)))
    return found
