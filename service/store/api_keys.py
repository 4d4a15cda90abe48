"""API keys: who may do what. Of a key's secret only its hash is known here."""

from dataclasses import asdict, dataclass
from typing import Any

from service.store.encoding import joined, split
from service.store.interface import Database, Store


@dataclass(frozen=True, slots=True)
class Key:
    """One API key; ``id`` is the part of it that may be shown.

    No reporters means that it is not bound to any; None for a moment that it has not come.
    """

    id: str
    name: str
    scope: str
    secret_hash: str
    created_at: str
    reporters: tuple[str, ...] = ()
    expires_at: str | None = None
    last_used_at: str | None = None
    revoked_at: str | None = None


def add(db: Database, key: Key) -> None:
    """Keep a new key; writes."""
    db.change("key_put", **{**asdict(key), "reporters": joined(key.reporters)})


def get(db: Database, id: str) -> Key | None:
    """Return the key, ended or not; None where there is none."""
    row = db.row("key_get", id=id)
    return None if row is None else _key(row)


def listed(db: Database) -> list[Key]:
    """Return all keys, oldest first."""
    return [_key(row) for row in db.rows("keys_all")]


def copy(source: Database, target: Database) -> None:
    """Make the target's keys those of the source; writes."""
    target.change("keys_clear")
    for key in listed(source):
        add(target, key)


def revoke(db: Database, id: str, when: str) -> bool:
    """Return whether there was such a key to revoke that was not revoked already; writes."""
    return db.change("key_revoke", id=id, moment=when) == 1


def note_use(store: Store, id: str, when: str) -> None:
    """Note when the key was last used; writes, yet neither waits nor fails.

    What cannot be noted at once (another writes, the disk is full) is left for the next use: no
    reader shall wait for the writer because of it.
    """
    store.note("key_note_use", id=id, moment=when)


def _key(row: Any) -> Key:
    values = [*row[:5], split(row[5]), *row[6:]]
    return Key(*values)
