"""Where places lie on the globe, as they were described after one entry of the ledger."""

import json
from collections.abc import Iterable

from service.store.entities import merged
from service.store.interface import Database, legible

Point = tuple[float, float]
"""Longitude and latitude, in degrees, in this order."""


@legible
def points(db: Database, places: Iterable[str], seq: int) -> dict[str, Point]:
    """Return the points of those of the places that have both coordinates, by the ids given.

    An id that was merged by then lies where the one lies that stands for it.
    """
    into = merged(db, seq)["place"]
    present = {id: into.get(id, id) for id in places}
    rows = db.rows("entries_of_ids", kind="place", ids=json.dumps([*present.values()]), seq=seq)
    bodies = ((id, json.loads(body)) for id, body in rows)
    lying = {
        id: (body["longitude"], body["latitude"])
        for id, body in bodies
        if body.get("longitude") is not None and body.get("latitude") is not None
    }
    return {id: lying[there] for id, there in present.items() if there in lying}
