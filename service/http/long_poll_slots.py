"""Threads that may wait for something to be recorded: a few of a process's, never all."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

MAX_WAITING_THREADS: Final = 4
"""So many of a process's threads may wait at once for one kind of thing: the others answer."""

feed_slots: Final = BoundedSemaphore(MAX_WAITING_THREADS)
"""The turns of those who wait for whatever comes next, for minutes perhaps."""

catch_up_slots: Final = BoundedSemaphore(MAX_WAITING_THREADS)
"""The turns of those who wait for a copy to hold what is recorded already, for a moment."""


@contextmanager
def try_acquire_slot(slots: BoundedSemaphore) -> Iterator[bool]:
    """Yield whether this thread may wait; its turn is over at the end."""
    is_acquired = slots.acquire(blocking=False)
    try:
        yield is_acquired
    finally:
        if is_acquired:
            slots.release()
