"""A program whose ends may be bent, and what it costs to bend them."""

from dataclasses import dataclass

import numpy as np

from service.bounds.linear_program import Indices, Program
from service.bounds.presolve import Ends, Piece
from service.bounds.solver import (
    NOISE,
    Deadline,
    Model,
    Solution,
    Unsolved,
    Vector,
    simple,
    without_noise,
)
from service.bounds.sparse_matrix import Sparse, beside, stacked

BENT = 1e-5
"""From how many people on an end counts as bent; the solver's own tolerance is 1e-7."""

CLEAR = 1e-3
"""How far from zero a bend, or a price from one, is in a central optimum to tell which it is."""


@dataclass(frozen=True, slots=True)
class Bends:
    """How a piece bends least: the sum, which rows some such world bends, and what forces it.

    ``rows`` and ``forcing`` are numbered as in the piece, ``tying`` as in the whole program;
    ``people`` is how many each of the rows holds in one such world.
    """

    least: float
    rows: Indices
    people: Vector
    forcing: Indices
    tying: Indices


class Elastic:
    """A piece some of whose ends may be bent, at a cost of one for each person."""

    def __init__(self, program: Program, piece: Piece, ends: Ends, soft: Ends) -> None:
        """``soft`` tells by 1 and 0 which of all the rows may be bent at their floor or ceiling."""
        floored, capped = np.flatnonzero(piece.binding), np.flatnonzero(piece.capping)
        floors, ceilings = piece.rows[floored], piece.rows[capped]
        self._at, self._ties = np.concatenate([floored, capped]), piece.ties
        self._soft = np.flatnonzero(np.concatenate([soft.floors[floors], soft.ceilings[ceilings]]))
        self._people = len(piece.columns)
        self._covers = program.covers.cut(piece.rows, piece.columns)
        every = np.arange(len(piece.columns))
        matrix = stacked(
            [
                self._covers.cut(floored, every),
                self._covers.cut(capped, every),
                program.ties.cut(piece.ties, piece.columns),
            ]
        )
        up = np.where(self._soft < len(floored), 1, -1)
        bends = Sparse((matrix.shape[0], len(up)), self._soft, np.arange(len(up)), up)
        below = np.full(len(capped) + len(piece.ties), -np.inf)
        above = np.full(len(floored), np.inf)
        self._model = Model(
            beside(matrix, bends),
            np.concatenate([ends.floors[floors], below]),
            np.concatenate([above, ends.ceilings[ceilings], np.zeros(len(piece.ties))]),
        )

    def _costs(self, people: Vector | float, bends: Vector | float) -> Vector:
        """Return the cost of each column of people and of each bend."""
        costs = np.zeros(self._people + len(self._soft))
        costs[: self._people], costs[self._people :] = people, bends
        return costs

    def least(self, by: Deadline) -> float:
        """Return the least sum of the bends."""
        return without_noise(self._model.minimise(self._costs(0, 1), by).value)

    def bends(self, by: Deadline) -> Bends:
        """Return how the piece bends least; from then on only such worlds are allowed.

        An optimum and its prices nearly always tell of every end whether any optimum bends it: if
        this one does, yes; if its price is below the cost of bending it, no. The others are tried.
        """
        solution = self._optimum(by)
        least = without_noise(solution.value)
        if least <= NOISE:
            nothing = np.zeros(0, dtype=np.int64)
            return Bends(0.0, nothing, nothing.astype(float), nothing, nothing)
        self.hold(least)
        bent = solution.columns[self._people :] > CLEAR
        unsure = ~bent & (abs(solution.prices[self._soft]) > 1 - CLEAR)
        while unsure.any():
            most = self._model.minimise(self._costs(0, np.where(unsure, -1.0, 0.0)), by)
            fresh = unsure & (most.columns[self._people :] > BENT)
            if not fresh.any():
                break
            bent, unsure = bent | fresh, unsure & ~fresh
        ends, ties = np.split(abs(solution.prices) > CLEAR, [len(self._at)])
        rows = self._at[self._soft[bent]]
        people = self._covers.times(solution.columns[: self._people])[rows]
        return Bends(least, rows, people, self._at[ends], self._ties[ties])

    def _optimum(self, by: Deadline) -> Solution:
        """Return a central optimum where it can be believed, else a corner.

        Only in the centre are all the ends that may force a bend priced, so that the same ones are
        named whatever the order of the rows. Ties make the way there long, and mostly needless.
        """
        costs = self._costs(0, 1)
        if len(self._ties):
            corner = self._model.minimise(costs, by)
            if without_noise(corner.value) <= NOISE:
                return corner
        try:
            solution = self._model.central(costs, by)
        except Unsolved:
            return self._model.minimise(costs, by)
        if simple(solution.value) is None:
            return self._model.minimise(costs, by)
        return solution

    def hold(self, least: float) -> None:
        """Allow only worlds that bend no more than this."""
        self._model.add_row(self._costs(0, 1), least)

    def cheapest(self, costs: Vector, by: Deadline) -> float:
        """Return the least cost of the columns of people."""
        return without_noise(self._model.minimise(self._costs(costs, 0), by).value)

    def extreme(self, row: int, sign: int, by: Deadline) -> float:
        """Return the least (sign 1) or the most (sign -1) people in a row of the piece."""
        only = np.zeros(self._covers.shape[0], dtype=np.int64)
        only[row] = sign
        return sign * self.cheapest(self._covers.priced(only).astype(float), by)
