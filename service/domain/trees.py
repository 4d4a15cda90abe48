"""Trees of places and of groups, in facets, numbered so that "is in" compares two integers.

A facet is one classification of people, such as by sex. Nodes of one facet are disjoint unless one
is below the other; nodes of different facets may share people. A facet of places is a division.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

Interval = tuple[int, int]
"""A run of nodes of one facet in preorder: first (included) to last (excluded)."""

Conjunction = tuple[tuple[str, tuple[Interval, ...]], ...]
"""What must hold together: for each facet named, in order of name, where in it. () is everything.

Intervals are sorted and disjoint, and do not touch.
"""


FEW_INTERVALS: Final = 8
"""So many intervals are compared one by one, which is faster than a search by halves."""


@dataclass(frozen=True, slots=True, order=True)
class Selection:
    """The part of a tree that some nodes select: what is in any of the ``alternatives``.

    No alternative is within another. Without an alternative nobody can be in it.
    """

    alternatives: tuple[Conjunction, ...]

    def overlaps(self, other: "Selection") -> bool:
        """Whether somebody can be in both."""
        return any(
            conjunctions_overlap(one, two)
            for one in self.alternatives
            for two in other.alternatives
        )

    def is_within(self, other: "Selection") -> bool:
        """Whether everybody in this one is in the other."""
        return all(
            any(is_conjunction_within(one, two) for two in other.alternatives)
            for one in self.alternatives
        )


EVERYTHING = Selection(((),))


class TreeNode(NamedTuple):
    """Where a node is: below ``parent`` (None at the top), in the facet that it names, if any."""

    parent: str | None = None
    facet: str | None = None


class Tree:
    """An immutable forest of ids.

    Every node is also the part of itself that is in none of its named children. So the subtree of
    an id within its facet is a run of consecutive numbers.
    """

    def __init__(
        self,
        nodes: Mapping[str, TreeNode],
        *,
        root: str | None = None,
        top_facet: str | None = None,
    ) -> None:
        """Number the nodes of each facet in preorder.

        Every parent must be a node too, and there are no cycles. ``root`` is the node that holds
        everybody; it is in no facet. A node has the facet it names, else its parent's. Below the
        root or at the top that is ``top_facet``, or if that is None a facet of its own.
        """
        self._root = root
        self._nodes = dict(nodes)
        self._children: dict[str | None, list[str]] = {}
        for node in sorted(nodes):
            self._children.setdefault(nodes[node].parent, []).append(node)
        self._facets: dict[str, str] = {}
        self._intervals: dict[str, Interval] = {}
        self._enclosing: dict[str, Conjunction] = {}
        self._selections: dict[tuple[str, ...], Selection] = {}
        next_numbers: dict[str, int] = {}
        starts: dict[str, int] = {}
        stack = [(node, False) for node in reversed(self.roots())]
        while stack:
            node, is_closing = stack.pop()
            if is_closing:
                facet = self._facets[node]
                self._intervals[node] = (starts[node], next_numbers[facet])
                continue
            if node != root:
                facet = self._facets[node] = self._find_facet(node, top_facet)
                starts[node] = next_numbers.setdefault(facet, 0)
                next_numbers[facet] += 1
                stack.append((node, True))
            stack.extend((child, False) for child in reversed(self.children(node)))

    def _find_facet(self, node: str, top_facet: str | None) -> str:
        parent, facet = self._nodes[node]
        if facet is not None:
            return facet
        if parent is None or parent == self._root:
            return top_facet or f"own:{node}"
        return self._facets[parent]

    def __contains__(self, node: object) -> bool:
        return node in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def roots(self) -> tuple[str, ...]:
        """Return the ids without a parent, sorted."""
        return tuple(self._children.get(None, ()))

    def children(self, node: str) -> tuple[str, ...]:
        """Return the ids directly below the node, sorted, of whatever facet."""
        return tuple(self._children.get(node, ()))

    def parent_of(self, node: str) -> str | None:
        """Return the node directly above, None at the top."""
        return self._nodes[node].parent

    def ancestors_of(self, node: str) -> Iterator[str]:
        """Yield the nodes above the node, from its parent up."""
        above = self._nodes[node].parent
        while above is not None:
            yield above
            above = self._nodes[above].parent

    def is_below(self, node: str, other: str) -> bool:
        """Whether the other node is above the node, directly or not."""
        return other in self.ancestors_of(node)

    def facet_of(self, node: str) -> str | None:
        """Return the facet of the node, None for the root that holds everybody."""
        return self._facets.get(node)

    def select(self, nodes: Iterable[str]) -> Selection:
        """Return who is in the nodes together: everybody if there are none.

        Nodes of one facet are alternatives, and those of different facets must all hold. Equal
        parts of the tree give equal selections.
        """
        key = tuple(nodes)
        known = self._selections.get(key)
        if known is None:
            known = self._selections[key] = self._select(key)
        return known

    def _select(self, nodes: Iterable[str]) -> Selection:
        by_facet: dict[str, list[Conjunction]] = {}
        for node in nodes:
            facet = self._facets.get(node)
            if facet is not None:
                by_facet.setdefault(facet, []).append(self._conjunction_of(node))
        conjunctions = [
            _join_alternatives(facet, alternatives) for facet, alternatives in by_facet.items()
        ]
        found = set()
        for choice in product(*conjunctions):
            together = intersect_all(choice)
            if together is not None:
                found.add(together)
        return Selection(
            tuple(
                sorted(
                    one
                    for one in found
                    if not any(one != two and is_conjunction_within(one, two) for two in found)
                )
            )
        )

    def _conjunction_of(self, node: str) -> Conjunction:
        """Return the node's own interval, and that of each node of another facet that holds it."""
        known = self._enclosing.get(node)
        if known is not None:
            return known
        facet = self._facets[node]
        conjunction: Conjunction = ((facet, (self._intervals[node],)),)
        above = self._nodes[node].parent
        while above is not None and self._facets.get(above) == facet:
            above = self._nodes[above].parent
        if above is not None and above != self._root:
            # A node above can be of the node's own facet again: it holds it there too.
            enclosing = intersect_conjunctions(conjunction, self._conjunction_of(above))
            conjunction = enclosing or conjunction
        self._enclosing[node] = conjunction
        return conjunction


