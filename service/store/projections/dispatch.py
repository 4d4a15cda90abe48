"""Applies events to the projections; nothing else changes these tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from service.store.entities import apply_entity, apply_merge
from service.store.event_log import Event, NewEvent, append
from service.store.interface import Connection
from service.store.projections.reports import (
    apply_reclassified,
    apply_redacted,
    apply_reported,
    apply_retracted,
    apply_superseded,
)

_HANDLERS: Final = {
    "reported": apply_reported,
    "superseded": apply_superseded,
    "reclassified": apply_reclassified,
    "retracted": apply_retracted,
    "redacted": apply_redacted,
    "place_added": apply_entity,
    "place_changed": apply_entity,
    "place_merged": apply_merge,
    "group_added": apply_entity,
    "group_changed": apply_entity,
    "group_merged": apply_merge,
    "reporter_added": apply_entity,
    "reporter_changed": apply_entity,
    "reporter_merged": apply_merge,
}


EVENT_KINDS: Final = tuple(_HANDLERS)
"""All kinds of events."""


def apply_event(db: Connection, event: Event) -> None:
    """Apply the event to the projections; writes.

    The result depends only on this event and on earlier ones, never on a clock or a lexicon, so
    that applying all events to empty tables gives the same tables again.
    """
    _HANDLERS[event.kind](db, event)


def record_events(
    db: Connection,
    new_events: Sequence[NewEvent],
    actor: str | None,
    now: datetime,
    *,
    request: int | None = None,
) -> tuple[Event, ...]:
    """Append the events to the log, apply each to the projections, and return them; writes.

    ``request`` is the seq of the request's first event; None where the first of these is it.
    """
    events = append(db, new_events, actor, now, request=request)
    for event in events:
        apply_event(db, event)
    return events
