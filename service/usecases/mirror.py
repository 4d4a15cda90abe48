"""A mirror: a second record with the same events, which follows the first one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.domain.errors import ConflictError
from service.store import event_log, redactable_text
from service.store.interface import Connection, Store
from service.store.maintenance import export_import
from service.usecases.lifecycle import iterate_free_texts


def get_mirror_end(store: Store) -> tuple[int, str]:
    """Return seq and hash of the last event of the mirror; 0 and 64 zeros before the first."""
    with store.read_transaction() as db:
        return event_log.last_seq_and_hash(db)


def check_common_end(last: int, last_hash: str, events: Sequence[Mapping[str, Any]]) -> None:
    """Raise ConflictError unless the first of the source's events is the last one of the mirror.

    So the mirror has only events of the source, and all of them up to there.
    """
    if last and (not events or (events[0]["seq"], events[0]["hash"]) != (last, last_hash)):
        raise ConflictError(
            f"The database holds another record: its event {last} is not the source's. Follow into"
            " an empty database, and write nothing else into it."
        )


def record_mirrored_events(store: Store, events: Iterable[Mapping[str, Any]]) -> None:
    """Record the next events of the source, all in one transaction, and erase what it erased.

    Raises BrokenChainError if the first one does not follow the last event of the mirror, or if
    their hashes are wrong.
    """
    events = list(events)
    redactions = [each for each in events if each["kind"] == "redacted"]
    with store.write_transaction() as db:
        for redaction in redactions:
            _blank_texts(db, redaction)
        for _ in export_import.import_events(db, events):
            pass
    if redactions:
        store.erase_overwritten()


def _blank_texts(db: Connection, redaction: Mapping[str, Any]) -> None:
    """Blank the texts that the event says were erased, where the mirror has them."""
    fields = set(json.loads(redaction["body"])["fields"])
    for text in iterate_free_texts(db, redaction["subject"]):
        if text.pointer in fields and not text.is_blanked:
            redactable_text.blank_text(db, text.seq, text.stored_pointer)
