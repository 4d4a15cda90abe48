"""Long rows told by rows within them: a running total is the one before it and a few more.

A thousand running totals cover half a million columns between them, and a solver gets lost in
these. Told by each other they cover a few thousand, and nothing else changes.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.bounds.sparse_matrix import Sparse, Whole

MANY: Final = 5_000
"""From so many entries on it is worth the trouble."""

LEAST: Final = 3
"""Of a row with fewer entries nothing is gained."""

COMPARED: Final = 4
"""A row is compared with others that have so many times its entries together at most."""


@dataclass(frozen=True, slots=True)
class Telescoped:
    """A matrix whose rows may hold, beside its columns, the sums of other rows.

    The last columns are those sums, of the rows ``told``, in that order: where such a row stands,
    its own sum is taken off, so that it comes to nothing. ``inner`` are the rows that ``outer``
    ones are told by, pair by pair.
    """

    matrix: Sparse
    told: Whole
    outer: Whole
    inner: Whole

    def prices(self, prices: NDArray[Any]) -> NDArray[Any]:
        """Return the price that each row would have in the matrix as it was.

        That of a row that others are told by is paid by these as well, and more rows may follow.
        """
        found = prices.copy()
        np.subtract.at(found, self.inner, prices[self.outer])
        return found


def telescoped(matrix: Sparse) -> Telescoped:
    """Return the matrix with long rows told by others, or as it is where that gains little."""
    if len(matrix.row) >= MANY:
        found = _told(matrix)
        if 2 * len(found.matrix.row) < len(matrix.row):
            return found
    nothing = np.zeros(0, dtype=np.int64)
    return Telescoped(matrix, nothing, nothing, nothing)


def _told(matrix: Sparse) -> Telescoped:
    """Return the matrix, every row told by those before it (the shortest first) where that is less.

    Those that hold most of its columns and are the longest so far are compared with it.
    """
    rows, width = matrix.shape
    starts, *entries = matrix.compressed()
    columns, values = (np.split(each.astype(np.int64), starts[1:])[:-1] for each in entries)
    left = np.zeros(width, dtype=np.int64)
    seen = np.zeros(width, dtype=bool)
    holder = np.full(width, -1, dtype=np.int64)
    pairs: list[tuple[int, int]] = []
    kept: list[tuple[Whole, Whole]] = [*zip(columns, values, strict=True)]
    long = [row for row in range(rows) if len(columns[row]) >= LEAST]
    for row in sorted(long, key=lambda row: len(columns[row])):
        mine = columns[row]
        left[mine] = values[row]
        seen[mine] = True
        touched = [mine]
        for inner in _near(holder[mine], columns):
            its, value = columns[inner], values[inner]
            if np.count_nonzero(left[its] - value) + 1 < np.count_nonzero(left[its]):
                left[its] -= value
                touched.append(its[~seen[its]])
                seen[its] = True
                pairs.append((row, inner))
        every = np.concatenate(touched)
        some = every[left[every] != 0]
        kept[row] = some, left[some]
        left[some], seen[every] = 0, False
        holder[mine] = row
    return _joined(width, kept, np.array(pairs, dtype=np.int64).reshape(-1, 2))


def _near(holders: Whole, columns: list[Whole]) -> list[int]:
    """Return the rows that hold several of the columns, first those that hold most."""
    counts = np.bincount(holders[holders >= 0])
    several = np.flatnonzero(counts >= LEAST)
    near: list[int] = []
    size = COMPARED * len(holders)
    for row in several[np.argsort(-counts[several], kind="stable")].tolist():
        size -= len(columns[row])
        if size < 0:
            break
        near.append(row)
    return near


def _joined(width: int, kept: list[tuple[Whole, Whole]], pairs: Whole) -> Telescoped:
    """Return what is left of the rows with the sums that they are told by."""
    outer, inner = pairs.T
    told, number = np.unique(inner, return_inverse=True)
    lengths = [len(columns) for columns, _ in kept]
    matrix = Sparse(
        (len(kept), width + len(told)),
        np.concatenate([np.repeat(np.arange(len(kept)), lengths), outer, told]),
        np.concatenate([*(columns for columns, _ in kept), width + number,
                        width + np.arange(len(told))]),
        np.concatenate([*(values for _, values in kept), np.ones(len(outer), dtype=np.int64),
                        np.full(len(told), -1)]),
    )  # fmt: skip
    return Telescoped(matrix, told, outer, inner)
