"""Threads that may wait for something to be recorded: a few of a process's, never all."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

WAITING: Final = 4
"""So many of a process's threads may wait at once for one kind of thing: the others answer."""

followers: Final = BoundedSemaphore(WAITING)
"""The turns of those who wait for whatever comes next, for minutes perhaps."""

catching_up: Final = BoundedSemaphore(WAITING)
"""The turns of those who wait for a copy to hold what is recorded already, for a moment."""


@contextmanager
def turn(of: BoundedSemaphore) -> Iterator[bool]:
    """Yield whether this thread may wait; its turn is over at the end."""
    mine = of.acquire(blocking=False)
    try:
        yield mine
    finally:
        if mine:
            of.release()
