"""The whole ledger as lines that hold all there is, and back: the same entries, the same hashes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.domain.errors import InvalidInputError
from service.store import event_log, redactable_text
from service.store.event_log import StoredEvent
from service.store.interface import Connection
from service.store.projections.dispatch import apply_event
from service.store.redactable_text import RedactableText

_FIELDS: Final = frozenset({*StoredEvent._fields, "texts"})


class BrokenChainError(InvalidInputError):
    """The ledger is not what it was: an entry was changed, taken out, put in or left half done."""


def export_events(db: Connection, after: int = 0) -> Iterator[dict[str, Any]]:
    """Yield every entry after the given one, with its free texts and its hash, in order."""
    for stored, texts in event_log.iterate_stored_events(db, after):
        exported_texts = {pointer: [text.salt, text.text] for pointer, text in texts.items()}
        yield {**stored._asdict(), "texts": exported_texts}


def import_events(db: Connection, exported_events: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """Yield the number of each entry as it is kept and applied; writes.

    Raises BrokenChainError for the first entry that does not follow from the one before.
    """
    expected_seq, previous_hash = event_log.last_seq_and_hash(db)
    for exported in exported_events:
        expected_seq += 1
        stored, texts = _parse_exported_event(exported, expected_seq)
        if stored.seq != expected_seq or stored.hash != stored.compute_hash(previous_hash):
            raise BrokenChainError(
                f"Entry {expected_seq} does not follow from the one before; nothing is kept."
            )
        for fault in find_text_faults(stored, texts):
            raise BrokenChainError(f"{fault} Nothing is kept.")
        event_log.store_event(db, stored, texts)
        apply_event(db, stored.to_event(texts))
        previous_hash = stored.hash
        yield stored.seq


def _parse_exported_event(
    exported: Mapping[str, Any], expected_seq: int
) -> tuple[StoredEvent, dict[str, RedactableText]]:
    if not isinstance(exported, Mapping) or set(exported) != _FIELDS:
        raise BrokenChainError(f"Entry {expected_seq} is no entry of a ledger; nothing is kept.")
    values = {name: exported[name] for name in StoredEvent._fields}
    try:
        texts = {
            pointer: RedactableText(text, salt)
            for pointer, (salt, text) in exported["texts"].items()
        }
    except (AttributeError, TypeError, ValueError):
        raise BrokenChainError(
            f"The texts of entry {expected_seq} are no texts; nothing is kept."
        ) from None
    return StoredEvent(**values), texts


def find_text_faults(stored: StoredEvent, texts: Mapping[str, RedactableText]) -> Iterator[str]:
    """Yield a sentence for every free text that is not the one that the entry was made with."""
    seals = dict(redactable_text.iterate_seals(stored.parse_body()))
    for pointer in sorted(seals.keys() | texts.keys()):
        text = texts.get(pointer)
        if pointer not in seals:
            yield f"Entry {stored.seq} has a text at {pointer} that it was not made with."
        elif text is None:
            yield f"Entry {stored.seq} lacks its text at {pointer}."
        elif text.text is not None and text.seal() != seals[pointer]:
            yield f"The text at {pointer} of entry {stored.seq} is not the one that was recorded."
