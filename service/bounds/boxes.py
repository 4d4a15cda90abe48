"""Scopes as numbers: where two of them meet, and where one lies within the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from service.domain.figure import Scope
from service.domain.trees import Interval, Tree, intervals_contained, intervals_overlap
from service.domain.vocabulary import OUTCOMES

Node = tuple[tuple[str, str], ...]
"""The path to an event: (scheme, id) pairs, each an event within the one before; () is everyone."""

EVERYONE: Node = ()


@dataclass(frozen=True, slots=True, order=True)
class Extent:
    """The product of places x days x outcomes x groups, each part in numbers.

    Days are ordinals, both included; ``outcomes`` is a set of bits in the vocabulary's order.
    """

    places: tuple[Interval, ...]
    start: int
    stop: int
    outcomes: int
    groups: tuple[Interval, ...]

    def meets(self, other: "Extent") -> bool:
        """Whether the two have a cell in common."""
        return (
            self.start <= other.stop
            and other.start <= self.stop
            and self.outcomes & other.outcomes != 0
            and intervals_overlap(self.places, other.places)
            and intervals_overlap(self.groups, other.groups)
        )

    def within(self, other: "Extent") -> bool:
        """Whether every cell of this one is a cell of the other."""
        return (
            other.start <= self.start
            and self.stop <= other.stop
            and self.outcomes & ~other.outcomes == 0
            and intervals_contained(self.places, other.places)
            and intervals_contained(self.groups, other.groups)
        )


def bits(outcomes: Iterable[str]) -> int:
    """Return the set of outcomes as bits, killed the lowest."""
    return reduce(lambda mask, outcome: mask | 1 << OUTCOMES.index(outcome), outcomes, 0)


def extent(scope: Scope, places: Tree, groups: Tree) -> Extent:
    """Return the scope in numbers; a scope without places is everywhere."""
    return Extent(
        places.intervals(scope.places) if scope.places else places.all_intervals(),
        scope.period.start,
        scope.period.stop,
        bits(scope.outcomes),
        groups.intervals(scope.groups),
    )
