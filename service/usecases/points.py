"""Where what is told lies on a map."""

from collections.abc import Iterable, Sequence

from service.domain.report import RecordedReport
from service.store import coordinates
from service.store.coordinates import Point
from service.store.interface import Reader


def load_coordinates(store: Reader, places: Iterable[str], seq: int) -> dict[str, Point]:
    """Return the points of those of the places that had coordinates after the entry ``seq``."""
    with store.read_transaction() as db:
        return coordinates.load_points(db, places, seq)


def load_coordinates_of_reports(
    store: Reader, recorded: Sequence[RecordedReport], seq: int
) -> dict[str, Point]:
    """Return the points of all places that the reports and their figures name, by id."""
    place_ids: set[str] = set()
    for each in recorded:
        place_ids.update(each.report.places, *(figure.places for figure in each.report.figures))
    return load_coordinates(store, sorted(place_ids), seq)
