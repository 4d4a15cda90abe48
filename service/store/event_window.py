"""Public summaries of the events between two seqs."""

import json
from collections.abc import Iterator
from typing import Any

from service.domain.public_event import PublicEvent
from service.store.interface import Connection, translate_corrupt_rows
from service.store.redactable_text import FREE_TEXT_FIELDS


def load_public_events(db: Connection, after: int, until: int) -> Iterator[PublicEvent]:
    """Yield summaries of the events after ``after`` and up to ``until``, in order.

    They contain neither the recorded report nor free text, so that a later redaction does not
    change them.
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
