"""The whole ledger as lines that hold all there is, and back: the same entries, the same hashes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from service.domain.errors import InvalidInputError
from service.store import event_log, redactable_text
from service.store.event_log import Line
from service.store.interface import Database
from service.store.projections.dispatch import apply
from service.store.redactable_text import Text

_FIELDS: Final = frozenset({*Line.__slots__, "texts"})


class BrokenChainError(InvalidInputError):
    """The ledger is not what it was: an entry was changed, taken out, put in or left half done."""


def dumped(db: Database, after: int = 0) -> Iterator[dict[str, Any]]:
    """Yield every entry after the given one, with its free texts and its hash, in order."""
    for line, kept in event_log.lines(db, after):
        told = {pointer: [text.salt, text.text] for pointer, text in kept.items()}
        yield {**asdict(line), "texts": told}


def loaded(db: Database, entries: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """Yield the number of each entry as it is kept and applied; writes.

    Raises BrokenChainError for the first entry that does not follow from the one before.
    """
    expected, before = event_log.last(db)
    for given in entries:
        expected += 1
        line, kept = _line(given, expected)
        if line.seq != expected or line.hash != line.hashed_after(before):
            raise BrokenChainError(
                f"Entry {expected} does not follow from the one before; nothing is kept."
            )
        for fault in faulty_texts(line, kept):
            raise BrokenChainError(f"{fault} Nothing is kept.")
        event_log.put(db, line, kept)
        apply(db, line.opened(kept))
        before = line.hash
        yield line.seq


def _line(given: Mapping[str, Any], expected: int) -> tuple[Line, dict[str, Text]]:
    if not isinstance(given, Mapping) or set(given) != _FIELDS:
        raise BrokenChainError(f"Entry {expected} is no entry of a ledger; nothing is kept.")
    values = {name: given[name] for name in Line.__slots__}
    try:
        kept = {at: Text(text, salt) for at, (salt, text) in given["texts"].items()}
    except (AttributeError, TypeError, ValueError):
        raise BrokenChainError(
            f"The texts of entry {expected} are no texts; nothing is kept."
        ) from None
    return Line(**values), kept


def faulty_texts(line: Line, kept: Mapping[str, Text]) -> Iterator[str]:
    """Yield a sentence for every free text that is not the one that the entry was made with."""
    sealed = dict(redactable_text.seals(line.read()))
    for pointer in sorted(sealed.keys() | kept.keys()):
        text = kept.get(pointer)
        if pointer not in sealed:
            yield f"Entry {line.seq} has a text at {pointer} that it was not made with."
        elif text is None:
            yield f"Entry {line.seq} lacks its text at {pointer}."
        elif text.text is not None and text.seal() != sealed[pointer]:
            yield f"The text at {pointer} of entry {line.seq} is not the one that was recorded."
