"""Answers questions about a set of counted figures: the least and the most people, and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from threading import Lock

import numpy as np

from service.bounds import optimum
from service.bounds.clusters import Clusters
from service.bounds.disputes import Court, Dispute, Settled
from service.bounds.extents import Extent, extent
from service.bounds.nearest import Nearest, nearest
from service.bounds.optimum import Bound, Estimate
from service.bounds.pieces import Ends
from service.bounds.program import Flags, Program, build
from service.bounds.proof import Terms
from service.bounds.rows import Lineage, Row, rows_of
from service.bounds.solver import Deadline, without_noise
from service.bounds.spent import one_total
from service.domain.figure import Figure, Scope
from service.domain.total import End, Step, Total
from service.domain.trees import Tree

KEPT_ANSWERS = 64
"""So many answers of one cluster are kept; a question cut into many parts asks few different ones.
"""


class Reckoner:
    """The counted figures, cut and settled once for all the questions asked of them.

    Threads may share one: at worst two of them prepare the same cluster.
    """

    def __init__(
        self,
        counted: Sequence[Figure],
        places: Tree,
        groups: Tree,
        known: Mapping[str, Figure] | None = None,
    ) -> None:
        """``known`` holds the figures that a counted one may reclassify, counted or not."""
        self.counted = tuple(counted)
        self._places, self._groups = places, groups
        everyone = {figure.id: figure for figure in counted} if known is None else known
        self._lineage = Lineage(counted, everyone)
        self._rows = rows_of(counted, self._lineage, places, groups)
        self._order = {figure.id: index for index, figure in enumerate(counted)}
        self._clusters = Clusters(self._rows)
        self._found: dict[int, _Cluster] = {}
        self._lock = Lock()

    def meeting(self, asked: Scope) -> tuple[Figure, ...]:
        """Return the counted figures that may speak of people asked for, as they were given."""
        rows = self._meeting(extent(asked, self._places, self._groups))
        return self._in_order(figure for row in rows for figure in self._rows[row].figures)

    def _meeting(self, asked: Extent) -> list[int]:
        return [int(row) for row in self._clusters.meeting(asked)]

    def tied(self, asked: Scope) -> tuple[Figure, ...]:
        """Return the counted figures on which the total of the asked scope can depend."""
        rows = self._meeting(extent(asked, self._places, self._groups))
        numbers = self._clusters_of(rows)
        tied = [int(row) for number in numbers for row in self._clusters.members(number)]
        return self._in_order(figure for row in tied for figure in self._rows[row].figures)

    def apart(self, asked: Scope) -> bool:
        """Whether no figure that speaks of the asked scope can share people with another."""
        rows = self._meeting(extent(asked, self._places, self._groups))
        clusters = self._clusters_of(rows)
        return all(len(self._rows[row].figures) == 1 for row in rows) and all(
            len(self._clusters.members(number)) == 1 for number in clusters
        )

    def outcomes(self, figure: Figure) -> frozenset[str]:
        """Return the outcomes of a counted figure, widened by those that reclassify its people."""
        later = self._lineage.later(figure)
        return figure.scope.outcomes.union(*(each.scope.outcomes for each in later))

    def _clusters_of(self, rows: Iterable[int]) -> list[int]:
        with self._lock:
            return list(dict.fromkeys(self._clusters.of(row) for row in rows))

    def _in_order(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        return tuple(sorted(figures, key=lambda figure: self._order[figure.id]))

    def total(self, asked: Scope, seconds: float) -> Total:
        """Return the total of the asked scope.

        Solving ends after about so many seconds; an answer that needed more is wider than it
        could be, never narrower, and says so by ``exact``. The scope's incident must be None.
        """
        with one_total():
            return self._total(asked, seconds)

    def _total(self, asked: Scope, seconds: float) -> Total:
        where = extent(asked, self._places, self._groups)
        rows = self._meeting(where)
        if not rows:
            return Total()
        deadline = Deadline(seconds)
        numbers = self._clusters_of(rows)
        answers = [self._cluster(number).answer(where, deadline) for number in numbers]
        low = sum((answer.low.value or Fraction(0) for answer in answers), Fraction(0))
        highs = [answer.high.value for answer in answers if answer.high.value is not None]
        disputes = [dispute for answer in answers for dispute in answer.disputes]
        near = _nearest_of(answers, deadline) if disputes else None
        return Total(
            figures=self._in_order(f for row in rows for f in self._rows[row].figures),
            low=floor(low),
            high=ceil(sum(highs, Fraction(0))) if len(highs) == len(answers) else None,
            exact=all(answer.exact for answer in answers) and (near is not None or not disputes),
            floors_set_aside=self._in_order(f for dispute in disputes for f in dispute.floors),
            ceilings_set_aside=self._in_order(f for dispute in disputes for f in dispute.ceilings),
            nearest=near,
            because_low=self._steps(answer.steps("low") for answer in answers),
            because_high=self._steps(answer.steps("high") for answer in answers)
            if len(highs) == len(answers)
            else (),
        )

    def _cluster(self, number: int) -> "_Cluster":
        if number not in self._found:
            members = self._clusters.members(number).tolist()
            self._found[number] = _Cluster([self._rows[row] for row in members])
        return self._found[number]

    def _steps(self, found: Iterable[list[Step]]) -> tuple[Step, ...]:
        steps = [step for steps in found for step in steps]
        return tuple(sorted(steps, key=lambda step: (step.end, self._order[step.figure.id])))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one cluster adds to a total."""

    rows: Sequence[Row]
    low: Bound
    high: Bound
    nearest: Callable[[Deadline], Nearest | None]
    """Solved for when asked: only a total with a dispute tells it."""
    exact: bool = True
    disputes: tuple[Dispute, ...] = ()
    set_aside: frozenset[tuple[str, End]] = frozenset()

    def steps(self, which: End) -> list[Step]:
        """Return the proof of one bound in figures."""
        terms = (self.low if which == "low" else self.high).terms
        return [Step(self._figure(row, end), end, times) for (row, end), times in terms.items()]

    def _figure(self, row: int, end: End) -> Figure:
        """Return the figure that sets the row's end: one that rests on no convention if it can."""
        standing = [f for f in self.rows[row].figures if (f.id, end) not in self.set_aside]

        def rank(figure: Figure) -> tuple[float, bool]:
            quantity = figure.quantity
            if end == "low":
                return -quantity.low, "low" in quantity.soft
            return np.inf if quantity.high is None else quantity.high, "high" in quantity.soft

        return min(standing, key=rank)


