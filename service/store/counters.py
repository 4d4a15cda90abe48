"""How often somebody asked lately, counted for all processes of this machine in a file apart.

Losing the file loses nothing but the counts. So it is never the record's own, is waited for only
shortly, and is not forced to the disk.
"""

import os
import sqlite3
import time
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Final

from service.domain.rates import Rate, Standing
from service.store.connections import connect

BESIDE: Final = "-rates"
"""What the file's name has after the database's."""

PATIENCE: Final = 0.25
"""How many seconds a request waits at most for others that are being counted."""

REST: Final = 10.0
"""For how many seconds nothing is counted after a failure, so that no queue waits for the next."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS counts"
    " (who TEXT PRIMARY KEY, began REAL NOT NULL, requests INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS counts_by_age ON counts (began)",
)


class Uncounted(Exception):
    """The request could not be counted: the file is damaged, out of reach or held by another."""


class Counters:
    """Counts by name in windows that begin with the first request; safe to share by threads."""

    def __init__(self, database: Path, rate: Rate) -> None:
        """Remember where to count; nothing is opened or created yet."""
        self.rate = rate
        self.path = database.with_name(database.name + BESIDE)
        self._conn: sqlite3.Connection | None = None
        self._owner = os.getpid()
        self._lock = Lock()
        self._resting_until = 0.0

    def count(self, who: str, now: float) -> Standing | None:
        """Return where ``who`` stands with one request more; writes.

        Raises Uncounted where that fails, and for a while after that returns None at once.
        """
        with self._lock:
            if time.monotonic() < self._resting_until:
                return None
            try:
                began, requests = self._counted(self._opened(), who, now)
            except (sqlite3.Error, OSError) as error:
                self.close()
                self._resting_until = time.monotonic() + REST
                raise Uncounted(str(error)) from error
        return Standing(requests, max(ceil(began + self.rate.seconds - now), 1))

    def close(self) -> None:
        """Close the file; counting opens it again."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _counted(self, conn: sqlite3.Connection, who: str, now: float) -> tuple[float, int]:
        """Return when the window began and what it counts.

        Windows that have ended are forgotten: the file stays small and keeps nobody's address.
        One far in the future is too, since only a clock that was put back can have begun it.
        """
        window = self.rate.seconds
        conn.execute("BEGIN IMMEDIATE")
        conn.execute(
            "DELETE FROM counts WHERE began <= ? OR began > ?", (now - window, now + window)
        )
        ((began, requests),) = conn.execute(
            "INSERT INTO counts VALUES (?, ?, 1)"
            " ON CONFLICT (who) DO UPDATE SET requests = requests + 1 RETURNING began, requests",
            (who, now),
        ).fetchall()
        conn.execute("COMMIT")
        return began, requests

    def _opened(self) -> sqlite3.Connection:
        if self._owner != os.getpid():  # A parent's connection must not be used, nor closed.
            self._conn, self._owner = None, os.getpid()
        if self._conn is None:
            self._conn = connect(self.path, PATIENCE)
            self._conn.execute("PRAGMA synchronous = OFF")
            for statement in _TABLES:
                self._conn.execute(statement)
        return self._conn
