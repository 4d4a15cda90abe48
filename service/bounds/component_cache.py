"""Components shared by all states of the record."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final

from service.bounds.component_solver import Component
from service.bounds.constraints import Constraint
from service.bounds.relaxation.solved_components import SolvedComponents

MAX_CACHE_WEIGHT: Final = 5_000_000
"""The total weight of the components that are kept from one state of the record to the next.

A component weighs as much as its constraint matrix may have entries: several years of running
totals have more than a million.
"""

MIN_COMPONENT_WEIGHT: Final = 2_500
"""The weight of a component with few constraints."""


class ComponentCache:
    """Components by their constraints, shared by all states of the record.

    A component depends on its constraints only, and most components do not change from one state of
    the record to the next. Threads may share a cache.
    """

    def __init__(self, max_weight: int = MAX_CACHE_WEIGHT) -> None:
        """Start empty; above ``max_weight`` the least recently used components are evicted."""
        self._max_weight, self._weight = max_weight, 0
        self._components: OrderedDict[tuple[Constraint, ...], Component] = OrderedDict()
        self._lock = Lock()
        self.solved = SolvedComponents()
        """What relaxed engines have found out about narrow components."""

    def get_component(self, constraints: tuple[Constraint, ...]) -> Component:
        """Return the component of these constraints, with the results that are cached in it."""
        if len(constraints) == 1:
            # There are many of these, and each is cheap to compute.
            return Component(constraints)
        with self._lock:
            if constraints not in self._components:
                self._components[constraints] = Component(constraints)
                self._weight += _weigh(constraints)
            self._components.move_to_end(constraints)
            while self._weight > self._max_weight and len(self._components) > 1:
                evicted, _ = self._components.popitem(last=False)
                self._weight -= _weigh(evicted)
            return self._components[constraints]


def _weigh(constraints: Sequence[Constraint]) -> int:
    return max(MIN_COMPONENT_WEIGHT, len(constraints) ** 2)
