"""A tree of places or of groups, numbered so that "lies in" is a comparison of two integers."""

from collections.abc import Iterable, Mapping

Span = tuple[int, int]
"""A run of nodes in preorder: first (included) to last (excluded)."""


class Tree:
    """An immutable forest of ids.

    Every node is also the part of itself that lies in none of its named children, so that the
    subtree of an id is a run of consecutive numbers and two ids meet only if one lies in the other.
    """

    def __init__(self, parents: Mapping[str, str | None]) -> None:
        """Number the nodes in preorder; every parent must be a key too, and there are no cycles."""
        self._children: dict[str | None, list[str]] = {}
        for node in sorted(parents):
            self._children.setdefault(parents[node], []).append(node)
        self._spans: dict[str, Span] = {}
        number = 0
        stack: list[tuple[str, bool]] = [(root, False) for root in reversed(self.roots())]
        starts: dict[str, int] = {}
        while stack:
            node, done = stack.pop()
            if done:
                self._spans[node] = (starts[node], number)
                continue
            starts[node] = number
            number += 1
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(self.children(node)))

    def __contains__(self, node: object) -> bool:
        return node in self._spans

    def __len__(self) -> int:
        return len(self._spans)

    def roots(self) -> tuple[str, ...]:
        """Return the ids without a parent, sorted."""
        return tuple(self._children.get(None, ()))

    def children(self, node: str) -> tuple[str, ...]:
        """Return the ids directly below the node, sorted."""
        return tuple(self._children.get(node, ()))

    def span(self, node: str) -> Span:
        """Return the run of numbers that the node and everything below it take."""
        return self._spans[node]

    def spans(self, nodes: Iterable[str]) -> tuple[Span, ...]:
        """Return the runs that the nodes cover together: sorted, disjoint, touching ones joined.

        Two sets of nodes cover the same part of the tree exactly when their spans are equal.
        """
        joined: list[Span] = []
        for start, stop in sorted(self._spans[node] for node in nodes):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
            else:
                joined.append((start, stop))
        return tuple(joined)

    def whole(self) -> tuple[Span, ...]:
        """Return the span of everything: empty for a tree without nodes."""
        return ((0, len(self)),) if self else ()


def meet(one: tuple[Span, ...], other: tuple[Span, ...]) -> bool:
    """Whether two lists of spans have a node in common."""
    return any(a < d and c < b for a, b in one for c, d in other)


def within(one: tuple[Span, ...], other: tuple[Span, ...]) -> bool:
    """Whether every node of the first lies in the second; both as ``Tree.spans`` returns them."""
    return all(any(c <= a and b <= d for c, d in other) for a, b in one)
