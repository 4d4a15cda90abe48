"""Sparse integer matrices in coordinate format (COO), with scipy's method names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.columns.arrays import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class SparseMatrix:
    """A matrix by the row, the column and the value of each nonzero entry."""

    shape: tuple[int, int]
    row: IntArray
    column: IntArray
    value: NDArray[np.int8] | IntArray

    @staticmethod
    def from_dense(dense: NDArray[Any]) -> "SparseMatrix":
        """Return the entries of a dense matrix of flags or of integers below 128.

        Values take one byte each, since matrices with millions of entries are cached.
        """
        row, column = np.nonzero(dense)
        value = dense[row, column].astype(np.int8)
        return SparseMatrix((dense.shape[0], dense.shape[1]), row, column, value)

    @staticmethod
    def from_sets(row_sets: Sequence[Iterable[int]], row_count: int) -> "SparseMatrix":
        """Return a matrix with one column for each set: 1 in the rows of the set, else 0."""
        entries = [(row, column) for column, row_set in enumerate(row_sets) for row in row_set]
        table = np.array(entries, dtype=np.int64).reshape(-1, 2)
        return SparseMatrix(
            (row_count, len(row_sets)), table[:, 0], table[:, 1], np.ones(len(table), np.int8)
        )

    @staticmethod
    def from_entries(
        shape: tuple[int, int], row: IntArray, column: IntArray, value: IntArray
    ) -> "SparseMatrix":
        """Return a matrix in which the values of entries at the same place are added up."""
        places, numbers = np.unique(row * shape[1] + column, return_inverse=True)
        sums = np.zeros(len(places), dtype=np.int64)
        np.add.at(sums, numbers, value)
        return SparseMatrix(shape, places // shape[1], places % shape[1], sums)

    def nonzero_columns(self, rows: BoolArray) -> BoolArray:
        """Return which columns have a nonzero entry in a flagged row, ``bool[n_columns]``."""
        is_nonzero: BoolArray = np.zeros(self.shape[1], dtype=bool)
        is_nonzero[self.column[rows[self.row]]] = True
        return is_nonzero

    def nonzero_rows(self, columns: BoolArray) -> BoolArray:
        """Return which rows have a nonzero entry in a flagged column, ``bool[n_rows]``."""
        is_nonzero: BoolArray = np.zeros(self.shape[0], dtype=bool)
        is_nonzero[self.row[columns[self.column]]] = True
        return is_nonzero

    def split_rows(self) -> list[IntArray]:
        """Return the columns of the nonzero entries of each row."""
        starts, columns, _ = self.to_csr()
        return np.split(columns, starts[1:])[:-1]

    def to_csr(self) -> tuple[IntArray, IntArray, NDArray[np.int8] | IntArray]:
        """Return the matrix in compressed sparse row format: row starts, columns, values.

        Row starts are ``int[n_rows + 1]``. Entries of a row keep their order.
        """
        order = np.argsort(self.row, kind="stable")
        starts = np.zeros(self.shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.row, minlength=self.shape[0]), out=starts[1:])
        return starts, self.column[order], self.value[order]

    def submatrix(self, rows: IntArray, columns: IntArray) -> "SparseMatrix":
        """Return the given rows and columns in the given order; none may be given twice."""
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
        """Return the product with a column vector: ``vector[n_columns]`` gives ``[n_rows]``."""
        sums = np.zeros(self.shape[0], dtype=vector.dtype)
        np.add.at(sums, self.row, self.value * vector[self.column])
        return sums

    def rmatvec(self, vector: IntArray) -> IntArray:
        """Return the transposed product: ``int[n_rows]`` gives ``int[n_columns]``."""
        sums = np.zeros(self.shape[1], dtype=np.int64)
        np.add.at(sums, self.column, self.value * vector[self.row])
        return sums


def _is_full_range(indices: IntArray, count: int) -> bool:
    """Whether the indices are 0 to ``count - 1`` in order."""
    return len(indices) == count and bool((indices == np.arange(count)).all())


def _invert_indices(indices: IntArray, count: int) -> IntArray:
    """Return the position of each of ``count`` numbers in ``indices``, -1 if it is not there."""
    positions = np.full(count, -1, dtype=np.int64)
    positions[indices] = np.arange(len(indices))
    return positions


def vstack(matrices: Sequence[SparseMatrix]) -> SparseMatrix:
    """Return matrices of the same width stacked vertically."""
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
    """Return the rows and columns of each connected component of the bipartite graph.

    An entry links its row and its column. A column without an entry belongs to no component. Every
    row takes the smallest label of the rows that share a column with it, then that row's label,
    until nothing changes (label propagation with pointer jumping).
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
    """Return for each distinct label, ascending, the positions that have it."""
    distinct_labels = np.unique(all_labels)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], distinct_labels, side="left")
    stops = np.searchsorted(labels[order], distinct_labels, side="right")
    return [order[start:stop] for start, stop in zip(starts, stops, strict=True)]
