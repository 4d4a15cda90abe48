"""Sparse matrices agree with numpy's dense ones."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.bounds.sparse_matrix import SparseMatrix, hstack, vstack

Dense = np.ndarray[Any, Any]


@st.composite
def matrices(
    draw: st.DrawFn, row_count: int | None = None, column_count: int | None = None
) -> Dense:
    """Draw a matrix of small integers, mostly 0; it may have no row or no column."""
    height = draw(st.integers(0, 5)) if row_count is None else row_count
    width = draw(st.integers(0, 5)) if column_count is None else column_count
    entry = st.sampled_from([0, 0, 0, 1, 1, -1, 3])
    flat = draw(st.lists(entry, min_size=height * width, max_size=height * width))
    return np.array(flat, dtype=np.int64).reshape(height, width)


def vectors(count: int) -> st.SearchStrategy[Dense]:
    return st.lists(st.integers(-9, 9), min_size=count, max_size=count).map(
        lambda values: np.array(values, dtype=np.int64)
    )


def to_dense(matrix: SparseMatrix) -> Dense:
    dense = np.zeros(matrix.shape, dtype=np.int64)
    dense[matrix.row, matrix.column] = matrix.value
    return dense


@given(st.data())
def test_sums_and_flags_are_those_of_the_dense_matrix(data: st.DataObject) -> None:
    dense = data.draw(matrices())
    sparse = SparseMatrix.from_dense(dense)
    row_vector = data.draw(vectors(dense.shape[0]))
    column_vector = data.draw(vectors(dense.shape[1]))
    assert (to_dense(sparse) == dense).all()
    assert (sparse.matvec(column_vector) == dense @ column_vector).all()
    assert np.allclose(sparse.matvec(column_vector / 2), dense @ (column_vector / 2))
    assert (sparse.rmatvec(row_vector) == row_vector @ dense).all()
    assert (
        sparse.nonzero_columns(row_vector > 0) == (dense[row_vector > 0] != 0).any(axis=0)
    ).all()
    assert (
        sparse.nonzero_rows(column_vector > 0) == (dense[:, column_vector > 0] != 0).any(axis=1)
    ).all()
    assert [row_columns.tolist() for row_columns in sparse.split_rows()] == [
        np.flatnonzero(row).tolist() for row in dense
    ]


@given(st.data())
def test_submatrices_keep_the_given_rows_and_columns_in_their_order(data: st.DataObject) -> None:
    dense = data.draw(matrices())
    rows, columns = (
        np.array(data.draw(st.permutations(range(count))), dtype=np.int64)[: count // 2 + 1]
        for count in dense.shape
    )
    cut = SparseMatrix.from_dense(dense).submatrix(rows, columns)
    assert cut.shape == (len(rows), len(columns))
    assert (to_dense(cut) == dense[np.ix_(rows, columns)]).all()


@given(st.data())
def test_matrices_are_stacked(data: st.DataObject) -> None:
    one = data.draw(matrices())
    below = data.draw(matrices(column_count=one.shape[1]))
    right = data.draw(matrices(row_count=one.shape[0]))
    assert (
        to_dense(vstack([SparseMatrix.from_dense(one), SparseMatrix.from_dense(below)]))
        == np.vstack([one, below])
    ).all()
    assert (
        to_dense(hstack(SparseMatrix.from_dense(one), SparseMatrix.from_dense(right)))
        == np.hstack([one, right])
    ).all()


@given(st.lists(st.frozensets(st.integers(0, 4)), max_size=5))
def test_sets_of_rows_become_columns(sets: list[frozenset[int]]) -> None:
    dense = to_dense(SparseMatrix.from_sets(sets, 5))
    assert dense.shape == (5, len(sets))
    assert [frozenset(np.flatnonzero(column).tolist()) for column in dense.T] == sets