def _join_alternatives(facet: str, conjunctions: Iterable[Conjunction]) -> list[Conjunction]:
    """Return the alternatives, those that differ in nothing but the facet joined."""
    by_rest: dict[Conjunction, list[Interval]] = {}
    for conjunction in conjunctions:
        rest = tuple(each for each in conjunction if each[0] != facet)
        own = next(intervals for name, intervals in conjunction if name == facet)
        by_rest.setdefault(rest, []).extend(own)
    return [
        tuple(sorted([*rest, (facet, join_intervals(intervals))]))
        for rest, intervals in by_rest.items()
    ]


def join_intervals(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same numbers as sorted, disjoint intervals that do not touch."""
    joined: list[Interval] = []
    for start, stop in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return tuple(joined)


def intersect_intervals(
    one: tuple[Interval, ...], other: tuple[Interval, ...]
) -> tuple[Interval, ...]:
    """Return the numbers that are in both, as sorted and disjoint intervals."""
    if len(one) > len(other):
        one, other = other, one
    return join_intervals(
        (max(a, c), min(b, d)) for a, b in one for c, d in _overlapping(a, b, other)
    )


def _overlapping(start: int, stop: int, intervals: tuple[Interval, ...]) -> Iterator[Interval]:
    """Yield the intervals of a sorted and disjoint list that have a number in common with one."""
    for position in range(_first_after(start, intervals), len(intervals)):
        if intervals[position][0] >= stop:
            return
        yield intervals[position]


def _first_after(number: int, intervals: tuple[Interval, ...]) -> int:
    """Return the position of the first interval that ends after the number."""
    position = bisect_right(intervals, number, key=_start_of)
    return position - 1 if position and intervals[position - 1][1] > number else position


def _start_of(interval: Interval) -> int:
    return interval[0]


def intersect_conjunctions(one: Conjunction, other: Conjunction) -> Conjunction | None:
    """Return what holds if both hold, None if that cannot be."""
    return intersect_all((one, other))


def intersect_all(conjunctions: Iterable[Conjunction]) -> Conjunction | None:
    """Return what holds if all of them hold, None if that cannot be."""
    facets: dict[str, tuple[Interval, ...]] = {}
    for conjunction in conjunctions:
        for facet, intervals in conjunction:
            if facet in facets:
                intervals = intersect_intervals(facets[facet], intervals)
                if not intervals:
                    return None
            facets[facet] = intervals
    return tuple(sorted(facets.items()))


def conjunctions_overlap(one: Conjunction, other: Conjunction) -> bool:
    """Whether both can hold together."""
    facets = dict(one)
    return all(
        facet not in facets or intervals_overlap(facets[facet], intervals)
        for facet, intervals in other
    )


def is_conjunction_within(one: Conjunction, other: Conjunction) -> bool:
    """Whether the second holds wherever the first does."""
    facets = dict(one)
    return all(
        facet in facets and intervals_contained(facets[facet], intervals)
        for facet, intervals in other
    )


def intervals_overlap(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> bool:
    """Whether two lists of intervals have a node in common."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) <= FEW_INTERVALS:
        return any(a < d and c < b for a, b in one for c, d in other)
    return any(any(True for _ in _overlapping(a, b, other)) for a, b in one)


def intervals_contained(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> bool:
    """Whether every node of the first is in the second; neither has touching intervals."""
    if len(other) <= FEW_INTERVALS:
        return all(any(c <= a and b <= d for c, d in other) for a, b in one)
    for a, b in one:
        position = bisect_right(other, a, key=_start_of) - 1
        if position < 0 or other[position][1] < b:
            return False
    return True
