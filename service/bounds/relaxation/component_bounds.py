"""The least and the most people of components, for each set of outcomes, with their proofs."""

from functools import cache
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.bounds.relaxation.component_worlds import ComponentWorlds
from service.bounds.relaxation.constraint_table import OPEN
from service.columns.arrays import BoolArray, IntArray
from service.domain.vocabulary import OUTCOME_SETS

SET_COUNT: Final = len(OUTCOME_SETS)


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


Value = TypeVar("Value", np.int64, np.bool_)


class OutcomeColumns(Generic[Value]):
    """An array with a row for each component and a column for each set of outcomes as bits.

    Sets that differ only in outcomes that no component has share one column, so that a register of
    killed people needs two columns and not 16.
    """

    def __init__(self, present: int, rows: NDArray[Value]) -> None:
        """``present`` are all outcomes of components; ``rows`` fill each column."""
        self.sets = [bits for bits in range(SET_COUNT) if bits & ~present == 0]
        """The sets that have a column of their own."""
        numbers = {bits: number for number, bits in enumerate(self.sets)}
        self._numbers: IntArray = np.array([numbers[bits & present] for bits in range(SET_COUNT)])
        self._values: NDArray[Value] = np.repeat(rows[:, None], len(self.sets), axis=1)

    def __getitem__(self, key: tuple[Any, Any]) -> NDArray[Value]:
        """Return the values of rows for one set of outcomes, or for one of each row."""
        rows, bits = key
        found: NDArray[Value] = self._values[rows, self._numbers[bits]]
        return found

    def __setitem__(self, key: tuple[Any, Any], values: Any) -> None:
        rows, bits = key
        self._values[rows, self._numbers[bits]] = values

    def expand(self, rows: Any) -> NDArray[Value]:
        """Return rows with all 16 columns."""
        found: NDArray[Value] = self._values[rows][..., self._numbers]
        return found

    def set_rows(self, rows: Any, values: NDArray[Value]) -> None:
        """Set rows to values with all 16 columns."""
        self._values[rows] = values[..., self.sets]


class ComponentBounds:
    """Bounds on the people of each component, for each set of outcomes as bits.

    A low is 0, and a high ``OPEN``, where nothing else is proved. ``is_exact`` flags those that are
    reached at both ends. ``is_special``, bool[n_components], flags components whose bounds are not
    known here: contradictory and irregular ones, and those that are too large.
    """

    def __init__(self, outcomes: IntArray) -> None:
        """``outcomes``, int[n_components], are those of each component, as bits."""
        count = len(outcomes)
        present = int(np.bitwise_or.reduce(outcomes, initial=0))
        self.lows = OutcomeColumns(present, np.zeros(count, dtype=np.int64))
        self.highs = OutcomeColumns(present, np.full(count, OPEN, dtype=np.int64))
        self.is_exact = OutcomeColumns(present, np.zeros(count, dtype=np.bool_))
        self.is_special: BoolArray = np.zeros(count, dtype=bool)
        self.outcomes = outcomes
        self.low_terms, self.high_terms = BoundTerms(), BoundTerms()
        self.worlds = ComponentWorlds()

    def finish(self) -> None:
        """Set the bounds of sets of which a component has only some outcomes.

        Nothing is known of special components.
        """
        self.worlds.finish()
        every, special = np.arange(len(self.outcomes)), np.flatnonzero(self.is_special)
        for bits in self.lows.sets:
            self.lows[special, bits], self.highs[special, bits] = 0, OPEN
            self.is_exact[special, bits] = False
        for bits in self.lows.sets:
            own = self.outcomes & bits
            self.lows[every, bits] = np.where(own, self.lows[every, own], 0)
            self.highs[every, bits] = np.where(own, self.highs[every, own], 0)
            self.is_exact[every, bits] = self.is_exact[every, own] | (own == 0)


@cache
def list_sets(outcomes: int) -> list[int]:
    """Return the sets of outcomes within this one, as bits, from the smallest; do not change it."""
    subsets = (bits for bits in range(1, SET_COUNT) if bits & ~outcomes == 0)
    return sorted(subsets, key=lambda bits: (bits.bit_count(), bits))
