"""The breakdown of a total by place, group or outcome, or by each reporter alone."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from service.domain.errors import InvalidInputError
from service.domain.totals_result import Part
from service.domain.vocabulary import ROOT_GROUP
from service.web.charts.items import MapPoint, RangeBar
from service.web.charts.map_chart import MapChart, layout_map
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.messages import plain_text
from service.web.viewmodels.bars import link_to_proof, make_bar
from service.web.viewmodels.base import NamedLink, ViewModel
from service.web.viewmodels.drawn_range import choose_drawn_range

MAX_BARS: Final = 40
"""The most parts that the chart shows unless the query asks for all; the table has all."""


class Breakdown:
    """The parts of one result."""

    def __init__(self, view: ViewModel) -> None:
        """Compute the parts."""
        self._view, self._page_query = view, view.page_query
        self.parts: Sequence[Part] = ()
        self.unplaced_people = 0
        """How many people are known to be in the whole, but in no single part."""
        self.error = ""
        """The reason if there are too many parts to compute; otherwise empty."""
        try:
            result = view.compute_totals(
                outcomes=(view.lead_outcomes,), by=view.page_query.by, facet=self.facet
            )
        except InvalidInputError as error:
            self.error = error.detail
        else:
            self.parts = result.parts or ()
            self.unplaced_people = sum(each.low for each in result.unplaced or ())

    @cached_property
    def facets(self) -> list[NamedLink]:
        """The facets of groups that a breakdown by group can use.

        First are those whose groups have the most figures in the shown total, then those with the
        most groups. A group without a facet has one of its own, which comes after those with a
        name.
        """
        tree, query = self._view.snapshot.groups, self._view.query
        groups = [each for each in query.groups if each != ROOT_GROUP]
        facets = Counter(
            facet
            for each in groups or tree.children(ROOT_GROUP)
            if (facet := tree.facet_of(each)) is not None
        )
        figures = Counter(
            facet
            for figure in self._view.lead_total.figures
            for facet in {tree.facet_of(group) for group in figure.scope.groups}
        )
        ordered = sorted(
            facets, key=lambda each: (-figures[each], ":" in each, -facets[each], each)
        )
        return [
            NamedLink(each, self._name_facet(each), self._page_query.link_to("place", facet=each))
            for each in ordered
        ]

    @property
    def facet(self) -> str | None:
        """The facet of a breakdown by group: the requested one, or the first; else None."""
        if self._page_query.by != "group" or not self.facets:
            return None
        requested = self._page_query.facet
        return requested if requested in {each.key for each in self.facets} else self.facets[0].key

    def _name_facet(self, facet: str) -> str:
        group = self._view.state.groups.get(facet.removeprefix("own:"))
        return facet.replace("-", " ") if group is None or ":" not in facet else group.name

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
        may_be_elsewhere = not self.covers_whole
        label = plain_text("parts.apart.elsewhere" if may_be_elsewhere else "parts.apart")
        text = plain_text("parts.apart_text", low=low, count=low)
        return [
            RangeBar(
                "",
                label,
                text,
                low,
                None,
                proof_link=link_to_proof(self._view),
                is_unplaced=True,
                may_be_elsewhere=may_be_elsewhere,
            )
        ]

    @property
    def covers_whole(self) -> bool:
        """Whether everybody of the whole is in some part.

        Outcomes, all root places, and the queried places or groups themselves do; the places below
        a place, or the groups of one facet, leave out those who are in none of them.
        """
        query, by = self._view.query, self._page_query.by
        if by == "outcome" or (by == "place" and not query.places):
            return True
        queried = query.places if by == "place" else query.groups
        return all(part.key in queried for part in self.parts)

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
        return {"outcomes" if self._page_query.by == "outcome" else self._page_query.by: key}

    def _link_to_part(self, key: str) -> str:
        return self._page_query.link_to("place", **self._parameters_of(key), every=None)


def _make_map_point(bar: RangeBar, longitude: float, latitude: float) -> MapPoint:
    return MapPoint(
        bar.key, bar.label, bar.text, bar.low, bar.high, bar.is_disputed,
        is_exact=bar.is_exact, proof_link=bar.proof_link, detail_link=bar.detail_link,
        beyond=bar.beyond, is_placed=bar.is_placed,
        longitude=longitude, latitude=latitude,
    )  # fmt: skip


def _size_sort_key(part: Part) -> tuple[int, int, str]:
    drawn = choose_drawn_range(part.totals[0])
    return -(drawn.low or 0), -(drawn.high or 0), part.name
