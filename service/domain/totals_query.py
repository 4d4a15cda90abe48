"""Totals queries: scope, filters, state of the record, and breakdown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from service.domain.errors import invalid_field
from service.domain.figure import Scope
from service.domain.periods import ALWAYS, Period
from service.domain.vocabulary import ROOT_GROUP

BREAKDOWNS: Final = ("place", "day", "week", "month", "year", "outcome", "group", "reporter")
"""The dimensions of a breakdown."""

CALENDAR_UNITS: Final = ("day", "week", "month", "year")
"""The breakdowns that split the period."""

MAX_PARTS: Final = 1_000
"""The most parts of a breakdown along one dimension."""

MAX_PAIRS: Final = 10_000
"""The most parts of a breakdown along two dimensions."""


@dataclass(frozen=True, slots=True)
class TotalsQuery:
    """One query; no places means all places, no outcomes means the default list of totals.

    ``as_of`` is a sequence number, a timestamp (RFC 3339), or None for now. ``compare`` is an
    earlier one, or None for no comparison. With ``by2`` there is a part for each pair of a part of
    ``by`` and a part of ``by2``. ``facet`` is the facet of the groups of a breakdown by group.
    """

    places: tuple[str, ...] = ()
    period: Period = ALWAYS
    outcomes: tuple[frozenset[str], ...] = ()
    groups: tuple[str, ...] = (ROOT_GROUP,)
    reporters: tuple[str, ...] = ()
    exclude_reporters: tuple[str, ...] = ()
    exclude_parties: bool = False
    straddling: bool = True
    as_of: int | str | None = None
    by: str | None = None
    by2: str | None = None
    facet: str | None = None
    by_reporter: bool = False
    explain: bool = False
    compare: int | str | None = None

    @property
    def breakdown(self) -> tuple[str, ...]:
        """The dimensions of the breakdown: none, one or two."""
        return tuple(each for each in (self.by, self.by2) if each is not None)

    @property
    def max_parts(self) -> int:
        """The most parts that the breakdown may have."""
        return MAX_PARTS if self.by2 is None else MAX_PAIRS

    def scope_for(self, outcomes: frozenset[str]) -> Scope:
        """Return the scope of the query for one set of outcomes."""
        return Scope(self.places, self.period, outcomes, self.groups)


def split_period(period: Period, unit: str, max_parts: int = MAX_PARTS) -> list[tuple[str, Period]]:
    """Return the days, ISO weeks, months or years of the period with their keys.

    The first and the last one are clipped to the period. Raises InvalidInputError if the period is
    open or has more than ``max_parts`` of them.
    """
    if period.first is None or period.last is None:
        raise invalid_field("from", f"by={unit} needs a bounded period: give from and to.")
    parts: list[tuple[str, Period]] = []
    for key, first, last in _iterate_calendar_units(period.first, period.last, unit):
        if len(parts) == max_parts:
            raise invalid_field("by", f"More than {max_parts:,} parts: choose a shorter period.")
        parts.append((key, Period(first, last)))
    return parts


def _iterate_calendar_units(first: date, last: date, unit: str) -> Iterator[tuple[str, date, date]]:
    while first <= last:
        key, end = _calendar_unit_of(first, unit)
        yield key, first, min(end, last)
        if end >= last:
            return
        first = end + timedelta(days=1)


def _calendar_unit_of(day: date, unit: str) -> tuple[str, date]:
    """Return the key of the unit that contains the day, and the unit's last day."""
    if unit == "day":
        return day.isoformat(), day
    if unit == "week":
        year, week, weekday = day.isocalendar()
        days_left = min(7 - weekday, (date.max - day).days)
        return f"{year:04}-W{week:02}", day + timedelta(days=days_left)
    if unit == "month":
        next_month = day.month % 12 + 1
        if next_month == 1:
            return f"{day.year:04}-12", day.replace(day=31)
        return f"{day.year:04}-{day.month:02}", day.replace(month=next_month, day=1) - timedelta(1)
    return f"{day.year:04}", day.replace(month=12, day=31)
