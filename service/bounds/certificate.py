"""Proofs: which ends of which rows, how many times, add up to a bound."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from service.bounds.arrays import BoolArray, FloatArray, IntArray
from service.bounds.solver import UnsolvedError
from service.bounds.sparse_matrix import SparseMatrix
from service.domain.total import End

Certificate = Mapping[tuple[int, End], Fraction]
"""How many times each end of a row is taken; negative where it is taken off.

In a proof of a low, floors are added and ceilings taken off; in one of a high, the other way round.
"""

COMMON_DENOMINATORS = (1, 2, 3, 4, 5, 6, 12, 60)
"""Tried in turn before the prices are read one by one: nearly all are whole or halves."""

MAX_DUAL_DENOMINATOR = 5040
"""The largest denominator that a single price is read with."""


def add_certificates(certificates: Sequence[Certificate]) -> dict[tuple[int, End], Fraction]:
    """Return the sum of the proofs, without the terms that cancel out."""
    multipliers: dict[tuple[int, End], Fraction] = {}
    for certificate in certificates:
        for end, multiplier in certificate.items():
            multipliers[end] = multipliers.get(end, Fraction(0)) + multiplier
    return {end: multiplier for end, multiplier in multipliers.items() if multiplier}


def negate_certificate(certificate: Certificate) -> dict[tuple[int, End], Fraction]:
    """Return the proof that takes off what this one adds."""
    return {end: -multiplier for end, multiplier in certificate.items()}


def rationalize_duals(
    duals: FloatArray,
    matrix: SparseMatrix,
    costs: IntArray,
    has_lower: BoolArray,
    has_upper: BoolArray,
) -> list[Fraction]:
    """Return the prices as fractions that prove a bound exactly; raises UnsolvedError without any.

    They prove it if no column is priced above its cost, no row without a floor is priced above
    zero, and none without a ceiling below: checked here in whole numbers, whatever the solver did.
    """
    for denominator in (*COMMON_DENOMINATORS, None):
        integer_duals, scale = _scale_to_integers(duals, denominator)
        if integer_duals is None:
            continue
        if (integer_duals[~has_lower] > 0).any() or (integer_duals[~has_upper] < 0).any():
            continue
        if (matrix.rmatvec(integer_duals) <= costs * scale).all():
            return [Fraction(int(dual), scale) for dual in integer_duals]
    raise UnsolvedError("the solver's prices prove nothing")


def _scale_to_integers(duals: FloatArray, denominator: int | None) -> tuple[IntArray | None, int]:
    """Return the prices times their denominator; None where they are no such fractions."""
    if denominator is None:
        fractions = [
            Fraction(float(dual)).limit_denominator(MAX_DUAL_DENOMINATOR) for dual in duals
        ]
        scale = lcm(*(fraction.denominator for fraction in fractions))
        if scale > 2**40:
            return None, scale
        return np.array([int(fraction * scale) for fraction in fractions], dtype=np.int64), scale
    integer_duals = np.rint(duals * denominator)
    if (np.abs(integer_duals - duals * denominator) > 1e-6 * denominator).any():
        return None, denominator
    return integer_duals.astype(np.int64), denominator
