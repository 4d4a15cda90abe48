"""Scopes as numbers: where two of them meet, and where one lies within the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from service.domain.figure import Scope
from service.domain.trees import Interval, Tree, intervals_contained, intervals_overlap
from service.domain.vocabulary import OUTCOMES

EventPath = tuple[tuple[str, str], ...]
"""The path to an event: (scheme, id) pairs, each an event within the one before; () is everyone."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """The product of places x days x outcomes x groups, each part in numbers.

    Days are ordinals, both included; ``outcome_bits`` is a set of bits in the vocabulary's order.
    """

    places: tuple[Interval, ...]
    first_day: int
    last_day: int
    outcome_bits: int
    groups: tuple[Interval, ...]

    def overlaps(self, other: "Box") -> bool:
        """Whether the two have a cell in common."""
        return (
            self.first_day <= other.last_day
            and other.first_day <= self.last_day
            and self.outcome_bits & other.outcome_bits != 0
            and intervals_overlap(self.places, other.places)
            and intervals_overlap(self.groups, other.groups)
        )

    def is_within(self, other: "Box") -> bool:
        """Whether every cell of this one is a cell of the other."""
        return (
            other.first_day <= self.first_day
            and self.last_day <= other.last_day
            and self.outcome_bits & ~other.outcome_bits == 0
            and intervals_contained(self.places, other.places)
            and intervals_contained(self.groups, other.groups)
        )


def encode_outcomes(outcomes: Iterable[str]) -> int:
    """Return the set of outcomes as bits, killed the lowest."""
    return reduce(lambda mask, outcome: mask | 1 << OUTCOMES.index(outcome), outcomes, 0)


def make_box(scope: Scope, places: Tree, groups: Tree) -> Box:
    """Return the scope in numbers; a scope without places is everywhere."""
    return Box(
        places.intervals(scope.places) if scope.places else places.all_intervals(),
        scope.period.start,
        scope.period.stop,
        encode_outcomes(scope.outcomes),
        groups.intervals(scope.groups),
    )
