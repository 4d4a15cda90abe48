"""Which ends contradict each other, and what is left when those are set aside.

Least shortfall: every ceiling taken as true, how few people must be missing below the floors.
Least excess: every floor taken as true, how few must be above the ceilings. An end is set aside
when some world that bends the reports so little bends that end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from service.bounds.elastic import BENT, Elastic
from service.bounds.optimum import nested_range
from service.bounds.pieces import Ends, Piece, connected, pieces
from service.bounds.program import Flags, Program
from service.bounds.rows import Row
from service.bounds.solver import NOISE, Deadline, Unsolved
from service.domain.figure import Figure

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
class Settled:
    """The ends that stand, the disputes about the rest, and where to bend for them.

    ``exact`` is False where the time ran out; all ends of such a piece are then left out, so that
    bounds may be wider than they need be and never narrower.
    """

    given: Ends
    ends: Ends
    disputes: tuple[Dispute, ...]
    bendings: tuple[Bending, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What came of one piece: the floors and ceilings that stand, in the order of its rows."""

    left: Sequence[tuple[float, float]]
    disputes: tuple[Dispute, ...] = ()
    bending: Bending | None = None


def given_ends(rows: Sequence[Row]) -> Ends:
    """Return the highest floor and the lowest ceiling of every row."""
    ceilings = [np.inf if row.ceiling is None else row.ceiling for row in rows]
    return Ends(np.array([row.floor for row in rows], dtype=float), np.array(ceilings, dtype=float))


class Court:
    """Settles the contradictions of a program, each piece when it first bears on a question.

    Contradictions are local: a piece far from what is asked is not looked at.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.given = given_ends(program.rows)
        anybody = np.ones(program.atoms.shape[1], dtype=bool)
        nobody = np.zeros(program.covers.shape[1], dtype=bool)
        self._pieces = pieces(program, self.given, anybody, nobody, ~nobody)
        self._of_row = np.full(len(program.rows), -1)
        for number, piece in enumerate(self._pieces):
            self._of_row[piece.rows] = number
        self._rulings: dict[int, _Ruling] = {}

    def concerned(self, rows: Flags) -> set[int]:
        """Return the numbers of the pieces that the rows take part in."""
        return {int(number) for number in self._of_row[rows] if number >= 0}

    def settle(self, numbers: set[int], by: Deadline) -> Settled:
        """Return what stands when the numbered pieces are settled, the others as they were given.

        What is settled in time is kept for the next question.
        """
        left = Ends(self.given.floors.copy(), self.given.ceilings.copy())
        disputes: list[Dispute] = []
        bendings: list[Bending] = []
        exact = True
        for number in sorted(numbers):
            piece = self._pieces[number]
            try:
                ruling = self._ruling(number, by)
            except Unsolved:
                left.floors[piece.rows], left.ceilings[piece.rows] = 0, np.inf
                exact = False
                continue
            if ruling.bending is not None:
                bendings.append(ruling.bending)
                disputes.extend(ruling.disputes)
                floors, ceilings = zip(*ruling.left, strict=True)
                left.floors[piece.rows], left.ceilings[piece.rows] = floors, ceilings
        return Settled(self.given, left, tuple(disputes), tuple(bendings), exact)

    def _ruling(self, number: int, by: Deadline) -> _Ruling:
        if number not in self._rulings:
            self._rulings[number] = self._judged(self._pieces[number], by)
        return self._rulings[number]

    def _judged(self, piece: Piece, by: Deadline) -> _Ruling:
        nobody = np.zeros(self._program.covers.shape[1], dtype=bool)
        if nested_range(self._program, piece, self.given, nobody) is not None:
            return _Ruling(())
        contest = _Contest(self._program, piece, self.given, by)
        bending = contest.bending()
        left = [contest.left(int(row)) for row in piece.rows]
        return _Ruling(left, tuple(contest.disputes()), bending)


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
        if len(self._piece.rows) == 1:
            return self._alone()
        if not self._bend("floors"):
            return None
        self._bend("ceilings")
        least, *_ = self._elastic(1, 1).least(self._by)
        return Bending(self._piece, least)

    def _alone(self) -> Bending:
        """Return how one row bends whose floor is above its ceiling: there is nothing to solve."""
        row = int(self._piece.rows[0])
        floor, ceiling = float(self._ends.floors[row]), float(self._ends.ceilings[row])
        self._bent["floors"][row], self._bent["ceilings"][row] = ceiling, floor
        return Bending(self._piece, floor - ceiling)

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
        """Return the floor and the ceiling that stand in the row when all is settled."""
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
