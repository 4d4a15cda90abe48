"""Counters of the rate limit in a file beside the database."""

import os
import sqlite3
from pathlib import Path
from threading import Lock
from typing import Final

from service.domain.rate_limit import RateLimit
from service.store.rate_counters import MAX_WAIT_SECONDS, CounterUnavailableError, RateCounters
from service.store.sqlite.connections import SqliteConnection, begin_transaction, connect

FILE_SUFFIX: Final = "-rates"
"""The suffix of the file's name after the database's."""

COUNTS_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS counts"
    " (who TEXT PRIMARY KEY, began REAL NOT NULL, requests INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS counts_by_age ON counts (began)",
)


class FileRateCounters(RateCounters):
    """Counters in a file beside the database, shared by all processes of this machine."""

    def __init__(self, database: Path, rate_limit: RateLimit) -> None:
        """Set the file; nothing is opened or created yet."""
        super().__init__(rate_limit)
        self.path = database.with_name(database.name + FILE_SUFFIX)
        self._conn: sqlite3.Connection | None = None
        self._pid = os.getpid()
        self._lock = Lock()

    def close(self) -> None:
        """Close the file; the next count opens it again."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _increment(self, client: str, now: float) -> tuple[float, int]:
        with self._lock:
            try:
                return self._increment_in(self._open_connection(), client, now)
            except (sqlite3.Error, OSError) as error:
                self.close()
                raise CounterUnavailableError(str(error)) from error

    def _increment_in(self, conn: sqlite3.Connection, client: str, now: float) -> tuple[float, int]:
        db, window = SqliteConnection(conn), self.rate_limit.window_seconds
        with begin_transaction(conn, "BEGIN IMMEDIATE"):
            db.change("delete_expired_counts", early=now - window, late=now + window)
            ((window_start, requests),) = db.fetch_all("increment_count", who=client, now=now)
        return window_start, requests

    def _open_connection(self) -> sqlite3.Connection:
        if self._pid != os.getpid():  # A parent's connection must not be used, nor closed.
            self._conn, self._pid = None, os.getpid()
        if self._conn is None:
            self._conn = connect(self.path, MAX_WAIT_SECONDS)
            self._conn.execute("PRAGMA synchronous = OFF")
            for statement in COUNTS_SCHEMA:
                self._conn.execute(statement)
        return self._conn
