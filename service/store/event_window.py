"""What happened between two moments of the record, told in short."""

import json
from collections.abc import Iterator
from typing import Any

from service.domain.public_event import PublicEvent
from service.store.interface import Connection, translate_corrupt_rows
from service.store.redactable_text import FREE_TEXT_FIELDS


def load_public_events(db: Connection, after: int, until: int) -> Iterator[PublicEvent]:
    """Yield the entries after the one and up to the other, in order, each told in short.

    Neither the report that was recorded nor any free text is read: what is told of an entry stays
    the same whatever is blanked later.
    """
    rows = db.fetch_all("select_events_between", after=after, until=until)
    for seq, recorded_at, kind, subject, body in rows:
        yield PublicEvent(seq, recorded_at, kind, subject, _summarize_body(body))


@translate_corrupt_rows
def _summarize_body(body: str) -> dict[str, Any]:
    return {
        name: value
        for name, value in json.loads(body).items()
        if name not in FREE_TEXT_FIELDS and value not in (None, [])
    }
