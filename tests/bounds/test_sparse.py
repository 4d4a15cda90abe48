"""Sparse matrices do what numpy does with the same matrices written out in full."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.bounds.sparse_matrix import Sparse, beside, stacked

Dense = np.ndarray[Any, Any]


@st.composite
def matrices(draw: st.DrawFn, rows: int | None = None, columns: int | None = None) -> Dense:
    """Draw a matrix of small whole numbers, most of them 0; it may have no row or no column."""
    height = draw(st.integers(0, 5)) if rows is None else rows
    width = draw(st.integers(0, 5)) if columns is None else columns
    entry = st.sampled_from([0, 0, 0, 1, 1, -1, 3])
    flat = draw(st.lists(entry, min_size=height * width, max_size=height * width))
    return np.array(flat, dtype=np.int64).reshape(height, width)


def numbers(count: int) -> st.SearchStrategy[Dense]:
    return st.lists(st.integers(-9, 9), min_size=count, max_size=count).map(
        lambda found: np.array(found, dtype=np.int64)
    )


@given(st.data())
def test_sums_and_flags_are_those_of_the_dense_matrix(data: st.DataObject) -> None:
    dense = data.draw(matrices())
    sparse = Sparse.of(dense)
    rows, columns = data.draw(numbers(dense.shape[0])), data.draw(numbers(dense.shape[1]))
    assert (sparse.dense() == dense).all()
    assert (sparse.times(columns) == dense @ columns).all()
    assert np.allclose(sparse.times(columns / 2), dense @ (columns / 2))
    assert (sparse.priced(rows) == rows @ dense).all()
    assert (sparse.columns_in(rows > 0) == (dense[rows > 0] != 0).any(axis=0)).all()
    assert (sparse.rows_in(columns > 0) == (dense[:, columns > 0] != 0).any(axis=1)).all()
    assert [found.tolist() for found in sparse.by_row()] == [
        np.flatnonzero(row).tolist() for row in dense
    ]


@given(st.data())
def test_cuts_keep_the_given_rows_and_columns_in_their_order(data: st.DataObject) -> None:
    dense = data.draw(matrices())
    rows, columns = (
        np.array(data.draw(st.permutations(range(count))), dtype=np.int64)[: count // 2 + 1]
        for count in dense.shape
    )
    cut = Sparse.of(dense).cut(rows, columns)
    assert cut.shape == (len(rows), len(columns))
    assert (cut.dense() == dense[np.ix_(rows, columns)]).all()


@given(st.data())
def test_matrices_are_put_together(data: st.DataObject) -> None:
    one = data.draw(matrices())
    below = data.draw(matrices(columns=one.shape[1]))
    right = data.draw(matrices(rows=one.shape[0]))
    assert (stacked([Sparse.of(one), Sparse.of(below)]).dense() == np.vstack([one, below])).all()
    assert (beside(Sparse.of(one), Sparse.of(right)).dense() == np.hstack([one, right])).all()


@given(st.lists(st.frozensets(st.integers(0, 4)), max_size=5))
def test_sets_of_rows_become_columns(sets: list[frozenset[int]]) -> None:
    dense = Sparse.from_sets(sets, 5).dense()
    assert dense.shape == (5, len(sets))
    assert [frozenset(np.flatnonzero(column).tolist()) for column in dense.T] == sets
