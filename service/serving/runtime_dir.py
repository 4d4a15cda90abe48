"""The runtime directory of a server, in memory: metrics files and the draining flag."""

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which prometheus_client looks for the folder when it is imported."""

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - every folder in it is new and its owner's
_PREFIX: Final = ".casualty-server-"
_DRAINING_FLAG: Final = "draining"

_lock: int | None = None
"""The lock on the folder, held as long as any process of the server lives."""


def get_dir() -> Path | None:
    """Return the folder of this server; None in a process that serves alone."""
    path = os.environ.get(VARIABLE)
    return Path(path) if path else None


def make_dir() -> Path:
    """Create the folder of this server, or return it if it was created already.

    It is deleted when the process that created it ends. Folders of servers that were killed are
    deleted first.
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
    """Do not delete the folder at the end of this process: it belongs to the parent."""
    atexit.unregister(_remove)


def begin_draining() -> None:
    """Set the draining flag for all processes of this server, permanently."""
    if (runtime_dir := get_dir()) is not None:
        with suppress(OSError):  # The shutdown continues even if the flag cannot be set.
            (runtime_dir / _DRAINING_FLAG).touch()


def is_draining() -> bool:
    """Whether this server was asked to stop and serves only for the drain time."""
    runtime_dir = get_dir()
    return runtime_dir is not None and (runtime_dir / _DRAINING_FLAG).exists()


def _choose_parent() -> Path:
    """Return a folder in memory where there is one, since the root may be read-only."""
    is_usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return _MEMORY if is_usable else Path(tempfile.gettempdir())


def _make_locked_dir(parent: Path) -> tuple[Path, int]:
    while True:
        runtime_dir = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(runtime_dir, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another server that starts may have deleted it before it was locked.
            if runtime_dir.is_dir():
                return runtime_dir, lock
            os.close(lock)


def _remove_leftovers(parent: Path) -> None:
    """Delete the folders that no running process has locked."""
    for leftover in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # It is another user's, in use, or deleted.
            lock = os.open(leftover, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(leftover)
            finally:
                os.close(lock)


def _remove(runtime_dir: Path) -> None:
    shutil.rmtree(runtime_dir, ignore_errors=True)
