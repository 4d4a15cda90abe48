"""Which ends contradict each other, and what is left when those are set aside.

Least shortfall: every ceiling taken as true, how few people must be missing below the floors.
Least excess: every floor taken as true, how few must be above the ceilings. An end is set aside
when some world that bends the reports so little bends that end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Literal

import numpy as np

from service.bounds.constraints import Row
from service.bounds.elastic_program import BENT, Elastic
from service.bounds.linear_program import Flags, Indices, Program
from service.bounds.optimize import nested_range, nested_whole
from service.bounds.presolve import Ends, Piece, connected, pieces
from service.bounds.solver import Deadline, Unsolved
from service.bounds.sparse_matrix import stacked
from service.domain.figure import Figure

RESERVE = 3
"""How many times as long as its side took an end is only looked at if so much time is left: it
takes once as long, and a total is of more use with both bounds than with every end told. Where a
side took long, half of a question's time is left to the bounds, and the ends get the other half:
they are told over several questions, as the side is solved but once."""

TRIES = 2
"""So often a side is tried at once though the time runs out: the first time much is made ready."""

REST = 10
"""Then it is left alone for so many times as long as was spent on it, but by who has more than
twice that time: the other questions of an answer would only lose theirs to it."""

Side = Literal["floors", "ceilings"]

_Aside = dict[Side, dict[int, list[Figure]]]
"""The figures whose end on a side is set aside, by row."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Ends that contradict each other, and the rows in which they do."""

    floors: tuple[Figure, ...]
    ceilings: tuple[Figure, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """The ends that stand, the disputes about the rest, and the contests behind them.

    ``exact`` is False where the time ran out: ends that may have to be set aside are then left
    out too, so that bounds may be wider than they need be and never narrower.
    """

    given: Ends
    ends: Ends
    disputes: tuple[Dispute, ...]
    contests: tuple["Contest", ...]
    exact: bool


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
        self._contests: dict[int, Contest] = {}
        nobody = np.zeros(program.covers.shape[1], dtype=bool)
        self.agreed = nested_whole(program, self.given, nobody) is not None
        """Whether all agree, as can be seen without a look at the pieces."""

    @cached_property
    def _pieces(self) -> list[Piece]:
        anybody = np.ones(self._program.atoms.shape[1], dtype=bool)
        nobody = np.zeros(self._program.covers.shape[1], dtype=bool)
        return pieces(self._program, self.given, anybody, nobody, ~nobody)

    @cached_property
    def _of_row(self) -> Indices:
        """The number of the piece that each row takes part in, -1 for none."""
        found = np.full(len(self._program.rows), -1)
        for number, piece in enumerate(self._pieces):
            found[piece.rows] = number
        return found

    def concerned(self, rows: Flags) -> set[int]:
        """Return the numbers of the pieces that the rows take part in and that may contradict."""
        if self.agreed:
            return set()
        return {int(number) for number in self._of_row[rows] if number >= 0}

    def settle(self, numbers: set[int], by: Deadline) -> Settled:
        """Return what stands when the numbered pieces are settled, the others as they were given.

        What is settled in time is kept for the next question.
        """
        left = self.given
        disputes: list[Dispute] = []
        contests: list[Contest] = []
        exact = True
        for number in sorted(numbers):
            contest = self._contest(number)
            ruling = contest.ruling(by)
            exact &= ruling.exact
            if ruling.left is not None:
                if left is self.given:
                    left = Ends(self.given.floors.copy(), self.given.ceilings.copy())
                left.floors[contest.piece.rows] = ruling.left.floors
                left.ceilings[contest.piece.rows] = ruling.left.ceilings
            if ruling.disputes:
                disputes.extend(ruling.disputes)
                contests.append(contest)
        return Settled(self.given, left, tuple(disputes), tuple(contests), exact)

    def _contest(self, number: int) -> "Contest":
        if number not in self._contests:
            self._contests[number] = Contest(self._program, self._pieces[number], self.given)
        return self._contests[number]


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What came of one piece: the ends that stand in its rows (None: all), and what is disputed."""

    left: Ends | None = None
    disputes: tuple[Dispute, ...] = ()
    exact: bool = True


class Contest:
    """One piece, and the two ways of resolving it if its ends contradict each other."""

    def __init__(self, program: Program, piece: Piece, ends: Ends) -> None:
        self.piece = piece
        self._program, self._ends = program, ends
        self._sides: dict[Side, _Side] = {}
        self._tries, self._spent, self._rests_until = 0, 0.0, 0.0
        self._ruling: _Ruling | None = None
        self._least: float | None = None
        self._lock = Lock()

    def ruling(self, by: Deadline) -> _Ruling:
        """Return what stands, as far as it can be told in the time.

        What was found is kept; who comes while it is looked for waits for it.
        """
        if self._ruling is not None:
            return self._ruling
        if not self._lock.acquire(timeout=by.left()):
            return self._unknown()
        try:
            found = self._judged(by)
            if found.exact:
                self._ruling = found
                self._sides.clear()
            return found
        finally:
            self._lock.release()

    def _unknown(self) -> _Ruling:
        """Return the ruling by which no end stands, since it is not known which must fall."""
        count = len(self.piece.rows)
        return _Ruling(Ends(np.zeros(count), np.full(count, np.inf)), (), False)

    def _judged(self, by: Deadline) -> _Ruling:
        nobody = np.zeros(self._program.covers.shape[1], dtype=bool)
        if nested_range(self._program, self.piece, self._ends, nobody) is not None:
            return _Ruling()
        floors = self._side("floors", by)
        if floors is None:
            return self._unknown()
        if not floors.least:
            return _Ruling()
        ceilings = self._side("ceilings", by)
        sides = [floors] if ceilings is None else [floors, ceilings]
        aside: _Aside = {"floors": {}, "ceilings": {}}
        for side in sides:
            aside[side.side] = side.set_aside(by)
        left = [self._left(int(row), aside) for row in self.piece.rows]
        ends = Ends(*(np.array(each, dtype=float) for each in zip(*left, strict=True)))
        if ceilings is None:
            ends.ceilings[:] = np.inf
        whole = ceilings is not None and all(side.exact for side in sides)
        return _Ruling(ends, tuple(self._disputes(sides, aside)), whole)

    def _side(self, side: Side, by: Deadline) -> "_Side | None":
        """Return how the side bends when the other is true; None where the time ran out."""
        if side not in self._sides:
            began = monotonic()
            resting = began < self._rests_until and by.left() <= 2 * self._spent
            if resting or not by.left():
                return None
            try:
                self._sides[side] = _Side(side, self._program, self.piece, self._ends, by)
            except Unsolved:
                self._tries, self._spent = self._tries + 1, monotonic() - began
                if self._tries >= TRIES:
                    self._rests_until = monotonic() + REST * self._spent
                return None
        return self._sides[side]

    def least(self, by: Deadline) -> float:
        """Return the least sum of shortfall and excess together; raises Unsolved."""
        if self._least is None:
            everything = np.ones(len(self._program.rows))
            soft = Ends(everything, everything)
            self._least = Elastic(self._program, self.piece, self._ends, soft).least(by)
        return self._least

    def _left(self, row: int, aside: _Aside) -> tuple[float, float]:
        """Return the floor and the ceiling that stand in the row when all is settled."""
        figures = self._program.rows[row].figures
        short, over = aside["floors"].get(row, ()), aside["ceilings"].get(row, ())
        floors = [figure.quantity.low for figure in figures if figure not in short]
        highs = [figure.quantity.high for figure in figures if figure not in over]
        return max(floors, default=0), min((h for h in highs if h is not None), default=np.inf)

    def _disputes(self, sides: Sequence["_Side"], aside: _Aside) -> Iterator[Dispute]:
        """Yield the parts of the contradiction that do not bind each other.

        A part without an end set aside concerns no question.
        """
        rows = np.array(sorted(set().union(*(side.rows for side in sides))), dtype=np.int64)
        tying = np.array(sorted(set().union(*(side.tying for side in sides))), dtype=np.int64)
        every = np.arange(self._program.covers.shape[1])
        covers = self._program.covers.cut(rows, every)
        ties = self._program.ties.cut(tying, every)
        for members, _ in connected(stacked([covers, ties])):
            mine = [int(rows[member]) for member in members if member < len(rows)]
            floors = [figure for row in mine for figure in aside["floors"].get(row, ())]
            ceilings = [figure for row in mine for figure in aside["ceilings"].get(row, ())]
            yield Dispute(tuple(floors), tuple(ceilings), tuple(mine))


class _Side:
    """How a piece bends on one side least while the other side is taken as true."""

    def __init__(
        self, side: Side, program: Program, piece: Piece, ends: Ends, by: Deadline
    ) -> None:
        """Raises Unsolved where the time runs out."""
        self.side, self._program, self._piece = side, program, piece
        self._reach: dict[int, float] = {}
        self.exact = True
        if len(piece.rows) == 1:
            self._alone(ends)
            return
        rows = len(program.rows)
        soft = Ends(np.full(rows, side == "floors"), np.full(rows, side == "ceilings"))
        self._elastic = Elastic(program, piece, ends, soft)
        start = by.left()
        bends = self._elastic.bends(by)
        self._took = start - by.left()
        self.least = bends.least
        self._bent = bends.rows
        self._seen = dict(zip(bends.rows.tolist(), bends.people.tolist(), strict=True))
        self.tying = set(bends.tying.tolist())
        self.rows = set(piece.rows[np.concatenate([bends.rows, bends.forcing])].tolist())

    def _alone(self, ends: Ends) -> None:
        """Note how one row bends whose floor is above its ceiling: there is nothing to solve."""
        row = int(self._piece.rows[0])
        floor, ceiling = float(ends.floors[row]), float(ends.ceilings[row])
        self.least = floor - ceiling
        self._bent = np.array([0])
        self.tying, self.rows = set[int](), {row}
        self._reach[0] = ceiling if self.side == "floors" else floor

    def set_aside(self, by: Deadline) -> dict[int, list[Figure]]:
        """Return the figures whose end on this side is set aside, by row of the program.

        Where the time runs out all ends of a bent row are, and ``exact`` is False until next time.
        """
        self.exact = True
        found = {}
        for row in self._bent.tolist():
            number = int(self._piece.rows[row])
            reach = self._reached(row, by)
            found[number] = [
                figure
                for figure in self._program.rows[number].figures
                if _beyond(_level(figure, self.side), reach, self.side)
            ]
        return found

    def _reached(self, row: int, by: Deadline) -> float:
        """Return how few (or many) people a bent row holds at the furthest.

        The outermost end is bent anyway; only further ends, not bent in the world that was found,
        need solving.
        """
        if row in self._reach:
            return self._reach[row]
        furthest = -np.inf if self.side == "floors" else np.inf
        figures = self._program.rows[self._piece.rows[row]].figures
        levels = {_level(figure, self.side) for figure in figures} - {None}
        if len(levels) > 1 and not all(_beyond(x, self._seen[row], self.side) for x in levels):
            try:
                if by.left() <= min(RESERVE * self._took, by.seconds / 2):
                    raise Unsolved("the bounds need what time is left")
                furthest = self._elastic.extreme(row, 1 if self.side == "floors" else -1, by)
            except Unsolved:
                self.exact = False
                return furthest
        self._reach[row] = furthest
        return furthest


def _level(figure: Figure, side: Side) -> int | None:
    """Return the figure's end on the side, None where it has none; a floor of 0 asks for nobody."""
    return figure.quantity.low or None if side == "floors" else figure.quantity.high


def _beyond(level: int | None, reach: float, side: Side) -> bool:
    """Whether an end at this level is bent where the row holds ``reach`` people."""
    if level is None:
        return False
    return reach < level - BENT if side == "floors" else reach > level + BENT
