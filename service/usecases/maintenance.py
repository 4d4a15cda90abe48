"""What an operator does with a record: the integrity check, dump and load."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from service.domain.errors import ConflictError, StoreUnavailableError
from service.store import event_log
from service.store.interface import Progress, Store
from service.store.maintenance import export_import, integrity


def check_integrity(store: Store, progress: Progress) -> list[str]:
    """Return a sentence for each fault of the record; an empty list where there is none."""
    problems: list[str] = []
    try:
        with store.read_transaction() as db:
            problems.extend(integrity.find_faults(store, db, progress))
    except StoreUnavailableError as error:
        # Of a damaged file even the beginning or the end of the transaction may fail.
        problems.append(error.detail)
    return problems


def get_last_seq_and_hash(store: Store) -> tuple[int, str]:
    """Return seq and hash of the last event; 0 and 64 zeros before the first."""
    with store.read_transaction() as db:
        return event_log.last_seq_and_hash(db)


def dump_events(store: Store) -> Iterator[str]:
    """Yield each event as one line of JSON, all from one read transaction.

    The lines contain free texts: protect them like the database.
    """
    with store.read_transaction() as db:
        for event in export_import.export_events(db):
            yield json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def load_events(store: Store, lines: Iterable[str]) -> Iterator[int]:
    """Yield the seq of each event as it is loaded into an empty record; writes.

    One transaction: all events are stored at the end, or none. Raises ConflictError where the
    record is not empty, and BrokenChainError for the first line that does not continue the chain.
    """
    with store.write_transaction() as db:
        if event_log.last_seq(db):
            raise ConflictError("The record is not empty: load into a new database.")
        yield from export_import.import_events(db, _parse_lines(lines))


def _parse_lines(lines: Iterable[str]) -> Iterator[Any]:
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except ValueError:
            raise export_import.BrokenChainError(
                f"Line {number} is not JSON; nothing was imported."
            ) from None
