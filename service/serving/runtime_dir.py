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
_FLAG: Final = "draining"

_lock: int | None = None
"""Held by every process of the server that made the folder, as long as one of them lives."""


def folder() -> Path | None:
    """Return the folder of this server; None in a process that serves alone."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def make() -> Path:
    """Return the folder of this server, made anew; the same one when it is asked for again.

    It goes when the process that made it ends. What servers that were killed have left behind is
    removed before.
    """
    global _lock
    if _lock is None:
        parent = _parent()
        _sweep(parent)
        made, _lock = _locked_folder(parent)
        os.environ[VARIABLE] = str(made)
        atexit.register(_remove, made)
    return Path(os.environ[VARIABLE])


def leave() -> None:
    """Let the folder outlive this process: it belongs to the one that this was forked from."""
    atexit.unregister(_remove)


def begin_draining() -> None:
    """Make ``draining`` true in every process of this server, for good."""
    if (shared := folder()) is not None:
        with suppress(OSError):  # Stopping goes on even where nobody can be told of it.
            (shared / _FLAG).touch()


def draining() -> bool:
    """Whether this server has been asked to stop and serves only a little longer."""
    shared = folder()
    return shared is not None and (shared / _FLAG).exists()


def _parent() -> Path:
    """Return memory that looks like a disk where there is some: the root may be read-only."""
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return _MEMORY if usable else Path(tempfile.gettempdir())


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another server that starts may have swept it away before it was locked.
            if made.is_dir():
                return made, lock
            os.close(lock)


def _sweep(parent: Path) -> None:
    """Remove the folders that no living process holds."""
    for left in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # It is another user's, in use, or gone.
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(left)
            finally:
                os.close(lock)


def _remove(made: Path) -> None:
    shutil.rmtree(made, ignore_errors=True)
