"""Boxes: scopes as products of integer intervals, with tests for overlap and containment."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from service.domain.figure import Scope
from service.domain.trees import Interval, Tree, intervals_contained, intervals_overlap
from service.domain.vocabulary import OUTCOMES

IncidentPath = tuple[tuple[str, str], ...]
"""The path to an incident: (scheme, id) pairs, each an incident inside the one before it.

The empty path means everyone in the box.
"""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A product of places x days x outcomes x groups, each encoded as integers.

    Days are proleptic Gregorian ordinals; both ends are included. ``outcome_bits`` is a bit set in
    the order of ``OUTCOMES``.
    """

    places: tuple[Interval, ...]
    first_day: int
    last_day: int
    outcome_bits: int
    groups: tuple[Interval, ...]

    def overlaps(self, other: "Box") -> bool:
        """Whether the two boxes have a point in common."""
        return (
            self.first_day <= other.last_day
            and other.first_day <= self.last_day
            and self.outcome_bits & other.outcome_bits != 0
            and intervals_overlap(self.places, other.places)
            and intervals_overlap(self.groups, other.groups)
        )

    def is_within(self, other: "Box") -> bool:
        """Whether the other box contains this one."""
        return (
            other.first_day <= self.first_day
            and self.last_day <= other.last_day
            and self.outcome_bits & ~other.outcome_bits == 0
            and intervals_contained(self.places, other.places)
            and intervals_contained(self.groups, other.groups)
        )


def encode_outcomes(outcomes: Iterable[str]) -> int:
    """Return the outcomes as a bit set; the lowest bit means killed."""
    return reduce(lambda mask, outcome: mask | 1 << OUTCOMES.index(outcome), outcomes, 0)


def make_box(scope: Scope, places: Tree, groups: Tree) -> Box:
    """Return the box of a scope; a scope without places covers all places."""
    return Box(
        places.intervals(scope.places) if scope.places else places.all_intervals(),
        scope.period.start,
        scope.period.stop,
        encode_outcomes(scope.outcomes),
        groups.intervals(scope.groups),
    )
