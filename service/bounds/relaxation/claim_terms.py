"""Sums of claims, written as sums of the ends of constraints."""

from fractions import Fraction
from functools import lru_cache
from heapq import heapify, heappop, heappush
from math import lcm
from typing import NamedTuple

import numpy as np

from service.bounds.relaxation.component_bounds import make_term_keys
from service.bounds.relaxation.large_record import LargeRecord
from service.columns.arrays import IntArray
from service.columns.column_terms import DENOMINATOR
from service.domain.total import End


class _Weighted(NamedTuple):
    """Claims of components within some outcomes, or bounds of components, times a number.

    ``keys`` are made by ``make_term_keys``. ``end`` is the end of the bounds; None means claims.
    """

    keys: IntArray
    end: End | None
    weight: Fraction


class ClaimTerms:
    """Multipliers of claims, turned into those of constraints.

    A claim of a wide constraint is its low less the claims within it, and a claim in a component is
    a low of the component less the claims within that.
    """

    def __init__(self, record: LargeRecord) -> None:
        self._record = record
        self._wide: dict[int, Fraction] = {}
        self._weighted: list[_Weighted] = []
        self._ends: list[tuple[int, End, Fraction]] = []

    def add_wide(self, position: int, weight: Fraction) -> None:
        """Add so many times the claim of a wide constraint."""
        self._wide[position] = self._wide.get(position, Fraction(0)) + weight

    def add_end(self, constraint: int, end: End, weight: Fraction) -> None:
        """Add so many times an end of a constraint."""
        self._ends.append((constraint, end, weight))

    def add_claims(self, components: IntArray, outcomes: int, weight: Fraction) -> None:
        """Add so many times all claims of the components within some outcomes."""
        keys = make_term_keys(components, outcomes)
        self._weighted.append(_Weighted(keys, None, weight))

    def add_bounds(self, keys: IntArray, end: End, weight: Fraction) -> None:
        """Add so many times bounds of components; the keys are made by ``make_term_keys``."""
        self._weighted.append(_Weighted(keys, end, weight))

    def list_terms(self) -> dict[tuple[int, End], Fraction]:
        """Return the multipliers of the ends of constraints, without those that are zero.

        Nothing can be added afterwards.
        """
        for position, weight in self._expand_wide().items():
            self.add_end(int(self._record.components.wide[position]), "low", weight)
        weights = [weight for _, _, weight in self._ends]
        weights += [each.weight for each in self._weighted]
        scale = lcm(*(each.denominator for each in weights))
        sums = _EndSums()
        for constraint, end, weight in self._ends:
            value = int(weight * scale) * DENOMINATOR
            sums.add(np.array([constraint]), np.array([value]), end)
        for each in self._weighted:
            if each.end is not None:
                people = np.full(len(each.keys), int(each.weight * scale))
                self._add_bounds(sums, each.keys, people, each.end)
        keys, people = self._weigh_lows(scale)
        self._add_bounds(sums, keys, people, "low")
        return sums.list_terms(scale * DENOMINATOR)

    def _weigh_lows(self, scale: int) -> tuple[IntArray, IntArray]:
        """Return the lows of components that the claims are made of, and their weights."""
        claims = self._record.packing.claims
        weights = np.zeros(len(claims.keys), dtype=np.int64)
        for each in self._weighted:
            if each.end is None:
                positions = claims.find_within(each.keys)
                np.add.at(weights, positions, int(each.weight * scale))
        inner = claims.holders >= 0
        weights[inner] -= weights[claims.holders[inner]]
        return claims.keys[weights != 0], weights[weights != 0]

    def _add_bounds(self, sums: "_EndSums", keys: IntArray, weights: IntArray, kind: End) -> None:
        """Add the proofs of bounds of components."""
        bounds = self._record.bounds
        terms = bounds.low_terms if kind == "low" else bounds.high_terms
        positions, constraints, multipliers = terms.find(keys)
        other: End = "high" if kind == "low" else "low"
        products = weights[positions] * multipliers
        sums.add(constraints[multipliers > 0], products[multipliers > 0], kind)
        sums.add(constraints[multipliers < 0], products[multipliers < 0], other)

    def _expand_wide(self) -> dict[int, Fraction]:
        """Return the weights of lows of wide constraints, and add the claims within them."""
        record, ranks = self._record, self._record.packing.ranks
        weights = dict(self._wide)
        pending = [(-int(ranks[position]), position) for position in weights]
        heapify(pending)
        while pending:
            _, position = heappop(pending)  # One that is in no other that is pending.
            if not weights[position]:
                continue
            inner = record.overlaps.find_claims_within(record.packing, position)
            for other in inner.wide.tolist():
                if other not in weights:
                    heappush(pending, (-int(ranks[other]), other))
                weights[other] = weights.get(other, Fraction(0)) - weights[position]
            outcomes = int(record.table.outcomes[record.components.wide[position]])
            self.add_claims(inner.components, outcomes, -weights[position])
        self._wide.clear()
        return weights


class _EndSums:
    """Sums of multipliers for each end of each constraint."""

    def __init__(self) -> None:
        self._keys: list[IntArray] = []
        self._values: list[IntArray] = []

    def add(self, constraints: IntArray, values: IntArray, end: End) -> None:
        """Add values to an end of some constraints."""
        self._keys.append(constraints * 2 + (end == "high"))
        self._values.append(values)

    def list_terms(self, denominator: int) -> dict[tuple[int, End], Fraction]:
        """Return the sums that are not zero, divided by the denominator."""
        keys, numbers = np.unique(np.concatenate(self._keys), return_inverse=True)
        sums = np.zeros(len(keys), dtype=np.int64)
        np.add.at(sums, numbers, np.concatenate(self._values))
        is_used = sums != 0
        ends: tuple[End, End] = ("low", "high")
        return {
            (key >> 1, ends[key & 1]): _divide(value, denominator)
            for key, value in zip(keys[is_used].tolist(), sums[is_used].tolist(), strict=True)
        }


@lru_cache(maxsize=1_024)
def _divide(numerator: int, denominator: int) -> Fraction:
    return Fraction(numerator, denominator)
