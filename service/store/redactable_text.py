"""Redactable text: free text stored apart from the event, which has a hash of it (GDPR erasure).

The hash covers the text and a secret salt, which is blanked with it. So a short text cannot be
found by guessing, and the hash chain stays valid after a redaction.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from service.store.interface import Connection
from service.store.tables import TextRow

FREE_TEXT_FIELDS: Final = frozenset(
    {"quote", "note", "title", "url", "publisher", "wording", "caveats", "reason"}
)
"""The fields that contain free text, anywhere in a body."""

_HASH_KEY: Final = "sha256"


@dataclass(frozen=True, slots=True)
class RedactableText:
    """A free text and its salt; both None once blanked."""

    text: str | None
    salt: str | None

    def seal(self) -> str:
        """Return the hash that replaces the text in the event."""
        return sha256(f"{self.salt}\n{self.text}".encode()).hexdigest()


def generate_salt() -> str:
    """Return a random salt of 128 bits."""
    return secrets.token_hex(16)


def seal_texts(
    body: Mapping[str, Any], make_salt: Callable[[], str]
) -> tuple[dict[str, Any], dict[str, RedactableText]]:
    """Return the body with a hash in place of each free text, and the texts by JSON pointer."""
    texts: dict[str, RedactableText] = {}

    def copy_value(value: Any, pointer: str, is_free_text: bool) -> Any:
        if isinstance(value, Mapping):
            return {
                name: copy_value(each, f"{pointer}/{name}", name in FREE_TEXT_FIELDS)
                for name, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [
                copy_value(each, f"{pointer}/{index}", is_free_text)
                for index, each in enumerate(value)
            ]
        if is_free_text and isinstance(value, str):
            texts[pointer] = RedactableText(value, make_salt())
            return {_HASH_KEY: texts[pointer].seal()}
        return value

    return copy_value(body, "", False), texts


def open_texts(body: Any, texts: Mapping[str, RedactableText]) -> Any:
    """Return the body with its free texts restored; blanked ones are left out."""

    def copy_value(value: Any, pointer: str) -> Any:
        if _is_seal(value):
            return texts[pointer].text
        if isinstance(value, Mapping):
            return {
                name: copy_value(each, f"{pointer}/{name}")
                for name, each in value.items()
                if not is_blanked(each, f"{pointer}/{name}")
            }
        if isinstance(value, list):
            return [
                copy_value(each, f"{pointer}/{index}")
                for index, each in enumerate(value)
                if not is_blanked(each, f"{pointer}/{index}")
            ]
        return value

    def is_blanked(value: Any, pointer: str) -> bool:
        return _is_seal(value) and texts[pointer].text is None

    return copy_value(body, "")


def _is_seal(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {_HASH_KEY}


def iterate_seals(body: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield the JSON pointer and the hash of each free text in the body."""
    if _is_seal(body):
        yield pointer, body[_HASH_KEY]
    elif isinstance(body, Mapping):
        for name, each in body.items():
            yield from iterate_seals(each, f"{pointer}/{name}")
    elif isinstance(body, list):
        for index, each in enumerate(body):
            yield from iterate_seals(each, f"{pointer}/{index}")


def store_texts(db: Connection, seq: int, texts: Mapping[str, RedactableText]) -> None:
    """Store the texts of one event; writes."""
    db.insert_many([TextRow(seq, pointer, text.salt, text.text) for pointer, text in texts.items()])


def load_texts(db: Connection, seqs: Sequence[int]) -> dict[int, dict[str, RedactableText]]:
    """Return the texts of the events by seq and pointer, blanked ones included."""
    texts_by_seq: dict[int, dict[str, RedactableText]] = {}
    for row in map(TextRow._make, db.fetch_all("select_texts", seqs=json.dumps(seqs))):
        texts_by_seq.setdefault(row.seq, {})[row.pointer] = RedactableText(row.text, row.salt)
    return texts_by_seq


def blank_text(db: Connection, seq: int, pointer: str) -> None:
    """Blank one text of an event permanently; writes."""
    db.change("blank_text", seq=seq, pointer=pointer)


def list_blanked(db: Connection, last_seq: int) -> list[tuple[int, str]]:
    """Return seq and pointer of each blanked text of the events up to ``last_seq``."""
    return [(seq, pointer) for seq, pointer in db.fetch_all("select_blanked_texts", until=last_seq)]
