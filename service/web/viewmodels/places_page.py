"""The tree of places, one level at a time or searched, with what is known of each place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from werkzeug.utils import cached_property

from service.domain.entities import Place, unknown_id_message
from service.domain.errors import NotFoundError
from service.domain.totals_query import MAX_PARTS, TotalsQuery
from service.domain.totals_result import OutcomeTotal
from service.domain.vocabulary import OUTCOMES, sort_outcomes
from service.domain.wording.range_text import outcomes_text
from service.http.consistency import get_reader
from service.http.context import start_time_budget
from service.usecases.search import search_places
from service.usecases.state_cache import Snapshot
from service.web import labels
from service.web.charts.items import MapPoint
from service.web.charts.map_chart import MapChart, layout_map
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import SUBJECT_PAGE, find_root, link_to_page
from service.web.viewmodels.base import NamedLink
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.outcome_numbers import (
    OutcomeNumber,
    compute_lead_total,
    list_numbers,
)
from service.web.viewmodels.pages_of_list import ListLinks, make_list_links
from service.web.viewmodels.subject import is_stated

PAGE_SIZE: Final = 50
"""How many places one page has."""

PLACES_PAGE: Final = "places"


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place of the list.

    ``href`` leads to the places inside, or to the page of the place if there are none; ``numbers``
    are empty if nothing is reported of it, or if there was no time. ``where`` is empty where all
    places of the list are in the same one.
    """

    name: str
    href: str
    known_href: str
    kind: str
    where: str
    aliases: str
    numbers: Sequence[OutcomeNumber]
    figure_count: int
    inside_count: int


