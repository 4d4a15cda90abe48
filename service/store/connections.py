"""One connection to the SQLite file: opened as the service promises, its errors in plain words."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from service.domain.errors import Busy, DomainError, Unavailable

Database = Any
"""An open connection, as sqlite_utils wraps it; its ``execute`` runs one SQL text."""

Given = ParamSpec("Given")
Result = TypeVar("Result")

BUSY: Final = "Another writer holds the record; send the same request again shortly."
DAMAGED: Final = "The database file is damaged; its keeper must look."
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


@contextmanager
def savepoint(db: Database, name: str) -> Iterator[Callable[[], None]]:
    """Yield what undoes all that was done since; what is not undone stays in the transaction."""
    db.execute(f"SAVEPOINT {name}")
    yield lambda: db.execute(f"ROLLBACK TO {name}")
    db.execute(f"RELEASE {name}")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors of circumstance into the domain's; defects stay what they are."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        told = translation(error)
        if told is None:
            raise
        raise told from error


def legible(read: Callable[Given, Result]) -> Callable[Given, Result]:
    """Return the function that makes objects of rows, with Unavailable for rows that make none.

    SQLite keeps no check sums: where a disk has turned a bit, a row comes back without an error,
    and what stood in it can be no JSON any more, no day, or the id of nothing.
    """

    @wraps(read)
    def reading(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return read(*args, **kwargs)
        except (ValueError, LookupError, TypeError) as error:
            raise Unavailable(DAMAGED) from error

    return reading


def translation(error: BaseException) -> DomainError | None:
    """Return what to tell of an error of circumstance; None for any other."""
    if isinstance(error, BlockingIOError):
        return Busy(BUSY)
    if isinstance(error, OSError):
        return Unavailable("The database file cannot be reached; its keeper must look.")
    # Damage also makes names and texts that are no UTF-8, even in the message of the error itself.
    if type(error) in _DAMAGED or _illegible(error):
        return Unavailable(DAMAGED)
    if not isinstance(error, sqlite3.OperationalError):
        return None
    code = _code(error)
    if code in _BUSY:
        return Busy(BUSY)
    if code == sqlite3.SQLITE_FULL or _extended(error) == sqlite3.SQLITE_IOERR_SHMSIZE:
        return Unavailable("The disk is full; nothing was recorded. Its keeper must make room.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return Unavailable("The database file cannot be used; its keeper must look.")
    return None


def _illegible(error: BaseException) -> bool:
    """Whether the driver could not make a text of what a row holds; it gives no code for that."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith("Could not decode")


def _code(error: sqlite3.OperationalError) -> int:
    return _extended(error) & _MASK


def _extended(error: sqlite3.OperationalError) -> int:
    return int(getattr(error, "sqlite_errorcode", 0))
