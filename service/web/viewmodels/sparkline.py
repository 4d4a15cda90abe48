"""The bars of a sparkline: what is placed in each month or year, in little time."""

from collections.abc import Sequence
from datetime import date
from typing import Final, cast

from werkzeug.utils import cached_property

from service.domain.periods import Period
from service.domain.totals_query import split_period
from service.usecases.time_budget import TimeBudget
from service.web.charts.items import PeriodBar
from service.web.charts.sparkline import MAX_BARS
from service.web.query.page_query import PageQuery
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.time_series import TimeSeries

PAGE_SECONDS: Final = 1.0
"""How long the totals of all sparklines of a page may take; of the others there is none."""


class Sparkline(ViewModel):
    """The view model of a sparkline."""

    def __init__(self, page_query: PageQuery, budget: TimeBudget) -> None:
        """Resolve the query as ``ViewModel`` does; its totals share the time of the budget."""
        super().__init__(page_query)
        self._budget = budget

    @cached_property
    def bars(self) -> Sequence[PeriodBar]:
        """The bars of the months, or of the last years if there are many months.

        Each bar is a total of its own, and kept: if there is not enough time for all bars, the next
        request continues from there. Raises one of UNCOMPUTABLE until then.
        """
        series = TimeSeries(self)
        if series.can_show("month", MAX_BARS):
            series.unit = "month"
        else:
            series.unit, period = "year", series.period
            if period is not None and period.last is not None:
                first = date(max(period.last.year - MAX_BARS + 1, 1), 1, 1)
                series.period = Period(max(period.first or first, first), period.last)
        if series.period is None:
            return []
        return [self._make_bar(*each) for each in split_period(series.period, series.unit)]

    def _make_bar(self, key: str, period: Period) -> PeriodBar:
        result = self.compute_totals(period=period, outcomes=(self.lead_outcomes,))
        drawn = choose_drawn_range(result.totals[0])
        first, last = cast(tuple[date, date], (period.first, period.last))
        return PeriodBar(
            key, key, drawn.text, drawn.low, drawn.high, drawn.is_disputed, drawn.nearest,
            drawn.exact, beyond=drawn.beyond, is_placed=drawn.is_placed,
            first_day=first, last_day=last,
        )  # fmt: skip
