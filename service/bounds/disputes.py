"""Which ends contradict each other, and what is left when those are set aside.

Least shortfall: every ceiling taken as true, how few people must be missing below the floors.
Least excess: every floor taken as true, how few must be above the ceilings. An end is set aside
when some world that bends the reports so little bends that end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.bounds import nested
from service.bounds.optimum import Ends, free_atoms
from service.bounds.pieces import Piece, connected, joined, pieces
from service.bounds.program import Flags, Indices, Program
from service.bounds.solver import NOISE, Deadline, Model, Unsolved, without_noise
from service.domain.figure import Figure

SPREAD = 1e-3
"""How far an end is bent at most while as many as possible are bent at once."""

BENT = 1e-5
"""From how many people on an end counts as bent; the solver's own tolerance is 1e-7."""

Nearest = tuple[float, float | None]
"""The least and the most in the nearest reading, real-valued; a most of None is open."""

Side = Literal["floors", "ceilings"]


@dataclass(frozen=True, slots=True)
class Dispute:
    """Ends that contradict each other, and the rows in which they do."""

    floors: tuple[Figure, ...]
    ceilings: tuple[Figure, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bending:
    """A piece that cannot meet all its ends, and the least sum of shortfall and excess in it."""

    piece: Piece
    least: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is left of a program's ends, the disputes about the rest, and where to bend for them.

    ``exact`` is False where the time ran out; all ends of such a piece are then left out, so that
    bounds may be wider than they need be and never narrower.
    """

    ends: Ends
    given: Ends
    disputes: tuple[Dispute, ...]
    bendings: tuple[Bending, ...]
    exact: bool


def settle(program: Program, by: Deadline) -> Settlement:
    """Return the ends that stand when those that contradict each other are set aside."""
    given = Ends(
        np.array([row.floor for row in program.rows], dtype=float),
        np.array(
            [np.inf if row.ceiling is None else row.ceiling for row in program.rows], dtype=float
        ),
    )
    left = Ends(given.floors.copy(), given.ceilings.copy())
    free = free_atoms(program, given)
    binding = (given.floors > 0) & ~program.atoms[:, free].any(axis=1)
    nothing = np.zeros(program.covers.shape[1], dtype=bool)
    disputes: list[Dispute] = []
    bendings: list[Bending] = []
    exact = True
    for piece in pieces(program, binding, given.capped, nothing):
        if _agrees(program, piece, given):
            continue
        try:
            contested = _Contest(program, piece, given, by)
            bending = contested.bending()
        except Unsolved:
            left.floors[piece.rows], left.ceilings[piece.rows] = 0, np.inf
            exact = False
            continue
        if bending is None:
            continue
        bendings.append(bending)
        disputes.extend(contested.disputes())
        for row in piece.rows:
            left.floors[row], left.ceilings[row] = contested.left(int(row))
    return Settlement(left, given, tuple(disputes), tuple(bendings), exact)


def _agrees(program: Program, piece: Piece, ends: Ends) -> bool:
    """Whether the piece is nested and its ends agree, which takes no solver to see."""
    if len(piece.ties):
        return False
    covers = program.covers[np.ix_(piece.rows, piece.columns)]
    nobody = np.zeros(len(piece.columns), dtype=bool)
    floors = np.where(piece.binding, ends.floors[piece.rows], 0)
    outcome = nested.solve(covers, floors, ends.ceilings[piece.rows], nobody)
    return outcome is not None and outcome.range is not None


class Elastic:
    """A piece some of whose ends may be bent, at a cost of one for each person."""

    def __init__(self, program: Program, piece: Piece, ends: Ends, soft: Ends) -> None:
        """``soft`` tells by 1 and 0 which of all the rows may be bent at their floor or ceiling."""
        self._covers = program.covers[np.ix_(piece.rows, piece.columns)]
        floored = np.flatnonzero(piece.binding)
        capped = np.flatnonzero(ends.capped[piece.rows])
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


class _Contest:
    """The two ways of resolving one piece, and which figures' ends each of them bends."""

    def __init__(self, program: Program, piece: Piece, ends: Ends, by: Deadline) -> None:
        self._program, self._piece, self._ends, self._by = program, piece, ends, by
        self._bent: dict[Side, dict[int, float]] = {"floors": {}, "ceilings": {}}
        """For each row bent on a side: the least or the most people that it holds when it is."""
        self._forcing: set[int] = set()
        self._tying: set[int] = set()

    def bending(self) -> Bending | None:
        """Return how the piece bends least, None where all its ends can be met."""
        if not self._bend("floors"):
            return None
        self._bend("ceilings")
        least, *_ = self._elastic(1, 1).least(self._by)
        return Bending(self._piece, least)

    def _elastic(self, floors: int, ceilings: int) -> Elastic:
        rows = len(self._program.rows)
        soft = Ends(np.full(rows, floors), np.full(rows, ceilings))
        return Elastic(self._program, self._piece, self._ends, soft)

    def _bend(self, side: Side) -> bool:
        """Find the rows bent on the side when the other is true; return whether there are any."""
        elastic = self._elastic(side == "floors", side == "ceilings")
        least, forcing, tying = elastic.least(self._by)
        if least <= NOISE:
            return False
        elastic.hold(least)
        self._forcing.update(self._piece.rows[forcing].tolist())
        self._tying.update(tying.tolist())
        for row in np.concatenate(elastic.bendable)[elastic.bent(self._by)].tolist():
            self._bent[side][int(self._piece.rows[row])] = self._reach(elastic, row, side)
        return True

    def _reach(self, elastic: Elastic, row: int, side: Side) -> float:
        """Return how few (or many) people a bent row holds at the furthest.

        Only a row with several floors (or ceilings) needs solving: the outermost is bent anyway.
        """
        figures = self._program.rows[self._piece.rows[row]].figures
        levels = {_level(figure, side) for figure in figures} - {None}
        if len(levels) > 1:
            return elastic.extreme(row, 1 if side == "floors" else -1, self._by)
        return -np.inf if side == "floors" else np.inf

    def _set_aside(self, row: int, side: Side) -> list[Figure]:
        """Return the row's figures whose end on that side is set aside."""
        reach = self._bent[side].get(row)
        if reach is None:
            return []
        return [
            figure
            for figure in self._program.rows[row].figures
            if _beyond(_level(figure, side), reach, side)
        ]

    def left(self, row: int) -> tuple[float, float]:
        """Return the floor and the ceiling that stand in the row."""
        figures = self._program.rows[row].figures
        short, over = self._set_aside(row, "floors"), self._set_aside(row, "ceilings")
        floors = [figure.quantity.low for figure in figures if figure not in short]
        highs = [figure.quantity.high for figure in figures if figure not in over]
        return max(floors, default=0), min((h for h in highs if h is not None), default=np.inf)

    def disputes(self) -> Iterator[Dispute]:
        """Yield the parts of the contradiction that do not bind each other.

        A part without an end set aside concerns no question.
        """
        bent = self._bent["floors"].keys() | self._bent["ceilings"].keys()
        rows = np.array(sorted(bent | self._forcing), dtype=np.int64)
        ties = self._program.ties[sorted(self._tying)] != 0
        for members, _ in connected(np.vstack([self._program.covers[rows], ties])):
            mine = [int(rows[member]) for member in members if member < len(rows)]
            floors = [figure for row in mine for figure in self._set_aside(row, "floors")]
            ceilings = [figure for row in mine for figure in self._set_aside(row, "ceilings")]
            yield Dispute(tuple(floors), tuple(ceilings), tuple(mine))


def _level(figure: Figure, side: Side) -> int | None:
    """Return the figure's end on the side, None where it has none; a floor of 0 asks for nobody."""
    return figure.quantity.low or None if side == "floors" else figure.quantity.high


def _beyond(level: int | None, reach: float, side: Side) -> bool:
    """Whether an end at this level is bent where the row holds ``reach`` people."""
    if level is None:
        return False
    return reach < level - BENT if side == "floors" else reach > level + BENT


def nearest(
    program: Program, settlement: Settlement, inside: Flags, outside: Flags, by: Deadline
) -> Nearest | None:
    """Return the least and the most asked for in the worlds that bend the reports least.

    Both are real-valued; a most of None is open. The whole is None where time ran out.
    """
    try:
        low = _nearest_low(program, settlement, inside & ~outside, by)
        high = _nearest_high(program, settlement, inside, by)
    except Unsolved:
        return None
    return low, high


def _nearest_low(program: Program, settlement: Settlement, wanted: Flags, by: Deadline) -> float:
    given = settlement.given
    elsewhere = free_atoms(program, given) & ~wanted[program.atom_column]
    binding = (given.floors > 0) & ~program.atoms[:, elsewhere].any(axis=1)
    nothing = np.zeros(len(wanted), dtype=bool)
    return _bent_least(program, settlement, binding, nothing, wanted, by)


def _nearest_high(
    program: Program, settlement: Settlement, wanted: Flags, by: Deadline
) -> float | None:
    given = settlement.given
    free = free_atoms(program, given)
    if wanted[program.atom_column[free]].any():
        return None
    binding = (given.floors > 0) & ~program.atoms[:, free].any(axis=1)
    return -_bent_least(program, settlement, binding, wanted, -wanted.astype(int), by)


def _bent_least(
    program: Program,
    settlement: Settlement,
    binding: Flags,
    needed: Flags,
    costs: NDArray[Any],
    by: Deadline,
) -> float:
    """Return the least cost where each contested piece bends no more than it must."""
    given = settlement.given
    whole = joined(pieces(program, binding, given.capped, needed))
    soft = np.zeros(len(program.rows))
    for bending in settlement.bendings:
        soft[bending.piece.rows] = 1
    elastic = Elastic(program, whole, given, Ends(soft, soft))
    elastic.hold(sum(bending.least for bending in settlement.bendings))
    return elastic.cheapest(costs[whole.columns].astype(float), by)
