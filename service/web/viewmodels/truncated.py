"""Long lists: a page shows only their first items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Truncated(Generic[Item]):
    """The shown items of a list, and how many there are."""

    shown: Sequence[Item]
    count: int

    @property
    def rest_count(self) -> int:
        """How many items are not shown."""
        return self.count - len(self.shown)


def truncate(limit: int, items: Sequence[Item]) -> Truncated[Item]:
    """Return the first ``limit`` items, and the number of all."""
    return Truncated(items[:limit], len(items))
