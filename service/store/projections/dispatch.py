"""From one entry of the ledger to the tables for reading: the only way by which they change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from service.store.entities import apply_entity, apply_merge
from service.store.event_log import Event, NewEvent, append
from service.store.interface import Connection
from service.store.projections.reports import (
    apply_redacted,
    apply_reported,
    apply_retracted,
    apply_superseded,
)


def _ignore_event(db: Connection, event: Event) -> None:
    """Change no table: the event says again, of another report, what its own entry said."""


_HANDLERS: Final = {
    "reported": apply_reported,
    "superseded": apply_superseded,
    "reclassified": _ignore_event,
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
"""Everything that can happen."""


def apply_event(db: Connection, event: Event) -> None:
    """Bring the tables for reading up to date with the event; writes.

    It looks at the event and at what earlier events made, never at a clock or a lexicon, so that
    applying all events to empty tables gives the same tables again.
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
    """Return the drafts as entries of the ledger, each applied to the tables; writes.

    ``request`` is the first entry of the same request where these are not its first.
    """
    events = append(db, new_events, actor, now, request=request)
    for event in events:
        apply_event(db, event)
    return events
