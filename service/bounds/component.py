"""Rows tied to each other: what they add to a total, worked out once for all who ask the same."""

from collections import OrderedDict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from threading import Lock
from typing import Final

import numpy as np

from service.bounds.boxes import Extent
from service.bounds.certificate import Terms
from service.bounds.constraints import Row
from service.bounds.infeasibility import Court, Dispute, Settled
from service.bounds.linear_program import Flags, Program, build
from service.bounds.min_violation import Nearest, Readings
from service.bounds.optimize import Bound, Estimate, Wanted
from service.bounds.presolve import Ends
from service.bounds.solver import Deadline
from service.domain.figure import Figure
from service.domain.total import End, Term

KEPT_SHARES: Final = 64
"""So many shares of the same rows are kept; a question cut into parts asks few different ones."""

KEPT_WEIGHT: Final = 5_000_000
"""Sets of rows are kept from one state of the record to the next while they weigh no more together.

A set weighs what its matrix may have entries: years of running totals have a million and more."""

LEAST_WEIGHT: Final = 2_500
"""No set weighs less, however few its rows."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one cluster adds to a total."""

    rows: Sequence[Row]
    low: Bound
    high: Bound
    nearest: Callable[[Deadline], Nearest | None]
    """Solved for when asked: only a total with a dispute tells it."""
    exact: bool = True
    disputes: tuple[Dispute, ...] = ()
    set_aside: frozenset[tuple[str, End]] = frozenset()

    def steps(self, which: End) -> list[Term]:
        """Return the proof of one bound in figures."""
        terms = (self.low if which == "low" else self.high).terms
        return [Term(self._figure(row, end), end, times) for (row, end), times in terms.items()]

    def _figure(self, row: int, end: End) -> Figure:
        """Return the figure that sets the row's end: one that rests on no convention if it can."""
        standing = [f for f in self.rows[row].figures if (f.id, end) not in self.set_aside]

        def rank(figure: Figure) -> tuple[float, bool]:
            quantity = figure.quantity
            if end == "low":
                return -quantity.low, "low" in quantity.soft
            return np.inf if quantity.high is None else quantity.high, "high" in quantity.soft

        return min(standing, key=rank)


