"""What a reader asks: a scope, whom to count, as of when, and how to cut the answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from service.domain.errors import invalid
from service.domain.figure import Scope
from service.domain.periods import ALWAYS, Period
from service.domain.vocabulary import ROOT_GROUP

CUTS: Final = ("place", "day", "week", "month", "year", "outcome", "group", "reporter")
"""What an answer can be cut by; all but reporters are disjoint."""

SPANS: Final = ("day", "week", "month", "year")

MOST_PARTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Question:
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

    def scope(self, outcomes: frozenset[str]) -> Scope:
        """Return the asked scope for one set of outcomes."""
        return Scope(self.places, self.period, outcomes, self.groups)


def spans(period: Period, by: str) -> list[tuple[str, Period]]:
    """Return the days, weeks (ISO), months or years of a bounded period, clipped to it, by key.

    Raises Invalid where the period is open, or has more than ``MOST_PARTS`` of them.
    """
    if period.first is None or period.last is None:
        raise invalid("from", f"by={by} needs a bounded period: give from and to.")
    found: list[tuple[str, Period]] = []
    for key, first, last in _calendar(period.first, period.last, by):
        if len(found) == MOST_PARTS:
            raise invalid("by", f"More than {MOST_PARTS:,} parts: ask for fewer days at a time.")
        found.append((key, Period(first, last)))
    return found


def _calendar(first: date, last: date, by: str) -> Iterator[tuple[str, date, date]]:
    while first <= last:
        key, end = _span_of(first, by)
        yield key, first, min(end, last)
        if end >= last:
            return
        first = end + timedelta(days=1)


def _span_of(day: date, by: str) -> tuple[str, date]:
    """Return the key of the span that holds the day, and the span's last day."""
    if by == "day":
        return day.isoformat(), day
    if by == "week":
        year, week, weekday = day.isocalendar()
        left = min(7 - weekday, (date.max - day).days)
        return f"{year:04}-W{week:02}", day + timedelta(days=left)
    if by == "month":
        following = day.month % 12 + 1
        if following == 1:
            return f"{day.year:04}-12", day.replace(day=31)
        return f"{day.year:04}-{day.month:02}", day.replace(month=following, day=1) - timedelta(1)
    return f"{day.year:04}", day.replace(month=12, day=31)
