"""Matrices of whole numbers of which few are not zero."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bounds.arrays import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class SparseMatrix:
    """A matrix by its entries that are not zero: the row, the column and the value of each."""

    shape: tuple[int, int]
    row: IntArray
    column: IntArray
    value: NDArray[np.int8] | IntArray

    @staticmethod
    def from_dense(dense: NDArray[Any]) -> "SparseMatrix":
        """Return the entries of a matrix of flags or small whole numbers, below 128.

        Such matrices are kept, with up to millions of entries: a number has one byte.
        """
        row, column = np.nonzero(dense)
        value = dense[row, column].astype(np.int8)
        return SparseMatrix((dense.shape[0], dense.shape[1]), row, column, value)

    @staticmethod
    def from_sets(row_sets: Sequence[Iterable[int]], row_count: int) -> "SparseMatrix":
        """Return a matrix with one column for each set, which is 1 in the rows of the set."""
        entries = [(row, column) for column, row_set in enumerate(row_sets) for row in row_set]
        table = np.array(entries, dtype=np.int64).reshape(-1, 2)
        return SparseMatrix(
            (row_count, len(row_sets)), table[:, 0], table[:, 1], np.ones(len(table), np.int8)
        )

    def nonzero_columns(self, rows: BoolArray) -> BoolArray:
        """Return which columns are not zero in some of the flagged rows."""
        is_nonzero: BoolArray = np.zeros(self.shape[1], dtype=bool)
        is_nonzero[self.column[rows[self.row]]] = True
        return is_nonzero

    def nonzero_rows(self, columns: BoolArray) -> BoolArray:
        """Return which rows are not zero in some of the flagged columns."""
        is_nonzero: BoolArray = np.zeros(self.shape[0], dtype=bool)
        is_nonzero[self.row[columns[self.column]]] = True
        return is_nonzero

    def split_rows(self) -> list[IntArray]:
        """Return for each row the columns in which it is not zero."""
        starts, columns, _ = self.to_csr()
        return np.split(columns, starts[1:])[:-1]

    def to_csr(self) -> tuple[IntArray, IntArray, NDArray[np.int8] | IntArray]:
        """Return where each row starts (and last, where all end), and the columns and the values.

        These stand row by row, within a row in the order of the entries.
        """
        order = np.argsort(self.row, kind="stable")
        starts = np.zeros(self.shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.row, minlength=self.shape[0]), out=starts[1:])
        return starts, self.column[order], self.value[order]

    def submatrix(self, rows: IntArray, columns: IntArray) -> "SparseMatrix":
        """Return the given rows and columns, in that order; none may be given twice."""
        if _is_full_range(rows, self.shape[0]) and _is_full_range(columns, self.shape[1]):
            return self
        new_row, new_column = (
            _invert_indices(indices, count)
            for indices, count in zip((rows, columns), self.shape, strict=True)
        )
        row, column = new_row[self.row], new_column[self.column]
        is_kept = (row >= 0) & (column >= 0)
        return SparseMatrix(
            (len(rows), len(columns)), row[is_kept], column[is_kept], self.value[is_kept]
        )

    def matvec(self, vector: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of each row, every column taken so many times."""
        sums = np.zeros(self.shape[0], dtype=vector.dtype)
        np.add.at(sums, self.row, self.value * vector[self.column])
        return sums

    def rmatvec(self, vector: IntArray) -> IntArray:
        """Return the sum of each column, every row taken so many times."""
        sums = np.zeros(self.shape[1], dtype=np.int64)
        np.add.at(sums, self.column, self.value * vector[self.row])
        return sums


def _is_full_range(indices: IntArray, count: int) -> bool:
    return len(indices) == count and bool((indices == np.arange(count)).all())


def _invert_indices(indices: IntArray, count: int) -> IntArray:
    """Return where each of ``count`` numbers stands among the kept ones, -1 if it does not."""
    positions = np.full(count, -1, dtype=np.int64)
    positions[indices] = np.arange(len(indices))
    return positions


def vstack(matrices: Sequence[SparseMatrix]) -> SparseMatrix:
    """Return matrices of the same width one below the other."""
    row_counts = np.array([matrix.shape[0] for matrix in matrices])
    first_rows = np.cumsum(row_counts) - row_counts
    return SparseMatrix(
        (int(row_counts.sum()), matrices[0].shape[1]),
        np.concatenate(
            [matrix.row + first_row for matrix, first_row in zip(matrices, first_rows, strict=True)]
        ),
        np.concatenate([matrix.column for matrix in matrices]),
        np.concatenate([matrix.value for matrix in matrices]),
    )


def hstack(left: SparseMatrix, right: SparseMatrix) -> SparseMatrix:
    """Return two matrices of the same height side by side."""
    return SparseMatrix(
        (left.shape[0], left.shape[1] + right.shape[1]),
        np.concatenate([left.row, right.row]),
        np.concatenate([left.column, right.column + left.shape[1]]),
        np.concatenate([left.value, right.value]),
    )


def find_connected_components(links: SparseMatrix) -> list[tuple[IntArray, IntArray]]:
    """Return the rows and columns of each connected part of a bipartite graph.

    A column without a row is no part of any. Every row takes over the least number among the rows
    that it shares a column with, and then that row's number, until nothing changes.
    """
    rows, columns = links.row, links.column
    label = np.arange(links.shape[0])
    while True:
        smallest_label = np.full(links.shape[1], links.shape[0])
        np.minimum.at(smallest_label, columns, label[rows])
        new_label = label.copy()
        np.minimum.at(new_label, rows, smallest_label[columns])
        new_label = new_label[new_label]
        if (new_label == label).all():
            break
        label = new_label
    column_label = np.full(links.shape[1], -1)
    column_label[columns] = label[rows]
    return [*zip(_group_by_label(label, label), _group_by_label(column_label, label), strict=True)]


def _group_by_label(labels: IntArray, all_labels: IntArray) -> list[IntArray]:
    """Return for each label in use, ascending, the positions that carry it."""
    distinct_labels = np.unique(all_labels)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], distinct_labels, side="left")
    stops = np.searchsorted(labels[order], distinct_labels, side="right")
    return [order[start:stop] for start, stop in zip(starts, stops, strict=True)]
