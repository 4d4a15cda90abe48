"""The main page: the headline, and the charts in the order of the page."""

from collections.abc import Iterable
from functools import cached_property

from service.domain.vocabulary import sort_outcomes
from service.domain.wording.range_text import (
    headline_text,
    outcomes_text,
    silence_text,
    total_text,
)
from service.web.charts.items import RangeBar
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.messages import plain_text
from service.web.viewmodels.bars import make_bar
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.breakdown import Breakdown
from service.web.viewmodels.time_series import TimeSeries


class Dashboard(ViewModel):
    """The view model of the main page."""

    @cached_property
    def breakdown(self) -> Breakdown:
        """The breakdown of the shown total."""
        return Breakdown(self)

    @cached_property
    def time_series(self) -> TimeSeries:
        """The shown total by day, week, month or year."""
        return TimeSeries(self)

    def link_to_parts(self, **extra: str) -> str:
        """Return the address of the API for the breakdown that the page shows."""
        facet = self.breakdown.facet
        named = {"facet": facet} if facet is not None else {}
        return self.page_query.link_to_api(by=self.page_query.by, **named, **extra)

    @property
    def chart_kinds(self) -> list[str]:
        """The kinds of charts that are not empty."""
        charts = {
            "parts": self.breakdown.bars,
            "times": self.time_series.bars,
            "map": self.breakdown.map_chart,
        }
        return [name for name, chart in charts.items() if chart]

    # Totals by outcome -----------------------------------------------------------------------

    @cached_property
    def outcome_bars(self) -> list[RangeBar]:
        """The totals of all sets of outcomes that reports use."""
        bars = []
        for complete_total in self.full_result.totals:
            # The bar must equal the headline, even if the full result is more exact by now.
            outcome_total = (
                self.shown_total
                if complete_total.outcomes == self.page_query.show
                else complete_total
            )
            key, label = (
                ",".join(sort_outcomes(outcome_total.outcomes)),
                outcomes_text(outcome_total.outcomes),
            )
            caveats = self.caveats_of(outcome_total.outcomes)
            bars.append(make_bar(self, key, label.capitalize(), outcome_total, caveats, show=key))
        return bars

    @cached_property
    def outcome_chart(self) -> RangeChart:
        """The chart of the totals by outcome."""
        return layout_range_chart(self.outcome_bars, "outcome-chart")

    # In one sentence ------------------------------------------------------------------------

    @property
    def headline(self) -> str:
        """The shown total in one sentence, with the largest narrower total and unplaced people."""
        return self.headline_start + self.headline_end

    @property
    def headline_start(self) -> str:
        """The beginning of the sentence: what is placed, then the total if it is another one."""
        shown_total, outcomes = self.shown_total, self.page_query.show
        total, placed = shown_total.total, shown_total.placed
        if (total.low, total.high) == (placed.low, placed.high):
            return headline_text(total, outcomes, shown_total.reach)
        if placed.low is None:
            return plain_text("head.not_placed", total=shown_total.text)
        reach, placed_reach = shown_total.reach, shown_total.placed_reach
        silence = silence_text(reach)
        # The text names what is the same for both once, at the end.
        is_same = silence == silence_text(placed_reach)
        if is_same:
            reach, placed_reach = reach.without_gaps(), placed_reach.without_gaps()
        start = headline_text(placed, outcomes, placed_reach)
        sentence = plain_text(
            "head.placed",
            placed=start[0].lower() + start[1:],
            total=total_text(total, outcomes, reach),
        )
        return f"{sentence}; {silence}" if is_same and silence else sentence

    @property
    def headline_end(self) -> str:
        """The end of the sentence, which takes longer to compute."""
        return plain_text("head.more", more="".join(self._headline_details))

    @property
    def _headline_details(self) -> Iterable[str]:
        """Yield the narrower total with the greatest low, and the unplaced people.

        Other narrower totals are left out, so that the sentence stays readable.
        """
        low = self.shown_total.total.low or 0
        narrower_totals = [
            each
            for each in self.full_result.totals
            if each.outcomes < self.page_query.show and 0 < (each.total.low or 0) < low
        ]
        largest = max(narrower_totals, key=lambda each: each.total.low or 0, default=None)
        if largest is not None:
            yield plain_text(
                "head.of_them", low=largest.total.low, what=outcomes_text(largest.outcomes)
            )
        unplaced = self.breakdown.unplaced_people
        if unplaced and self.breakdown.parts and self.page_query.by == "place":
            if unplaced < low:
                key = "head.unplaced"
            else:
                key = "head.all_unplaced" if self.breakdown.covers_whole else "head.none_placed"
            yield plain_text(key, low=unplaced, count=unplaced)

    @property
    def search_messages(self) -> dict[str, str]:
        """The texts of the place search for the script of the page."""
        return {name: plain_text(f"find.{name}") for name in ("none", "short", "results", "hint")}
