"""Dual values are rounded to fractions and accepted only if they prove a bound."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from service.bounds.certificate import add_certificates, negate_certificate, rationalize_duals
from service.bounds.solver import UnsolvedError
from service.bounds.sparse_matrix import SparseMatrix

PAIRS = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=np.int8)
"""Three rows, each over two of three columns: half of each row adds up to all columns."""


def rationalize(
    duals: list[float],
    matrix: Any = None,
    costs: list[int] | None = None,
    has_lower: list[bool] | None = None,
    has_upper: list[bool] | None = None,
) -> list[Fraction]:
    """Return the dual values as fractions, by default of rows that have both bounds."""
    constraints = np.eye(len(duals), dtype=np.int8) if matrix is None else matrix
    all_true = [True] * len(duals)
    return rationalize_duals(
        np.array(duals),
        SparseMatrix.from_dense(np.asarray(constraints)),
        np.array(costs or [1] * constraints.shape[1], dtype=np.int64),
        np.array(has_lower or all_true),
        np.array(has_upper or all_true),
    )


def test_whole_duals_are_read_as_they_are() -> None:
    assert rationalize([1.0, 0.0, -2.0]) == [1, 0, -2]


def test_halves_are_read() -> None:
    assert rationalize([0.5, 0.5, 0.5], PAIRS) == [Fraction(1, 2)] * 3


def test_thirds_are_read() -> None:
    thrice = np.ones((1, 1), dtype=np.int8) * 3
    assert rationalize([1 / 3], thrice) == [Fraction(1, 3)]


def test_different_denominators_are_read_together() -> None:
    assert rationalize([1 / 2, 1 / 3, 1 / 4]) == [Fraction(1, 2), Fraction(1, 3), Fraction(1, 4)]


def test_denominators_that_are_seldom_met_are_read_one_by_one() -> None:
    assert rationalize([1 / 7, 3 / 11]) == [Fraction(1, 7), Fraction(3, 11)]


@pytest.mark.parametrize("noise", [1e-9, -1e-9])
def test_noise_is_dropped(noise: float) -> None:
    assert rationalize([1 + noise, noise, 0.5 + noise]) == [1, 0, Fraction(1, 2)]


def test_noise_on_a_seldom_met_denominator_is_dropped() -> None:
    assert rationalize([1 / 7 + 1e-10]) == [Fraction(1, 7)]


def test_no_column_may_be_priced_above_its_cost() -> None:
    with pytest.raises(UnsolvedError):
        rationalize([1.0, 1.0, 0.0], PAIRS)
    with pytest.raises(UnsolvedError):
        rationalize([1.0], costs=[0])


def test_columns_that_cost_nothing_may_be_priced_below_it() -> None:
    assert rationalize([-1.0], costs=[0]) == [-1]


def test_a_constraint_without_a_lower_bound_has_no_positive_dual() -> None:
    with pytest.raises(UnsolvedError):
        rationalize([1.0], has_lower=[False])
    assert rationalize([-1.0], has_lower=[False]) == [-1]


def test_a_constraint_without_an_upper_bound_has_no_negative_dual() -> None:
    with pytest.raises(UnsolvedError):
        rationalize([-1.0], has_upper=[False])
    assert rationalize([1.0], has_upper=[False]) == [1]


def test_duals_of_wild_denominators_prove_nothing() -> None:
    with pytest.raises(UnsolvedError):
        rationalize([1 / 4999, 1 / 4993, 1 / 4987, 1 / 4973])


def test_a_dual_above_its_cost_by_more_than_noise_proves_nothing() -> None:
    with pytest.raises(UnsolvedError):
        rationalize([1.001])


def test_certificates_add_up_without_the_terms_that_cancel_out() -> None:
    one = {(0, "low"): Fraction(1), (1, "high"): Fraction(-1)}
    other = {(1, "high"): Fraction(1), (2, "low"): Fraction(1, 2)}
    assert add_certificates([one, other]) == {(0, "low"): 1, (2, "low"): Fraction(1, 2)}  # type: ignore[list-item]
    assert add_certificates([]) == {}


def test_a_certificate_is_negated_term_by_term() -> None:
    assert negate_certificate({(0, "low"): Fraction(1, 2)}) == {(0, "low"): Fraction(-1, 2)}
