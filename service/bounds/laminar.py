"""Bounds without a solver, where every two rows are nested or apart.

Whatever nested rows allow, the numbers of people asked for (i), of others (o) and of both (i + o)
range freely between six ends: such sets stay of this kind when parts are added and when the sum is
bounded, and their corners are whole numbers. So one pass from the smallest rows up is exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bounds.certificate import Terms
from service.bounds.sparse_matrix import Sparse, Whole
from service.domain.total import End

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Proven:
    """A number of people with how it was come by: an end of a row, or a sum or a difference."""

    value: int
    end: tuple[int, End] | None = None
    plus: tuple["Proven", ...] = ()
    minus: tuple["Proven", ...] = ()

    def terms(self) -> Terms:
        """Return the ends that add up to the value."""
        total: dict[tuple[int, End], Fraction] = {}
        pending: list[tuple[Proven, int]] = [(self, 1)]
        while pending:
            proven, sign = pending.pop()
            if proven.end is not None:
                total[proven.end] = total.get(proven.end, Fraction(0)) + sign
            pending.extend((part, sign) for part in proven.plus)
            pending.extend((part, -sign) for part in proven.minus)
        return {end: times for end, times in total.items() if times}


NOBODY = Proven(0)


def _sum(parts: Iterable[Proven | None]) -> Proven | None:
    """Return the sum; None (no end known) where any part is."""
    known: list[Proven] = []
    for part in parts:
        if part is None:
            return None
        if part is not NOBODY:
            known.append(part)
    if not known:
        return NOBODY
    return known[0] if len(known) == 1 else Proven(sum(p.value for p in known), plus=tuple(known))


def _raised(least: Proven, whole: Proven, beside: Proven | None) -> Proven:
    """Return a part's least, or what the whole's least asks of it beyond the most beside it."""
    if beside is None or whole.value - beside.value <= least.value:
        return least
    return Proven(whole.value - beside.value, plus=(whole,), minus=(beside,))


def _lowered(most: Proven | None, whole: Proven | None, beside: Proven) -> Proven | None:
    """Return a part's most, or what the least beside it leaves of the whole's most."""
    if whole is None or (most is not None and whole.value - beside.value >= most.value):
        return most
    return Proven(whole.value - beside.value, plus=(whole,), minus=(beside,))


@dataclass(slots=True)
class Range:
    """The six ends: the least and the most asked for, others, and both together."""

    least_in: Proven
    most_in: Proven | None
    least_out: Proven
    most_out: Proven | None
    least: Proven
    most: Proven | None

    def bound(self, row: int, floor: int, ceiling: int | None) -> bool:
        """Narrow the ends to what the row allows; return whether anything is left."""
        if floor > self.least.value:
            self.least = Proven(floor, (row, "low"))
        if ceiling is not None and (self.most is None or ceiling < self.most.value):
            self.most = Proven(ceiling, (row, "high"))
        if self.most is not None and self.least.value > self.most.value:
            return False
        least_in = _raised(self.least_in, self.least, self.most_out)
        least_out = _raised(self.least_out, self.least, self.most_in)
        self.most_in = _lowered(self.most_in, self.most, self.least_out)
        self.most_out = _lowered(self.most_out, self.most, self.least_in)
        self.least_in, self.least_out = least_in, least_out
        return True


def _together(parts: list[Range], open_in: bool, open_out: bool) -> Range:
    """Return what the parts allow together with people of no part, asked for or not."""

    if len(parts) == 1:  # As in running totals, each around the one before.
        (part,) = parts
        return Range(
            part.least_in,
            None if open_in else part.most_in,
            part.least_out,
            None if open_out else part.most_out,
            part.least,
            None if open_in or open_out else part.most,
        )

    def least(ends: Iterable[Proven]) -> Proven:
        return _sum(ends) or NOBODY

    return Range(
        least(part.least_in for part in parts),
        None if open_in else _sum(part.most_in for part in parts),
        least(part.least_out for part in parts),
        None if open_out else _sum(part.most_out for part in parts),
        least(part.least for part in parts),
        None if open_in or open_out else _sum(part.most for part in parts),
    )


@dataclass(frozen=True, slots=True)
class Nest:
    """Rows of which every two are nested or apart: from the largest down, and what is around each.

    ``innermost`` is the row around each column; around what lies in no row there is -1.
    """

    order: list[int]
    parent: list[int]
    innermost: Whole

    @staticmethod
    def of(covers: Sparse) -> "Nest | None":
        """Return the nest of the rows of a matrix of 0 and 1, None where two of them cross."""
        columns = covers.by_row()
        order = sorted(range(len(columns)), key=lambda row: -len(columns[row]))
        parent = [-1] * len(columns)
        innermost = np.full(covers.shape[1], -1, dtype=np.int64)
        for row in order:
            around = innermost[columns[row]]
            if (around != around[:1]).any():
                return None
            if len(around):
                parent[row] = int(around[0])
            innermost[columns[row]] = row
        return Nest(order, parent, innermost)

    def range(self, floors: NDArray[Any], ceilings: NDArray[Any], wanted: Flags) -> Range | None:
        """Return what the rows allow of the wanted columns, None where they contradict each other.

        A ceiling is infinite where there is none.
        """
        open_in, open_out = self._holding(wanted), self._holding(~wanted)
        below: list[list[Range]] = [[] for _ in range(len(floors) + 1)]  # The last is of no row.
        for row in reversed(self.order):
            allowed = _together(below[row], bool(open_in[row]), bool(open_out[row]))
            ceiling = None if np.isinf(ceilings[row]) else int(ceilings[row])
            if not allowed.bound(row, int(floors[row]), ceiling):
                return None
            below[self.parent[row]].append(allowed)
        return _together(below[-1], bool(open_in[-1]), bool(open_out[-1]))

    def _holding(self, columns: Flags) -> Flags:
        """Return which rows hold some of the columns outside the rows within; the last is none."""
        found = np.zeros(len(self.parent) + 1, dtype=bool)
        found[self.innermost[columns]] = True
        return found
