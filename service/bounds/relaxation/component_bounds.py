"""The least and the most people of components, for each set of outcomes, with their proofs."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Final

import numpy as np

from service.bounds.relaxation.component_worlds import ComponentWorlds
from service.bounds.relaxation.constraint_table import OPEN
from service.columns.arrays import BoolArray, IntArray
from service.domain.total import End
from service.domain.vocabulary import OUTCOME_SETS

SET_COUNT: Final = len(OUTCOME_SETS)

DENOMINATOR: Final = 60
"""Dual values are multiples of 1/60; the bound of a component with others is not used."""


class BoundTerms:
    """The proofs of bounds with several constraints: multipliers of ends, by component and set.

    A positive multiplier of a low is of the low of a constraint, a negative one of its high. For a
    high it is the reverse: positive ones are of highs.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[IntArray, IntArray, IntArray]] = []
        self._table: tuple[IntArray, IntArray, IntArray] | None = None

    def add(self, keys: IntArray, constraints: IntArray, multipliers: IntArray) -> None:
        """Add terms: ``keys`` are made by ``make_term_keys``, the multipliers are in sixtieths."""
        self._parts.append((keys, constraints, multipliers))
        self._table = None

    def find(self, keys: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Return the terms of some bounds: position in ``keys``, constraint, and multiplier."""
        if self._table is None:
            empty = np.zeros(0, dtype=np.int64)
            columns = zip(*self._parts, (empty, empty, empty), strict=True)
            all_keys, constraints, multipliers = (np.concatenate(each) for each in columns)
            order = np.argsort(all_keys, kind="stable")
            self._table = all_keys[order], constraints[order], multipliers[order]
        all_keys, constraints, multipliers = self._table
        starts = np.searchsorted(all_keys, keys)
        counts = np.searchsorted(all_keys, keys, side="right") - starts
        positions = np.repeat(np.arange(len(keys)), counts)
        offsets = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        return positions, constraints[offsets], multipliers[offsets]


def make_term_keys(components: IntArray, bits: int | IntArray) -> IntArray:
    """Return the keys of the bounds of some components for one set of outcomes, or one of each."""
    return components * SET_COUNT + bits


class ComponentBounds:
    """Bounds on the people of each component, for each set of outcomes as bits.

    ``lows`` and ``highs`` are int[n_components, 16]. A low is 0, and a high ``OPEN``, where nothing
    else is proved. ``is_exact``, bool[n_components, 16], flags those that are reached at both ends.
    ``is_special``, bool[n_components], flags components whose bounds are not known here:
    contradictory and irregular ones, and those that are too large.
    """

    def __init__(self, outcomes: IntArray) -> None:
        """``outcomes``, int[n_components], are those of each component, as bits."""
        count = len(outcomes)
        self.lows: IntArray = np.zeros((count, SET_COUNT), dtype=np.int64)
        self.highs: IntArray = np.full((count, SET_COUNT), OPEN, dtype=np.int64)
        self.is_exact: BoolArray = np.zeros((count, SET_COUNT), dtype=bool)
        self.is_special: BoolArray = np.zeros(count, dtype=bool)
        self.outcomes = outcomes
        self.low_terms, self.high_terms = BoundTerms(), BoundTerms()
        self.worlds = ComponentWorlds()

    def iterate_terms(self, keys: IntArray, kind: End) -> Iterator[tuple[int, End, Fraction]]:
        """Yield the proofs of lows or of highs: constraint, end of it, and multiplier.

        ``keys`` are made by ``make_term_keys``. A multiplier is negative if the end is subtracted.
        """
        terms = self.low_terms if kind == "low" else self.high_terms
        other: End = "high" if kind == "low" else "low"
        _, constraints, multipliers = terms.find(keys)
        for constraint, sixtieths in zip(constraints.tolist(), multipliers.tolist(), strict=True):
            end = kind if sixtieths > 0 else other
            yield constraint, end, Fraction(sixtieths, DENOMINATOR)

    def finish(self) -> None:
        """Set the bounds of sets of which a component has only some outcomes.

        Nothing is known of special components.
        """
        self.worlds.finish()
        self.lows[self.is_special], self.highs[self.is_special] = 0, OPEN
        self.is_exact[self.is_special] = False
        numbers = np.arange(len(self.outcomes))[:, None]
        own = self.outcomes[:, None] & np.arange(SET_COUNT)
        self.lows[:] = self.lows[numbers, own]
        self.highs[:] = self.highs[numbers, own]
        self.is_exact[:] = self.is_exact[numbers, own]
        is_empty = own == 0
        self.lows[is_empty], self.highs[is_empty], self.is_exact[is_empty] = 0, 0, True


@cache
def list_sets(outcomes: int) -> list[int]:
    """Return the sets of outcomes within this one, as bits, from the smallest; do not change it."""
    subsets = (bits for bits in range(1, SET_COUNT) if bits & ~outcomes == 0)
    return sorted(subsets, key=lambda bits: (bits.bit_count(), bits))
