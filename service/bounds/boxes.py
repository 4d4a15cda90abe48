"""Scopes as numbers: whether two of them overlap, and whether one is within the other."""

from dataclasses import dataclass
from functools import lru_cache

from service.domain.figure import Scope
from service.domain.trees import (
    Conjunction,
    Interval,
    Tree,
    conjunctions_overlap,
    is_conjunction_within,
)
from service.domain.vocabulary import encode_outcomes

IncidentPath = tuple[tuple[str, str], ...]
"""The path to an incident: (scheme, id) pairs, each within the one before; () is everyone."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """The product of days x outcomes x one interval list for each tree axis that it names.

    Days are ordinals, both included; ``outcome_bits`` is a set of bits in the vocabulary's order.
    ``axes`` names divisions of places and facets of groups; the box has no limit along any other.
    """

    first_day: int
    last_day: int
    outcome_bits: int
    axes: Conjunction

    def overlaps(self, other: "Box") -> bool:
        """Whether the two have a cell in common."""
        return (
            self.first_day <= other.last_day
            and other.first_day <= self.last_day
            and self.outcome_bits & other.outcome_bits != 0
            and conjunctions_overlap(self.axes, other.axes)
        )

    def is_within(self, other: "Box") -> bool:
        """Whether every cell of this one is a cell of the other."""
        return (
            other.first_day <= self.first_day
            and self.last_day <= other.last_day
            and self.outcome_bits & ~other.outcome_bits == 0
            and is_conjunction_within(self.axes, other.axes)
        )

    def intervals_along(self, axis: str) -> tuple[Interval, ...] | None:
        """Return the box's intervals along the axis, None where it has no limit."""
        return next((intervals for name, intervals in self.axes if name == axis), None)


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """What a scope covers: all cells in any of its boxes.

    One box is enough unless the scope names alternatives that are below nodes of other facets.
    """

    boxes: tuple[Box, ...]

    def overlaps(self, other: "Region") -> bool:
        """Whether the two have a cell in common."""
        return any(one.overlaps(two) for one in self.boxes for two in other.boxes)

    def is_within(self, other: "Region") -> bool:
        """Whether every cell of this one is a cell of the other."""
        return all(any(one.is_within(two) for two in other.boxes) for one in self.boxes)


def make_region(scope: Scope, places: Tree, groups: Tree) -> Region:
    """Return the scope in numbers; a scope without places is everywhere.

    It has no box where its groups, or its places, have nobody in common.
    """
    first_day, last_day = scope.period.start, scope.period.stop
    outcome_bits = encode_outcomes(scope.outcomes)
    group_axes = [_prefix("group ", each) for each in groups.select(scope.groups).alternatives]
    return Region(
        tuple(
            Box(first_day, last_day, outcome_bits, group_axis + _prefix("place ", where))
            for where in places.select(scope.places).alternatives
            for group_axis in group_axes
        )
    )


def is_place_axis(axis: str) -> bool:
    """Whether the axis is a division of places, not a facet of groups."""
    return axis.startswith("place ")


@lru_cache(maxsize=4_096)
def _prefix(kind: str, conjunction: Conjunction) -> Conjunction:
    """Return the conjunction with axes named so that a facet and a division may share a name."""
    return tuple((kind + facet, intervals) for facet, intervals in conjunction)
