"""What happened between two moments of the record, told in short."""

import json
from collections.abc import Iterator

from service.domain.history import Happening
from service.store.sqlite import Database
from service.store.texts import FREE


def between(db: Database, after: int, until: int) -> Iterator[Happening]:
    """Yield the entries after the one and up to the other, in order, each told in short.

    Neither the report that was recorded nor any free text is read: what is told of an entry stays
    the same whatever is blanked later.
    """
    rows = db.execute(
        "SELECT seq, recorded_at, kind, subject, CASE kind WHEN 'reported' THEN '{}' ELSE body END"
        " FROM events WHERE seq > ? AND seq <= ? ORDER BY seq",
        (after, until),
    )
    for seq, recorded_at, kind, subject, body in rows:
        data = {
            name: value
            for name, value in json.loads(body).items()
            if name not in FREE and value not in (None, [])
        }
        yield Happening(seq, recorded_at, kind, subject, data)
