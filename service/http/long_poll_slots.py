"""Threads that may wait for an event to be recorded: a few of a process's threads, never all."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from service.serving import runtime_dir
from service.serving.work_share import work_share

MAX_WAITING_THREADS: Final = 4
"""How many threads of a process may wait at once for one purpose. The others answer requests."""

feed_slots: Final = BoundedSemaphore(MAX_WAITING_THREADS)
"""Slots for clients of the feed, which may wait for minutes."""

catch_up_slots: Final = BoundedSemaphore(MAX_WAITING_THREADS)
"""Slots for requests that wait for a standby to receive an event, for at most a few seconds."""


@contextmanager
def try_acquire_slot(slots: BoundedSemaphore) -> Iterator[bool]:
    """Yield whether this thread may wait; the slot is released at the end."""
    if not slots.acquire(blocking=False):
        yield False
        return
    try:
        with work_share.pause():
            yield True
    finally:
        slots.release()


def is_waiting_allowed() -> bool:
    """Whether a thread may go on waiting: not in a server that shuts down."""
    return not runtime_dir.is_draining()
