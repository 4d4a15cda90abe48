"""The nearest reading: the worlds that bend contradicting reports least."""

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bounds.elastic_program import Elastic
from service.bounds.infeasibility import Settled
from service.bounds.linear_program import Program
from service.bounds.optimize import Wanted
from service.bounds.presolve import Ends, Piece, joined
from service.bounds.solver import Deadline, Unsolved

Nearest = tuple[float, float | None]
"""The least and the most in the nearest reading, real-valued; a most of None is open."""


class Readings:
    """Finds the nearest readings of one program; threads may share it.

    The last model is kept: both ends need the same one, and so do most questions that are parts of
    one answer.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._lock = Lock()
        self._bent: tuple[bytes, ...] = ()
        self._elastic: Elastic | None = None

    def nearest(self, wanted: Wanted, settled: Settled, by: Deadline) -> Nearest | None:
        """Return the least and the most asked for in the worlds that bend the reports least.

        The whole is None where time ran out.
        """
        try:
            low = self._least(settled, wanted.for_least(settled.given), wanted.surely, by)
            found = wanted.for_most(settled.given)
            if found is None:
                return low, None
            return low, -self._least(settled, found, -wanted.maybe.astype(int), by)
        except Unsolved:
            return None

    def _least(
        self, settled: Settled, found: list[Piece], costs: NDArray[Any], by: Deadline
    ) -> float:
        """Return the least cost where each contested piece bends no more than it must."""
        if not found:
            return 0.0
        whole = joined(found)
        inside = np.zeros(len(self._program.rows), dtype=bool)
        inside[whole.rows] = True
        soft = np.zeros(len(self._program.rows))
        least = 0.0
        for contest in settled.contests:
            if inside[contest.piece.rows].all():
                soft[contest.piece.rows] = 1
                least += contest.least(by)
        if not self._lock.acquire(timeout=by.left()):
            raise Unsolved("no time left")
        try:
            elastic = self._held(whole, settled.given, soft, least)
            return elastic.cheapest(costs[whole.columns].astype(float), by)
        finally:
            self._lock.release()

    def _held(self, whole: Piece, given: Ends, soft: NDArray[Any], least: float) -> Elastic:
        """Return the model of the worlds that bend the soft ends no more than this in all."""
        parts = (whole.rows, whole.binding, whole.capping, whole.columns, whole.ties, soft)
        bent = tuple(each.tobytes() for each in parts)
        if self._elastic is None or self._bent != bent:
            self._elastic = Elastic(self._program, whole, given, Ends(soft, soft))
            self._elastic.hold(least)
            self._bent = bent
        return self._elastic
