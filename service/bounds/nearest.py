"""The nearest reading: the worlds that bend contradicting reports least."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bounds.disputes import Settled
from service.bounds.elastic import Elastic
from service.bounds.optimum import Wanted
from service.bounds.pieces import Ends, Piece, joined
from service.bounds.program import Program
from service.bounds.solver import Deadline, Unsolved

Nearest = tuple[float, float | None]
"""The least and the most in the nearest reading, real-valued; a most of None is open."""


def nearest(wanted: Wanted, settled: Settled, by: Deadline) -> Nearest | None:
    """Return the least and the most asked for in the worlds that bend the reports least.

    The whole is None where time ran out.
    """
    program, given = wanted.program, settled.given
    try:
        low = _least(program, settled, wanted.for_least(given), wanted.surely, by)
        found = wanted.for_most(given)
        if found is None:
            return low, None
        return low, -_least(program, settled, found, -wanted.maybe.astype(int), by)
    except Unsolved:
        return None


def _least(
    program: Program, settled: Settled, found: list[Piece], costs: NDArray[Any], by: Deadline
) -> float:
    """Return the least cost where each contested piece bends no more than it must."""
    if not found:
        return 0.0
    whole = joined(found)
    inside = np.zeros(len(program.rows), dtype=bool)
    inside[whole.rows] = True
    soft = np.zeros(len(program.rows))
    least = 0.0
    for contest in settled.contests:
        if inside[contest.piece.rows].all():
            soft[contest.piece.rows] = 1
            least += contest.least(by)
    elastic = Elastic(program, whole, settled.given, Ends(soft, soft))
    elastic.hold(least)
    return elastic.cheapest(costs[whole.columns].astype(float), by)