class _Cluster:
    """Rows tied to each other, with their program and their settlement made when first needed."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._answers: dict[tuple[bytes, ...], _Answer] = {}

    @cached_property
    def _program(self) -> Program:
        return build(self._rows)

    @cached_property
    def _court(self) -> Court:
        return Court(self._program)

    def _settled(self, meeting: Flags, surely: Flags, maybe: Flags, by: Deadline) -> Settled:
        """Return what stands when all is settled that bears on the asked people.

        Ends that are set aside can bring further pieces into play, which are then settled too.
        """
        court = self._court
        numbers = court.concerned(meeting | self._bearing(court.given, surely, maybe))
        settled = court.settle(numbers, by)
        while settled.disputes:
            more = numbers | court.concerned(self._bearing(settled.ends, surely, maybe))
            if more == numbers:
                break
            numbers = more
            settled = court.settle(numbers, by)
        return settled

    def _bearing(self, ends: Ends, surely: Flags, maybe: Flags) -> Flags:
        """Return the rows of the pieces on which the asked bounds depend."""
        found = optimum.pieces_for_least(self._program, ends, surely)
        found += optimum.pieces_for_most(self._program, ends, maybe) or []
        rows = np.zeros(len(self._rows), dtype=bool)
        for piece in found:
            rows[piece.rows] = True
        return rows

    def answer(self, asked: Extent, by: Deadline) -> _Answer:
        """Return the cluster's share of the total.

        What is asked matters to it only by the columns and the rows that it reaches: another
        question that reaches the same ones has the same answer, and is not worked out again.
        """
        lone = self._lone(asked)
        if lone is not None:
            return lone
        maybe, elsewhere = self._program.split(asked)
        surely = maybe & ~elsewhere
        meeting = np.array([row.meets(asked) for row in self._rows])
        key = (meeting.tobytes(), surely.tobytes(), maybe.tobytes())
        known = self._answers.get(key)
        if known is not None:
            return known
        found = self._worked_out(meeting, surely, maybe, by)
        if found.exact:  # What ran out of time may be told better the next time.
            if len(self._answers) >= KEPT_ANSWERS:
                self._answers.clear()
            self._answers[key] = found
        return found

    def _worked_out(self, meeting: Flags, surely: Flags, maybe: Flags, by: Deadline) -> _Answer:
        settled = self._settled(meeting, surely, maybe, by)
        aside: set[tuple[str, End]] = set()
        for dispute in settled.disputes:
            aside.update((figure.id, "low") for figure in dispute.floors)
            aside.update((figure.id, "high") for figure in dispute.ceilings)
        firm = self._firm(settled.ends, aside)

        def least(ends: Ends) -> Estimate:
            return optimum.least(self._program, ends, surely, by)

        def most(ends: Ends) -> Estimate:
            return optimum.most(self._program, ends, maybe, by)

        # Both ends are told in real numbers before whole people are searched for either.
        lowest, highest = least(settled.ends), most(settled.ends)
        low = _firmest(lowest.searched(by), least, settled.ends, firm, by)
        high = _firmest(highest.searched(by), most, settled.ends, firm, by)
        disputes = tuple(d for d in settled.disputes if self._concerns(d, meeting))

        near: list[Nearest] = []

        def nearest_of(by: Deadline) -> Nearest | None:
            if not settled.contests:
                return _as_is(low, high)
            if not near:
                found = nearest(self._program, settled, surely, maybe, by)
                near.extend([] if found is None else [found])
            return near[0] if near else None

        return _Answer(
            self._rows,
            low,
            high,
            nearest_of,
            settled.exact and low.exact and high.exact,
            disputes,
            frozenset(aside),
        )

    def _firm(self, ends: Ends, aside: Set[tuple[str, End]]) -> Ends:
        """Return the standing ends that rest on the meaning of words, not on a convention."""
        floors, ceilings = ends.floors.copy(), ends.ceilings.copy()
        for index, row in enumerate(self._rows):
            if not any(figure.quantity.soft for figure in row.figures):
                continue
            lows = [0]
            highs: list[float] = [np.inf]
            for figure in row.figures:
                quantity = figure.quantity
                if "low" not in quantity.soft and (figure.id, "low") not in aside:
                    lows.append(quantity.low)
                if "high" not in quantity.soft and (figure.id, "high") not in aside:
                    highs.append(np.inf if quantity.high is None else quantity.high)
            floors[index] = min(max(lows), floors[index])
            ceilings[index] = max(min(highs), ceilings[index])
        return Ends(floors, ceilings)

    def _concerns(self, dispute: Dispute, meeting: Flags) -> bool:
        """Whether a figure with an end set aside speaks of people asked for."""
        aside = {figure.id for figure in (*dispute.floors, *dispute.ceilings)}
        return any(
            meeting[index] and any(figure.id in aside for figure in self._rows[index].figures)
            for index in dispute.rows
        )

    def _lone(self, asked: Extent) -> _Answer | None:
        """Return the answer of a row that stands alone and agrees with itself, else None."""
        row = self._rows[0]
        if len(self._rows) > 1 or len(row.parts) > 1:
            return None
        least, most = row.floor, row.ceiling
        if most is not None and most < least:
            return None
        whole = row.parts[0].extent.within(asked)
        low = _lone_bound(least, "low") if whole else Bound(Fraction(0))
        high = Bound(None) if most is None else _lone_bound(most, "high")
        return _Answer([row], low, high, lambda by: _as_is(low, high))


def _firmest(
    found: Bound, bound: Callable[[Ends], Estimate], ends: Ends, firm: Ends, by: Deadline
) -> Bound:
    """Return the bound, proved without ends that rest on a convention where that can be done."""
    leans = any(
        (ends.floors if end == "low" else ends.ceilings)[row]
        != (firm.floors if end == "low" else firm.ceilings)[row]
        for row, end in found.terms
    )
    if not leans:
        return found
    other = bound(firm).searched(by)
    return other if other.exact and other.value == found.value else found


def _lone_bound(value: int, end: End) -> Bound:
    terms: Terms = {(0, end): Fraction(1)} if value or end == "high" else {}
    return Bound(Fraction(value), True, terms)


def _as_is(low: Bound, high: Bound) -> Nearest:
    """Return the nearest reading of a cluster in which nothing is bent: its bounds."""
    return float(low.value or 0), None if high.value is None else float(high.value)


def _nearest_of(answers: Sequence[_Answer], by: Deadline) -> tuple[int, int | None] | None:
    """Return the nearest readings together, rounded outward; None where one is unknown."""
    low, high = 0.0, 0.0
    open_above = False
    for answer in answers:
        near = answer.nearest(by)
        if near is None:
            return None
        low += near[0]
        open_above |= near[1] is None
        high += near[1] or 0
    return floor(without_noise(low)), None if open_above else ceil(without_noise(high))
