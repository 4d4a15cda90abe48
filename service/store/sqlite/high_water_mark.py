"""The high-water mark: seq and hash of the last acknowledged event, in a file beside the database.

SQLite cannot know that a part of its write-ahead log is missing: it opens the record as it was
before, and the next events would get the seqs of the lost ones. So each commit is also noted here,
before its clients are answered. The mark may be behind the database, where a process ended between
the commit and the note; it is never ahead of it.

The file has two slots of one disk block each, which are overwritten in turn. A slot that was torn
by a loss of power has a wrong checksum, and the other one is valid. The file never grows, so that
writing to it neither needs space nor changes its metadata.
"""

import os
import secrets
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from service.store import event_log
from service.store.interface import Connection
from service.store.sqlite.connections import (
    SqliteConnection,
    begin_transaction,
    open_existing,
)
from service.store.sqlite.files import copy_permissions, sync_to_disk

FILE_SUFFIX: Final = "-mark"
"""The suffix of the file's name after the database's."""

SLOT_BYTES: Final = 4096
"""The distance of the slots: a block of the disk, so that a torn write harms only one."""

_RECORD_BYTES: Final = 256
_SLOTS: Final = (0, 1)
_HEADING: Final = "casualty-figures high-water mark 1"


@dataclass(frozen=True, slots=True, order=True)
class HighWaterMark:
    """Seq and hash of the last event that was acknowledged."""

    seq: int
    hash: str


_Records = tuple[bytes, ...]
_Marks = tuple[HighWaterMark | None, ...]


class HighWaterMarkFile:
    """The file of a database's mark. Only the holder of the write lock may change it."""

    def __init__(self, database: Path) -> None:
        """Set the file of the database, whose symbolic links are followed as SQLite does."""
        self._database = Path(os.path.realpath(database))
        self.path = self._database.with_name(self._database.name + FILE_SUFFIX)
        # What was read last, so that it is parsed once: usually nobody changed it meanwhile.
        self._last_parsed: tuple[_Records, _Marks] = ((), ())

    def read(self) -> HighWaterMark | None:
        """Return the mark; None for a file that is missing or damaged. Raises OSError."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return max(filter(None, self._read_marks(descriptor)), default=None)
        finally:
            os.close(descriptor)

    def advance(self, mark: HighWaterMark) -> None:
        """Note a later mark, and return when it is on disk; writes, raises OSError.

        A missing or damaged file is created, with the owner and the mode of the database.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            self.replace(mark)
            return
        try:
            marks = self._read_marks(descriptor)
            latest = max(filter(None, marks), default=None)
            if latest is None or os.fstat(descriptor).st_size < len(_SLOTS) * SLOT_BYTES:
                self.replace(mark)
                return
            slot = 1 - marks.index(latest)
            os.pwrite(descriptor, _make_record(mark), slot * SLOT_BYTES)
            _sync_data(descriptor)
        finally:
            os.close(descriptor)

    def _read_marks(self, descriptor: int) -> _Marks:
        """Return the mark of each slot; None for an empty, torn or damaged one."""
        records = tuple(os.pread(descriptor, _RECORD_BYTES, slot * SLOT_BYTES) for slot in _SLOTS)
        known_records, known_marks = self._last_parsed
        if records == known_records:
            return known_marks
        known = dict(zip(known_records, known_marks, strict=True))
        marks = tuple(
            known[record] if record in known else _parse_record(record) for record in records
        )
        self._last_parsed = (records, marks)
        return marks

    def replace(self, mark: HighWaterMark) -> None:
        """Note a mark that may be lower than the former; writes, raises OSError."""
        part = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}.part")
        try:
            part.write_bytes(_make_record(mark).ljust(len(_SLOTS) * SLOT_BYTES, b"\0"))
            copy_permissions(part, self._database)
            sync_to_disk(part)
            os.replace(part, self.path)
            sync_to_disk(self.path.parent)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()


def find_loss(database: Path, mark_file: HighWaterMarkFile) -> str | None:
    """Return in one line what the record lacks and what to do; None if it has all that was noted.

    Only reads, so that what is left of a write-ahead log stays as it is: the last connection that
    may write would merge and delete it.
    """
    # Before the transaction begins: the mark follows the record.
    mark = mark_file.read()
    if mark is None:
        return None
    if not database.exists():  # It may be on a disk that is not mounted.
        loss = f"the file is missing, and event {mark.seq} was acknowledged"
        return _describe_loss(database, loss, 0)
    with closing(open_existing(database, mode="ro")) as conn, begin_transaction(conn, "BEGIN"):
        return compare_with_mark(database, SqliteConnection(conn), mark)


def compare_with_mark(database: Path, db: Connection, mark: HighWaterMark) -> str | None:
    """Return what ``find_loss`` does, for a transaction that began after the mark was read."""
    has_events = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone()
    last_seq = event_log.last_seq(db) if has_events else 0
    if last_seq < mark.seq:
        loss = f"event {mark.seq} was acknowledged, and the record ends with event {last_seq}"
    elif event_log.hash_of(db, mark.seq) != mark.hash:
        loss = f"event {mark.seq} is not the one that was acknowledged"
    else:
        return None
    return _describe_loss(database, loss, last_seq)


def _describe_loss(database: Path, loss: str, last_seq: int) -> str:
    return (
        f"{database} has lost events: {loss}. Stop the service, and restore a backup or put back"
        f" the missing {database.name}-wal. To continue without the lost events, run: python -m"
        f" service accept-loss {last_seq}"
    )


def _make_record(mark: HighWaterMark) -> bytes:
    content = f"{_HEADING}\nseq {mark.seq}\nhash {mark.hash}\n"
    checksum = sha256(content.encode()).hexdigest()
    return f"{content}checksum {checksum}\n".encode().ljust(_RECORD_BYTES, b"\0")


def _parse_record(record: bytes) -> HighWaterMark | None:
    try:
        _, seq_line, hash_line, *_ = record.decode("ascii").split("\n")
        mark = HighWaterMark(int(seq_line.removeprefix("seq ")), hash_line.removeprefix("hash "))
    except ValueError:
        return None
    return mark if _make_record(mark) == record else None


def _sync_data(descriptor: int) -> None:
    """Sync the content of a file whose size did not change."""
    getattr(os, "fdatasync", os.fsync)(descriptor)
