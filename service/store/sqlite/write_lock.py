"""Whose turn it is to write: the processes of the service queue behind a lock file.

SQLite lets one writer in at a time as well, but those who wait for it sleep and ask again, and the
unlucky ones do so for seconds. Here the one who waits is woken. Nothing else depends on it: a tool
that writes without asking for a turn is kept apart by SQLite's own lock.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Not on Windows, where SQLite's own lock has to do.
    fcntl = None  # type: ignore[assignment]

POLL_SECONDS: Final = 0.002

_held_descriptors: Final[set[int]] = set()


@contextmanager
def hold_write_lock(database: Path, seconds: float | None = None) -> Iterator[None]:
    """Hold the turn to write to the database; it ends with the process, however that ends.

    Waits for as long as it takes, or raises BlockingIOError after so many seconds. The file
    ``<database>-lock`` is made, and never removed: somebody could be waiting for it.
    """
    if fcntl is None:
        yield
        return
    # Opened for reading, which is all that a lock needs, so that it may be another user's file.
    descriptor = os.open(f"{database}-lock", os.O_RDONLY | os.O_CREAT, 0o666)
    _held_descriptors.add(descriptor)
    try:
        _acquire(descriptor, seconds)
        yield
    finally:
        if descriptor in _held_descriptors:  # Not so in a child that was forked meanwhile.
            _held_descriptors.remove(descriptor)
            os.close(descriptor)


def _acquire(descriptor: int, seconds: float | None) -> None:
    if seconds is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise
        time.sleep(POLL_SECONDS)


def _close_inherited() -> None:
    """Leave the parent its turns: shared with a child, they would outlive a parent's sudden end."""
    while _held_descriptors:
        os.close(_held_descriptors.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
