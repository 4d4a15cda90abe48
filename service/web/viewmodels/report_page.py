"""One report with all that happened to it, and the places among which readers look for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.entities import Reporter
from service.domain.errors import NotFoundError
from service.domain.public_event import PublicEvent
from service.domain.record_state import RecordState
from service.domain.report import RecordedReport, ReportedFigure
from service.domain.wording.range_text import outcomes_text, range_text
from service.http.consistency import get_reader
from service.http.context import request_time
from service.usecases import lifecycle, reports
from service.web.viewmodels.relays import find_relays
from service.web.viewmodels.truncated import Truncated, truncate

MAX_PLACES: Final = 500
"""So many places are listed at once; the interface lists them all."""

MAX_RELAYS: Final = 40
"""So many reports that repeat one are listed; the interface lists all that repeat any."""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report, who says it, what happened to it, and who repeats it (id and name)."""

    recorded: RecordedReport
    reporter: Reporter
    history: Sequence[PublicEvent]
    relays: Truncated[tuple[str, str]]
    state: RecordState

    def format_range(self, figure: ReportedFigure) -> str:
        """Return how the figure is read, in words."""
        return range_text(figure.low, figure.high)

    def format_outcomes(self, figure: ReportedFigure) -> str:
        """Return the figure's outcomes in words."""
        return outcomes_text(figure.outcomes)


def make_report_page(report_id: str) -> ReportPage:
    """Return the report as it is now; raises NotFoundError."""
    reader = get_reader()
    recorded = reports.get_report(reader, report_id, None, request_time())
    state = reader.load_snapshot(reader.seq).state
    (reporter_id,) = state.resolve_merged("reporter", [recorded.report.reporter])
    repeating = [
        (each.id, state.reporters[each.reporter].name)
        for each in find_relays(state).get(report_id, ())
    ]
    history = lifecycle.load_history(reader, report_id)
    shown_relays = truncate(MAX_RELAYS, repeating)
    return ReportPage(recorded, state.reporters[reporter_id], history, shown_relays, state)


@dataclass(frozen=True, slots=True)
class PlaceLink:
    """A place in the list of places; ``about`` tells same names apart."""

    name: str
    href: str
    about: str


def make_places_page(place_id: str | None) -> dict[str, object]:
    """Return what the list of places shows: one place with what lies in it, or the roots.

    Raises NotFoundError for an id under which nothing is recorded.
    """
    reader = get_reader()
    snapshot = reader.load_snapshot(reader.seq)
    places = snapshot.state.places
    if place_id is not None and place_id not in places:
        raise NotFoundError("There is no such place.")

    def make_link(linked_id: str, page: str) -> PlaceLink:
        about = ", ".join(places[linked_id].aliases)
        return PlaceLink(places[linked_id].name, f"{page}?place={linked_id}", about)

    ancestors = [] if place_id is None else snapshot.list_ancestors(place_id)
    child_ids = snapshot.places.roots() if place_id is None else snapshot.places.children(place_id)
    children = truncate(MAX_PLACES, sorted(child_ids, key=lambda each: places[each].name))
    return {
        "place": None if place_id is None else make_link(place_id, "./"),
        "ancestors": [make_link(each.id, "places") for each in reversed(ancestors)],
        "children": [make_link(each, "places") for each in children.shown],
        "omitted_count": len(children.rest),
    }
