"""API keys: who may do what. Of a key's secret only its hash is known here."""

from dataclasses import asdict, dataclass
from typing import Any

from service.store.encoding import join_ids, split_ids
from service.store.interface import Connection, Store
from service.store.tables import KeyRow


@dataclass(frozen=True, slots=True)
class ApiKey:
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


def add(db: Connection, key: ApiKey) -> None:
    """Keep a new key; writes."""
    db.insert(KeyRow(**{**asdict(key), "reporters": join_ids(key.reporters)}))


def get(db: Connection, key_id: str) -> ApiKey | None:
    """Return the key, ended or not; None where there is none."""
    row = db.fetch_one("select_key", id=key_id)
    return None if row is None else _key_from_row(row)


def list_keys(db: Connection) -> list[ApiKey]:
    """Return all keys, oldest first."""
    return [_key_from_row(row) for row in db.fetch_all("select_all_keys")]


def copy_keys(source: Connection, target: Connection) -> None:
    """Make the target's keys those of the source; writes."""
    target.change("delete_all_keys")
    for key in list_keys(source):
        add(target, key)


def revoke(db: Connection, key_id: str, revoked_at: str) -> bool:
    """Return whether there was such a key to revoke that was not revoked already; writes."""
    return db.change("revoke_key", id=key_id, moment=revoked_at) == 1


def record_use(store: Store, key_id: str, used_at: str) -> None:
    """Note when the key was last used; writes, yet neither waits nor fails.

    What cannot be noted at once (another writes, the disk is full) is left for the next use: no
    reader shall wait for the writer because of it.
    """
    store.write_best_effort("update_key_last_use", id=key_id, moment=used_at)


def _key_from_row(row: Any) -> ApiKey:
    columns = KeyRow._make(row)._asdict()
    return ApiKey(**{**columns, "reporters": split_ids(columns["reporters"])})
