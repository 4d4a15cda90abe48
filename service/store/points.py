"""Where places lie on the globe, as they were described after one entry of the ledger."""

import json
from collections.abc import Iterable

from service.store.registry import merged
from service.store.sqlite import Database

Point = tuple[float, float]
"""Longitude and latitude, in degrees, in this order."""


def points(db: Database, places: Iterable[str], seq: int) -> dict[str, Point]:
    """Return the points of those of the places that have both coordinates, by the ids given.

    An id that was merged by then lies where the one lies that stands for it.
    """
    into = merged(db, seq)["place"]
    present = {id: into.get(id, id) for id in places}
    rows = db.execute(
        "SELECT id, json_extract(body, '$.longitude'), json_extract(body, '$.latitude')"
        " FROM entries WHERE kind = 'place' AND id IN (SELECT value FROM json_each(:ids))"
        " AND since_seq <= :seq AND (until_seq IS NULL OR until_seq > :seq)",
        {"ids": json.dumps(list(present.values())), "seq": seq},
    )
    lying = {id: (lon, lat) for id, lon, lat in rows if lon is not None and lat is not None}
    return {id: lying[there] for id, there in present.items() if there in lying}
