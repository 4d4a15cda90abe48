"""The first of many: what a page shows of lists that have no end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Some(Generic[Each]):
    """What of a list is shown, and the rest."""

    shown: Sequence[Each]
    rest: Sequence[Each]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.shown) + len(self.rest)


def first(most: int, of: Sequence[Each]) -> Some[Each]:
    """Return so many of the list as are shown at most, and the rest."""
    return Some(of[:most], of[most:])
