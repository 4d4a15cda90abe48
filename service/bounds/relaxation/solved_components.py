"""The bounds of components that were solved before, for later states of the record.

A component depends on its shape and on the people in its constraints only, and most components do
not change from one state of the record to the next.
"""

from typing import Final, NamedTuple

import numpy as np

from service.bounds.crowds import Crowds
from service.bounds.relaxation.constraint_table import ConstraintTable
from service.bounds.relaxation.shapes import Shape
from service.columns.arrays import BoolArray, IntArray
from service.domain.total import End
from service.shared_cache import CacheSection, SharedCache

SOLVED_BYTES: Final = 2_000
"""What a component takes with its key and with its entry in the cache."""

TERMS_BYTES: Final = 350
"""What each proof and each world adds."""

ComponentKey = tuple[Shape, bytes, bytes]
"""The shape of a component, and the lows and the highs of its constraints."""


class SolvedTerms(NamedTuple):
    """The proof of one bound: multipliers of the constraints at some positions in the shape."""

    kind: End
    bits: int
    positions: IntArray
    multipliers: IntArray


class SolvedWorld(NamedTuple):
    """The people of a world that reaches a bound; places and days are numbers of the shape."""

    kind: End
    bits: int
    crowds: Crowds


class SolvedComponent(NamedTuple):
    """What was found out about a component; the arrays have an element for each outcome set.

    ``worlds`` is None if nobody has asked for them.
    """

    is_special: bool
    lows: IntArray
    highs: IntArray
    is_exact: BoolArray
    terms: tuple[SolvedTerms, ...]
    worlds: tuple[SolvedWorld, ...] | None


class SolvedComponents:
    """Solved components by their shapes and numbers; safe to share between threads."""

    def __init__(self, cache: SharedCache | None = None) -> None:
        """``cache`` keeps them within its limit; None is one of its own."""
        self._section = CacheSection(cache or SharedCache(), "components")

    def get(self, key: ComponentKey) -> SolvedComponent | None:
        """Return what is known of the component, None if it was not solved or not kept."""
        solved: SolvedComponent | None = self._section.get(key)
        return solved

    def put(self, key: ComponentKey, solved: SolvedComponent) -> None:
        """Keep a component."""
        proof_count = len(solved.terms) + len(solved.worlds or ())
        self._section.put(key, solved, SOLVED_BYTES + TERMS_BYTES * proof_count)


def make_component_key(table: ConstraintTable, shape: Shape, order: list[int]) -> ComponentKey:
    """Return the key of a component, whose constraints are in the order of the shape."""
    constraints = np.array(order, dtype=np.int64)
    return shape, table.lower[constraints].tobytes(), table.upper[constraints].tobytes()
