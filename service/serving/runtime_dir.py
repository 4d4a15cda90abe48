"""What the processes of one server share: a folder in memory, for their counts and one flag."""

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks for the folder; it has to be set before that is imported."""

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - every folder in it is made anew, for its owner
_PREFIX: Final = ".casualty-server-"
_DRAINING_FLAG: Final = "draining"

_lock: int | None = None
"""Held by every process of the server that made the folder, as long as one of them lives."""


def get_dir() -> Path | None:
    """Return the folder of this server; None in a process that serves alone."""
    path = os.environ.get(VARIABLE)
    return Path(path) if path else None


def make_dir() -> Path:
    """Return the folder of this server, made anew; the same one when it is asked for again.

    It goes when the process that made it ends. What servers that were killed have left behind is
    removed before.
    """
    global _lock
    if _lock is None:
        parent = _choose_parent()
        _remove_leftovers(parent)
        runtime_dir, _lock = _make_locked_dir(parent)
        os.environ[VARIABLE] = str(runtime_dir)
        atexit.register(_remove, runtime_dir)
    return Path(os.environ[VARIABLE])


def disown_dir() -> None:
    """Let the folder outlive this process: it belongs to the one that this was forked from."""
    atexit.unregister(_remove)


def begin_draining() -> None:
    """Make ``draining`` true in every process of this server, for good."""
    if (runtime_dir := get_dir()) is not None:
        with suppress(OSError):  # Stopping goes on even where nobody can be told of it.
            (runtime_dir / _DRAINING_FLAG).touch()


def is_draining() -> bool:
    """Whether this server has been asked to stop and serves only a little longer."""
    runtime_dir = get_dir()
    return runtime_dir is not None and (runtime_dir / _DRAINING_FLAG).exists()


def _choose_parent() -> Path:
    """Return memory that looks like a disk where there is some: the root may be read-only."""
    is_usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return _MEMORY if is_usable else Path(tempfile.gettempdir())


def _make_locked_dir(parent: Path) -> tuple[Path, int]:
    while True:
        runtime_dir = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(runtime_dir, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another server that starts may have swept it away before it was locked.
            if runtime_dir.is_dir():
                return runtime_dir, lock
            os.close(lock)


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders that no living process holds."""
    for leftover in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # It is another user's, in use, or gone.
            lock = os.open(leftover, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(leftover)
            finally:
                os.close(lock)


def _remove(runtime_dir: Path) -> None:
    shutil.rmtree(runtime_dir, ignore_errors=True)
