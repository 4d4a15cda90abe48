"""The store in an SQLite file: many readers, and writers that queue behind a lock file."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

from service.domain.errors import ConflictError, DomainError, StoreUnavailableError
from service.domain.rate_limit import RateLimit
from service.store import event_log
from service.store.group_commit import GroupCommitter
from service.store.interface import (
    LOST_EVENTS_MESSAGE,
    Connection,
    DatabaseCopy,
    Progress,
    RestoreResult,
    Store,
    translate_errors,
)
from service.store.named_queries import build_statement
from service.store.sqlite import files
from service.store.sqlite.backup import make_backup, restore_backup
from service.store.sqlite.connections import (
    SqliteConnection,
    begin_transaction,
    connect,
    explain_error,
    open_existing,
    to_domain_error,
)
from service.store.sqlite.high_water_mark import (
    HighWaterMark,
    HighWaterMarkFile,
    compare_with_mark,
    find_loss,
)
from service.store.sqlite.migrations import migrate
from service.store.sqlite.rate_counters import FileRateCounters
from service.store.sqlite.write_lock import hold_write_lock

Result = TypeVar("Result")

WRITER_CACHE_KIB: Final = 32 << 10
"""The page cache of a writing connection; that of a reader is SQLite's, of 2 MiB."""

BULK_CHECKPOINT_PAGES: Final = 40_000
"""Up to how many pages, of 4 KiB, a bulk writer leaves in the write-ahead log.

Many of them have changed several times when they are moved into the file. A request must not wait
for so many.
"""

_SELECT_LAST_EVENT = build_statement("select_last_event")

_logger = logging.getLogger("service.store")


