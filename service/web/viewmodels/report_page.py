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
from service.http.context import get_services, request_time
from service.usecases import health, lifecycle, reports
from service.usecases.overview import above, overview
from service.web.viewmodels.relays import relays
from service.web.viewmodels.truncated import Some, first

MOST_PLACES: Final = 500
"""So many places are listed at once; the interface lists them all."""

MOST_RELAYS: Final = 40
"""So many reports that repeat one are listed; the interface lists all that repeat any."""


@dataclass(frozen=True, slots=True)
class Account:
    """A report, who says it, what happened to it, and who repeats it (id and name)."""

    recorded: RecordedReport
    reporter: Reporter
    history: Sequence[PublicEvent]
    relays: Some[tuple[str, str]]
    claims: RecordState

    def range(self, figure: ReportedFigure) -> str:
        """Return how the figure is read, in words."""
        return range_text(figure.low, figure.high)

    def outcomes(self, figure: ReportedFigure) -> str:
        """Return the figure's outcomes in words."""
        return outcomes_text(figure.outcomes)


def account(id: str) -> Account:
    """Return the report as it is now; raises NotFoundError."""
    store = get_reader()
    recorded = reports.show(store, id, None, request_time())
    claims = overview(store, get_services().state_cache, health.check(store)).claims
    (reporter,) = claims.resolve_merged("reporter", [recorded.report.reporter])
    repeating = [
        (each.id, claims.reporters[each.reporter].name) for each in relays(claims).get(id, ())
    ]
    history = lifecycle.history(store, id)
    shown = first(MOST_RELAYS, repeating)
    return Account(recorded, claims.reporters[reporter], history, shown, claims)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list of places; ``about`` tells same names apart."""

    name: str
    href: str
    about: str


def places(id: str | None) -> dict[str, object]:
    """Return what the list of places shows: one place with what lies in it, or the roots.

    Raises NotFoundError for an id under which nothing is recorded.
    """
    store = get_reader()
    snapshot = overview(store, get_services().state_cache, health.check(store))
    known = snapshot.claims.places
    if id is not None and id not in known:
        raise NotFoundError("There is no such place.")

    def told(each: str, page: str) -> Place:
        about = ", ".join(known[each].aliases)
        return Place(known[each].name, f"{page}?place={each}", about)

    over = [] if id is None else above(snapshot.claims, known[id])
    below = snapshot.places.roots() if id is None else snapshot.places.children(id)
    ordered = first(MOST_PLACES, sorted(below, key=lambda each: known[each].name))
    return {
        "place": None if id is None else told(id, "./"),
        "above": [told(each.id, "places") for each in reversed(over)],
        "below": [told(each, "places") for each in ordered.shown],
        "more": len(ordered.rest),
    }
