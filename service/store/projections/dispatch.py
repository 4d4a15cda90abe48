"""From one entry of the ledger to the tables for reading: the only way by which they change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from service.store.entities import apply_entry, apply_merged
from service.store.event_log import Draft, Event, append
from service.store.interface import Database
from service.store.projections.reports import (
    apply_redacted,
    apply_reported,
    apply_retracted,
    apply_superseded,
)


def _nothing(db: Database, event: Event) -> None:
    """Change no table: the event says again, of another report, what its own entry said."""


_APPLY: Final = {
    "reported": apply_reported,
    "superseded": apply_superseded,
    "reclassified": _nothing,
    "retracted": apply_retracted,
    "redacted": apply_redacted,
    "place_added": apply_entry,
    "place_changed": apply_entry,
    "place_merged": apply_merged,
    "group_added": apply_entry,
    "group_changed": apply_entry,
    "group_merged": apply_merged,
    "reporter_added": apply_entry,
    "reporter_changed": apply_entry,
    "reporter_merged": apply_merged,
}


KINDS: Final = tuple(_APPLY)
"""Everything that can happen."""


def apply(db: Database, event: Event) -> None:
    """Bring the tables for reading up to date with the event; writes.

    It looks at the event and at what earlier events made, never at a clock or a lexicon, so that
    applying all events to empty tables gives the same tables again.
    """
    _APPLY[event.kind](db, event)


def record(
    db: Database,
    drafts: Sequence[Draft],
    actor: str | None,
    now: datetime,
    *,
    request: int | None = None,
) -> tuple[Event, ...]:
    """Return the drafts as entries of the ledger, each applied to the tables; writes.

    ``request`` is the first entry of the same request where these are not its first.
    """
    events = append(db, drafts, actor, now, request=request)
    for event in events:
        apply(db, event)
    return events
