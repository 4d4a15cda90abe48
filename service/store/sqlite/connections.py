"""Connections to an SQLite file: settings, transactions and errors."""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from service.domain.errors import DomainError, LockTimeoutError, StoreUnavailableError
from service.store.interface import DAMAGED_MESSAGE, LOCK_TIMEOUT_MESSAGE, Connection, Row
from service.store.sqlite.files import list_existing
from service.store.tables import make_insert

CHECKPOINT_PAGES: Final = 10_000

BUSY_CODES: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGE_ERRORS: Final = {sqlite3.DatabaseError, sqlite3.DataError, UnicodeDecodeError}
_PRIMARY_CODE_MASK: Final = 0xFF  # The low byte of an extended result code is the primary one.


class SqliteConnection(Connection):
    """An open connection to an SQLite file."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        """Use the connection."""
        self.conn = conn

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> sqlite3.Cursor:
        """Run the statement and return the cursor."""
        return self.conn.execute(sql, binds or {})

    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement for each set of binds."""
        self.conn.executemany(sql, bind_sets)

    def insert_many(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of one class into its table."""
        if rows:
            self.conn.executemany(make_insert(type(rows[0]), "?"), rows)

    def iterate(self, sql: str, binds: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Return an iterator over the rows; SQLite computes each when it is fetched."""
        # No generator: one that is collected after the database was closed would close its cursor,
        # which sqlite3 reports as an error.
        return self.execute(sql, binds)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.conn.in_transaction


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Return a new connection to the file, which is created if missing; no implicit transactions.

    synchronous=FULL, because NORMAL loses acknowledged writes at a loss of power. secure_delete, so
    that a blanked text does not remain in a free page.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    conn = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        _enable_wal(conn, busy_seconds)
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA foreign_keys = ON")
        conn.execute("PRAGMA secure_delete = ON")
        conn.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    except BaseException:
        conn.close()
        raise
    return conn


def open_existing(path: Path, busy_seconds: float = 10.0, mode: str = "rw") -> sqlite3.Connection:
    """Return a connection to a file that must exist, with SQLite's own settings."""
    address = f"file:{quote(str(path.resolve()))}?mode={mode}"
    return sqlite3.connect(address, timeout=busy_seconds, isolation_level=None, uri=True)


def _enable_wal(conn: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch a new file to the write-ahead log.

    SQLite does not wait for another connection that does the same at that moment, so this does.
    """
    end = time.monotonic() + busy_seconds
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) not in BUSY_CODES or time.monotonic() > end:
                raise
        time.sleep(0.01)


@contextmanager
def begin_transaction(conn: sqlite3.Connection, begin_sql: str) -> Iterator[None]:
    """Run a transaction that commits at its end, and rolls back on an error."""
    conn.execute(begin_sql)
    try:
        yield
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def to_domain_error(error: BaseException) -> DomainError | None:
    """Return the domain error for a failure of the environment; None for any other error."""
    if isinstance(error, BlockingIOError):
        return LockTimeoutError(LOCK_TIMEOUT_MESSAGE)
    if isinstance(error, OSError):
        return StoreUnavailableError(
            "The database file cannot be reached; an administrator must look at it."
        )
    # Damage can also give invalid UTF-8, even in the message of the error itself.
    if type(error) in _DAMAGE_ERRORS or _is_decoding_error(error):
        return StoreUnavailableError(DAMAGED_MESSAGE)
    if not isinstance(error, sqlite3.OperationalError):
        return None
    code = primary_code(error)
    if code in BUSY_CODES:
        return LockTimeoutError(LOCK_TIMEOUT_MESSAGE)
    if code == sqlite3.SQLITE_FULL or _is_shm_error(error):
        return StoreUnavailableError(
            "The disk is full; nothing was recorded. An administrator must make room."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return StoreUnavailableError(
            "The database file cannot be used; an administrator must look at it."
        )
    return None


def explain_error(error: BaseException, path: Path, busy_seconds: float) -> DomainError | None:
    """Return the error with its cause and what to do about it, in one line for an operator.

    None for an error that has no cause in the driver or the system.
    """
    cause = error.__cause__ if isinstance(error, DomainError) else error
    if cause is None or to_domain_error(cause) is None:
        return None
    code = primary_code(cause) if isinstance(cause, sqlite3.Error) else 0
    if isinstance(cause, BlockingIOError) or code in BUSY_CODES:
        return LockTimeoutError(
            f"{path} has been locked by another process for {busy_seconds:g} s: end that process,"
            " or set CASUALTY_BUSY_SECONDS higher."
        )
    if isinstance(cause, OSError):
        return StoreUnavailableError(
            f"{path} cannot be opened: {cause.filename or path}: {cause.strerror or cause}."
            " Check CASUALTY_DATABASE, and the rights of this user."
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        return StoreUnavailableError(f"{path} cannot be used: {_find_obstacle(path, cause)}.")
    if code == sqlite3.SQLITE_FULL or _is_shm_error(cause):
        return StoreUnavailableError(
            f"The disk of {path} is full: make room on it, and start again."
        )
    if code == sqlite3.SQLITE_IOERR:
        return StoreUnavailableError(
            f"{path} cannot be read or written: {cause}. Check the disk and its file system."
        )
    return StoreUnavailableError(
        f"{path} is damaged, or not a database of this service: {cause}. Check CASUALTY_DATABASE,"
        " or restore a backup: python -m service restore --force FILE"
    )


def _find_obstacle(path: Path, cause: BaseException) -> str:
    """Return why the file cannot be opened or written, and what to do: SQLite does not tell."""
    folder = path.resolve().parent
    if path.is_dir():
        return "it is a folder. Set CASUALTY_DATABASE to a file"
    if not os.access(folder, os.W_OK | os.X_OK):
        return (
            f"this user may not create files in {folder}, where SQLite needs some. Change the"
            " rights of the folder, or mount it for writing"
        )
    for file in list_existing(path.resolve()):
        if not os.access(file, os.R_OK | os.W_OK):
            return f"this user may not read and write {file}. Change its owner or its mode"
    return f"{cause}. Check CASUALTY_DATABASE, and the rights of this user"


def _is_shm_error(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and (
        _extended_code(error) == sqlite3.SQLITE_IOERR_SHMSIZE
    )


def _is_decoding_error(error: BaseException) -> bool:
    """Whether a text could not be decoded, or a statement read it as JSON and it is none.

    Both have no error code of their own.
    """
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(
        ("Could not decode", "malformed JSON")
    )


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code of the error; 0 where the driver gives none."""
    return _extended_code(error) & _PRIMARY_CODE_MASK


def _extended_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0))
