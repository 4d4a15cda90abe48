"""Prices from a solver are read as fractions, and believed only where they prove a bound."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from service.bounds.certificate import added, exact_prices, negated
from service.bounds.solver import Unsolved
from service.bounds.sparse_matrix import Sparse

PAIRS = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=np.int8)
"""Three rows, each over two of three columns: half of each proves what all columns come to."""


def prices(
    found: list[float],
    matrix: Any = None,
    costs: list[int] | None = None,
    floored: list[bool] | None = None,
    capped: list[bool] | None = None,
) -> list[Fraction]:
    """Return the prices as fractions, by default of rows that have both ends."""
    rows = np.eye(len(found), dtype=np.int8) if matrix is None else matrix
    every = [True] * len(found)
    return exact_prices(
        np.array(found),
        Sparse.of(np.asarray(rows)),
        np.array(costs or [1] * rows.shape[1], dtype=np.int64),
        np.array(floored or every),
        np.array(capped or every),
    )


def test_whole_prices_are_read_as_they_are() -> None:
    assert prices([1.0, 0.0, -2.0]) == [1, 0, -2]


def test_halves_are_read() -> None:
    assert prices([0.5, 0.5, 0.5], PAIRS) == [Fraction(1, 2)] * 3


def test_thirds_are_read() -> None:
    thrice = np.ones((1, 1), dtype=np.int8) * 3
    assert prices([1 / 3], thrice) == [Fraction(1, 3)]


def test_different_denominators_are_read_together() -> None:
    assert prices([1 / 2, 1 / 3, 1 / 4]) == [Fraction(1, 2), Fraction(1, 3), Fraction(1, 4)]


def test_denominators_that_are_seldom_met_are_read_one_by_one() -> None:
    assert prices([1 / 7, 3 / 11]) == [Fraction(1, 7), Fraction(3, 11)]


@pytest.mark.parametrize("noise", [1e-9, -1e-9])
def test_noise_is_dropped(noise: float) -> None:
    assert prices([1 + noise, noise, 0.5 + noise]) == [1, 0, Fraction(1, 2)]


def test_noise_on_a_seldom_met_denominator_is_dropped() -> None:
    assert prices([1 / 7 + 1e-10]) == [Fraction(1, 7)]


def test_no_column_may_be_priced_above_its_cost() -> None:
    with pytest.raises(Unsolved):
        prices([1.0, 1.0, 0.0], PAIRS)
    with pytest.raises(Unsolved):
        prices([1.0], costs=[0])


def test_columns_that_cost_nothing_may_be_priced_below_it() -> None:
    assert prices([-1.0], costs=[0]) == [-1]


def test_a_row_without_a_floor_may_not_be_priced_above_zero() -> None:
    with pytest.raises(Unsolved):
        prices([1.0], floored=[False])
    assert prices([-1.0], floored=[False]) == [-1]


def test_a_row_without_a_ceiling_may_not_be_priced_below_zero() -> None:
    with pytest.raises(Unsolved):
        prices([-1.0], capped=[False])
    assert prices([1.0], capped=[False]) == [1]


def test_prices_of_wild_denominators_prove_nothing() -> None:
    with pytest.raises(Unsolved):
        prices([1 / 4999, 1 / 4993, 1 / 4987, 1 / 4973])


def test_a_price_above_its_cost_by_more_than_noise_proves_nothing() -> None:
    with pytest.raises(Unsolved):
        prices([1.001])


def test_proofs_add_up_without_the_ends_that_cancel_out() -> None:
    one = {(0, "low"): Fraction(1), (1, "high"): Fraction(-1)}
    other = {(1, "high"): Fraction(1), (2, "low"): Fraction(1, 2)}
    assert added([one, other]) == {(0, "low"): 1, (2, "low"): Fraction(1, 2)}  # type: ignore[list-item]
    assert added([]) == {}


def test_a_proof_is_turned_round_end_by_end() -> None:
    assert negated({(0, "low"): Fraction(1, 2)}) == {(0, "low"): Fraction(-1, 2)}