class SqliteStore(Store):
    """A database file, with a pool of idle connections."""

    def __init__(self, path: Path, busy_seconds: float = 10.0, *, is_bulk: bool = False) -> None:
        """Set the path; nothing is opened or created yet.

        ``is_bulk`` is whether its writes are many and nobody waits for one of them.
        """
        super().__init__(busy_seconds)
        self.path = path
        self._is_bulk = is_bulk
        self._mark_file = HighWaterMarkFile(path)

    to_domain_error = staticmethod(to_domain_error)

    @property
    def display_address(self) -> str:
        """The path of the file."""
        return str(self.path)

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the file throughout."""
        with (
            translate_errors(to_domain_error),
            self._borrow_connection() as conn,
            begin_transaction(conn, "BEGIN"),
        ):
            yield SqliteConnection(conn)

    def find_last_event(self) -> tuple[int, str]:
        """Return seq and hash of the last event; without a transaction around the statement."""
        with translate_errors(to_domain_error), self._borrow_connection() as conn:
            row = conn.execute(_SELECT_LAST_EVENT).fetchone()
        return (0, event_log.INITIAL_HASH) if row is None else (row[0], row[1])

    def write(self, job: Callable[[Connection], Result], *, is_long: bool = False) -> Result:
        """Run the job, and return its result once what it wrote is on disk."""
        resources: _ProcessResources = self._get_resources()
        with translate_errors(to_domain_error):
            return resources.committer.run(job, self._busy_seconds, is_long=is_long)

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """Yield the only connection that may write."""
        with self._locked_transaction(hold_write_lock(self.path, self._busy_seconds)) as db:
            yield db

    def write_best_effort(self, name: str, /, **binds: Any) -> None:
        """Run the statement on its own connection, which waits neither for the writer nor for the
        disk: a loss of power may lose the write."""
        with suppress(sqlite3.Error, OSError), closing(connect(self.path, busy_seconds=0)) as conn:
            conn.execute("PRAGMA synchronous = NORMAL")
            conn.execute("PRAGMA wal_autocheckpoint = 0")
            conn.execute(build_statement(name), binds)

    def migrate(self) -> int:
        """Return the number of migrations that were run."""
        with translate_errors(self._explain_error):
            return migrate(self._inspect_schema, self._migration_transaction)

    def find_loss(self) -> str | None:
        """Return what is missing in comparison with the high-water mark."""
        with translate_errors(self._explain_error):
            return find_loss(self.path, self._mark_file)

    def explain_missing_mark(self) -> str | None:
        """Return that the file of the mark is missing or damaged, or None."""
        mark_file = self._mark_file
        with translate_errors(to_domain_error):
            if mark_file.read() is not None:
                return None
            condition = "is damaged" if mark_file.path.exists() else "does not exist"
        return (
            f"{mark_file.path} {condition}: whether the last events were lost is not known. The"
            " next event that is recorded creates it."
        )

    def accept_loss(self, seq: int) -> int:
        """Replace the high-water mark by the end of the record."""
        mark_file = self._mark_file
        with translate_errors(to_domain_error):
            mark = mark_file.read()
            if mark is not None and seq == 0 and not self.path.exists():
                mark_file.path.unlink()
                return mark.seq
            self.migrate()
            with (
                self._borrow_connection() as conn,
                hold_write_lock(self.path, self._busy_seconds),
                begin_transaction(conn, "BEGIN IMMEDIATE"),
            ):
                db, mark = SqliteConnection(conn), mark_file.read()
                if mark is None or compare_with_mark(self.path, db, mark) is None:
                    raise ConflictError(f"{self.path} has lost no event that is known.")
                present = HighWaterMark(*event_log.last_seq_and_hash(db))
                if present.seq != seq:
                    raise ConflictError(f"{self.path} ends with event {present.seq}, not {seq}.")
                mark_file.replace(present)
        return mark.seq

    def check_writable(self) -> None:
        """Raise StoreUnavailableError if this user may not write the file."""
        if not os.access(self.path, os.W_OK):
            raise StoreUnavailableError(
                f"{self.path} is read-only for this user: change its owner or its mode, or mount"
                " its file system for writing."
            )

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file, and truncate it."""
        self._try_checkpoint()

    def erase_overwritten(self) -> None:
        """Truncate the write-ahead log, as far as readers allow it."""
        with translate_errors(to_domain_error), self._borrow_connection() as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check_engine(self, db: Connection) -> Iterator[str]:
        """Yield the faults of SQLite's integrity check, and violated foreign keys."""
        for (verdict,) in db.execute("PRAGMA integrity_check").fetchall():
            if verdict != "ok":
                yield f"The file is damaged: {verdict}."
        for table, row, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
            yield f"Row {row} of {table} refers to a missing row of {parent}."

    def backup(self, target: Path, progress: Progress, force: bool = False) -> DatabaseCopy:
        """Return a checked copy of the file; the service may run meanwhile."""
        return make_backup(self.path, target, progress, force)

    def restore(
        self, source: Path, progress: Progress, now: datetime, force: bool = False
    ) -> RestoreResult:
        """Replace the file by a checked copy of ``source``."""
        return restore_backup(source, self.path, progress, now, force)

    def size(self) -> int:
        """Return the size of the file and of SQLite's files beside it, in bytes."""
        with translate_errors(to_domain_error):
            return files.size_on_disk(self.path)

    def free_space(self) -> int:
        """Return the free bytes on the disk of the file."""
        with translate_errors(to_domain_error):
            return shutil.disk_usage(self.path.resolve().parent).free

    def rate_counters(self, rate_limit: RateLimit) -> FileRateCounters:
        """Return counters in a file beside the database."""
        return FileRateCounters(self.path, rate_limit)

    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""
        resources = self._get_resources()
        resources.close_shm_holder()
        for idle in (resources.idle_connections, resources.idle_writers):
            while idle:
                idle.pop().close()

    @contextmanager
    def _inspect_schema(self) -> Iterator[sqlite3.Connection]:
        with (
            translate_errors(to_domain_error),
            self._borrow_connection() as conn,
            begin_transaction(conn, "BEGIN"),
        ):
            yield conn

    @contextmanager
    def _migration_transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the only connection that may write, with foreign keys not enforced meanwhile.

        So a migration can replace a table that others refer to. The transaction rolls back unless
        all foreign keys hold at the end.
        """
        with (
            translate_errors(to_domain_error),
            closing(connect(self.path, self._busy_seconds)) as conn,
        ):
            conn.execute("PRAGMA foreign_keys = OFF")
            with (
                hold_write_lock(self.path, self._busy_seconds),
                begin_transaction(conn, "BEGIN IMMEDIATE"),
            ):
                yield conn
                if conn.execute("PRAGMA foreign_key_check").fetchone() is not None:
                    raise sqlite3.IntegrityError("a foreign key is violated")

    @contextmanager
    def _locked_transaction(self, write_lock: AbstractContextManager[None]) -> Iterator[Connection]:
        """Yield the only connection that may write; its last event is noted after the commit."""
        with (
            translate_errors(to_domain_error),
            self._borrow_connection(is_writer=True) as conn,
            write_lock,
        ):
            with begin_transaction(conn, "BEGIN IMMEDIATE"):
                db = SqliteConnection(conn)
                before = event_log.last_seq_and_hash(db)
                self._refuse_loss(db, HighWaterMark(*before))
                yield db
                after = event_log.last_seq_and_hash(db)
            if after != before:
                try:
                    self._mark_file.advance(HighWaterMark(*after))
                except OSError as error:
                    # The events are on disk. The next commit tries again.
                    _logger.warning(
                        "event %d is recorded, but not in the high-water mark: %s", after[0], error
                    )

    def _refuse_loss(self, db: Connection, present: HighWaterMark) -> None:
        """Raise StoreUnavailableError if events were lost: their seqs must not be given anew."""
        try:
            mark = self._mark_file.read()
        except OSError:
            return  # The note after the commit reports it.
        if mark is None or mark == present:
            return
        if loss := compare_with_mark(self.path, db, mark):
            raise StoreUnavailableError(LOST_EVENTS_MESSAGE) from StoreUnavailableError(loss)

    def _try_checkpoint(self) -> bool:
        """Return whether nothing is left in the write-ahead log.

        Writers wait only for what came after the first, larger part; readers never wait.
        """
        # Not created anew: it may have been moved away.
        with suppress(sqlite3.Error, OSError), closing(open_existing(self.path, 0)) as conn:
            conn.execute("PRAGMA wal_checkpoint(PASSIVE)")
            with hold_write_lock(self.path, seconds=0):
                (is_busy, _, _) = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not is_busy
        return False

    def _explain_error(self, error: BaseException) -> DomainError | None:
        return explain_error(error, self.path, self._busy_seconds)

    @contextmanager
    def _borrow_connection(self, is_writer: bool = False) -> Iterator[sqlite3.Connection]:
        """Yield an idle connection or a new one; after an error it is closed.

        A writer's has a larger cache: a new row changes a page of every index, in places that are
        far apart in a large record.
        """
        resources = self._get_resources()
        idle = resources.idle_writers if is_writer else resources.idle_connections
        try:
            conn = idle.pop()
        except IndexError:
            resources.open_shm_holder()
            conn = connect(self.path, self._busy_seconds)
            if is_writer:
                conn.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
                if self._is_bulk:
                    conn.execute(f"PRAGMA wal_autocheckpoint = {BULK_CHECKPOINT_PAGES}")
        try:
            yield conn
        except BaseException:
            conn.close()
            raise
        idle.append(conn)

    def _make_resources(self) -> "_ProcessResources":
        return _ProcessResources(self)


class _ProcessResources:
    """The resources of one process: idle connections, and the writing thread."""

    def __init__(self, store: SqliteStore) -> None:
        self.idle_connections: list[sqlite3.Connection] = []
        self.idle_writers: list[sqlite3.Connection] = []
        self.committer = GroupCommitter(
            lambda: store._locked_transaction(hold_write_lock(store.path)),
            to_domain_error,
            store._try_checkpoint,
        )
        self._store = store
        self._shm_holder: sqlite3.Connection | None = None
        self._shm_holder_lock = Lock()

    def open_shm_holder(self) -> None:
        """Keep one idle connection open, so that the ``-shm`` file stays.

        SQLite deletes this file, which all readers share, with the last connection. On a full disk
        it could not be created again.
        """
        with self._shm_holder_lock:
            if self._shm_holder is None:
                self._shm_holder = connect(self._store.path, self._store._busy_seconds)
                # Only a connection that has read keeps the file open.
                self._shm_holder.execute("SELECT count(*) FROM sqlite_master").fetchall()

    def close_shm_holder(self) -> None:
        """Close the connection that keeps the ``-shm`` file."""
        with self._shm_holder_lock:
            if self._shm_holder is not None:
                self._shm_holder.close()
                self._shm_holder = None
