"""The bars of a sparkline: what is placed in each month or year, in little time."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from werkzeug.utils import cached_property

from service.domain.periods import Period
from service.usecases.time_budget import TimeBudget
from service.web.charts.items import PeriodBar
from service.web.charts.sparkline import MAX_BARS
from service.web.query.page_query import PageQuery
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.time_series import TimeSeries

PAGE_SECONDS: Final = 4.0
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

        Raises one of UNCOMPUTABLE if even the first total takes too long; else those of a series
        that takes too long are empty.
        """
        series = TimeSeries(self)
        if series.can_show("month", MAX_BARS):
            series.unit = "month"
        else:
            series.unit, period = "year", series.period
            if period is not None and period.last is not None:
                first = date(max(period.last.year - MAX_BARS + 1, 1), 1, 1)
                series.period = Period(max(period.first or first, first), period.last)
        return series.bars
