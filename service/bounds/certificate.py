"""Proofs: which ends of which rows, how many times, add up to a bound."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from service.bounds.solver import Unsolved
from service.bounds.sparse_matrix import Sparse
from service.domain.total import End

Terms = Mapping[tuple[int, End], Fraction]
"""How many times each end of a row is taken; negative where it is taken off.

In a proof of a low, floors are added and ceilings taken off; in one of a high, the other way round.
"""

DENOMINATORS = (1, 2, 3, 4, 5, 6, 12, 60)
"""Tried in turn before the prices are read one by one: nearly all are whole or halves."""

FINEST = 5040
"""The largest denominator that a single price is read with."""


def added(proofs: Sequence[Terms]) -> dict[tuple[int, End], Fraction]:
    """Return the sum of the proofs, without the terms that cancel out."""
    total: dict[tuple[int, End], Fraction] = {}
    for terms in proofs:
        for end, times in terms.items():
            total[end] = total.get(end, Fraction(0)) + times
    return {end: times for end, times in total.items() if times}


def negated(terms: Terms) -> dict[tuple[int, End], Fraction]:
    """Return the proof that takes off what this one adds."""
    return {end: -times for end, times in terms.items()}


def exact_prices(
    prices: NDArray[np.float64],
    matrix: Sparse,
    costs: NDArray[np.int64],
    floored: NDArray[np.bool_],
    capped: NDArray[np.bool_],
) -> list[Fraction]:
    """Return the prices as fractions that prove a bound exactly; raises Unsolved without any.

    They prove it if no column is priced above its cost, no row without a floor is priced above
    zero, and none without a ceiling below: checked here in whole numbers, whatever the solver did.
    """
    for denominator in (*DENOMINATORS, None):
        whole, scale = _scaled(prices, denominator)
        if whole is None:
            continue
        if (whole[~floored] > 0).any() or (whole[~capped] < 0).any():
            continue
        if (matrix.priced(whole) <= costs * scale).all():
            return [Fraction(int(price), scale) for price in whole]
    raise Unsolved("the solver's prices prove nothing")


def _scaled(
    prices: NDArray[np.float64], denominator: int | None
) -> tuple[NDArray[np.int64] | None, int]:
    """Return the prices times their denominator; None where they are no such fractions."""
    if denominator is None:
        read = [Fraction(float(price)).limit_denominator(FINEST) for price in prices]
        scale = lcm(*(fraction.denominator for fraction in read))
        if scale > 2**40:
            return None, scale
        return np.array([int(fraction * scale) for fraction in read], dtype=np.int64), scale
    whole = np.rint(prices * denominator)
    if (np.abs(whole - prices * denominator) > 1e-6 * denominator).any():
        return None, denominator
    return whole.astype(np.int64), denominator
