"""The answer cut into parts: places, groups, outcomes, or reporters alone."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from service.domain.errors import InvalidInputError
from service.domain.totals_result import Part
from service.web.charts.bars import Bar
from service.web.charts.map_chart import MapChart, Spot, layout_map
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.messages import plain_text
from service.web.viewmodels.bars import link_to_proof, make_bar
from service.web.viewmodels.base import NamedLink, ViewModel

MAX_BARS: Final = 40
"""So many parts are drawn unless all are asked for; the rest are in the table."""


class Breakdown:
    """The parts of one answer."""

    def __init__(self, view: ViewModel) -> None:
        """Work the parts out."""
        self._view, self._page_query = view, view.page_query
        self.parts: Sequence[Part] = ()
        self.unplaced_people = 0
        """How many people are known to lie in some part, but in no one of them."""
        self.error = ""
        """Why there are no parts, where there would be too many."""
        try:
            result = view.compute_totals(outcomes=(view.page_query.show,), by=view.page_query.by)
        except InvalidInputError as error:
            self.error = error.detail
        else:
            self.parts = result.parts or ()
            self.unplaced_people = sum(each.low for each in result.unplaced or ())
        if not self.parts:
            self.parts = self._compute_queried_places()
            placed_people = sum(each.totals[0].total.low or 0 for each in self.parts)
            self.unplaced_people = max(self.unplaced_people - placed_people, 0) if self.parts else 0

    def _compute_queried_places(self) -> Sequence[Part]:
        """Return the asked places themselves as parts, where several are asked and none has any."""
        place_ids = self._view.query.places
        if self._page_query.by != "place" or len(place_ids) < 2:
            return ()
        parts = []
        for place_id in place_ids:
            result = self._view.compute_totals(
                places=(place_id,), outcomes=(self._page_query.show,)
            )
            name = self._view.state.places[place_id].name
            parts.append(Part(place_id, name, result.totals, result.caveats))
        return parts

    @cached_property
    def bars(self) -> list[Bar]:
        """Those in no one part, and the parts of which something is known, the largest first."""
        reported = [part for part in self.parts if part.totals[0].total.is_reported]
        return [*self._shared_bars, *map(self._make_bar, sorted(reported, key=_size_sort_key))]

    @property
    def _shared_bars(self) -> list[Bar]:
        low = self.unplaced_people
        if not low or not self.parts:
            return []
        label, text = plain_text("parts.apart"), plain_text("parts.apart_text", low=low, count=low)
        return [Bar("", label, text, low, None, shared=True, href=link_to_proof(self._view))]

    @cached_property
    def unreported_links(self) -> list[NamedLink]:
        """The parts of which nothing is known, by name."""
        parts = [part for part in self.parts if not part.totals[0].total.is_reported]
        links = [NamedLink(part.key, part.name, self._link_to_part(part.key)) for part in parts]
        return sorted(links, key=lambda each: each.name)

    @property
    def range_chart(self) -> RangeChart:
        """The parts side by side: of many, the largest."""
        return layout_range_chart(self.bars if self._page_query.every else self.bars[:MAX_BARS])

    @property
    def omitted_count(self) -> int:
        """How many parts of which something is known the picture leaves out."""
        return 0 if self._page_query.every else max(len(self.bars) - MAX_BARS, 0)

    @property
    def without_point_count(self) -> int:
        """How many parts of which something is known the map leaves out: none knows where."""
        shown_count = len(self.map_chart.discs) if self.map_chart else 0
        return sum(bool(bar.key) for bar in self.bars) - shown_count

    @cached_property
    def map_chart(self) -> MapChart | None:
        """The parts where they lie; None where none has a point."""
        if self._page_query.by != "place":
            return None
        bars = {bar.key: bar for bar in self.bars if bar.key}
        points = self._view.snapshot.find_points(bars)
        return layout_map([
            Spot(place_id, bars[place_id].label, bars[place_id].text, longitude, latitude,
                 bars[place_id].low, bars[place_id].high, bars[place_id].disputed,
                 bars[place_id].exact, bars[place_id].href, bars[place_id].more)
            for place_id, (longitude, latitude) in points.items()
        ])  # fmt: skip

    def _make_bar(self, part: Part) -> Bar:
        name = plain_text(f"outcome.{part.key}") if self._page_query.by == "outcome" else part.name
        dashboard_link, parameters = self._link_to_part(part.key), self._parameters_of(part.key)
        return make_bar(
            self._view, part.key, name, part.totals[0], part.caveats, dashboard_link, **parameters
        )

    def _parameters_of(self, key: str) -> dict[str, str]:
        """Return the parameters by which a part is asked for alone."""
        return {"show" if self._page_query.by == "outcome" else self._page_query.by: key}

    def _link_to_part(self, key: str) -> str:
        return self._page_query.link_to("./", **self._parameters_of(key), every=None)


def _size_sort_key(part: Part) -> tuple[int, int, str]:
    total = part.totals[0].total
    return -(total.low or 0), -(total.high or 0), part.name
