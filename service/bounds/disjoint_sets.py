"""Disjoint sets: which of some numbered items are connected."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class DisjointSets:
    """A union-find with path halving (Tarjan, van Leeuwen 1984)."""

    def __init__(self, count: int, firsts: Iterable[int] | None = None) -> None:
        """Begin with each item by itself, or with the sets that ``firsts`` gives.

        These are the first item of the set of each item.
        """
        self._parents = list(range(count) if firsts is None else firsts)

    def find(self, item: int) -> int:
        """Return the representative of the item's set."""
        parents = self._parents
        while parents[item] != item:
            parents[item] = parents[parents[item]]
            item = parents[item]
        return item

    def find_all(self) -> NDArray[np.int64]:
        """Return the representative of each item's set, int[n_items]."""
        parents = np.array(self._parents, dtype=np.int64)
        while (parents[parents] != parents).any():
            parents = parents[parents]
        return parents

    def unite(self, one: int, other: int) -> None:
        """Make one set of the two that hold the items."""
        self._parents[self.find(other)] = self.find(one)
