"""Trees of places or groups, numbered in preorder so that containment compares integers."""

from collections.abc import Iterable, Mapping

Interval = tuple[int, int]
"""A range of nodes in preorder: start (included) and stop (excluded)."""


class Tree:
    """An immutable forest of ids.

    Each node also has a number of its own, for the part of it that is in none of its children. So
    the subtree of an id is an interval, and two ids overlap only if one contains the other.
    """

    def __init__(self, parents: Mapping[str, str | None]) -> None:
        """Number the nodes; every parent must be a key too, and there must be no cycle."""
        self._children: dict[str | None, list[str]] = {}
        for node in sorted(parents):
            self._children.setdefault(parents[node], []).append(node)
        self._intervals: dict[str, Interval] = {}
        next_number = 0
        stack: list[tuple[str, bool]] = [(root, False) for root in reversed(self.roots())]
        starts: dict[str, int] = {}
        while stack:
            node, is_closing = stack.pop()
            if is_closing:
                self._intervals[node] = (starts[node], next_number)
                continue
            starts[node] = next_number
            next_number += 1
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(self.children(node)))

    def __contains__(self, node: object) -> bool:
        return node in self._intervals

    def __len__(self) -> int:
        return len(self._intervals)

    def roots(self) -> tuple[str, ...]:
        """Return the ids without a parent, sorted."""
        return tuple(self._children.get(None, ()))

    def children(self, node: str) -> tuple[str, ...]:
        """Return the ids directly below the node, sorted."""
        return tuple(self._children.get(node, ()))

    def interval(self, node: str) -> Interval:
        """Return the interval of the node with everything below it."""
        return self._intervals[node]

    def intervals(self, nodes: Iterable[str]) -> tuple[Interval, ...]:
        """Return the union of the nodes' intervals: sorted, disjoint, adjacent ones merged.

        Two sets of nodes cover the same part of the tree exactly when their intervals are equal.
        """
        merged: list[Interval] = []
        for start, stop in sorted(self._intervals[node] for node in nodes):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((start, stop))
        return tuple(merged)

    def all_intervals(self) -> tuple[Interval, ...]:
        """Return the interval of the whole forest; empty for a forest without nodes."""
        return ((0, len(self)),) if self else ()


def intervals_overlap(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> bool:
    """Whether two lists of intervals have a node in common."""
    return any(a < d and c < b for a, b in one for c, d in other)


def intervals_contained(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> bool:
    """Whether the second list contains every node of the first.

    Both must be as ``Tree.intervals`` returns them.
    """
    return all(any(c <= a and b <= d for c, d in other) for a, b in one)
