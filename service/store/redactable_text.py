"""Redactable text: free text stored apart from the event, which has a hash of it (GDPR erasure).

The hash covers the text and a secret salt, which is blanked with it. So a short text cannot be
found by guessing, and the hash chain stays valid after a redaction.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from service.store.interface import Connection
from service.store.tables import TextRow

FREE_TEXT_FIELDS: Final = frozenset(
    {"quote", "note", "title", "url", "publisher", "wording", "caveats", "reason"}
)
"""The fields that contain free text, anywhere in a body."""

_FREE_TEXT_KEYS: Final = tuple(f'"{name}":' for name in sorted(FREE_TEXT_FIELDS))

_HASH_KEY: Final = "sha256"

_CONTAINERS: Final = frozenset({dict, list})
"""The types of JSON objects and arrays; what is in no such container is not a free text."""


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


def has_free_text(encoded: str) -> bool:
    """Whether canonical JSON may have a free text: False is certain."""
    return any(key in encoded for key in _FREE_TEXT_KEYS)


def seal_texts(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, RedactableText]]:
    """Return the body with a hash in place of each free text, and the texts by JSON pointer."""
    texts: dict[str, RedactableText] = {}
    return _seal_object(body, "", texts), texts


def _seal_object(
    body: Mapping[str, Any], pointer: str, texts: dict[str, RedactableText]
) -> dict[str, Any]:
    sealed = {}
    for name, value in body.items():
        kind = type(value)
        if name in FREE_TEXT_FIELDS:
            value = _seal_value(value, f"{pointer}/{name}", texts)
        elif kind is dict:
            value = _seal_object(value, f"{pointer}/{name}", texts)
        elif kind is list and value and type(value[0]) is dict:
            value = [
                _seal_object(each, f"{pointer}/{name}/{index}", texts)
                for index, each in enumerate(value)
            ]
        sealed[name] = value
    return sealed


def _seal_value(value: Any, pointer: str, texts: dict[str, RedactableText]) -> Any:
    """Return the hash of a free text, or a list of hashes; any other value as it is."""
    if isinstance(value, str):
        texts[pointer] = RedactableText(value, generate_salt())
        return {_HASH_KEY: texts[pointer].seal()}
    if isinstance(value, list | tuple):
        return [_seal_value(each, f"{pointer}/{index}", texts) for index, each in enumerate(value)]
    if isinstance(value, Mapping):
        return _seal_object(value, pointer, texts)
    return value


def open_texts(body: Any, texts: Mapping[str, RedactableText]) -> Any:
    """Return the parsed JSON of a body with its free texts restored; blanked ones are left out."""

    def copy_value(value: Any, pointer: str) -> Any:
        kind = type(value)
        if kind is dict:
            if _is_seal(value):
                return texts[pointer].text
            return {
                name: copy_value(each, f"{pointer}/{name}") if type(each) in _CONTAINERS else each
                for name, each in value.items()
                if not is_blanked(each, f"{pointer}/{name}")
            }
        if kind is list:
            return [
                copy_value(each, f"{pointer}/{index}") if type(each) in _CONTAINERS else each
                for index, each in enumerate(value)
                if not is_blanked(each, f"{pointer}/{index}")
            ]
        return value

    def is_blanked(value: Any, pointer: str) -> bool:
        return _is_seal(value) and texts[pointer].text is None

    return copy_value(body, "")


def _is_seal(value: Any) -> bool:
    return type(value) is dict and len(value) == 1 and _HASH_KEY in value


def iterate_seals(body: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield the JSON pointer and the hash of each free text in the parsed JSON of a body."""
    if _is_seal(body):
        yield pointer, body[_HASH_KEY]
    elif type(body) in _CONTAINERS:
        for name, each in body.items() if type(body) is dict else enumerate(body):
            if type(each) in _CONTAINERS:
                yield from iterate_seals(each, f"{pointer}/{name}")


def make_text_rows(seq: int, texts: Mapping[str, RedactableText]) -> Iterator[TextRow]:
    """Yield the rows of the texts of one event."""
    for pointer, text in texts.items():
        yield TextRow(seq, pointer, text.salt, text.text)


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
