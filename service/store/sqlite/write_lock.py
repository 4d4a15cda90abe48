"""The write lock: the processes of the service queue behind a lock file.

SQLite also allows one writer at a time, but waiting writers sleep and retry, and the unlucky ones
wait for seconds. A process that waits for flock is woken. Correctness does not depend on this
lock: a tool that writes without it is excluded by SQLite's own lock.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows has none; SQLite's own lock is enough.
    fcntl = None  # type: ignore[assignment]

POLL_SECONDS: Final = 0.002

_held_descriptors: Final[set[int]] = set()


@contextmanager
def hold_write_lock(database: Path, seconds: float | None = None) -> Iterator[None]:
    """Hold the write lock of the database; the system releases it if the process ends.

    Waits without limit, or raises BlockingIOError after ``seconds``. The file ``<database>-lock``
    is created, and never deleted: another process could be waiting for it.
    """
    if fcntl is None:
        yield
        return
    # Opened for reading, which is enough for a lock, so that another user may own the file.
    descriptor = os.open(f"{database}-lock", os.O_RDONLY | os.O_CREAT, 0o666)
    _held_descriptors.add(descriptor)
    try:
        _acquire(descriptor, seconds)
        yield
    finally:
        if descriptor in _held_descriptors:  # Not in a child that was forked meanwhile.
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
            if time.monotonic() >= end:
                raise
        time.sleep(POLL_SECONDS)


def _close_inherited() -> None:
    """Close the parent's locks in a child, where they would outlive the parent."""
    while _held_descriptors:
        os.close(_held_descriptors.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
