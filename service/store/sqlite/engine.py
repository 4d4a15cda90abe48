"""The record in an SQLite file: many readers, and writers that queue behind a lock file."""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlite_utils import Database as SqliteUtilsDatabase

from service.domain.rate_limit import RateLimit
from service.store.group_commit import Committer
from service.store.interface import Database, Row, Store, translated
from service.store.named_queries import statement
from service.store.sqlite import files
from service.store.sqlite.connections import begun, connect, translation
from service.store.sqlite.migrations import migrate
from service.store.sqlite.rate_counters import FileCounters
from service.store.sqlite.write_lock import turn

Result = TypeVar("Result")


class SqliteDatabase(Database):
    """An open connection to an SQLite file."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        """Remember the connection; nothing is run yet."""
        self.conn = conn

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> sqlite3.Cursor:
        """Return the cursor after running the SQL."""
        return self.conn.execute(sql, binds or {})

    def execute_all(self, sql: str, many: Iterable[Mapping[str, Any]]) -> None:
        """Run the SQL for each of the binds."""
        self.conn.executemany(sql, many)

    def each(self, sql: str, binds: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield the rows; SQLite finds each when it is asked for."""
        yield from self.execute(sql, binds)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.conn.in_transaction


class SqliteStore(Store):
    """The database file, with idle connections kept for the next request."""

    def __init__(self, path: Path, busy_seconds: float = 10.0) -> None:
        """Remember where the file is; nothing is opened or created yet."""
        super().__init__(busy_seconds)
        self.path = path

    translation = staticmethod(translation)

    @property
    def shown(self) -> str:
        """The file's path."""
        return str(self.path)

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Yield a connection that sees one state of the file throughout."""
        with self._transaction("BEGIN", nullcontext()) as db:
            yield db

    def write(self, job: Callable[[Database], Result]) -> Result:
        """Return what the job returns, once what it wrote is on disk."""
        own: _Own = self._own()
        with translated(translation):
            return own.committer.run(job, self._busy_seconds)

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """Yield a connection that alone may write."""
        with self._transaction("BEGIN IMMEDIATE", turn(self.path, self._busy_seconds)) as db:
            yield db

    def note(self, name: str, /, **binds: Any) -> None:
        """Run the statement on a connection of its own, which waits neither for the writer nor
        for the disk: a power failure may lose what was noted."""
        with suppress(sqlite3.Error, OSError), closing(connect(self.path, busy_seconds=0)) as conn:
            conn.execute("PRAGMA synchronous = NORMAL")
            conn.execute("PRAGMA wal_autocheckpoint = 0")
            conn.execute(statement(name), binds)

    def migrate(self) -> int:
        """Return how many steps were run to bring the file up to date."""
        return migrate(self._looking, self._remodelling)

    def forget(self) -> None:
        """Remove what was overwritten from the write-ahead log too, as far as readers let it."""
        with translated(translation), self._connection() as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def faults(self, db: Database) -> Iterator[str]:
        """Yield what SQLite itself finds wrong with its pages, and references that lead nowhere."""
        for (told,) in db.execute("PRAGMA integrity_check").fetchall():
            if told != "ok":
                yield f"The file is damaged: {told}."
        for table, row, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
            yield f"Row {row} of {table} refers to a row of {parent} that is not there."

    def size(self) -> int:
        """Return the bytes of the file and of what SQLite keeps beside it."""
        with translated(translation):
            return files.size(self.path)

    def free(self) -> int:
        """Return the bytes that are left on the file's disk."""
        with translated(translation):
            return shutil.disk_usage(self.path.resolve().parent).free

    def counters(self, rate: RateLimit) -> FileCounters:
        """Return counters in a file beside the database."""
        return FileCounters(self.path, rate)

    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""
        own = self._own()
        own.let_go()
        while own.idle:
            own.idle.pop().close()

    @contextmanager
    def _looking(self) -> Iterator[SqliteUtilsDatabase]:
        with translated(translation), self._connection() as conn, begun(conn, "BEGIN"):
            yield SqliteUtilsDatabase(conn, execute_plugins=False)

    @contextmanager
    def _remodelling(self) -> Iterator[SqliteUtilsDatabase]:
        """Yield a connection that alone may write, and may replace tables that others refer to.

        Nothing is kept unless every reference holds at the end.
        """
        with translated(translation), closing(connect(self.path, self._busy_seconds)) as conn:
            conn.execute("PRAGMA foreign_keys = OFF")
            with turn(self.path, self._busy_seconds), begun(conn, "BEGIN IMMEDIATE"):
                yield SqliteUtilsDatabase(conn, execute_plugins=False)
                if conn.execute("PRAGMA foreign_key_check").fetchone() is not None:
                    raise sqlite3.IntegrityError("a reference leads nowhere")

    @contextmanager
    def _transaction(self, begin: str, queued: AbstractContextManager[None]) -> Iterator[Database]:
        with translated(translation), self._connection() as conn, queued, begun(conn, begin):
            yield SqliteDatabase(conn)

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

    def _new(self) -> "_Own":
        return _Own(self)


class _Own:
    """What one process has of a store: idle connections, and the thread that writes."""

    def __init__(self, store: SqliteStore) -> None:
        self.idle: list[sqlite3.Connection] = []
        self.committer = Committer(
            lambda: store._transaction("BEGIN IMMEDIATE", turn(store.path)), translation
        )
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
