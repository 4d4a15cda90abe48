"""Where what is told lies on a map."""

from collections.abc import Iterable, Sequence

from service.domain.report import RecordedReport
from service.store import coordinates
from service.store.coordinates import Point
from service.store.interface import Readable


def of_places(store: Readable, places: Iterable[str], seq: int) -> dict[str, Point]:
    """Return the points of those of the places that had coordinates after the entry ``seq``."""
    with store.reading() as db:
        return coordinates.points(db, places, seq)


def of_reports(store: Readable, recorded: Sequence[RecordedReport], seq: int) -> dict[str, Point]:
    """Return the points of all places that the reports and their figures name, by id."""
    named: set[str] = set()
    for each in recorded:
        named.update(each.report.places, *(figure.places for figure in each.report.figures))
    return of_places(store, sorted(named), seq)
