"""Checked copies of a database that is in use; an incomplete copy never gets its final name."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from service.domain.errors import LockTimeoutError, StoreUnavailableError
from service.store.event_log import last_seq, last_seq_and_hash
from service.store.interface import DatabaseCopy, Progress
from service.store.pending_migrations import find_unknown_steps
from service.store.sqlite.connections import (
    BUSY_CODES,
    SqliteConnection,
    open_existing,
    primary_code,
)
from service.store.sqlite.files import list_existing, sync_to_disk
from service.store.sqlite.high_water_mark import HighWaterMarkFile, find_loss
from service.store.sqlite.migrations import ENGINE, list_applied

PAGES_PER_STEP: Final = 1_000
"""So many pages, 4 MB, are copied between two reports of progress."""

_DAMAGE_CODES: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def make_checked_copy(source: Path, target: Path, progress: Progress) -> Iterator[DatabaseCopy]:
    """Yield a copy of the database beside the target, under a temporary name.

    It is checked, synced to disk, and contains everything that was written before the call. It is
    deleted at the end unless it was renamed. Writers are not blocked meanwhile. Raises
    StoreUnavailableError for a source that is damaged, lacks events that its high-water mark has or
    is not a database of the service, and where the disk is full.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with _translate_copy_errors(source, f"{target} could not be written"):
            if loss := find_loss(source, HighWaterMarkFile(source)):
                raise StoreUnavailableError(loss)
            _copy_pages(source, part, progress)
            seq, last_hash = _check_copy(part, source)
            sync_to_disk(part)
        yield DatabaseCopy(part, part.stat().st_size, seq, last_hash)
    finally:
        for each in list_existing(part):
            each.unlink()


@contextmanager
def hold_exclusive_access(database: Path, seconds: float = 1.0) -> Iterator[None]:
    """Exclude all other processes from the database; LockTimeoutError if one has it open.

    The write-ahead log is merged into the file. A damaged file cannot be locked: then no process
    is excluded.
    """
    if not database.exists():
        yield
        return
    with _translate_copy_errors(database, f"{database} could not be opened"):
        db = open_existing(database, seconds)
    with closing(db):
        try:
            # Fails while any other connection is open, and a service always has one open.
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if primary_code(error) in BUSY_CODES:
                raise LockTimeoutError(f"{database} is in use: stop the service first.") from error
        yield


def _copy_pages(source: Path, part: Path, progress: Progress) -> None:
    with _translate_copy_errors(source, f"{source} could not be opened"):
        source_conn = open_existing(source)
    with closing(source_conn), closing(_create_file(part)) as target_conn:
        with _translate_copy_errors(source, f"{source} is not a database of this service"):
            # A read transaction holds the state that is copied. Without it each write of another
            # process would restart the copy, and with enough writes it would never end.
            source_conn.execute("BEGIN")
            last_seq(SqliteConnection(source_conn))
        source_conn.backup(
            target_conn,
            pages=PAGES_PER_STEP,
            progress=lambda _, remaining, pages: progress(pages - remaining, pages),
        )
        # One file without a write-ahead log beside it; a service switches it back.
        target_conn.execute("PRAGMA journal_mode = DELETE")


def _create_file(part: Path) -> sqlite3.Connection:
    """Return a connection to a new file without durability: a failed copy is deleted."""
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    conn = sqlite3.connect(part, isolation_level=None)
    conn.execute("PRAGMA journal_mode = OFF")
    conn.execute("PRAGMA synchronous = OFF")
    return conn


def _check_copy(copy: Path, source: Path) -> tuple[int, str]:
    """Return the seq and the hash of the last event.

    Raises StoreUnavailableError unless the copy is complete and of this release or earlier.
    """
    with closing(open_existing(copy)) as db:
        (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise StoreUnavailableError(f"{source} is damaged: {verdict}")
        (event_count,) = db.execute("SELECT count(*) FROM events").fetchone()
        if event_count != last_seq(SqliteConnection(db)):
            raise StoreUnavailableError(f"{source} is damaged: its event log has gaps.")
        applied = list_applied(db)
        if unknown := find_unknown_steps(ENGINE, applied):
            raise StoreUnavailableError(
                f"{source} was migrated by a later release: this one does not know {unknown[0]}."
            )
        return last_seq_and_hash(SqliteConnection(db))


@contextmanager
def _translate_copy_errors(source: Path, default_message: str) -> Iterator[None]:
    """Turn errors of the driver and the system into one line that begins with the meaning."""
    try:
        yield
    except sqlite3.Error as error:
        if primary_code(error) in BUSY_CODES:
            raise LockTimeoutError(f"{source} is in use; try again shortly.") from error
        meaning = (
            f"{source} is damaged" if primary_code(error) in _DAMAGE_CODES else default_message
        )
        raise StoreUnavailableError(f"{meaning}: {error}.") from error
    except OSError as error:
        raise StoreUnavailableError(f"{default_message}: {error.strerror or error}.") from error
