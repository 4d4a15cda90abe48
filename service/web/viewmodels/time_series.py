"""The time series: a total for each day, week, month or year."""

from datetime import date
from functools import cached_property
from typing import Final, cast

from service.domain.errors import InvalidInputError
from service.domain.periods import Period
from service.domain.totals_query import CALENDAR_UNITS, split_period
from service.domain.totals_result import Part
from service.web.charts.items import PeriodBar
from service.web.charts.time_chart import TimeChart, layout_time_chart
from service.web.viewmodels.bars import link_to_proof
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.drawn_range import choose_drawn_range

MAX_BARS: Final = 62
"""The most bars: more cannot be distinguished, and each total takes time to compute."""


class TimeSeries:
    """The totals of the calendar units of one query."""

    def __init__(self, view: ViewModel) -> None:
        """Store the view; totals are computed when they are first used."""
        self._view, self._page_query = view, view.page_query

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
            and (query_period.last - query_period.first).days < MAX_BARS
        ):
            return query_period
        first_day, last_day = day_range
        last = min(query_period.last or last_day, last_day)
        first = max(query_period.first or first_day, first_day)
        return Period(min(first, last), last)

    @cached_property
    def unit(self) -> str | None:
        """The calendar unit: the queried one, or the shortest that fits; None without days."""
        if self._page_query.unit is not None and self.can_show(self._page_query.unit):
            return self._page_query.unit
        return next((each for each in CALENDAR_UNITS if self.can_show(each)), None)

    def can_show(self, unit: str) -> bool:
        """Whether the period has at most ``MAX_BARS`` of these calendar units."""
        if self.period is None:
            return False
        try:
            return len(split_period(self.period, unit)) <= MAX_BARS
        except InvalidInputError:
            return False

    @cached_property
    def bars(self) -> list[PeriodBar]:
        """The bars of all units in order."""
        if self.period is None or self.unit is None:
            return []
        result = self._view.compute_totals(
            period=self.period, outcomes=(self._view.lead_outcomes,), by=self.unit
        )
        parts = zip(split_period(self.period, self.unit), result.parts or (), strict=True)
        return [self._make_bar(key, period, part) for (key, period), part in parts]

    def _make_bar(self, key: str, period: Period, part: Part) -> PeriodBar:
        total = part.totals[0].total
        drawn = choose_drawn_range(part.totals[0])
        first, last = cast(tuple[date, date], (period.first, period.last))
        changes = {"from_": first.isoformat(), "to": last.isoformat()}
        return PeriodBar(
            key, key, drawn.text, drawn.low, drawn.high,
            drawn.is_disputed, drawn.nearest, drawn.exact,
            link_to_proof(self._view, **changes) if total.is_reported else None,
            self._page_query.link_to("place", **changes, unit=None),
            tuple(each.text for each in part.caveats), drawn.beyond, drawn.is_placed,
            first_day=first, last_day=last,
        )  # fmt: skip

    @cached_property
    def time_chart(self) -> TimeChart | None:
        """The chart of the bars; None if there are none."""
        return layout_time_chart(self.bars) if self.bars else None
