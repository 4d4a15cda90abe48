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

from service.store.interface import Database

FREE: Final = frozenset(
    {"quote", "note", "title", "url", "publisher", "wording", "caveats", "reason"}
)
"""The fields that hold free text, wherever in an entry they stand."""

_MARK: Final = "sha256"


@dataclass(frozen=True, slots=True)
class Text:
    """A free text and its salt; both None once they are blanked."""

    text: str | None
    salt: str | None

    def seal(self) -> str:
        """Return the hash that stands for the text in the ledger."""
        return sha256(f"{self.salt}\n{self.text}".encode()).hexdigest()


def new_salt() -> str:
    """Return a salt that cannot be guessed."""
    return secrets.token_hex(16)


def sealed(
    body: Mapping[str, Any], salt: Callable[[], str]
) -> tuple[dict[str, Any], dict[str, Text]]:
    """Return the body with a hash for every free text, and the texts by their JSON pointers."""
    texts: dict[str, Text] = {}

    def copied(value: Any, pointer: str, free: bool) -> Any:
        if isinstance(value, Mapping):
            return {
                name: copied(each, f"{pointer}/{name}", name in FREE)
                for name, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [copied(each, f"{pointer}/{at}", free) for at, each in enumerate(value)]
        if free and isinstance(value, str):
            texts[pointer] = Text(value, salt())
            return {_MARK: texts[pointer].seal()}
        return value

    return copied(body, "", False), texts


def opened(body: Any, texts: Mapping[str, Text]) -> Any:
    """Return the body with its free texts again; those that were blanked are left out."""

    def copied(value: Any, pointer: str) -> Any:
        if _is_seal(value):
            return texts[pointer].text
        if isinstance(value, Mapping):
            return {
                name: copied(each, f"{pointer}/{name}")
                for name, each in value.items()
                if not gone(each, f"{pointer}/{name}")
            }
        if isinstance(value, list):
            return [
                copied(each, f"{pointer}/{at}")
                for at, each in enumerate(value)
                if not gone(each, f"{pointer}/{at}")
            ]
        return value

    def gone(value: Any, pointer: str) -> bool:
        return _is_seal(value) and texts[pointer].text is None

    return copied(body, "")


def _is_seal(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {_MARK}


def seals(body: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield the pointer and the hash of every free text in the body."""
    if _is_seal(body):
        yield pointer, body[_MARK]
    elif isinstance(body, Mapping):
        for name, each in body.items():
            yield from seals(each, f"{pointer}/{name}")
    elif isinstance(body, list):
        for at, each in enumerate(body):
            yield from seals(each, f"{pointer}/{at}")


def keep(db: Database, seq: int, texts: Mapping[str, Text]) -> None:
    """Keep the texts of one entry; writes."""
    many = [
        {"seq": seq, "pointer": pointer, "salt": text.salt, "text": text.text}
        for pointer, text in texts.items()
    ]
    db.change_all("texts_keep", many)


def of_entries(db: Database, seqs: Sequence[int]) -> dict[int, dict[str, Text]]:
    """Return the texts of the entries by seq and pointer, blanked ones too."""
    found: dict[int, dict[str, Text]] = {}
    for seq, pointer, text, salt in db.rows("texts_of", seqs=json.dumps(seqs)):
        found.setdefault(seq, {})[pointer] = Text(text, salt)
    return found


def blank(db: Database, seq: int, pointer: str) -> None:
    """Blank one text of an entry for good; writes."""
    db.change("texts_blank", seq=seq, pointer=pointer)


def blanked(db: Database, until: int) -> list[tuple[int, str]]:
    """Return entry and pointer of every text that was blanked in the entries up to the given."""
    return [(seq, pointer) for seq, pointer in db.rows("texts_blanked", until=until)]
