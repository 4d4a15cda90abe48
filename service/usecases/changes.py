"""The feed: every entry of the ledger in order, each once, now or as soon as there is one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from service.domain.public_event import PublicEvent
from service.store import event_log
from service.store.interface import Reader
from service.usecases.as_of import seq_beyond_end_error
from service.usecases.lifecycle import make_public_event

POLL_SECONDS: Final = 0.1
"""Seconds between two looks of somebody who waits: one read of an index, by nobody else's lock."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Entries in order; ``last_seq`` is where to go on from, ``pending`` how many follow there."""

    changes: list[PublicEvent]
    last_seq: int
    pending: int


def load_changes(store: Reader, since: int, limit: int) -> ChangesPage:
    """Return up to ``limit`` entries after ``since``.

    Raises InvalidInputError for an entry to come.
    """
    with store.read_transaction() as db:
        last_recorded = event_log.last_seq(db)
        if since > last_recorded:
            end = f"The record ends at {last_recorded}"
            detail = f"{end}: whoever has seen {since} follows another record."
            raise seq_beyond_end_error(db, "since", detail)
        events = [make_public_event(db, event) for event in event_log.load_events(db, since, limit)]
    last = events[-1].seq if events else since
    return ChangesPage(events, last, last_recorded - last)


def wait_for_event(
    store: Reader, since: int, seconds: float, should_continue: Callable[[], bool]
) -> bool:
    """Return whether the event log has an event after ``since`` before the seconds are over.

    Returns False early if ``should_continue`` returns False. No transaction is open while it waits.
    """
    deadline = time.monotonic() + seconds
    while True:
        with store.read_transaction() as db:
            if event_log.last_seq(db) > since:
                return True
        if time.monotonic() >= deadline or not should_continue():
            return False
        time.sleep(POLL_SECONDS)
