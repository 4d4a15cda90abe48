"""The whole record carried from one store to another, of whichever engines, and proved the same."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from service.domain.errors import ConflictError, StoreUnavailableError
from service.store import api_keys, event_log, idempotency, redactable_text
from service.store.interface import Connection, Store
from service.store.maintenance import export_import
from service.store.state_loader import load_state

CopyProgress = Callable[[int, int], None]
"""Is told now and then how many entries are carried, and of how many."""

CHUNK_EVENTS: Final = 1_000
"""So many entries are kept at once; what is kept stays when the rest is broken off."""


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What both stores hold now: the last entry with its hash, and how many entries are new."""

    seq: int
    hash: str
    new_events: int


def copy_store(source: Store, target: Store, progress: CopyProgress) -> CopyResult:
    """Return what both hold at the end: the same entries, keys and answers; writes.

    What the source records meanwhile is left to the next time: it goes on where this one ended,
    also after it was broken off. Raises ConflictError for a target that holds another record, and
    StoreUnavailableError where the target would not answer as the source does. Both are brought up
    to date.
    """
    source.migrate()
    with source.read_transaction() as source_db:
        last, last_hash = event_log.last_seq_and_hash(source_db)
        if not last:
            raise ConflictError(
                f"The source, {source.display_address}, holds no entries: nothing is copied."
            )
        target.migrate()
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
    """Return up to which entry the target holds the source's ledger, having seen that it does."""
    with target.read_transaction() as target_db:
        seq, last_hash = event_log.last_seq_and_hash(target_db)
    if event_log.hash_of(source_db, seq) != last_hash:
        raise ConflictError(
            f"The target holds another record: its entry {seq} is not the source's."
            " Copy into an empty database."
        )
    return seq


def _blank_texts(source_db: Connection, target: Store, last_seq: int) -> None:
    """Blank what was carried before and blanked in the source since."""
    with target.write_transaction() as target_db:
        for seq, pointer in redactable_text.list_blanked(source_db, last_seq):
            redactable_text.blank_text(target_db, seq, pointer)


def _check_target_equals_source(
    source_db: Connection, target: Store, last: int, last_hash: str
) -> None:
    """Raise StoreUnavailableError unless the target's chain ends and reads like the source's.

    Every total is worked out of the claims alone: where these are equal, so are all totals.
    """
    with target.read_transaction() as target_db:
        if event_log.last_seq_and_hash(target_db) != (last, last_hash):
            raise StoreUnavailableError(
                "The target does not end with the source's last entry; copy again."
            )
        if load_state(target_db, last) != load_state(source_db, last):
            raise StoreUnavailableError(
                "The target does not tell what the source tells; do not use it."
            )
