"""The time series: a total for each day, week, month or year."""

from collections.abc import Sequence
from datetime import date
from typing import Final, cast

from werkzeug.utils import cached_property

from service.domain.errors import DomainError, InvalidInputError, TimeBudgetExceededError
from service.domain.periods import Period
from service.domain.totals_query import CALENDAR_UNITS, MAX_PARTS, split_period
from service.domain.totals_result import Part, TotalsResult
from service.web import day_words
from service.web.charts.data_table import DataTable, layout_table
from service.web.charts.items import PeriodBar
from service.web.charts.time_chart import (
    MAX_BARS,
    MAX_LABELLED_BARS,
    TimeChart,
    layout_time_chart,
)
from service.web.messages import plain_text
from service.web.viewmodels.bars import link_to_proof
from service.web.viewmodels.base import UNCOMPUTABLE, ViewModel
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.notes import list_notes

MAX_SHORT_BARS: Final = 31
"""So many bars have their numbers: if the query has no unit, they are the shortest that make no
more bars."""

MAX_DAYS_AS_QUERIED: Final = 62
"""A period of at most so many days is shown whole, also where figures cover only some of them."""


class TimeSeries:
    """The totals of the calendar units of one query."""

    def __init__(self, view: ViewModel) -> None:
        """Store the view; totals are computed when they are first used."""
        self._view, self._page_query = view, view.page_query
        self._results: dict[str, TotalsResult] = {}
        self.timeout: TimeBudgetExceededError | None = None
        """The error if the totals take too long; a file cannot say so, and raises it."""

    def _note(self, error: DomainError) -> None:
        if isinstance(error, TimeBudgetExceededError):
            self.timeout = error

    @cached_property
    def period(self) -> Period | None:
        """The queried days; if they are many, the days that figures cover; None without figures."""
        query_period = self._page_query.query.period
        day_range = self._view.lead_total.figures.find_day_range()
        if day_range is None:
            return None
        if (
            query_period.first
            and query_period.last
            and (query_period.last - query_period.first).days < MAX_DAYS_AS_QUERIED
        ):
            return query_period
        first_day, last_day = day_range
        last = min(query_period.last or last_day, last_day)
        first = max(query_period.first or first_day, first_day)
        return Period(min(first, last), last)

    @cached_property
    def unit(self) -> str | None:
        """The calendar unit: the queried one, or one that suits the reports; None without days.

        Of the units with few bars it is the shortest that at least half of the people are dated
        to, or else the one that most are dated to.
        """
        if self._page_query.unit is not None and self.can_show(self._page_query.unit):
            return self._page_query.unit
        try:
            return self._find_unit()
        except UNCOMPUTABLE as error:
            self._note(error)
            return None

    def _find_unit(self) -> str | None:
        for limit in (MAX_SHORT_BARS, MAX_LABELLED_BARS, MAX_BARS, MAX_PARTS):
            units = [each for each in CALENDAR_UNITS if self.can_show(each, limit)]
            if units:
                return self._choose_unit(units)
        return None

    def _choose_unit(self, units: Sequence[str]) -> str:
        """Return the first unit to which at least half of the people are dated, or the best one."""
        best, least = units[0], None
        for unit in units:
            result = self._compute(unit)
            undated = sum(each.low for each in result.unplaced or ())
            if 2 * undated <= (result.totals[0].total.low or 0):
                return unit
            if least is None or undated < least:
                best, least = unit, undated
        return best

    def can_show(self, unit: str, limit: int = MAX_PARTS) -> bool:
        """Whether the period has at most so many of these calendar units."""
        if self.period is None:
            return False
        try:
            return len(split_period(self.period, unit)) <= limit
        except InvalidInputError:
            return False

    def _compute(self, unit: str) -> TotalsResult:
        """Return the totals of all units; they are kept, since the choice of a unit needs them."""
        if unit not in self._results:
            self._results[unit] = self._view.compute_totals(
                period=self.period, outcomes=(self._view.lead_outcomes,), by=unit
            )
        return self._results[unit]

    @cached_property
    def bars(self) -> list[PeriodBar]:
        """The bars of all units in order."""
        if self.period is None or self.unit is None:
            return []
        try:
            parts = self._compute(self.unit).parts or ()
        except UNCOMPUTABLE as error:
            self._note(error)
            return []
        units = split_period(self.period, self.unit)
        return [
            self._make_bar(key, period, part)
            for (key, period), part in zip(units, parts, strict=True)
        ]

    @property
    def unplaced_text(self) -> str:
        """How many more people no report dates to one of the units; empty if there are none."""
        period = self.period
        if period is None or period.first is None or period.last is None or self.unit is None:
            return ""
        low = sum(each.low for each in self._compute(self.unit).unplaced or ())
        when = day_words.format_during(period.first, period.last)
        return plain_text(f"times.unplaced.{self.unit}", count=low, when=when) if low else ""

    def _make_bar(self, key: str, period: Period, part: Part) -> PeriodBar:
        total = part.totals[0].total
        drawn = choose_drawn_range(part.totals[0])
        first, last = cast(tuple[date, date], (period.first, period.last))
        changes = {"from_": first.isoformat(), "to": last.isoformat()}
        return PeriodBar(
            key, day_words.format_days(first, last), drawn.text, drawn.low, drawn.high,
            drawn.is_disputed, drawn.nearest, drawn.exact,
            link_to_proof(self._view, **changes) if total.is_reported else None,
            self._page_query.link_to("place", **changes, unit=None),
            list_notes(part.caveats, self._view.stated_caveats), drawn.beyond, drawn.is_placed,
            drawn.contradiction, first_day=first, last_day=last,
        )  # fmt: skip

    @cached_property
    def time_chart(self) -> TimeChart | None:
        """The chart of the bars; None if there are none."""
        if not self.bars or self.unit is None:
            return None
        return layout_time_chart(self.bars, self.unit, self.unplaced_text)

    @property
    def table(self) -> DataTable:
        """The bars as a table, with the notes that the whole does not have."""
        return layout_table(self.bars)
