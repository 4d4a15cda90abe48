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

from service.bounds.proof import Terms
from service.bounds.sparse import Sparse, Whole
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


def _less(whole: Proven | None, part: Proven | None) -> Proven | None:
    if whole is None or part is None:
        return None
    return Proven(whole.value - part.value, plus=(whole,), minus=(part,))


def _higher(one: Proven, other: Proven | None) -> Proven:
    return other if other is not None and other.value > one.value else one


def _lower(one: Proven | None, other: Proven | None) -> Proven | None:
    if one is None or other is None:
        return one or other
    return other if other.value < one.value else one


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
        self.least = _higher(self.least, Proven(floor, (row, "low")))
        if ceiling is not None:
            self.most = _lower(self.most, Proven(ceiling, (row, "high")))
        if self.most is not None and self.least.value > self.most.value:
            return False
        least_in = _higher(self.least_in, _less(self.least, self.most_out))
        least_out = _higher(self.least_out, _less(self.least, self.most_in))
        self.most_in = _lower(self.most_in, _less(self.most, self.least_out))
        self.most_out = _lower(self.most_out, _less(self.most, self.least_in))
        self.least_in, self.least_out = least_in, least_out
        return True


def _together(parts: list[Range], open_in: bool, open_out: bool) -> Range:
    """Return what the parts allow together with people of no part, asked for or not."""

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
class Outcome:
    """What nested rows allow: ``range`` is None where they contradict each other."""

    range: Range | None


def solve(
    covers: Sparse, floors: NDArray[Any], ceilings: NDArray[Any], wanted: Flags
) -> Outcome | None:
    """Return what the rows allow of the wanted columns, None where they are not all nested.

    ``covers`` is rows x columns; a ceiling is infinite where there is none.
    """
    tree = _Tree.of(covers)
    if tree is None:
        return None
    open_in, open_out = tree.holding(wanted), tree.holding(~wanted)
    below: list[list[Range]] = [[] for _ in range(len(floors) + 1)]  # The last is of no row.
    for row in reversed(tree.order):
        allowed = _together(below[row], bool(open_in[row]), bool(open_out[row]))
        ceiling = None if np.isinf(ceilings[row]) else int(ceilings[row])
        if not allowed.bound(row, int(floors[row]), ceiling):
            return Outcome(None)
        below[tree.parent[row]].append(allowed)
    return Outcome(_together(below[-1], bool(open_in[-1]), bool(open_out[-1])))


@dataclass(frozen=True, slots=True)
class _Tree:
    """The rows from the largest down, the row around each, and the innermost around each column.

    The row around what lies in none is -1.
    """

    order: list[int]
    parent: list[int]
    innermost: Whole

    @staticmethod
    def of(covers: Sparse) -> "_Tree | None":
        """Return the tree of the rows, None where two of them cross."""
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
        return _Tree(order, parent, innermost)

    def holding(self, columns: Flags) -> Flags:
        """Return which rows hold some of the columns outside the rows within; the last is none."""
        found = np.zeros(len(self.parent) + 1, dtype=bool)
        found[self.innermost[columns]] = True
        return found
