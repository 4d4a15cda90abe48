"""The breakdown of a total by place, group or outcome, or by each reporter alone."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from service.domain.errors import InvalidInputError
from service.domain.totals_result import Part
from service.web.charts.items import MapPoint, RangeBar
from service.web.charts.map_chart import MapChart, layout_map
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.messages import plain_text
from service.web.viewmodels.bars import link_to_proof, make_bar
from service.web.viewmodels.base import NamedLink, ViewModel

MAX_BARS: Final = 40
"""The most parts that the chart shows unless the query asks for all; the table has all."""


class Breakdown:
    """The parts of one result."""

    def __init__(self, view: ViewModel) -> None:
        """Compute the parts."""
        self._view, self._page_query = view, view.page_query
        self.parts: Sequence[Part] = ()
        self.unplaced_people = 0
        """How many people are known to be in some part, but in no single one."""
        self.error = ""
        """The reason if there are too many parts to compute; otherwise empty."""
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
        """Return the queried places as parts if several are queried; otherwise nothing."""
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
    def bars(self) -> list[RangeBar]:
        """The bar of unplaced people, and the parts with reports, the largest first."""
        reported = [part for part in self.parts if part.totals[0].total.is_reported]
        return [*self._unplaced_bars, *map(self._make_bar, sorted(reported, key=_size_sort_key))]

    @property
    def _unplaced_bars(self) -> list[RangeBar]:
        low = self.unplaced_people
        if not low or not self.parts:
            return []
        label, text = plain_text("parts.apart"), plain_text("parts.apart_text", low=low, count=low)
        proof_link = link_to_proof(self._view)
        return [RangeBar("", label, text, low, None, proof_link=proof_link, is_unplaced=True)]

    @cached_property
    def unreported_links(self) -> list[NamedLink]:
        """The parts without reports, by name."""
        parts = [part for part in self.parts if not part.totals[0].total.is_reported]
        links = [NamedLink(part.key, part.name, self._link_to_part(part.key)) for part in parts]
        return sorted(links, key=lambda each: each.name)

    @property
    def range_chart(self) -> RangeChart:
        """The chart of the largest parts, or of all if the query asks for all."""
        return layout_range_chart(
            self.bars if self._page_query.every else self.bars[:MAX_BARS], "breakdown-chart"
        )

    @property
    def omitted_count(self) -> int:
        """How many parts with reports the chart leaves out."""
        return 0 if self._page_query.every else max(len(self.bars) - MAX_BARS, 0)

    @property
    def without_point_count(self) -> int:
        """How many parts with reports have no coordinates and are not on the map."""
        shown_count = len(self.map_chart.discs) if self.map_chart else 0
        return sum(bool(bar.key) for bar in self.bars) - shown_count

    @cached_property
    def map_chart(self) -> MapChart | None:
        """The map of the parts; None if no part has coordinates."""
        if self._page_query.by != "place":
            return None
        bars = {bar.key: bar for bar in self.bars if bar.key}
        points = self._view.snapshot.find_points(bars)
        return layout_map(
            [
                _make_map_point(bars[place_id], longitude, latitude)
                for place_id, (longitude, latitude) in points.items()
            ]
        )

    def _make_bar(self, part: Part) -> RangeBar:
        name = plain_text(f"outcome.{part.key}") if self._page_query.by == "outcome" else part.name
        detail_link, parameters = self._link_to_part(part.key), self._parameters_of(part.key)
        return make_bar(
            self._view, part.key, name, part.totals[0], part.caveats, detail_link, **parameters
        )

    def _parameters_of(self, key: str) -> dict[str, str]:
        """Return the parameters of a query for this part alone."""
        return {"show" if self._page_query.by == "outcome" else self._page_query.by: key}

    def _link_to_part(self, key: str) -> str:
        return self._page_query.link_to("./", **self._parameters_of(key), every=None)


def _make_map_point(bar: RangeBar, longitude: float, latitude: float) -> MapPoint:
    return MapPoint(
        bar.key, bar.label, bar.text, bar.low, bar.high, bar.is_disputed,
        is_exact=bar.is_exact, proof_link=bar.proof_link, detail_link=bar.detail_link,
        longitude=longitude, latitude=latitude,
    )  # fmt: skip


def _size_sort_key(part: Part) -> tuple[int, int, str]:
    total = part.totals[0].total
    return -(total.low or 0), -(total.high or 0), part.name
