"""A sparsified matrix has the same feasible set and optima, with fewer entries."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.bounds import solver, sparsify
from service.bounds.laminar import LaminarFamily
from service.bounds.sparse_matrix import SparseMatrix
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds import brute_force
from tests.bounds.builders import (
    GROUP_NODES,
    PLACE_NODES,
    compute_total,
    figure_lists,
    make_figure,
    scopes,
)
from tests.bounds.test_against_brute_force import check_certificates
from tests.bounds.test_laminar import make_days_scope

IntArray = NDArray[np.int64]


def make_staircase(height: int) -> IntArray:
    """Return rows of which each has one column more than the one before."""
    return np.tril(np.ones((height, height), dtype=np.int64))


@st.composite
def matrices(draw: st.DrawFn) -> IntArray:
    """Draw a matrix with equal, nested and crossing rows and a few entries other than 1."""
    row_count, column_count = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    matrix = np.zeros((row_count, column_count), dtype=np.int64)
    for row in matrix:
        first_column = draw(st.integers(0, column_count - 1))
        row[first_column : draw(st.integers(first_column + 1, column_count))] = 1
    for row, column, value in draw(
        st.lists(
            st.tuples(
                st.integers(0, row_count - 1),
                st.integers(0, column_count - 1),
                st.sampled_from([-1, 0, 1]),
            ),
            max_size=6,
        )
    ):
        matrix[row, column] = value
    return matrix


def make_crossing_rows(row_count: int, size: int) -> IntArray:
    """Return rows of equal size that share only three columns each with the last one."""
    own_columns = np.repeat(np.eye(row_count, dtype=np.int64), size - 3, axis=1)
    shared_columns = np.repeat(np.eye(row_count, dtype=np.int64), 3, axis=1)
    last_row = np.concatenate(
        [np.zeros(own_columns.shape[1]), np.ones(shared_columns.shape[1])]
    ).astype(np.int64)
    return np.concatenate(
        [np.concatenate([own_columns, shared_columns], axis=1), last_row[None, :]]
    )


@settings(max_examples=500)
@given(matrices(), st.randoms(use_true_random=False))
@example(make_crossing_rows(7, 21), Random(1))
def test_sums_and_duals_are_preserved(matrix: IntArray, random: Random) -> None:
    sparsified = sparsify._express_rows(SparseMatrix.from_dense(matrix))
    primal = np.array([random.randint(0, 9) for _ in range(matrix.shape[1])])
    sums = matrix @ primal
    row_sums = sparsified.matrix.matvec(np.concatenate([primal, sums[sparsified.defining_rows]]))
    expected = sums.copy()
    expected[sparsified.defining_rows] = 0
    assert row_sums.tolist() == expected.tolist()

    duals = np.array([random.randint(-9, 9) for _ in range(len(matrix))])
    column_sums = sparsified.matrix.rmatvec(duals)[: matrix.shape[1]]
    assert column_sums.tolist() == (sparsified.restore_duals(duals) @ matrix).tolist()


def test_running_totals_take_few_entries_each() -> None:
    twice = np.repeat(make_staircase(200), 2, axis=0)
    sparsified = sparsify.sparsify_matrix(SparseMatrix.from_dense(twice))
    assert np.count_nonzero(twice) == 40_200
    assert len(sparsified.matrix.row) < 5 * len(twice)


def test_regions_are_expressed_by_the_regions_within() -> None:
    villages = np.eye(300, dtype=np.int64)
    districts = np.repeat(np.eye(10, dtype=np.int64), 30, axis=1)
    country = np.ones((20, 300), dtype=np.int64)
    sparsified = sparsify.sparsify_matrix(
        SparseMatrix.from_dense(np.concatenate([villages, districts, country]))
    )
    assert len(sparsified.matrix.row) < 1_000


@pytest.mark.parametrize(
    "matrix",
    [make_staircase(20), np.eye(sparsify.MIN_MATRIX_ENTRIES, dtype=np.int64)],
    ids=["few", "apart"],
)
def test_a_matrix_that_gains_little_stays_as_it_is(matrix: IntArray) -> None:
    sparse_matrix = SparseMatrix.from_dense(matrix)
    sparsified = sparsify.sparsify_matrix(sparse_matrix)
    assert sparsified.matrix is sparse_matrix and not len(sparsified.defining_rows)


@settings(max_examples=500, deadline=None)
@given(figure_lists(max_size=8), scopes(for_query=True))
def test_totals_are_what_the_definition_says(figures: list[Figure], scope: Scope) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "sparsify_matrix", sparsify._express_rows)
        patch.setattr(LaminarFamily, "from_matrix", lambda matrix: None)
        result = compute_total(figures, scope)
    expected = brute_force.compute_expected_total(figures, PLACE_NODES, GROUP_NODES, scope)
    assert (result.low, result.high, result.exact, result.is_disputed, result.nearest) == (
        expected.low, expected.high, expected.exact, expected.is_disputed, expected.nearest,
    )  # fmt: skip
    check_certificates(result)


def test_corrected_running_totals_are_resolved_the_same() -> None:
    """A total that falls contradicts those before it; the dispute must not change."""
    count = 150
    running = [100 * day - (900 if day in (40, 90) else 0) for day in range(1, count + 1)]
    figures = [
        make_figure(f"f{day}", people - 5, people + 5, make_days_scope(1, day))
        for day, people in enumerate(running, start=1)
    ]
    scope = make_days_scope(1, 90)  # Without the laminar method both falls are one piece.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LaminarFamily, "from_matrix", lambda matrix: None)
        sparsified = compute_total(figures, scope)
        patch.setattr(sparsify, "MIN_MATRIX_ENTRIES", 10**9)
        unsparsified = compute_total(figures, scope)
    # The low of day 81 is that of day 90, so either one proves the low of the total.
    assert [sum(_term_values(each)) for each in (sparsified, unsparsified)] == [8095, 8095]
    assert replace(sparsified, low_terms=()) == replace(unsparsified, low_terms=())
    assert sparsified.is_disputed and sparsified.exact
    assert {figure.id for figure in sparsified.highs_set_aside} == {"f40", "f90"}


def _term_values(total: Total) -> list[Fraction]:
    return [term.multiplier * (term.figure.quantity.low or 0) for term in total.low_terms]
