"""The reporters among whom the form lets one choose."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.domain.record_state import RecordState

MOST: Final = 40
"""So many are listed; of more, those who report most often."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Who is listed (id, name, whether a party), by name, and how many more ever said anything."""

    shown: list[tuple[str, str, bool]]
    more: int

    @property
    def count(self) -> int:
        """How many there are in all."""
        return len(self.shown) + self.more


def listed(claims: RecordState, asked: Iterable[str]) -> Listed:
    """Return the reporters for the form: those who are asked about are always among them."""
    often = Counter(each.reporter for each in claims.reports.values())
    kept = {id for id, _ in often.most_common(MOST)}.union(asked)
    named = sorted((claims.reporters[id] for id in kept), key=lambda each: each.name)
    shown = [(each.id, each.name, each.party) for each in named]
    return Listed(shown, len(often.keys() - kept))
