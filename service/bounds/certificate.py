"""Certificates: dual values that prove a bound by weak duality, checked in exact arithmetic."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from service.bounds.solver import UnsolvedError
from service.bounds.sparse_matrix import SparseMatrix
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.domain.total import End

Certificate = Mapping[tuple[int, End], Fraction]
"""The multiplier of each bound of a constraint; negative where the bound is subtracted.

Constraints are numbered by the context. A certificate of a lower bound adds lows and subtracts
highs; a certificate of an upper bound adds highs and subtracts lows.
"""

COMMON_DENOMINATORS = (1, 2, 3, 4, 5, 6, 12, 60)
"""Denominators tried for all dual values at once; nearly all values are integers or halves."""

MAX_DUAL_DENOMINATOR = 5040
"""The largest denominator tried for one dual value by itself."""


def add_certificates(certificates: Sequence[Certificate]) -> dict[tuple[int, End], Fraction]:
    """Return the sum of the certificates, without the terms that cancel out."""
    multipliers: dict[tuple[int, End], Fraction] = {}
    for certificate in certificates:
        for end, multiplier in certificate.items():
            multipliers[end] = multipliers.get(end, Fraction(0)) + multiplier
    return {end: multiplier for end, multiplier in multipliers.items() if multiplier}


def negate_certificate(certificate: Certificate) -> dict[tuple[int, End], Fraction]:
    """Return the certificate with the sign of each multiplier changed."""
    return {end: -multiplier for end, multiplier in certificate.items()}


def rationalize_duals(
    duals: FloatArray,
    matrix: SparseMatrix,
    costs: IntArray,
    has_lower: BoolArray,
    has_upper: BoolArray,
) -> list[Fraction]:
    """Return the dual values, ``float[n_rows]``, as fractions that prove a bound exactly.

    They are dual feasible if ``matrix.T @ duals <= costs``, no row without a lower bound has a
    positive value, and no row without an upper bound has a negative one. This is checked in integer
    arithmetic, so the proof does not depend on the solver's precision (compare Neumaier and
    Shcherbina, "Safe bounds in linear and mixed-integer linear programming", 2004).

    ``costs`` is ``int[n_columns]``; ``has_lower`` and ``has_upper`` are ``bool[n_rows]``. Raises
    UnsolvedError if no rounding of the values is dual feasible.
    """
    for denominator in (*COMMON_DENOMINATORS, None):
        integer_duals, scale = _scale_to_integers(duals, denominator)
        if integer_duals is None:
            continue
        if (integer_duals[~has_lower] > 0).any() or (integer_duals[~has_upper] < 0).any():
            continue
        if (matrix.rmatvec(integer_duals) <= costs * scale).all():
            return [Fraction(int(dual), scale) for dual in integer_duals]
    raise UnsolvedError("the dual values prove no bound")


def _scale_to_integers(duals: FloatArray, denominator: int | None) -> tuple[IntArray | None, int]:
    """Return the dual values times their common denominator, and the denominator.

    Without a given ``denominator`` each value is rounded by itself. The first result is None if the
    values are not such fractions, or if their common denominator is too large.
    """
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
