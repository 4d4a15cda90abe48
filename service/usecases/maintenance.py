"""What the record's keeper does: see that it is whole, write it out, read it in again."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from service.domain.errors import ConflictError, StoreUnavailableError
from service.store import event_log
from service.store.interface import Store
from service.store.maintenance import export_import, integrity
from service.store.maintenance.integrity import Progress


def check_integrity(store: Store, progress: Progress) -> list[str]:
    """Return a sentence for everything that is not as it was recorded; none for a whole record."""
    problems: list[str] = []
    try:
        with store.read_transaction() as db:
            problems.extend(integrity.find_faults(store, db, progress))
    except (
        StoreUnavailableError
    ) as error:  # A damaged file may fail to be read or even to be let go of.
        problems.append(error.detail)
    return problems


def get_last_seq_and_hash(store: Store) -> tuple[int, str]:
    """Return the number and the hash of the last entry."""
    with store.read_transaction() as db:
        return event_log.last_seq_and_hash(db)


def dump_events(store: Store) -> Iterator[str]:
    """Yield every entry as one line of JSON, all of one state of the record.

    The lines hold free texts too: keep them as safe as the record itself.
    """
    with store.read_transaction() as db:
        for entry in export_import.export_events(db):
            yield json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def load_events(store: Store, lines: Iterable[str]) -> Iterator[int]:
    """Yield the number of each entry read from the lines into an empty record; writes.

    All of them are kept at the end, or none. Raises ConflictError where the record is not empty,
    and BrokenChainError for the first line that does not follow from those before.
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
                f"Line {number} is not JSON; nothing is kept."
            ) from None
