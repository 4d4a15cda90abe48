"""The feed: all events in order, each once, now or as soon as there is one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from service.domain.public_event import PublicEvent
from service.store import event_log
from service.store.interface import Connection, Reader
from service.store.maintenance import export_import
from service.usecases.as_of import seq_beyond_end_error
from service.usecases.lifecycle import make_public_event

POLL_SECONDS: Final = 0.1
"""Seconds between two looks of a waiting request. A look reads one index and takes no lock."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events as the log stores them, with their texts; ``pending`` is how many follow."""

    events: list[dict[str, Any]]
    last_seq: int
    pending: int


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Events in order; ``last_seq`` is where the next page begins, ``pending`` how many follow."""

    changes: list[PublicEvent]
    last_seq: int
    pending: int


def load_changes(reader: Reader, since: int, limit: int) -> ChangesPage:
    """Return up to ``limit`` events after ``since``: fewer if they are very large.

    Raises InvalidInputError if ``since`` is after the last event, LockTimeoutError on a standby.
    """
    with reader.read_transaction() as db:
        last_recorded = _check_since(db, since)
        page = event_log.load_page(db, since, limit)
        events = [make_public_event(db, stored.to_event(texts)) for stored, texts in page]
    last = events[-1].seq if events else since
    return ChangesPage(events, last, last_recorded - last)


def load_log(reader: Reader, since: int, limit: int) -> LogPage:
    """Return up to ``limit`` events after ``since`` as they are stored, for a mirror.

    They have the hashes of the chain, the ids of keys and the salts of texts. Raises as
    ``load_changes`` does.
    """
    with reader.read_transaction() as db:
        last_recorded = _check_since(db, since)
        page = event_log.load_page(db, since, limit)
        events = [export_import.export_event(stored, texts) for stored, texts in page]
    last = events[-1]["seq"] if events else since
    return LogPage(events, last, last_recorded - last)


def _check_since(db: Connection, since: int) -> int:
    """Return the last event of the record; raises InvalidInputError if it is before ``since``."""
    last_recorded = event_log.last_seq(db)
    if since > last_recorded:
        detail = f"The record ends at event {last_recorded}; event {since} is of another record."
        raise seq_beyond_end_error(db, "since", detail)
    return last_recorded


def wait_for_event(
    reader: Reader, since: int, seconds: float, should_continue: Callable[[], bool]
) -> bool:
    """Return whether the event log has an event after ``since`` before the seconds are over.

    Returns False early if ``should_continue`` returns False. ``reader`` must begin a transaction
    for each use; none is open between two looks.
    """
    deadline = time.monotonic() + seconds
    while True:
        with reader.read_transaction() as db:
            if event_log.last_seq(db) > since:
                return True
        if time.monotonic() >= deadline or not should_continue():
            return False
        time.sleep(POLL_SECONDS)
