"""Matrices of whole numbers of which few are not zero."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sparse:
    """A matrix by its entries that are not zero: the row, the column and the value of each."""

    shape: tuple[int, int]
    row: Whole
    column: Whole
    value: NDArray[np.int8] | Whole

    @staticmethod
    def of(dense: NDArray[Any]) -> "Sparse":
        """Return the entries of a matrix of flags or small whole numbers, below 128.

        Such matrices are kept, with up to millions of entries: a number has one byte.
        """
        row, column = np.nonzero(dense)
        value = dense[row, column].astype(np.int8)
        return Sparse((dense.shape[0], dense.shape[1]), row, column, value)

    @staticmethod
    def from_sets(sets: Sequence[Iterable[int]], height: int) -> "Sparse":
        """Return a matrix with one column for each set, which is 1 in the rows of the set."""
        entries = [(row, column) for column, rows in enumerate(sets) for row in rows]
        table = np.array(entries, dtype=np.int64).reshape(-1, 2)
        return Sparse((height, len(sets)), table[:, 0], table[:, 1], np.ones(len(table), np.int8))

    def dense(self) -> NDArray[np.int64]:
        """Return the matrix with all its zeros."""
        dense = np.zeros(self.shape, dtype=np.int64)
        dense[self.row, self.column] = self.value
        return dense

    def columns_in(self, rows: Flags) -> Flags:
        """Return which columns are not zero in some of the flagged rows."""
        found: Flags = np.zeros(self.shape[1], dtype=bool)
        found[self.column[rows[self.row]]] = True
        return found

    def rows_in(self, columns: Flags) -> Flags:
        """Return which rows are not zero in some of the flagged columns."""
        found: Flags = np.zeros(self.shape[0], dtype=bool)
        found[self.row[columns[self.column]]] = True
        return found

    def by_row(self) -> list[Whole]:
        """Return for each row the columns in which it is not zero."""
        starts, columns, _ = self.compressed()
        return np.split(columns, starts[1:])[:-1]

    def compressed(self) -> tuple[Whole, Whole, NDArray[np.int8] | Whole]:
        """Return where each row starts (and last, where all end), and the columns and the values.

        These stand row by row, within a row in the order of the entries.
        """
        order = np.argsort(self.row, kind="stable")
        starts = np.zeros(self.shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.row, minlength=self.shape[0]), out=starts[1:])
        return starts, self.column[order], self.value[order]

    def cut(self, rows: Whole, columns: Whole) -> "Sparse":
        """Return the given rows and columns, in that order; none may be given twice."""
        if _all_of(rows, self.shape[0]) and _all_of(columns, self.shape[1]):
            return self
        new_row, new_column = (
            _numbered(kept, of) for kept, of in zip((rows, columns), self.shape, strict=True)
        )
        row, column = new_row[self.row], new_column[self.column]
        kept = (row >= 0) & (column >= 0)
        return Sparse((len(rows), len(columns)), row[kept], column[kept], self.value[kept])

    def times(self, columns: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of each row, every column taken so many times."""
        sums = np.zeros(self.shape[0], dtype=columns.dtype)
        np.add.at(sums, self.row, self.value * columns[self.column])
        return sums

    def priced(self, prices: Whole) -> Whole:
        """Return the sum of each column, every row taken so many times."""
        sums = np.zeros(self.shape[1], dtype=np.int64)
        np.add.at(sums, self.column, self.value * prices[self.row])
        return sums


def _all_of(kept: Whole, count: int) -> bool:
    return len(kept) == count and bool((kept == np.arange(count)).all())


def _numbered(kept: Whole, count: int) -> Whole:
    """Return where each of ``count`` numbers stands among the kept ones, -1 if it does not."""
    numbers = np.full(count, -1, dtype=np.int64)
    numbers[kept] = np.arange(len(kept))
    return numbers


def stacked(parts: Sequence[Sparse]) -> Sparse:
    """Return matrices of the same width one below the other."""
    heights = np.array([part.shape[0] for part in parts])
    starts = np.cumsum(heights) - heights
    return Sparse(
        (int(heights.sum()), parts[0].shape[1]),
        np.concatenate([part.row + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


def beside(left: Sparse, right: Sparse) -> Sparse:
    """Return two matrices of the same height side by side."""
    return Sparse(
        (left.shape[0], left.shape[1] + right.shape[1]),
        np.concatenate([left.row, right.row]),
        np.concatenate([left.column, right.column + left.shape[1]]),
        np.concatenate([left.value, right.value]),
    )
