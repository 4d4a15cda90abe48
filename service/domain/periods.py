"""Periods of whole days; both ends are included, and either may be open."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from service.domain.quick_pickle import PickledAsCall

OPEN_START: Final = 0
"""The ordinal of an open beginning; ``date.min`` has the ordinal 1."""

OPEN_END: Final = date.max.toordinal() + 1
"""The ordinal of an open end, which only queries have; a report has a last day."""


@dataclass(frozen=True, slots=True)
class Period(PickledAsCall):
    """First and last day, both included; ``first`` None means no first day.

    ``last`` is None only in queries and means no last day.
    """

    first: date | None
    last: date | None

    @staticmethod
    def from_ordinals(start: int, stop: int) -> "Period":
        """Return the period whose ``start`` and ``stop`` are these."""
        return Period(
            None if start == OPEN_START else date.fromordinal(start),
            None if stop == OPEN_END else date.fromordinal(stop),
        )

    @property
    def start(self) -> int:
        """The first day as an ordinal, ``OPEN_START`` if there is none."""
        return OPEN_START if self.first is None else self.first.toordinal()

    @property
    def stop(self) -> int:
        """The last day as an ordinal (included), ``OPEN_END`` if there is none."""
        return OPEN_END if self.last is None else self.last.toordinal()

    def overlaps(self, other: "Period") -> bool:
        """Whether the two periods have a day in common."""
        return self.start <= other.stop and other.start <= self.stop

    def is_within(self, other: "Period") -> bool:
        """Whether the other period contains every day of this one."""
        return other.start <= self.start and self.stop <= other.stop


ALWAYS: Final = Period(None, None)
