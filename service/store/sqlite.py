"""The SQLite file as the use cases see it: one snapshot for a reader, one writer at a time."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import TypeVar

from sqlite_utils import Database as SqliteUtilsDatabase

from service.store.committing import Committer
from service.store.connections import Database, begun, connect, legible, translated
from service.store.turns import turn

__all__ = ["Database", "Store", "legible"]

Result = TypeVar("Result")


class Store:
    """The database file, with idle connections kept for the next request.

    Safe to share between threads. A process that forks starts with nothing of its parent's.
    """

    def __init__(self, path: Path, busy_seconds: float = 10.0) -> None:
        """Remember where the file is; nothing is opened or created yet."""
        self.path = path
        self._busy_seconds = busy_seconds
        self._by_process: dict[int, _Own] = {}

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Yield a connection that sees one state of the record throughout; writes nothing."""
        with self._transaction("BEGIN", nullcontext()) as db:
            yield db

    def write(self, job: Callable[[Database], Result]) -> Result:
        """Return what the job returns, once what it wrote is on disk; on an error nothing is kept.

        The job runs in another thread, alone on the record, in one transaction with the jobs of
        other callers, whose errors do not touch it. All of them wait for it: what can be worked out
        before or after does not belong in it. Raises what the job raises, and Busy when other
        writers hold the record for longer than the set time; the job is then never run.
        """
        with translated():
            return self._own().committer.run(job, self._busy_seconds)

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """Yield a connection that alone may write; all is kept at the end, nothing on an error.

        For what must be a transaction of its own, like a migration. Raises Busy when another writer
        holds the file for longer than the set time.
        """
        with self._transaction("BEGIN IMMEDIATE", turn(self.path, self._busy_seconds)) as db:
            yield db

    @contextmanager
    def remodelling(self) -> Iterator[Database]:
        """Yield a connection that alone may write, and may replace tables that others refer to.

        Nothing is kept unless every reference holds at the end.
        """
        with translated(), closing(connect(self.path, self._busy_seconds)) as conn:
            conn.execute("PRAGMA foreign_keys = OFF")
            with turn(self.path, self._busy_seconds), begun(conn, "BEGIN IMMEDIATE"):
                yield SqliteUtilsDatabase(conn, execute_plugins=False)
                if conn.execute("PRAGMA foreign_key_check").fetchone() is not None:
                    raise sqlite3.IntegrityError("a reference leads nowhere")

    def forget(self) -> None:
        """Remove what was overwritten from the write-ahead log too, as far as readers let it."""
        with translated(), self._connection() as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""
        own = self._own()
        own.let_go()
        while own.idle:
            own.idle.pop().close()

    @contextmanager
    def _transaction(self, begin: str, queued: AbstractContextManager[None]) -> Iterator[Database]:
        with translated(), self._connection() as conn, queued, begun(conn, begin):
            yield SqliteUtilsDatabase(conn, execute_plugins=False)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Yield an idle connection or a new one; after an error it is closed, not used again."""
        own = self._own()
        try:
            conn = own.idle.pop()
        except IndexError:
            own.hold()
            conn = connect(self.path, self._busy_seconds)
        try:
            yield conn
        except BaseException:
            conn.close()
            raise
        own.idle.append(conn)

    def _own(self) -> "_Own":
        """Return what belongs to this process; its parent's is left alone, not even closed."""
        process = os.getpid()
        return self._by_process.get(process) or self._by_process.setdefault(process, _Own(self))


class _Own:
    """What one process has of a store: idle connections, and the thread that writes."""

    def __init__(self, store: Store) -> None:
        self.idle: list[sqlite3.Connection] = []
        self.committer = Committer(lambda: store._transaction("BEGIN IMMEDIATE", turn(store.path)))
        self._store = store
        self._held: sqlite3.Connection | None = None
        self._holding = Lock()

    def hold(self) -> None:
        """Keep one connection open that nothing is asked of.

        The file beside the database that all readers share (``-shm``) goes when the last connection
        does, as after errors it may, and on a full disk there would be no room to make it again.
        """
        with self._holding:
            if self._held is None:
                self._held = connect(self._store.path, self._store._busy_seconds)
                # Only a connection that has read holds on to that file.
                self._held.execute("SELECT count(*) FROM sqlite_master").fetchall()

    def let_go(self) -> None:
        """Close that connection."""
        with self._holding:
            if self._held is not None:
                self._held.close()
                self._held = None
