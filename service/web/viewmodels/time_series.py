"""The answer in the course of time: a total for each day, week, month or year."""

from datetime import date
from functools import cached_property
from typing import Final, cast

from service.domain.errors import InvalidInputError
from service.domain.periods import Period
from service.domain.totals_query import CALENDAR_UNITS, split_period
from service.domain.totals_result import Part
from service.web.charts.time_chart import Span, Times, times
from service.web.viewmodels.bars import nearest, proof, said
from service.web.viewmodels.base import View

MOST_SPANS: Final = 62
"""So many can be told apart in a picture; each takes a while to work out."""


class Course:
    """The totals of one answer, a span of time each."""

    def __init__(self, view: View) -> None:
        """Look at the figures; nothing is worked out yet."""
        self._view, self._asked = view, view.asked

    @cached_property
    def period(self) -> Period | None:
        """The days asked for, of many only those that figures speak of; None without figures."""
        asked, used = self._asked.question.period, self._view.whole.used
        days = [day for f in used for day in (f.scope.period.first, f.scope.period.last) if day]
        if not days:
            return None
        if asked.first and asked.last and (asked.last - asked.first).days < MOST_SPANS:
            return asked
        last = min(asked.last or max(days), max(days))
        first = max(asked.first or min(days), min(days))
        return Period(min(first, last), last)

    @cached_property
    def scale(self) -> str | None:
        """The spans: those asked for, or the shortest that are not too many; None without days."""
        if self._asked.scale is not None and self.fits(self._asked.scale):
            return self._asked.scale
        return next((each for each in CALENDAR_UNITS if self.fits(each)), None)

    def fits(self, scale: str) -> bool:
        """Whether the picture can show the period in such spans."""
        if self.period is None:
            return False
        try:
            return len(split_period(self.period, scale)) <= MOST_SPANS
        except InvalidInputError:
            return False

    @cached_property
    def spans(self) -> list[Span]:
        """The totals of all spans in order."""
        if self.period is None or self.scale is None:
            return []
        show = (self._asked.show,)
        answer = self._view.answer(period=self.period, outcomes=show, by=self.scale)
        told = zip(split_period(self.period, self.scale), answer.parts or (), strict=True)
        return [self._span(key, period, part) for (key, period), part in told]

    def _span(self, key: str, period: Period, part: Part) -> Span:
        stated, total = part.totals[0], part.totals[0].total
        first, last = cast(tuple[date, date], (period.first, period.last))
        changes = {"from_": first.isoformat(), "to": last.isoformat()}
        return Span(
            key, key, said(stated), first, last, total.low, total.high,
            total.is_disputed, nearest(total), total.exact,
            proof(self._view, **changes) if total.is_reported else None,
            self._asked.link("./", **changes, scale=None),
            tuple(each.text for each in part.caveats),
        )  # fmt: skip

    @cached_property
    def picture(self) -> Times | None:
        """The spans side by side; None where no figure speaks of any day."""
        return times(self.spans) if self.spans else None
