"""Connections to the SQLite file: one snapshot for a reader, one writer at a time."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlite_utils import Database as SqliteUtilsDatabase

from service.domain.errors import Busy, Unavailable

Database = Any
"""An open connection, as sqlite_utils wraps it; its ``execute`` runs one SQL text."""

T = TypeVar("T")

CHECKPOINT_PAGES: Final = 10_000

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_MASK: Final = 0xFF  # The low byte of an extended result code is the primary one.


class Store:
    """The database file, with idle connections kept for the next request.

    Safe to share between threads. A process that forks starts with no connection of its parent's.
    """

    def __init__(self, path: Path, busy_seconds: float = 10.0) -> None:
        """Remember where the file is; nothing is opened or created yet."""
        self.path = path
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._owner = os.getpid()

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Yield a connection that sees one state of the record throughout; writes nothing."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """Yield a connection that alone may write; all is kept at the end, nothing on an error.

        Raises Busy when another writer holds the file for longer than the set time.
        """
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    def write(self, job: Callable[[Database], T]) -> T:
        """Return what the job returns, once all that it wrote is kept."""
        with self.writing() as db:
            return job(db)

    def forget(self) -> None:
        """Remove what was overwritten from the write-ahead log too, as far as readers let it."""
        with translated():
            conn = self._take()
            try:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                _abandon(conn)

    @contextmanager
    def remodelling(self) -> Iterator[Database]:
        """Yield a connection that alone may write, and may replace tables that others refer to.

        Nothing is kept unless every reference holds at the end.
        """
        with translated():
            conn = connect(self.path, self._busy_seconds)
            try:
                conn.execute("PRAGMA foreign_keys = OFF")
                conn.execute("BEGIN IMMEDIATE")
                yield SqliteUtilsDatabase(conn, execute_plugins=False)
                if conn.execute("PRAGMA foreign_key_check").fetchone() is not None:
                    raise sqlite3.IntegrityError("a reference leads nowhere")
                conn.execute("COMMIT")
            finally:
                _abandon(conn)

    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Database]:
        with translated():
            conn = self._take()
            try:
                conn.execute(begin)
                yield SqliteUtilsDatabase(conn, execute_plugins=False)
                conn.execute("COMMIT")
            except BaseException:
                _abandon(conn)
                raise
            self._idle.append(conn)

    def _take(self) -> sqlite3.Connection:
        if self._owner != os.getpid():
            self._idle, self._owner = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self.path, self._busy_seconds)


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


def _abandon(conn: sqlite3.Connection) -> None:
    """Undo and close: after an error nothing is taken for granted about the connection."""
    try:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
    finally:
        conn.close()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors of circumstance into the domain's; defects stay what they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _translation(error) or error from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise Unavailable("The database file is damaged; its keeper must look.") from error
    except OSError as error:
        raise Unavailable("The database file cannot be reached; its keeper must look.") from error


def _code(error: sqlite3.OperationalError) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & _MASK


def _translation(error: sqlite3.OperationalError) -> Exception | None:
    code = _code(error)
    if code in _BUSY:
        return Busy("Another writer holds the record; send the same request again shortly.")
    if code == sqlite3.SQLITE_FULL:
        return Unavailable("The disk is full; nothing was recorded. Its keeper must make room.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return Unavailable("The database file cannot be used; its keeper must look.")
    return None
