"""What a reader asks: a scope, whom to count, as of when, and how to cut the answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from service.domain.errors import invalid_field
from service.domain.figure import Scope
from service.domain.periods import ALWAYS, Period
from service.domain.vocabulary import ROOT_GROUP

BREAKDOWNS: Final = ("place", "day", "week", "month", "year", "outcome", "group", "reporter")
"""What an answer can be cut by; all but reporters are disjoint."""

CALENDAR_UNITS: Final = ("day", "week", "month", "year")

MAX_PARTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class TotalsQuery:
    """One question, whole: no places means everywhere, no outcomes the usual list of totals.

    ``as_of`` is an entry of the ledger, an instant (RFC 3339), or None for now; ``compare`` is an
    earlier one, or None for no comparison.
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
    by_reporter: bool = False
    explain: bool = False
    compare: int | str | None = None

    def scope_for(self, outcomes: frozenset[str]) -> Scope:
        """Return the asked scope for one set of outcomes."""
        return Scope(self.places, self.period, outcomes, self.groups)


def split_period(period: Period, unit: str) -> list[tuple[str, Period]]:
    """Return the days, weeks (ISO), months or years of a bounded period, clipped to it, by key.

    Raises InvalidInputError where the period is open, or has more than ``MAX_PARTS`` of them.
    """
    if period.first is None or period.last is None:
        raise invalid_field("from", f"by={unit} needs a bounded period: give from and to.")
    parts: list[tuple[str, Period]] = []
    for key, first, last in _iterate_calendar_units(period.first, period.last, unit):
        if len(parts) == MAX_PARTS:
            raise invalid_field(
                "by", f"More than {MAX_PARTS:,} parts: ask for fewer days at a time."
            )
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
    """Return the key of the span that holds the day, and the span's last day."""
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
