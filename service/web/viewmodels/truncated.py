"""The first of many: what a page shows of lists that have no end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Truncated(Generic[Item]):
    """What of a list is shown, and the rest."""

    shown: Sequence[Item]
    rest: Sequence[Item]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.shown) + len(self.rest)


def truncate(limit: int, items: Sequence[Item]) -> Truncated[Item]:
    """Return so many of the list as are shown at most, and the rest."""
    return Truncated(items[:limit], items[limit:])
