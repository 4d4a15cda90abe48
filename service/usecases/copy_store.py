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

Told = Callable[[int, int], None]
"""Is told now and then how many entries are carried, and of how many."""

TOGETHER: Final = 1_000
"""So many entries are kept at once; what is kept stays when the rest is broken off."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What both stores hold now: the last entry with its hash, and how many entries are new."""

    seq: int
    hash: str
    new: int


def copy(source: Store, target: Store, told: Told) -> Moved:
    """Return what both hold at the end: the same entries, keys and answers; writes.

    What the source records meanwhile is left to the next time: it goes on where this one ended,
    also after it was broken off. Raises ConflictError for a target that holds another record, and
    StoreUnavailableError where the target would not answer as the source does. Both are brought up
    to date.
    """
    source.migrate()
    with source.read_transaction() as old:
        last, head = event_log.last_seq_and_hash(old)
        if not last:
            raise ConflictError(
                f"The source, {source.display_address}, holds no entries: nothing is copied."
            )
        target.migrate()
        before = _agreed(old, target)
        _blank(old, target, before)
        entries = export_import.export_events(old, before)
        while some := list(islice(entries, TOGETHER)):
            with target.write_transaction() as new:
                for _ in export_import.import_events(new, some):
                    pass
            told(some[-1]["seq"], last)
        with target.write_transaction() as new:
            api_keys.copy_keys(old, new)
            idempotency.copy_responses(old, new)
        if before:
            target.erase_overwritten()
        _prove(old, target, last, head)
    return Moved(last, head, last - before)


def _agreed(old: Connection, target: Store) -> int:
    """Return up to which entry the target holds the source's ledger, having seen that it does."""
    with target.read_transaction() as new:
        seq, head = event_log.last_seq_and_hash(new)
    if event_log.hash_of(old, seq) != head:
        raise ConflictError(
            f"The target holds another record: its entry {seq} is not the source's."
            " Copy into an empty database."
        )
    return seq


def _blank(old: Connection, target: Store, until: int) -> None:
    """Blank what was carried before and blanked in the source since."""
    with target.write_transaction() as new:
        for seq, pointer in redactable_text.list_blanked(old, until):
            redactable_text.blank_text(new, seq, pointer)


def _prove(old: Connection, target: Store, last: int, head: str) -> None:
    """Raise StoreUnavailableError unless the target's chain ends and reads like the source's.

    Every total is worked out of the claims alone: where these are equal, so are all totals.
    """
    with target.read_transaction() as new:
        if event_log.last_seq_and_hash(new) != (last, head):
            raise StoreUnavailableError(
                "The target does not end with the source's last entry; copy again."
            )
        if load_state(new, last) != load_state(old, last):
            raise StoreUnavailableError(
                "The target does not tell what the source tells; do not use it."
            )
