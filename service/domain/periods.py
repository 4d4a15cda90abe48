"""Spans of whole days, both ends included, whose beginning may be open."""

from dataclasses import dataclass
from datetime import date
from typing import Final

OPEN_START: Final = 0
"""The ordinal that stands for "from whenever it began"; ``date.min`` has the ordinal 1."""

OPEN_END: Final = date.max.toordinal() + 1
"""The ordinal that stands for "until whenever", in questions only: reports have a last day."""


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, both included; ``first`` None reaches back without end.

    ``last`` is None only in a question, where it means no last day.
    """

    first: date | None
    last: date | None

    @property
    def start(self) -> int:
        """The first day as an ordinal, ``OPEN_START`` where it is open."""
        return OPEN_START if self.first is None else self.first.toordinal()

    @property
    def stop(self) -> int:
        """The last day as an ordinal, ``OPEN_END`` where it is open."""
        return OPEN_END if self.last is None else self.last.toordinal()

    def overlaps(self, other: "Period") -> bool:
        """Whether the two have a day in common."""
        return self.start <= other.stop and other.start <= self.stop

    def is_within(self, other: "Period") -> bool:
        """Whether every day of this one is a day of the other."""
        return other.start <= self.start and self.stop <= other.stop


ALWAYS: Final = Period(None, None)
