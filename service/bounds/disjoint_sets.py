"""Disjoint sets: which of some numbered items are connected."""


class DisjointSets:
    """A union-find with path halving (Tarjan, van Leeuwen 1984)."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, item: int) -> int:
        """Return the representative of the item's set."""
        parents = self._parents
        while parents[item] != item:
            parents[item] = parents[parents[item]]
            item = parents[item]
        return item

    def unite(self, one: int, other: int) -> None:
        """Make one set of the two that hold the items."""
        self._parents[self.find(other)] = self.find(one)
