"""Threads that may wait for something to be recorded: a few of a process's, never all."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

WAITING: Final = 4
"""So many of a process's threads may wait at once: the others go on answering."""

waiting: Final = BoundedSemaphore(WAITING)


@contextmanager
def turn() -> Iterator[bool]:
    """Yield whether this thread may wait; its turn is over at the end."""
    mine = waiting.acquire(blocking=False)
    try:
        yield mine
    finally:
        if mine:
            waiting.release()
