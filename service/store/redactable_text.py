"""Free text kept apart from the ledger: an entry holds its hash, so that it can be blanked by law.

The hash is of the text with a secret salt, which is blanked with it: nobody can then find out a
short text by trying, and the chain of the entries still verifies.
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
"""The fields that hold free text, wherever in an entry they stand."""

_HASH_KEY: Final = "sha256"


@dataclass(frozen=True, slots=True)
class RedactableText:
    """A free text and its salt; both None once they are blanked."""

    text: str | None
    salt: str | None

    def seal(self) -> str:
        """Return the hash that stands for the text in the ledger."""
        return sha256(f"{self.salt}\n{self.text}".encode()).hexdigest()


def generate_salt() -> str:
    """Return a salt that cannot be guessed."""
    return secrets.token_hex(16)


def seal_texts(
    body: Mapping[str, Any], make_salt: Callable[[], str]
) -> tuple[dict[str, Any], dict[str, RedactableText]]:
    """Return the body with a hash for every free text, and the texts by their JSON pointers."""
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
    """Return the body with its free texts again; those that were blanked are left out."""

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
    """Yield the pointer and the hash of every free text in the body."""
    if _is_seal(body):
        yield pointer, body[_HASH_KEY]
    elif isinstance(body, Mapping):
        for name, each in body.items():
            yield from iterate_seals(each, f"{pointer}/{name}")
    elif isinstance(body, list):
        for index, each in enumerate(body):
            yield from iterate_seals(each, f"{pointer}/{index}")


def store_texts(db: Connection, seq: int, texts: Mapping[str, RedactableText]) -> None:
    """Keep the texts of one entry; writes."""
    db.insert_many([TextRow(seq, pointer, text.salt, text.text) for pointer, text in texts.items()])


def load_texts(db: Connection, seqs: Sequence[int]) -> dict[int, dict[str, RedactableText]]:
    """Return the texts of the entries by seq and pointer, blanked ones too."""
    texts_by_seq: dict[int, dict[str, RedactableText]] = {}
    for row in map(TextRow._make, db.fetch_all("select_texts", seqs=json.dumps(seqs))):
        texts_by_seq.setdefault(row.seq, {})[row.pointer] = RedactableText(row.text, row.salt)
    return texts_by_seq


def blank_text(db: Connection, seq: int, pointer: str) -> None:
    """Blank one text of an entry for good; writes."""
    db.change("blank_text", seq=seq, pointer=pointer)


def list_blanked(db: Connection, last_seq: int) -> list[tuple[int, str]]:
    """Return entry and pointer of every text that was blanked in the entries up to the given."""
    return [(seq, pointer) for seq, pointer in db.fetch_all("select_blanked_texts", until=last_seq)]
