"""Sparsification: a long row is expressed as the sum of a row inside it and the rest.

A thousand running totals have half a million nonzero entries, which makes the solver slow. In this
extended formulation the sum of a row is an extra column that other rows use, and a few thousand
entries remain. The feasible set is the same.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.bounds.sparse_matrix import SparseMatrix
from service.columns.arrays import IntArray

MIN_MATRIX_ENTRIES: Final = 5_000
"""Smaller matrices are left as they are."""

MIN_ROW_ENTRIES: Final = 3
"""Shorter rows are not expressed by others."""

MAX_COMPARED_RATIO: Final = 4
"""The rows that one row is compared with have at most this many times its entries together."""


@dataclass(frozen=True, slots=True)
class SparsifiedMatrix:
    """A matrix with one more column for the sum of each defining row, after the original columns.

    A defining row minus its sum column is 0. ``outer_rows[i]`` uses the sum of ``inner_rows[i]``.
    """

    matrix: SparseMatrix
    defining_rows: IntArray
    outer_rows: IntArray
    inner_rows: IntArray

    @staticmethod
    def unchanged(matrix: SparseMatrix) -> "SparsifiedMatrix":
        """Return the matrix as it is."""
        no_rows = np.zeros(0, dtype=np.int64)
        return SparsifiedMatrix(matrix, no_rows, no_rows, no_rows)

    def restore_duals(self, duals: NDArray[Any]) -> NDArray[Any]:
        """Return the dual values of the original rows, ``float[n_rows]``.

        The dual value of an inner row in the original matrix is its own less those of the rows that
        use its sum. ``duals`` may be longer than the matrix: rows may have been added to it.
        """
        restored = duals.copy()
        np.subtract.at(restored, self.inner_rows, duals[self.outer_rows])
        return restored


def sparsify_matrix(matrix: SparseMatrix) -> SparsifiedMatrix:
    """Return the sparsified matrix, or the original one if it would not be half as large."""
    if len(matrix.row) >= MIN_MATRIX_ENTRIES:
        sparsified = _express_rows(matrix)
        if 2 * len(sparsified.matrix.row) < len(matrix.row):
            return sparsified
    return SparsifiedMatrix.unchanged(matrix)


def _express_rows(matrix: SparseMatrix) -> SparsifiedMatrix:
    """Return the matrix with each row expressed by shorter ones where that has fewer entries.

    A row is compared with the longest shorter rows that share most of its columns.
    """
    row_count, column_count = matrix.shape
    starts, *row_arrays = matrix.to_csr()
    columns, values = (
        np.split(entries.astype(np.int64), starts[1:])[:-1] for entries in row_arrays
    )
    residual = np.zeros(column_count, dtype=np.int64)
    is_touched = np.zeros(column_count, dtype=bool)
    last_row_of = np.full(column_count, -1, dtype=np.int64)
    pairs: list[tuple[int, int]] = []
    row_entries: list[tuple[IntArray, IntArray]] = [*zip(columns, values, strict=True)]
    long_rows = [row for row in range(row_count) if len(columns[row]) >= MIN_ROW_ENTRIES]
    for row in sorted(long_rows, key=lambda row: len(columns[row])):
        own_columns = columns[row]
        residual[own_columns] = values[row]
        is_touched[own_columns] = True
        touched_columns = [own_columns]
        for inner in _find_candidates(last_row_of[own_columns], columns):
            inner_columns, inner_values = columns[inner], values[inner]
            if np.count_nonzero(residual[inner_columns] - inner_values) + 1 < np.count_nonzero(
                residual[inner_columns]
            ):
                residual[inner_columns] -= inner_values
                touched_columns.append(inner_columns[~is_touched[inner_columns]])
                is_touched[inner_columns] = True
                pairs.append((row, inner))
        all_touched = np.concatenate(touched_columns)
        nonzero_columns = all_touched[residual[all_touched] != 0]
        row_entries[row] = nonzero_columns, residual[nonzero_columns]
        residual[nonzero_columns], is_touched[all_touched] = 0, False
        last_row_of[own_columns] = row
    return _assemble_matrix(
        column_count, row_entries, np.array(pairs, dtype=np.int64).reshape(-1, 2)
    )


def _find_candidates(last_rows: IntArray, columns: list[IntArray]) -> list[int]:
    """Return the rows that share several of the columns, those with the most first."""
    shared_counts = np.bincount(last_rows[last_rows >= 0])
    sharing_rows = np.flatnonzero(shared_counts >= MIN_ROW_ENTRIES)
    candidates: list[int] = []
    entries_left = MAX_COMPARED_RATIO * len(last_rows)
    for row in sharing_rows[np.argsort(-shared_counts[sharing_rows], kind="stable")].tolist():
        entries_left -= len(columns[row])
        if entries_left < 0:
            break
        candidates.append(row)
    return candidates


def _assemble_matrix(
    column_count: int, row_entries: list[tuple[IntArray, IntArray]], pairs: IntArray
) -> SparsifiedMatrix:
    """Return the matrix of the remaining entries and the sum columns that rows use."""
    outer, inner = pairs.T
    defining_rows, sum_columns = np.unique(inner, return_inverse=True)
    lengths = [len(columns) for columns, _ in row_entries]
    matrix = SparseMatrix(
        (len(row_entries), column_count + len(defining_rows)),
        np.concatenate([np.repeat(np.arange(len(row_entries)), lengths), outer, defining_rows]),
        np.concatenate([*(columns for columns, _ in row_entries), column_count + sum_columns,
                        column_count + np.arange(len(defining_rows))]),
        np.concatenate([*(values for _, values in row_entries), np.ones(len(outer), dtype=np.int64),
                        np.full(len(defining_rows), -1)]),
    )  # fmt: skip
    return SparsifiedMatrix(matrix, defining_rows, outer, inner)
