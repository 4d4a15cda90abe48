"""The feed: every entry of the ledger in order, each once, now or as soon as there is one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from service.domain.public_event import PublicEvent
from service.store import event_log
from service.store.interface import Reader
from service.usecases.as_of import beyond
from service.usecases.lifecycle import told

LOOK_EVERY: Final = 0.1
"""Seconds between two looks of somebody who waits: one read of an index, by nobody else's lock."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Entries in order; ``last_seq`` is where to go on from, ``pending`` how many follow there."""

    changes: list[PublicEvent]
    last_seq: int
    pending: int


def changes(store: Reader, since: int, limit: int) -> Changes:
    """Return up to ``limit`` entries after ``since``.

    Raises InvalidInputError for an entry to come.
    """
    with store.read_transaction() as db:
        end = event_log.last_seq(db)
        if since > end:
            detail = f"The record ends at {end}: whoever has seen {since} follows another record."
            raise beyond(db, "since", detail)
        found = [told(db, event) for event in event_log.load_events(db, since, limit)]
    last = found[-1].seq if found else since
    return Changes(found, last, end - last)


def wait(store: Reader, since: int, seconds: float, go_on: Callable[[], bool]) -> bool:
    """Return whether there is an entry after ``since`` before the seconds are over.

    It ends early when ``go_on`` says no. Nothing is held while it waits.
    """
    until = time.monotonic() + seconds
    while True:
        with store.read_transaction() as db:
            if event_log.last_seq(db) > since:
                return True
        if time.monotonic() >= until or not go_on():
            return False
        time.sleep(LOOK_EVERY)
