"""The report page, and the pages that list places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.columns.record_state import RecordState
from service.domain.entities import Place, Reporter
from service.domain.errors import NotFoundError
from service.domain.public_event import PublicEvent
from service.domain.report import RecordedReport, ReportedFigure
from service.domain.wording.range_text import outcomes_text, range_text
from service.http.consistency import get_reader
from service.http.context import request_time
from service.usecases import lifecycle, reports
from service.web.query.page_query import find_root, link_to_page
from service.web.viewmodels.relays import find_relays
from service.web.viewmodels.truncated import Truncated, truncate

MAX_PLACES: Final = 500
"""The most places on one page; the API lists all."""

MAX_RELAYS: Final = 40
"""The most relays of a report that are listed; the API lists all relays."""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report, its reporter, its history and its relays (report id, name of the reporter)."""

    recorded: RecordedReport
    reporter: Reporter
    history: Sequence[PublicEvent]
    relays: Truncated[tuple[str, str]]
    state: RecordState

    def format_range(self, figure: ReportedFigure) -> str:
        """Return the range of the figure in words."""
        return range_text(figure.low, figure.high)

    def format_outcomes(self, figure: ReportedFigure) -> str:
        """Return the outcomes of the figure in words."""
        return outcomes_text(figure.outcomes)


def make_report_page(report_id: str) -> ReportPage:
    """Return the current state of the report; raises NotFoundError for an unknown id."""
    reader = get_reader()
    recorded = reports.get_report(reader, report_id, None, request_time())
    state = reader.load_snapshot(reader.seq).state
    (reporter_id,) = state.resolve_merged("reporter", [recorded.report.reporter])
    repeating = [
        (each.id, state.reporters[each.reporter].name)
        for each in find_relays(state, [report_id]).get(report_id, ())
    ]
    history = lifecycle.load_history(reader, report_id)
    shown_relays = truncate(MAX_RELAYS, repeating)
    return ReportPage(recorded, state.reporters[reporter_id], history, shown_relays, state)


@dataclass(frozen=True, slots=True)
class PlaceLink:
    """A place in the list of places; ``about`` is its aliases."""

    name: str
    href: str
    about: str


def make_places_page(place_id: str | None) -> dict[str, object]:
    """Return the template values for one place with its children, or for the root places.

    Raises NotFoundError for an unknown id.
    """
    reader = get_reader()
    snapshot = reader.load_snapshot(reader.seq)
    places = snapshot.state.places
    if place_id is not None and place_id not in places:
        raise NotFoundError("There is no such place.")
    ancestors = [] if place_id is None else snapshot.list_ancestors(place_id)
    child_ids = snapshot.places.roots() if place_id is None else snapshot.places.children(place_id)
    children = truncate(MAX_PLACES, sorted(child_ids, key=lambda each: places[each].name))
    return {
        "place": None if place_id is None else _make_place_link(places[place_id], "place"),
        "ancestors": [_make_place_link(each, "places") for each in reversed(ancestors)],
        "children": [_make_place_link(places[each], "places") for each in children.shown],
        "omitted_count": len(children.rest),
    }


def _make_place_link(place: Place, page: str) -> PlaceLink:
    return PlaceLink(
        place.name, link_to_page(page, {"place": place.id}, find_root()), ", ".join(place.aliases)
    )
