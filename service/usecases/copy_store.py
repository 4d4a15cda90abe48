"""Copying a record to another store, of any engine, with proof that both are the same."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from service.domain.errors import ConflictError, StoreUnavailableError
from service.store import api_keys, event_log, idempotency, redactable_text
from service.store.column_loader import load_state
from service.store.interface import Connection, Progress, Store
from service.store.maintenance import export_import

CHUNK_EVENTS: Final = 1_000
"""So many events are copied in one transaction; they remain if the copy is interrupted."""


@dataclass(frozen=True, slots=True)
class CopyResult:
    """The last event of both stores with its hash, and how many events were copied."""

    seq: int
    hash: str
    new_events: int


def copy_store(source: Store, target: Store, progress: Progress) -> CopyResult:
    """Return the common end of both stores after the copy; writes.

    Copies events, API keys and the responses to idempotency keys, and migrates both stores. Events
    that the source records during the copy are left for the next call, which continues where this
    one ended, also after an interruption. Raises ConflictError for an empty source and for a target
    that holds another record, and StoreUnavailableError where the target is not equal at the end.
    """
    source.prepare()
    with source.read_transaction() as source_db:
        last, last_hash = event_log.last_seq_and_hash(source_db)
        if not last:
            raise ConflictError(
                f"The source, {source.display_address}, holds no events: nothing was copied."
            )
        target.prepare()
        copied_seq = _find_common_seq(source_db, target)
        _blank_texts(source_db, target, copied_seq)
        events = export_import.export_events(source_db, copied_seq)
        while chunk := list(islice(events, CHUNK_EVENTS)):
            with target.write_transaction() as target_db:
                for _ in export_import.import_events(target_db, chunk):
                    pass
            progress(chunk[-1]["seq"], last)
        with target.write_transaction() as target_db:
            api_keys.copy_keys(source_db, target_db)
            idempotency.copy_responses(source_db, target_db)
        if copied_seq:
            target.erase_overwritten()
        _check_target_equals_source(source_db, target, last, last_hash)
    return CopyResult(last, last_hash, last - copied_seq)


def _find_common_seq(source_db: Connection, target: Store) -> int:
    """Return the target's last seq; raises ConflictError unless the source has the same event."""
    with target.read_transaction() as target_db:
        seq, last_hash = event_log.last_seq_and_hash(target_db)
    if event_log.hash_of(source_db, seq) != last_hash:
        raise ConflictError(
            f"The target holds another record: its event {seq} is not the source's."
            " Copy into an empty database."
        )
    return seq


def _blank_texts(source_db: Connection, target: Store, last_seq: int) -> None:
    """Blank the texts that were copied earlier and blanked in the source since."""
    with target.write_transaction() as target_db:
        for seq, pointer in redactable_text.list_blanked(source_db, last_seq):
            redactable_text.blank_text(target_db, seq, pointer)


def _check_target_equals_source(
    source_db: Connection, target: Store, last: int, last_hash: str
) -> None:
    """Raise StoreUnavailableError unless the target has the source's last hash and its state.

    Totals are computed from the record state alone: if the states are equal, so are all totals.
    """
    with target.read_transaction() as target_db:
        if event_log.last_seq_and_hash(target_db) != (last, last_hash):
            raise StoreUnavailableError(
                "The target does not end with the source's last event; copy again."
            )
        if not load_state(target_db, last).equals(load_state(source_db, last)):
            raise StoreUnavailableError("The target differs from the source; do not use it.")
