"""From one entry of the ledger to the tables for reading: the only way by which they change."""

from collections.abc import Sequence
from datetime import datetime

from service.store.ledger import Draft, Event, append
from service.store.recording import apply_reported, apply_superseded
from service.store.registry import apply_entry
from service.store.sqlite import Database

_APPLY = {
    "reported": apply_reported,
    "superseded": apply_superseded,
    "place_added": apply_entry,
    "place_changed": apply_entry,
    "group_added": apply_entry,
    "group_changed": apply_entry,
    "reporter_added": apply_entry,
    "reporter_changed": apply_entry,
}


def apply(db: Database, event: Event) -> None:
    """Bring the tables for reading up to date with the event; writes.

    It looks at the event and at what earlier events made, never at a clock or a lexicon, so that
    applying all events to empty tables gives the same tables again.
    """
    _APPLY[event.kind](db, event)


def record(
    db: Database, drafts: Sequence[Draft], actor: str | None, now: datetime
) -> tuple[Event, ...]:
    """Return the drafts as entries of the ledger, each applied to the tables; writes."""
    events = append(db, drafts, actor, now)
    for event in events:
        apply(db, event)
    return events
