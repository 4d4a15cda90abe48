"""Events of any kind in the log, without their effect on the projections."""

from collections.abc import Iterable
from datetime import datetime

from service.store.event_log import Event, NewEvent, RequestEvents, make_event_rows
from service.store.interface import Connection


def append(
    db: Connection, new_events: Iterable[NewEvent], actor: str | None, now: datetime
) -> tuple[Event, ...]:
    """Append the events to the log as one request, and return them."""
    request_events = RequestEvents(db, actor, now)
    events = []
    for new_event in new_events:
        event, stored, texts = request_events.add(new_event)
        for row in make_event_rows(stored, texts):
            db.insert(row)
        events.append(event)
    return tuple(events)
