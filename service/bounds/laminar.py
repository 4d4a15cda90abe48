"""Exact bounds without a solver, for a laminar family of constraints.

In a laminar family any two constraints are nested or disjoint. The numbers of people inside the
query (i), outside it (o) and in total (i + o) that such constraints allow are given by six bounds.
These sets are generalized polymatroids (Frank and Tardos, "Generalized polymatroids and submodular
flows", 1988): sums of them, and sets with a bounded i + o, are of the same kind and have integral
vertices. So one pass of dynamic programming, from the innermost constraints outward, is exact.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from service.bounds.certificate import Certificate
from service.bounds.laminar_violation import OptimalFace, find_optimal_face
from service.bounds.sparse_matrix import SparseMatrix
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.domain.total import End


@dataclass(frozen=True, slots=True)
class ProvenValue:
    """A number of people with its derivation: a bound of a constraint, or a sum or difference."""

    value: int
    source: tuple[int, End] | None = None
    plus: tuple["ProvenValue", ...] = ()
    minus: tuple["ProvenValue", ...] = ()

    def build_certificate(self) -> Certificate:
        """Return the multipliers of the bounds that add up to the value."""
        multipliers: dict[tuple[int, End], Fraction] = {}
        pending: list[tuple[ProvenValue, int]] = [(self, 1)]
        while pending:
            item, sign = pending.pop()
            if item.source is not None:
                multipliers[item.source] = multipliers.get(item.source, Fraction(0)) + sign
            pending.extend((summand, sign) for summand in item.plus)
            pending.extend((summand, -sign) for summand in item.minus)
        return {end: multiplier for end, multiplier in multipliers.items() if multiplier}


ZERO = ProvenValue(0)


def _add_values(summands: Iterable[ProvenValue | None]) -> ProvenValue | None:
    """Return the sum; None (no bound) if any summand is None."""
    nonzero: list[ProvenValue] = []
    for summand in summands:
        if summand is None:
            return None
        if summand is not ZERO:
            nonzero.append(summand)
    if not nonzero:
        return ZERO
    return (
        nonzero[0]
        if len(nonzero) == 1
        else ProvenValue(sum(summand.value for summand in nonzero), plus=tuple(nonzero))
    )


def _tighten_lower(
    lower: ProvenValue, whole_lower: ProvenValue, other_upper: ProvenValue | None
) -> ProvenValue:
    """Return a part's lower bound after the whole's: at least that less the other part's upper
    bound."""
    if other_upper is None or whole_lower.value - other_upper.value <= lower.value:
        return lower
    return ProvenValue(
        whole_lower.value - other_upper.value, plus=(whole_lower,), minus=(other_upper,)
    )


def _tighten_upper(
    upper: ProvenValue | None, whole_upper: ProvenValue | None, other_lower: ProvenValue
) -> ProvenValue | None:
    """Return a part's upper bound after the whole's: at most that less the other part's lower
    bound."""
    if whole_upper is None or (
        upper is not None and whole_upper.value - other_lower.value >= upper.value
    ):
        return upper
    return ProvenValue(
        whole_upper.value - other_lower.value, plus=(whole_upper,), minus=(other_lower,)
    )


@dataclass(slots=True)
class SplitBounds:
    """The six bounds: on people inside the query, on people outside it, and on both together."""

    lower_in: ProvenValue
    upper_in: ProvenValue | None
    lower_out: ProvenValue
    upper_out: ProvenValue | None
    lower: ProvenValue
    upper: ProvenValue | None

    def apply_constraint(self, constraint: int, lower: int, upper: int | None) -> bool:
        """Tighten the bounds to what the constraint allows; return False if nothing is left."""
        if lower > self.lower.value:
            self.lower = ProvenValue(lower, (constraint, "low"))
        if upper is not None and (self.upper is None or upper < self.upper.value):
            self.upper = ProvenValue(upper, (constraint, "high"))
        if self.upper is not None and self.lower.value > self.upper.value:
            return False
        lower_in = _tighten_lower(self.lower_in, self.lower, self.upper_out)
        lower_out = _tighten_lower(self.lower_out, self.lower, self.upper_in)
        self.upper_in = _tighten_upper(self.upper_in, self.upper, self.lower_out)
        self.upper_out = _tighten_upper(self.upper_out, self.upper, self.lower_in)
        self.lower_in, self.lower_out = lower_in, lower_out
        return True


def _combine_bounds(parts: list[SplitBounds], open_in: bool, open_out: bool) -> SplitBounds:
    """Return the bounds of disjoint parts together with people who belong to no part.

    ``open_in`` and ``open_out`` state whether there can be such people inside and outside the
    query.
    """

    if len(parts) == 1:  # As in running totals, each around the one before.
        (part,) = parts
        return SplitBounds(
            part.lower_in,
            None if open_in else part.upper_in,
            part.lower_out,
            None if open_out else part.upper_out,
            part.lower,
            None if open_in or open_out else part.upper,
        )

    def add_lower(values: Iterable[ProvenValue]) -> ProvenValue:
        return _add_values(values) or ZERO

    return SplitBounds(
        add_lower(part.lower_in for part in parts),
        None if open_in else _add_values(part.upper_in for part in parts),
        add_lower(part.lower_out for part in parts),
        None if open_out else _add_values(part.upper_out for part in parts),
        add_lower(part.lower for part in parts),
        None if open_in or open_out else _add_values(part.upper for part in parts),
    )


@dataclass(frozen=True, slots=True)
class LaminarFamily:
    """Constraints as a forest: any two of them are nested or disjoint.

    ``order`` lists the constraints from the largest to the smallest. ``parent`` is the next larger
    constraint around each one, -1 for none. ``innermost``, ``int[n_columns]``, is the smallest
    constraint that contains each column, -1 for none.
    """

    order: list[int]
    parent: list[int]
    innermost: IntArray

    @staticmethod
    def from_matrix(matrix: SparseMatrix) -> "LaminarFamily | None":
        """Return the family of the rows of a 0/1 matrix; None if two rows cross."""
        columns_of = matrix.split_rows()
        order = sorted(range(len(columns_of)), key=lambda constraint: -len(columns_of[constraint]))
        parent = [-1] * len(columns_of)
        innermost = np.full(matrix.shape[1], -1, dtype=np.int64)
        for constraint in order:
            enclosing = innermost[columns_of[constraint]]
            if (enclosing != enclosing[:1]).any():
                return None
            if len(enclosing):
                parent[constraint] = int(enclosing[0])
            innermost[columns_of[constraint]] = constraint
        return LaminarFamily(order, parent, innermost)

    def compute_bounds(
        self,
        lower: FloatArray,
        upper: FloatArray,
        inside: BoolArray,
        is_empty: BoolArray | None = None,
    ) -> SplitBounds | None:
        """Return the bounds on the columns flagged by ``inside``; None if infeasible.

        ``lower`` and ``upper`` are ``float[n_constraints]``; an infinite upper bound means none.
        ``inside`` is ``bool[n_columns]``.
        """
        possible = np.ones(len(inside), dtype=bool) if is_empty is None else ~is_empty
        return LaminarBounds(self, inside & possible, ~inside & possible).compute(lower, upper)

    def find_optimal_face(
        self, lower: FloatArray, upper: FloatArray, soft: Collection[str]
    ) -> OptimalFace:
        """Return the worlds that violate the ``soft`` bounds ("lower", "upper") least.

        The others hold.
        """
        has_own = self.flag_own_columns(np.ones(len(self.innermost), dtype=bool))
        return find_optimal_face(
            self.order,
            self.parent,
            has_own[:-1].tolist(),
            lower.tolist(),
            upper.tolist(),
            "lower" in soft,
            "upper" in soft,
        )

    def flag_own_columns(self, columns: BoolArray) -> BoolArray:
        """Return which constraints contain a flagged column that no inner constraint contains.

        The result is ``bool[n_constraints + 1]``; the last entry is for columns in no constraint.
        """
        has_own_columns = np.zeros(len(self.parent) + 1, dtype=bool)
        has_own_columns[self.innermost[columns]] = True
        return has_own_columns


class LaminarBounds:
    """The bounds on some columns for one set of constraint bounds after another.

    Only constraints whose bounds differ from the first set, and those around them, are computed
    again.
    """

    def __init__(self, family: LaminarFamily, inside: BoolArray, outside: BoolArray) -> None:
        """Take the columns of people inside the query and outside it, ``bool[n_columns]`` each."""
        self._family = family
        self._open_in = family.flag_own_columns(inside).tolist()
        self._open_out = family.flag_own_columns(outside).tolist()
        # The last is of no row.
        self._children: list[list[int]] = [[] for _ in range(len(family.parent) + 1)]
        for constraint in reversed(family.order):
            self._children[family.parent[constraint]].append(constraint)
        self._first: tuple[FloatArray, FloatArray, dict[int, SplitBounds]] | None = None

    def compute(self, lower: FloatArray, upper: FloatArray) -> SplitBounds | None:
        """Return the bounds on all columns together; None if infeasible.

        ``lower`` and ``upper`` are ``float[n_constraints]``; an infinite upper bound means none.
        """
        if self._first is None:
            bounds_of = self._compute(self._family.order, {}, lower, upper)
            if bounds_of is not None:
                self._first = lower, upper, bounds_of
        else:
            first_lower, first_upper, known = self._first
            changed = self._list_enclosing((lower != first_lower) | (upper != first_upper))
            bounds_of = self._compute(changed, known, lower, upper)
        return None if bounds_of is None else self._combine(-1, bounds_of)

    def _list_enclosing(self, flags: BoolArray) -> list[int]:
        """Return the flagged constraints and all around them, from the largest to the smallest."""
        is_listed = flags.copy()
        for constraint in np.flatnonzero(flags).tolist():
            parent = self._family.parent[constraint]
            while parent >= 0 and not is_listed[parent]:
                is_listed[parent] = True
                parent = self._family.parent[parent]
        return [constraint for constraint in self._family.order if is_listed[constraint]]

    def _compute(
        self,
        constraints: Sequence[int],
        known: Mapping[int, SplitBounds],
        lower: FloatArray,
        upper: FloatArray,
    ) -> dict[int, SplitBounds] | None:
        """Return the known bounds, but those of these constraints anew; None if infeasible."""
        bounds_of = dict(known)
        for constraint in reversed(constraints):
            bounds = self._combine(constraint, bounds_of)
            constraint_upper = None if np.isinf(upper[constraint]) else int(upper[constraint])
            if not bounds.apply_constraint(constraint, int(lower[constraint]), constraint_upper):
                return None
            bounds_of[constraint] = bounds
        return bounds_of

    def _combine(self, constraint: int, bounds_of: Mapping[int, SplitBounds]) -> SplitBounds:
        """Return the bounds of what is inside a constraint, -1 for all of them together."""
        return _combine_bounds(
            [bounds_of[child] for child in self._children[constraint]],
            self._open_in[constraint],
            self._open_out[constraint],
        )