class Tied:
    """Rows tied to each other, with their program and their settlement made when first needed."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._shares: dict[tuple[bytes, ...], Share] = {}

    @cached_property
    def _program(self) -> Program:
        return build(self._rows)

    @cached_property
    def _court(self) -> Court:
        return Court(self._program)

    @cached_property
    def _readings(self) -> Readings:
        return Readings(self._program)

    def _settled(self, meeting: Flags, wanted: Wanted, by: Deadline) -> Settled:
        """Return what stands when all is settled that bears on the asked people.

        Ends that are set aside can bring further pieces into play, which are then settled too.
        """
        court = self._court
        if court.agreed:
            return court.settle(set(), by)
        numbers = court.concerned(meeting | self._bearing(court.given, wanted))
        settled = court.settle(numbers, by)
        while settled.disputes:
            more = numbers | court.concerned(self._bearing(settled.ends, wanted))
            if more == numbers:
                break
            numbers = more
            settled = court.settle(numbers, by)
        return settled

    def _bearing(self, ends: Ends, wanted: Wanted) -> Flags:
        """Return the rows of the pieces on which the asked bounds depend."""
        rows = np.zeros(len(self._rows), dtype=bool)
        for piece in (*wanted.for_least(ends), *(wanted.for_most(ends) or ())):
            rows[piece.rows] = True
        return rows

    def answer(self, asked: Extent, by: Deadline) -> Share:
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
        known = self._shares.get(key)
        if known is not None:
            return known
        found = self._worked_out(meeting, Wanted(self._program, surely, maybe), by)
        if found.exact:  # What ran out of time may be told better the next time.
            if len(self._shares) >= KEPT_SHARES:
                self._shares.clear()
            self._shares[key] = found
        return found

    def disputes(self, asked: Extent, by: Deadline) -> tuple[Dispute, ...]:
        """Return the disputes in which a figure speaks of people asked for, as answers tell them.

        Only they are settled: no bound is worked out.
        """
        if len(self._rows) == 1 and self._rows[0].agrees:
            return ()
        meeting = np.array([row.meets(asked) for row in self._rows])
        settled = self._court.settle(self._court.concerned(meeting), by)
        return tuple(d for d in settled.disputes if self._concerns(d, meeting))

    def _worked_out(self, meeting: Flags, wanted: Wanted, by: Deadline) -> Share:
        settled = self._settled(meeting, wanted, by)
        aside: set[tuple[str, End]] = set()
        for dispute in settled.disputes:
            aside.update((figure.id, "low") for figure in dispute.floors)
            aside.update((figure.id, "high") for figure in dispute.ceilings)
        firm = self._firm(settled.ends, aside)

        # Both ends are told in real numbers before whole people are searched for either.
        lowest, highest = wanted.least(settled.ends, by), wanted.most(settled.ends, by)
        low = _firmest(lowest.searched(by), wanted.least, settled.ends, firm, by)
        high = _firmest(highest.searched(by), wanted.most, settled.ends, firm, by)
        disputes = tuple(d for d in settled.disputes if self._concerns(d, meeting))

        near: list[Nearest] = []

        def nearest_of(by: Deadline) -> Nearest | None:
            if not settled.contests:
                return _as_is(low, high)
            if not near:
                found = self._readings.nearest(wanted, settled, by)
                near.extend([] if found is None else [found])
            return near[0] if near else None

        return Share(
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

    def _lone(self, asked: Extent) -> Share | None:
        """Return the answer of a row that stands alone and agrees with itself, else None."""
        row = self._rows[0]
        if len(self._rows) > 1 or len(row.parts) > 1:
            return None
        if not row.agrees:
            return None
        least, most = row.floor, row.ceiling
        whole = row.parts[0].extent.within(asked)
        low = _lone_bound(least, "low") if whole else Bound(Fraction(0))
        high = Bound(None) if most is None else _lone_bound(most, "high")
        return Share([row], low, high, lambda by: _as_is(low, high))


def _firmest(
    found: Bound, bound: Callable[[Ends, Deadline], Estimate], ends: Ends, firm: Ends, by: Deadline
) -> Bound:
    """Return the bound, proved without ends that rest on a convention where that can be done."""
    leans = any(
        (ends.floors if end == "low" else ends.ceilings)[row]
        != (firm.floors if end == "low" else firm.ceilings)[row]
        for row, end in found.terms
    )
    if not leans:
        return found
    other = bound(firm, by).searched(by)
    return other if other.exact and other.value == found.value else found


def _lone_bound(value: int, end: End) -> Bound:
    terms: Terms = {(0, end): Fraction(1)} if value or end == "high" else {}
    return Bound(Fraction(value), True, terms)


def _as_is(low: Bound, high: Bound) -> Nearest:
    """Return the nearest reading of a cluster in which nothing is bent: its bounds."""
    return float(low.value or 0), None if high.value is None else float(high.value)


class Prepared:
    """Tied rows by what they say, for all who meet the same ones; safe to share between threads.

    From one state of the record to the next most rows are tied to the same others as before, and
    what was worked out of them still holds: it depends on nothing else.
    """

    def __init__(self, most: int = KEPT_WEIGHT) -> None:
        """Start with none; of what weighs more than ``most`` the longest unused are forgotten."""
        self._most, self._weight = most, 0
        self._found: OrderedDict[tuple[Row, ...], Tied] = OrderedDict()
        self._lock = Lock()

    def tied(self, rows: tuple[Row, ...]) -> Tied:
        """Return the rows with what was worked out of them."""
        if len(rows) == 1:
            return Tied(rows)  # Of one alone there is little to work out, and there are many.
        with self._lock:
            if rows not in self._found:
                self._found[rows] = Tied(rows)
                self._weight += _weight(rows)
            self._found.move_to_end(rows)
            while self._weight > self._most and len(self._found) > 1:
                forgotten, _ = self._found.popitem(last=False)
                self._weight -= _weight(forgotten)
            return self._found[rows]


def _weight(rows: Sequence[Row]) -> int:
    return max(LEAST_WEIGHT, len(rows) ** 2)
