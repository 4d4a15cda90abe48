"""Rows told by other rows say what they said before, and cost the solver far less."""

from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.bounds import solver, sparsify
from service.bounds.laminar import Nest
from service.bounds.sparse_matrix import Sparse
from service.domain.figure import Figure, Scope
from tests.bounds import brute
from tests.bounds.build import GROUPS, PLACES, figure, scopes, sets, total
from tests.bounds.test_against_brute_force import check_proofs
from tests.bounds.test_nested import days

Whole = NDArray[np.int64]


def stairs(height: int) -> Whole:
    """Return rows of which each holds a column more than the one before."""
    return np.tril(np.ones((height, height), dtype=np.int64))


@st.composite
def matrices(draw: st.DrawFn) -> Whole:
    """Draw a matrix whose rows repeat, hold and cross each other, with a few odd entries."""
    rows, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    found = np.zeros((rows, width), dtype=np.int64)
    for row in found:
        first = draw(st.integers(0, width - 1))
        row[first : draw(st.integers(first + 1, width))] = 1
    for row, column, value in draw(
        st.lists(
            st.tuples(
                st.integers(0, rows - 1), st.integers(0, width - 1), st.sampled_from([-1, 0, 1])
            ),
            max_size=6,
        )
    ):
        found[row, column] = value
    return found


def crossing(others: int, size: int) -> Whole:
    """Return rows of one size that share nothing but three columns each with the last of them."""
    own = np.repeat(np.eye(others, dtype=np.int64), size - 3, axis=1)
    shared = np.repeat(np.eye(others, dtype=np.int64), 3, axis=1)
    last = np.concatenate([np.zeros(own.shape[1]), np.ones(shared.shape[1])]).astype(np.int64)
    return np.concatenate([np.concatenate([own, shared], axis=1), last[None, :]])


@settings(max_examples=500)
@given(matrices(), st.randoms(use_true_random=False))
@example(crossing(7, 21), Random(1))
def test_nothing_is_lost_of_sums_and_prices(matrix: Whole, random: Random) -> None:
    found = sparsify._told(Sparse.of(matrix))
    people = np.array([random.randint(0, 9) for _ in range(matrix.shape[1])])
    sums = matrix @ people
    told = found.matrix.times(np.concatenate([people, sums[found.told]]))
    expected = sums.copy()
    expected[found.told] = 0
    assert told.tolist() == expected.tolist()

    prices = np.array([random.randint(-9, 9) for _ in range(len(matrix))])
    priced = found.matrix.priced(prices)[: matrix.shape[1]]
    assert priced.tolist() == (found.prices(prices) @ matrix).tolist()


def test_running_totals_are_told_in_a_few_entries_each() -> None:
    twice = np.repeat(stairs(200), 2, axis=0)
    found = sparsify.telescoped(Sparse.of(twice))
    assert np.count_nonzero(twice) == 40_200
    assert len(found.matrix.row) < 5 * len(twice)


def test_regions_are_told_by_what_lies_within() -> None:
    villages = np.eye(300, dtype=np.int64)
    districts = np.repeat(np.eye(10, dtype=np.int64), 30, axis=1)
    land = np.ones((20, 300), dtype=np.int64)
    found = sparsify.telescoped(Sparse.of(np.concatenate([villages, districts, land])))
    assert len(found.matrix.row) < 1_000


@pytest.mark.parametrize(
    "matrix", [stairs(20), np.eye(sparsify.MANY, dtype=np.int64)], ids=["few", "apart"]
)
def test_what_gains_little_is_left_as_it_is(matrix: Whole) -> None:
    whole = Sparse.of(matrix)
    found = sparsify.telescoped(whole)
    assert found.matrix is whole and not len(found.told)


@settings(max_examples=500, deadline=None)
@given(sets(most=8), scopes(asked=True))
def test_totals_are_what_the_definition_says(figures: list[Figure], asked: Scope) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "telescoped", sparsify._told)
        patch.setattr(Nest, "of", lambda covers: None)
        found = total(figures, asked)
    expected = brute.answer(figures, PLACES, GROUPS, asked)
    assert (found.low, found.high, found.exact, found.is_disputed, found.nearest) == (
        expected.low, expected.high, expected.exact, expected.disputed, expected.nearest,
    )  # fmt: skip
    check_proofs(found)


def test_corrected_running_totals_are_settled_as_they_were() -> None:
    """A total that falls contradicts those before it; what is told of it must not change."""
    count = 150
    running = [100 * day - (900 if day in (40, 90) else 0) for day in range(1, count + 1)]
    figures = [
        figure(f"f{day}", people - 5, people + 5, days(1, day))
        for day, people in enumerate(running, start=1)
    ]
    asked = days(30, count)
    quick = total(figures, asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparsify, "MANY", 10**9)
        slow = total(figures, asked)
    assert quick == slow
    assert quick.is_disputed and quick.exact
    assert {each.id for each in quick.highs_set_aside} == {"f40", "f90"}
