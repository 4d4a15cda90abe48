"""A program whose ends may be bent, and what it costs to bend them."""

import numpy as np
from numpy.typing import NDArray

from service.bounds.pieces import Ends, Piece
from service.bounds.program import Flags, Indices, Program
from service.bounds.solver import NOISE, Deadline, Model, without_noise

SPREAD = 1e-3
"""How far an end is bent at most while as many as possible are bent at once."""

BENT = 1e-5
"""From how many people on an end counts as bent; the solver's own tolerance is 1e-7."""


class Elastic:
    """A piece some of whose ends may be bent, at a cost of one for each person."""

    def __init__(self, program: Program, piece: Piece, ends: Ends, soft: Ends) -> None:
        """``soft`` tells by 1 and 0 which of all the rows may be bent at their floor or ceiling."""
        self._covers = program.covers[np.ix_(piece.rows, piece.columns)]
        floored = np.flatnonzero(piece.binding)
        capped = np.flatnonzero(piece.capping)
        low, high = self._covers[floored], self._covers[capped]
        short = np.flatnonzero(soft.floors[piece.rows[floored]])
        over = np.flatnonzero(soft.ceilings[piece.rows[capped]])
        self.bendable: tuple[Indices, Indices] = (floored[short], capped[over])
        self._first, self._bends = len(piece.columns), len(short) + len(over)
        bends = np.zeros((len(floored) + len(capped) + len(piece.ties), self._bends), np.int8)
        bends[short, np.arange(len(short))] = 1
        bends[len(floored) + over, len(short) + np.arange(len(over))] = -1
        people = np.vstack([low, high, program.ties[np.ix_(piece.ties, piece.columns)]])
        # Each bend is the sum of a small part, held below SPREAD, and the rest of it.
        matrix = np.hstack([people.astype(np.int8), bends, bends])
        nothing = np.full(len(capped) + len(piece.ties), -np.inf)
        lower = np.concatenate([ends.floors[piece.rows[floored]], nothing])
        upper = np.concatenate(
            [
                np.full(len(floored), np.inf),
                ends.ceilings[piece.rows[capped]],
                np.zeros(len(piece.ties)),
            ]
        )
        widest = np.full(matrix.shape[1], np.inf)
        widest[self._first : self._first + self._bends] = SPREAD
        self._width = matrix.shape[1]
        self._at, self._ties = np.concatenate([floored, capped]), piece.ties
        self._model = Model(matrix, lower, upper, widest)

    def _bend_costs(self) -> NDArray[np.float64]:
        """Return the costs that count every bend once."""
        costs = np.zeros(self._width)
        costs[self._first :] = 1
        return costs

    def least(self, by: Deadline) -> tuple[float, Indices, Indices]:
        """Return the least sum of the bends, and the rows of the piece and the ties that force it.

        The ties are numbered as in the whole program.
        """
        solution = self._model.minimise(self._bend_costs(), by)
        ends, ties = np.split(abs(solution.prices) > NOISE, [len(self._at)])
        return without_noise(solution.value), self._at[ends], self._ties[ties]

    def hold(self, least: float) -> None:
        """Allow only worlds that bend no more than this."""
        self._model.add_row(self._bend_costs(), least)

    def bent(self, by: Deadline) -> Flags:
        """Return which of the bendable ends are bent in some world: floors first, then ceilings."""
        found = np.zeros(self._bends, dtype=bool)
        small = np.zeros(self._width)
        small[self._first : self._first + self._bends] = -1
        fresh = self._bends_of(self._model.minimise(small, by).columns)
        while (fresh & ~found).any():
            found |= fresh
            rest = np.zeros(self._width)
            rest[self._first :] = np.tile(np.where(found, 0.0, -1.0), 2)
            fresh = self._bends_of(self._model.minimise(rest, by).columns)
        return found

    def _bends_of(self, columns: NDArray[np.float64]) -> Flags:
        small, rest = columns[self._first :].reshape(2, -1)
        flags: Flags = small + rest > BENT
        return flags

    def cheapest(self, costs: NDArray[np.float64], by: Deadline) -> float:
        """Return the least cost of the columns of people."""
        whole = np.zeros(self._width)
        whole[: self._first] = costs
        return without_noise(self._model.minimise(whole, by).value)

    def extreme(self, row: int, sign: int, by: Deadline) -> float:
        """Return the least (sign 1) or the most (sign -1) people in a row of the piece."""
        return sign * self.cheapest(sign * self._covers[row].astype(float), by)
