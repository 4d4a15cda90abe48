"""Long rows told by rows within them: a running total is the one before it and a few more.

A thousand running totals cover half a million columns between them, and a solver gets lost in
these. Told by each other they cover a few thousand, and nothing else changes.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.bounds.arrays import IntArray
from service.bounds.sparse_matrix import SparseMatrix

MIN_MATRIX_ENTRIES: Final = 5_000
"""From so many entries on it is worth the trouble."""

MIN_ROW_ENTRIES: Final = 3
"""Of a row with fewer entries nothing is gained."""

MAX_COMPARED_RATIO: Final = 4
"""A row is compared with others that have so many times its entries together at most."""


@dataclass(frozen=True, slots=True)
class SparsifiedMatrix:
    """A matrix whose rows may hold, beside its columns, the sums of other rows.

    The last columns are those sums, of the ``defining_rows``, in that order: where such a row
    stands, its own sum is taken off, so that it comes to nothing. The ``outer_rows`` are expressed
    by the ``inner_rows``, pair by pair.
    """

    matrix: SparseMatrix
    defining_rows: IntArray
    outer_rows: IntArray
    inner_rows: IntArray

    def restore_duals(self, duals: NDArray[Any]) -> NDArray[Any]:
        """Return the price that each row would have in the matrix as it was.

        That of a row that others are told by is paid by these as well, and more rows may follow.
        """
        restored = duals.copy()
        np.subtract.at(restored, self.inner_rows, duals[self.outer_rows])
        return restored


def sparsify_matrix(matrix: SparseMatrix) -> SparsifiedMatrix:
    """Return the matrix with long rows told by others, or as it is where that gains little."""
    if len(matrix.row) >= MIN_MATRIX_ENTRIES:
        sparsified = _express_rows(matrix)
        if 2 * len(sparsified.matrix.row) < len(matrix.row):
            return sparsified
    no_rows = np.zeros(0, dtype=np.int64)
    return SparsifiedMatrix(matrix, no_rows, no_rows, no_rows)


def _express_rows(matrix: SparseMatrix) -> SparsifiedMatrix:
    """Return the matrix, every row told by those before it (the shortest first) where that is less.

    Those that hold most of its columns and are the longest so far are compared with it.
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
    """Return the rows that hold several of the columns, first those that hold most."""
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
    """Return what is left of the rows with the sums that they are told by."""
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
