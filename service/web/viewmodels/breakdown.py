"""The breakdown of a total by place, group or outcome, or by each reporter alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from werkzeug.utils import cached_property

from service.domain.errors import InvalidInputError, TimeBudgetExceededError
from service.domain.totals_result import Part
from service.domain.vocabulary import ROOT_GROUP
from service.web.charts.data_table import DataTable, layout_table
from service.web.charts.items import MapPoint, RangeBar
from service.web.charts.map_chart import MapChart, layout_map
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.messages import plain_text
from service.web.viewmodels.bars import link_to_proof, make_bar
from service.web.viewmodels.base import NamedLink, ViewModel
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.place_points import PlacePoint, PointFinder
from service.web.viewmodels.truncated import Truncated, truncate

MAX_BARS: Final = 40
"""The most parts that the chart shows unless the query asks for all."""

MAX_ALL_BARS: Final = 400
"""The most parts that the chart shows in any case; the CSV file has all."""


class Breakdown:
    """The parts of one result."""

    def __init__(self, view: ViewModel) -> None:
        """Compute the parts."""
        self._view, self._page_query = view, view.page_query
        self.parts: Sequence[Part] = ()
        self.unplaced_people = 0
        """How many people are known to be in the whole, but in no single part."""
        self.error = ""
        """Why there are no parts if they are too many, or take too long to compute; else empty."""
        self.timeout: TimeBudgetExceededError | None = None
        """The error if they take too long; a file cannot say so, and raises it."""
        try:
            result = view.compute_totals(
                outcomes=(view.lead_outcomes,), by=view.page_query.by, facet=self.facet
            )
        except InvalidInputError as error:
            self.error = plain_text("parts.too_many", fault=error.detail)
        except TimeBudgetExceededError as error:
            self.error, self.timeout = plain_text("page.no_time"), error
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
        figures: Counter[str | None] = Counter()
        for named, count in self._view.lead_total.figures.count_by_groups().items():
            for facet in {tree.facet_of(group) for group in named}:
                figures[facet] += count
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
        """The parts with reports, the largest first, and last the bar of unplaced people."""
        reported = [part for part in self.parts if part.totals[0].total.is_reported]
        return [*map(self._make_bar, sorted(reported, key=_size_sort_key)), *self._unplaced_bars]

    @property
    def _unplaced_bars(self) -> list[RangeBar]:
        low = self.unplaced_people
        if not low or not self.parts:
            return []
        text = plain_text("parts.apart_text", count=low)
        return [
            RangeBar(
                "", self._unplaced_label, text, low, None,
                proof_link=link_to_proof(self._view), is_unplaced=True,
            )
        ]  # fmt: skip

    @property
    def _unplaced_label(self) -> str:
        by = self._page_query.by
        if by != "place":
            return plain_text(f"parts.apart.{by}")
        if self.covers_whole:
            return plain_text("parts.apart.places")
        return plain_text("parts.apart.place", where=self._view.place_names)

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
        return layout_range_chart(self._list_shown(MAX_ALL_BARS), "breakdown-chart")

    @property
    def file_chart(self) -> RangeChart:
        """The same for a file, which has fewer parts in any case."""
        return layout_range_chart(self._list_shown(MAX_BARS), "breakdown-chart")

    def _list_shown(self, limit: int) -> list[RangeBar]:
        """Return the bars of the largest parts, and that of unplaced people."""
        limit = limit if self._page_query.every else MAX_BARS
        parts = [bar for bar in self.bars if not bar.is_unplaced]
        return [*parts[:limit], *(bar for bar in self.bars if bar.is_unplaced)]

    @property
    def omitted_count(self) -> int:
        """How many parts with reports the chart leaves out."""
        return len(self.bars) - len(self._list_shown(MAX_ALL_BARS))

    @property
    def omitted_in_file(self) -> int:
        """How many parts with reports the chart of a file leaves out."""
        return len(self.bars) - len(self._list_shown(MAX_BARS))

    @property
    def table(self) -> DataTable:
        """The bars as a table, with the notes that the whole does not have."""
        return layout_table(self.bars)

    @cached_property
    def without_point(self) -> Truncated[RangeBar]:
        """The parts with a number that are not on the map."""
        shown = {disc.point.key for disc in self.map_chart.discs} if self.map_chart else set()
        return truncate(MAX_BARS, [bar for bar in self._mappable if bar.key not in shown])

    @property
    def _mappable(self) -> list[RangeBar]:
        """The bars of places with a number of their own."""
        return [bar for bar in self.bars if bar.is_drawn and not bar.is_unplaced]

    @cached_property
    def map_chart(self) -> MapChart | None:
        """The map of the parts with a number; None if none of them has a point."""
        if self._page_query.by != "place":
            return None
        finder = PointFinder(self._view.snapshot)
        points = [(bar, finder.find_point(bar.key)) for bar in self._mappable]
        return layout_map([_make_map_point(bar, point) for bar, point in points if point])

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


def _make_map_point(bar: RangeBar, point: PlacePoint) -> MapPoint:
    return MapPoint(
        bar.key, bar.label, bar.text, bar.low, bar.high, bar.is_disputed, bar.nearest,
        bar.is_exact, bar.proof_link, bar.detail_link, beyond=bar.beyond, is_placed=bar.is_placed,
        contradiction=bar.contradiction, longitude=point.longitude, latitude=point.latitude,
        are_of_parts=point.is_middle,
    )  # fmt: skip


def _size_sort_key(part: Part) -> tuple[int, int, str]:
    drawn = choose_drawn_range(part.totals[0])
    return -(drawn.low or 0), -(drawn.high or 0), part.name
