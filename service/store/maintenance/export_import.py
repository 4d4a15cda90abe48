"""Export of the event log with its free texts, and import with the same hashes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.domain.errors import InvalidInputError
from service.store import event_log, redactable_text
from service.store.event_log import StoredEvent
from service.store.interface import Connection
from service.store.projections.dispatch import EVENT_KINDS, ProjectionWriter
from service.store.redactable_text import RedactableText

_FIELDS: Final = frozenset({*StoredEvent._fields, "texts"})


class BrokenChainError(InvalidInputError):
    """The imported events do not form the hash chain: one was changed, removed or added."""


def export_events(db: Connection, after: int = 0) -> Iterator[dict[str, Any]]:
    """Yield each event after ``after`` with its free texts and its hash, in order."""
    for stored, texts in event_log.iterate_stored_events(db, after):
        yield export_event(stored, texts)


def export_event(
    stored: event_log.StoredEvent, texts: Mapping[str, RedactableText]
) -> dict[str, Any]:
    """Return the event with its free texts and its hash."""
    exported_texts = {pointer: [text.salt, text.text] for pointer, text in texts.items()}
    return {**stored._asdict(), "texts": exported_texts}


def import_events(db: Connection, exported_events: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """Yield the ``seq`` of each event; all are stored and applied when the last was taken; writes.

    Raises BrokenChainError for the first event that does not continue the hash chain, and
    InvalidInputError for one of a later release.
    """
    expected_seq, previous_hash = event_log.last_seq_and_hash(db)
    projections = ProjectionWriter(db)
    for exported in exported_events:
        expected_seq += 1
        stored, texts = _parse_exported_event(exported, expected_seq)
        if stored.seq != expected_seq or stored.hash != stored.compute_hash(previous_hash):
            raise BrokenChainError(
                f"Event {expected_seq} does not continue the hash chain; nothing was imported."
            )
        if stored.kind not in EVENT_KINDS:
            raise InvalidInputError(
                f"Event {expected_seq} is of a kind that this release does not know: {stored.kind}."
                " Use a later release; nothing was imported."
            )
        for fault in find_text_faults(stored, texts):
            raise BrokenChainError(f"{fault} Nothing was imported.")
        projections.store(stored, texts)
        projections.apply(stored.to_event(texts))
        previous_hash = stored.hash
        yield stored.seq
    projections.flush()


def _parse_exported_event(
    exported: Mapping[str, Any], expected_seq: int
) -> tuple[StoredEvent, dict[str, RedactableText]]:
    if not isinstance(exported, Mapping) or set(exported) != _FIELDS:
        raise BrokenChainError(
            f"Line {expected_seq} is not an exported event; nothing was imported."
        )
    values = {name: exported[name] for name in StoredEvent._fields}
    try:
        texts = {
            pointer: RedactableText(text, salt)
            for pointer, (salt, text) in exported["texts"].items()
        }
    except (AttributeError, TypeError, ValueError):
        raise BrokenChainError(
            f"The texts of event {expected_seq} are malformed; nothing was imported."
        ) from None
    return StoredEvent(**values), texts


def find_text_faults(stored: StoredEvent, texts: Mapping[str, RedactableText]) -> Iterator[str]:
    """Yield a sentence for each free text that does not match its hash in the event."""
    seals = dict(redactable_text.iterate_seals(stored.parse_body()))
    for pointer in sorted(seals.keys() | texts.keys()):
        text = texts.get(pointer)
        if pointer not in seals:
            yield f"Event {stored.seq} has a text at {pointer} that was not recorded with it."
        elif text is None:
            yield f"Event {stored.seq} lacks its text at {pointer}."
        elif text.text is not None and text.seal() != seals[pointer]:
            yield f"The text at {pointer} of event {stored.seq} is not the one that was recorded."