class PlacesPage:
    """The view model of one place with those inside, or of the places that are in no other.

    With ``words`` it is that of the places that the words may mean.
    """

    def __init__(self, place_id: str | None, start: int, words: str = "") -> None:
        """Show the places from the number ``start`` on; raises NotFoundError for an unknown id."""
        self.words = words.strip()
        reader = get_reader()
        self.snapshot: Snapshot = reader.load_snapshot(reader.seq)
        state = self.snapshot.state
        self.start, self.root = start, find_root()
        self.place: Place | None = None
        if place_id is not None:
            (current_id,) = state.resolve_merged("place", [place_id])
            if current_id not in state.places:
                raise NotFoundError(unknown_id_message("place", place_id, state.places))
            self.place = state.places[current_id]
        self._budget = start_time_budget()

    @property
    def ancestor_links(self) -> list[NamedLink]:
        """The places that hold the place, the largest first."""
        if self.place is None:
            return []
        ancestors = self.snapshot.list_ancestors(self.place.id)
        return [NamedLink(each.id, each.name, self._link(each.id)) for each in reversed(ancestors)]

    @property
    def known_link(self) -> str:
        """The address of what is known of the place."""
        return self._link_to_subject(self.place.id) if self.place else ""

    @property
    def merged_ids(self) -> list[str]:
        """The other ids under which the place was recorded."""
        if self.place is None:
            return []
        merged = self.snapshot.state.merged.get("place", {})
        return sorted(old for old, current in merged.items() if current == self.place.id)

    @property
    def kind(self) -> str:
        """What the place is, in words."""
        return labels.format_kind(self.place.kind) if self.place else ""

    @property
    def coordinates(self) -> str:
        """Where the place is: "51.13° N, 35.30° E"; empty if it has no coordinates."""
        if self.place is None or self.place.latitude is None or self.place.longitude is None:
            return ""
        north = "N" if self.place.latitude >= 0 else "S"
        east = "E" if self.place.longitude >= 0 else "W"
        return f"{abs(self.place.latitude):.2f}° {north}, {abs(self.place.longitude):.2f}° {east}"

    @property
    def figure_count(self) -> int:
        """How many figures are about the place or places inside."""
        return self._count_figures(self.place.id) if self.place else 0

    @cached_property
    def numbers(self) -> list[OutcomeNumber]:
        """What is known of the place as a whole."""
        if self.place is None or not self.figure_count:
            return []
        total = self._compute_total(self.place.id)
        return list_numbers([total] if total else ())

    @cached_property
    def _listed(self) -> list[str]:
        """All places right inside, those with most figures first, or those found, the closest."""
        if self.words:
            return [each.id for each in search_places(get_reader(), self.words)]
        tree, places = self.snapshot.places, self.snapshot.state.places
        ids = tree.roots() if self.place is None else tree.children(self.place.id)
        return sorted(ids, key=lambda each: (-self._count_figures(each), places[each].name, each))

    @property
    def count(self) -> int:
        """How many places there are right inside, or how many were found."""
        return len(self._listed)

    @property
    def links(self) -> ListLinks:
        """The links to the places before and after these."""
        asked = {"place": self.place.id if self.place else None, "words": self.words}
        return make_list_links(PLACES_PAGE, asked, self.start, PAGE_SIZE, self.count, self.root)

    @property
    def csv_link(self) -> str:
        """The address of the API that has all places right inside as CSV.

        They have their totals, unless there are more places than a breakdown may have.
        """
        place = self.place.id if self.place else None
        form = {"format": "csv", **CSV_LINK}
        if self.words or not 0 < self.count <= MAX_PARTS:
            asked = {"q": self.words} if self.words else {"parent": place}
            parameters = {**asked, "limit": str(MAX_PARTS), **form}
            return link_to_page("v1/places", parameters, self.root)
        outcomes = ",".join(sort_outcomes(self.map_outcomes))
        parameters = {"place": place, "by": "place", "outcomes": outcomes, **form}
        return link_to_page("v1/totals", parameters, self.root)

    @property
    def _shown(self) -> list[str]:
        return self._listed[self.start :][:PAGE_SIZE]

    @cached_property
    def _totals(self) -> dict[str, OutcomeTotal]:
        """The total of each shown place that figures are about, where there was time for it."""
        totals = {
            each: self._compute_total(each) for each in self._shown if self._count_figures(each)
        }
        return {each: total for each, total in totals.items() if total is not None}

    def _compute_total(self, place_id: str) -> OutcomeTotal | None:
        return compute_lead_total(self.snapshot, TotalsQuery(places=(place_id,)), self._budget)

    @cached_property
    def rows(self) -> list[PlaceRow]:
        """The places of this page."""
        return [self._make_row(self.snapshot.state.places[each]) for each in self._shown]

    def _make_row(self, place: Place) -> PlaceRow:
        inside_count = len(self.snapshot.places.children(place.id))
        known_link = self._link_to_subject(place.id)
        return PlaceRow(
            place.name,
            self._link(place.id) if inside_count else known_link,
            known_link,
            labels.format_kind(place.kind),
            labels.join_ancestor_names(self.snapshot, place.id) if self.words else "",
            ", ".join(place.aliases),
            list_numbers([self._totals[place.id]] if place.id in self._totals else ()),
            self._count_figures(place.id),
            inside_count,
        )

    @cached_property
    def map_outcomes(self) -> frozenset[str]:
        """The outcomes that the map shows: killed, or those that come first of all reported."""
        stated = [
            each.outcomes
            for each in self._totals.values()
            if is_stated(each.outcomes, choose_drawn_range(each))
        ]
        return min(stated, key=_outcomes_sort_key, default=frozenset())

    @property
    def map_title(self) -> str:
        """What the map shows, in words: "killed"."""
        return outcomes_text(self.map_outcomes)

    @cached_property
    def map_chart(self) -> MapChart | None:
        """The map of the shown places; None if fewer than two of them have coordinates."""
        points = self.snapshot.find_points(self._totals)
        map_points = [
            self._make_point(place_id, total, *points[place_id])
            for place_id, total in self._totals.items()
            if place_id in points and total.outcomes == self.map_outcomes
        ]
        return layout_map(map_points) if len(map_points) > 1 else None

    @property
    def without_point_count(self) -> int:
        """How many of the places with these outcomes are not on the map."""
        known = sum(each.outcomes == self.map_outcomes for each in self._totals.values())
        return known - (len(self.map_chart.discs) if self.map_chart else 0)

    def _make_point(
        self, place_id: str, outcome_total: OutcomeTotal, longitude: float, latitude: float
    ) -> MapPoint:
        drawn = choose_drawn_range(outcome_total)
        outcomes = ",".join(sort_outcomes(outcome_total.outcomes))
        return MapPoint(
            place_id, self.snapshot.state.places[place_id].name, drawn.text, drawn.low, drawn.high,
            drawn.is_disputed, is_exact=drawn.exact,
            proof_link=link_to_page("why", {"place": place_id, "outcomes": outcomes}, self.root),
            detail_link=self._link_to_subject(place_id), beyond=drawn.beyond,
            is_placed=drawn.is_placed, longitude=longitude, latitude=latitude,
        )  # fmt: skip

    @cached_property
    def _figure_counts(self) -> Mapping[str, int]:
        return self.snapshot.count_figures_by_place()

    def _count_figures(self, place_id: str) -> int:
        return self._figure_counts.get(place_id, 0)

    def _link(self, place_id: str) -> str:
        return link_to_page(PLACES_PAGE, {"place": place_id}, self.root)

    def _link_to_subject(self, place_id: str) -> str:
        return link_to_page(SUBJECT_PAGE, {"place": place_id}, self.root)


def _outcomes_sort_key(outcomes: frozenset[str]) -> tuple[int, list[int]]:
    return len(outcomes), sorted(map(OUTCOMES.index, outcomes))
