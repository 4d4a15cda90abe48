"""Coordinates of places as of one seq."""

import json
from collections.abc import Iterable

from service.store.entities import load_merges
from service.store.interface import Connection, translate_corrupt_rows

Point = tuple[float, float]
"""Longitude and latitude, in degrees, in this order."""


@translate_corrupt_rows
def load_points(db: Connection, place_ids: Iterable[str], seq: int) -> dict[str, Point]:
    """Return the points of the places that have both coordinates, by the given ids.

    An id that was merged by then has the point of the place that it was merged into.
    """
    merges = load_merges(db, seq)["place"]
    current_ids = {place_id: merges.get(place_id, place_id) for place_id in place_ids}
    rows = db.fetch_all(
        "select_entities_by_id_as_of",
        kind="place",
        ids=json.dumps([*current_ids.values()]),
        seq=seq,
    )
    bodies = ((place_id, json.loads(body)) for place_id, body in rows)
    points_by_id = {
        place_id: (body["longitude"], body["latitude"])
        for place_id, body in bodies
        if body.get("longitude") is not None and body.get("latitude") is not None
    }
    return {
        place_id: points_by_id[current_id]
        for place_id, current_id in current_ids.items()
        if current_id in points_by_id
    }
