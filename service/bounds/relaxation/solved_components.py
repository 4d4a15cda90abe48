"""The bounds of components that were solved before, for later states of the record.

A component depends on its shape and on the people in its constraints only, and most components do
not change from one state of the record to the next.
"""

from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from service.bounds.relaxation.constraint_table import ConstraintTable
from service.bounds.relaxation.shapes import Shape
from service.columns.arrays import BoolArray, IntArray
from service.domain.total import End

MAX_SOLVED_COMPONENTS: Final = 100_000
"""How many components are kept; one takes about 1.5 KB."""

ComponentKey = tuple[Shape, bytes, bytes]
"""The shape of a component, and the lows and the highs of its constraints."""


class SolvedTerms(NamedTuple):
    """The proof of one bound: multipliers of the constraints at some positions in the shape."""

    kind: End
    bits: int
    positions: IntArray
    multipliers: IntArray


class SolvedComponent(NamedTuple):
    """What was found out about a component; the arrays have an element for each outcome set."""

    is_special: bool
    lows: IntArray
    highs: IntArray
    is_exact: BoolArray
    terms: tuple[SolvedTerms, ...]


class SolvedComponents:
    """Solved components by their shapes and numbers; safe to share between threads."""

    def __init__(self, max_entries: int = MAX_SOLVED_COMPONENTS) -> None:
        self._max_entries = max_entries
        self._solved: dict[ComponentKey, SolvedComponent] = {}
        self._lock = Lock()

    def get(self, key: ComponentKey) -> SolvedComponent | None:
        """Return what is known of the component, None if it was not solved."""
        return self._solved.get(key)

    def put(self, key: ComponentKey, solved: SolvedComponent) -> None:
        """Keep a component; if there are too many, all others are forgotten."""
        with self._lock:
            if len(self._solved) >= self._max_entries:
                self._solved.clear()
            self._solved[key] = solved


def make_component_key(table: ConstraintTable, shape: Shape, order: list[int]) -> ComponentKey:
    """Return the key of a component, whose constraints are in the order of the shape."""
    constraints = np.array(order, dtype=np.int64)
    return shape, table.lower[constraints].tobytes(), table.upper[constraints].tobytes()
