"""Long lists: a page shows only their first items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Truncated(Generic[Item]):
    """The shown items of a list, and the rest."""

    shown: Sequence[Item]
    rest: Sequence[Item]

    @property
    def count(self) -> int:
        """How many items there are."""
        return len(self.shown) + len(self.rest)


def truncate(limit: int, items: Sequence[Item]) -> Truncated[Item]:
    """Return the first ``limit`` items, and the rest."""
    return Truncated(items[:limit], items[limit:])
