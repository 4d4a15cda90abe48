"""The main page: the headline, and the pictures in the order in which they are looked at."""

from collections.abc import Iterable
from functools import cached_property

from service.domain.vocabulary import sort_outcomes
from service.domain.wording.range_text import outcomes_text
from service.web.charts.bars import Bar
from service.web.charts.range_chart import Ranges, ranges
from service.web.messages import plain
from service.web.viewmodels.bars import bar
from service.web.viewmodels.base import View
from service.web.viewmodels.breakdown import Cut
from service.web.viewmodels.time_series import Course


class Desk(View):
    """All that the main page shows of one question."""

    @cached_property
    def cut(self) -> Cut:
        """The parts of the answer."""
        return Cut(self)

    @cached_property
    def course(self) -> Course:
        """The answer in the course of time."""
        return Course(self)

    @property
    def charts(self) -> list[str]:
        """The pictures that there are."""
        there = {"parts": self.cut.bars, "times": self.course.spans, "map": self.cut.map}
        return [name for name, picture in there.items() if picture]

    # How people were hit --------------------------------------------------------------------

    @cached_property
    def bars(self) -> list[Bar]:
        """The totals of every set of outcomes that is in use."""
        found = []
        for total in self.whole.totals:
            # What the headline says is said here too, even if more could be told by now.
            each = self.shown if total.outcomes == self.asked.show else total
            key, label = ",".join(sort_outcomes(each.outcomes)), outcomes_text(each.outcomes)
            caveats = self.caveats_of(each.outcomes)
            found.append(bar(self, key, label.capitalize(), each, caveats, show=key))
        return found

    @cached_property
    def outcomes(self) -> Ranges:
        """The picture of these."""
        return ranges(self.bars)

    # In one sentence ------------------------------------------------------------------------

    @property
    def headline(self) -> str:
        """What is known of the shown outcomes, in one sentence, and what of them is known more."""
        return self.said + self.known_more

    @property
    def said(self) -> str:
        """How the sentence begins: what is known of the shown outcomes."""
        total = self.shown.total
        what = outcomes_text(self.asked.show)
        if total.low is None:
            return plain("head.nothing", what=what)
        if total.high is None:
            key = "head.at_least" if total.low else "head.unknown"
        elif total.low == total.high:
            key = "head.exactly" if total.low else "head.nobody"
        else:
            key = "head.between" if total.low else "head.up_to"
        values = {"low": total.low, "high": total.high or 0, "what": what, "count": total.low}
        said = plain(key, **values)
        return said + plain("head.disputed") if total.is_disputed else said

    @property
    def known_more(self) -> str:
        """How it ends, which takes longer to find out: what of them is known more."""
        return plain("head.more", more="".join(self._found_of_them))

    @property
    def _found_of_them(self) -> Iterable[str]:
        """Yield what is known of some of these people: how they were hit, that no place is known.

        Only of the largest such set, so that the sentence can be read.
        """
        low = self.shown.total.low or 0
        inner = [
            each
            for each in self.whole.totals
            if each.outcomes < self.asked.show and 0 < (each.total.low or 0) < low
        ]
        best = max(inner, key=lambda each: each.total.low or 0, default=None)
        if best is not None:
            yield plain("head.of_them", low=best.total.low, what=outcomes_text(best.outcomes))
        unplaced = self.cut.unplaced
        if unplaced and self.cut.all and self.asked.by == "place":
            key = "head.unplaced" if unplaced < low else "head.all_unplaced"
            yield plain(key, low=unplaced, count=unplaced)

    @property
    def words(self) -> dict[str, str]:
        """What the script of the page says where places are found as one types."""
        return {name: plain(f"find.{name}") for name in ("none", "short", "results", "hint")}
