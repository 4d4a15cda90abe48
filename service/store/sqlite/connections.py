"""One connection to an SQLite file: opened as the service promises, its errors in plain words."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from service.domain.errors import DomainError, LockTimeoutError, StoreUnavailableError
from service.store.interface import BUSY, DAMAGED

CHECKPOINT_PAGES: Final = 10_000

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED: Final = {sqlite3.DatabaseError, sqlite3.DataError, UnicodeDecodeError}
_MASK: Final = 0xFF  # The low byte of an extended result code is the primary one.


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Return a new connection to the file, made if it is not there, in manual transactions.

    FULL, because NORMAL loses acknowledged writes when the power fails; secure deletion, so that a
    text that was blanked does not stay behind in a free page.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    conn = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        _write_ahead(conn, busy_seconds)
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA foreign_keys = ON")
        conn.execute("PRAGMA secure_delete = ON")
        conn.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    except BaseException:
        conn.close()
        raise
    return conn


def _write_ahead(conn: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to the write-ahead log, which a new file needs once.

    While it switches, SQLite does not wait for others who do the same; so this does.
    """
    end = time.monotonic() + busy_seconds
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) not in _BUSY or time.monotonic() > end:
                raise
        time.sleep(0.01)


@contextmanager
def begun(conn: sqlite3.Connection, begin: str) -> Iterator[None]:
    """Keep at its end what is done in the transaction; on an error nothing of it."""
    conn.execute(begin)
    try:
        yield
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def translation(error: BaseException) -> DomainError | None:
    """Return what to tell of an error of circumstance; None for any other."""
    if isinstance(error, BlockingIOError):
        return LockTimeoutError(BUSY)
    if isinstance(error, OSError):
        return StoreUnavailableError("The database file cannot be reached; its keeper must look.")
    # Damage also makes names and texts that are no UTF-8, even in the message of the error itself.
    if type(error) in _DAMAGED or _illegible(error):
        return StoreUnavailableError(DAMAGED)
    if not isinstance(error, sqlite3.OperationalError):
        return None
    code = _code(error)
    if code in _BUSY:
        return LockTimeoutError(BUSY)
    if code == sqlite3.SQLITE_FULL or _extended(error) == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreUnavailableError(
            "The disk is full; nothing was recorded. Its keeper must make room."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return StoreUnavailableError("The database file cannot be used; its keeper must look.")
    return None


def _illegible(error: BaseException) -> bool:
    """Whether the driver could not make a text of what a row holds; it gives no code for that."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith("Could not decode")


def _code(error: sqlite3.OperationalError) -> int:
    return _extended(error) & _MASK


def _extended(error: sqlite3.OperationalError) -> int:
    return int(getattr(error, "sqlite_errorcode", 0))
