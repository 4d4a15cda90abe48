"""Components shared by all states of the record."""

from collections.abc import Sequence
from typing import Final

from service.bounds.component_solver import Component
from service.bounds.constraints import Constraint
from service.bounds.relaxation.solved_components import SolvedComponents
from service.shared_cache import CacheSection, SharedCache

COMPONENT_BYTES: Final = 30_000
"""What a component takes with the results of a few queries, besides its constraints."""

CONSTRAINT_BYTES: Final = 4_000
"""What each constraint adds."""


class ComponentCache:
    """Components by their constraints, shared by all states of the record.

    A component depends on its constraints only, and most components do not change from one state of
    the record to the next. Threads may share a cache.
    """

    def __init__(self, cache: SharedCache | None = None) -> None:
        """``cache`` keeps the components within its limit; None is one of its own."""
        cache = cache or SharedCache()
        self._section = CacheSection(cache, "components")
        self.solved = SolvedComponents(cache)
        """What relaxed engines have found out about narrow components."""

    def get_component(self, constraints: tuple[Constraint, ...]) -> Component:
        """Return the component of these constraints, with the results that are cached in it."""
        if len(constraints) == 1:
            # There are many of these, and each is cheap to compute.
            return Component(constraints)
        component: Component = self._section.get_or_make(
            constraints, lambda: Component(constraints), estimate_component_bytes(constraints)
        )
        return component


def estimate_component_bytes(constraints: Sequence[Constraint]) -> int:
    """Return about how many bytes a component of these constraints takes once it is solved.

    It grows with each query, so this is an estimate in advance: of 130 components of 2 to 113
    constraints, after some ten queries, the sum was 9.1 MB. The matrix of a large one may have as
    many entries as the square of its constraints.
    """
    count = len(constraints)
    return COMPONENT_BYTES + CONSTRAINT_BYTES * count + count**2
