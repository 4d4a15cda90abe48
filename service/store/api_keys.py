"""The table of API keys; it contains only a hash of each secret."""

from dataclasses import asdict, dataclass
from typing import Any

from service.store.encoding import join_ids, split_ids
from service.store.interface import Connection, Store
from service.store.tables import KeyRow


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key; ``id`` is its public part.

    Without reporters it is not bound to any. A time is None where it has none: it does not expire,
    was not used, or is not revoked.
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
    """Store a new key; writes."""
    db.insert(KeyRow(**{**asdict(key), "reporters": join_ids(key.reporters)}))


def get(db: Connection, key_id: str) -> ApiKey | None:
    """Return the key, also an expired or revoked one; None where there is none."""
    row = db.fetch_one("select_key", id=key_id)
    return None if row is None else _key_from_row(row)


def list_keys(db: Connection) -> list[ApiKey]:
    """Return all keys, oldest first."""
    return [_key_from_row(row) for row in db.fetch_all("select_all_keys")]


def copy_keys(source: Connection, target: Connection) -> None:
    """Replace the keys of the target by those of the source; writes."""
    target.change("delete_all_keys")
    for key in list_keys(source):
        add(target, key)


def revoke(db: Connection, key_id: str, revoked_at: str) -> bool:
    """Return whether the key existed and was not revoked yet; writes."""
    return db.change("revoke_key", id=key_id, moment=revoked_at) == 1


def record_use(store: Store, key_id: str, used_at: str) -> None:
    """Record when the key was last used; writes, but neither waits nor raises.

    If that fails (another process writes, the disk is full), the next use records it: a reader
    must not wait for a writer because of it.
    """
    store.write_best_effort("update_key_last_use", id=key_id, moment=used_at)


def _key_from_row(row: Any) -> ApiKey:
    columns = KeyRow._make(row)._asdict()
    return ApiKey(**{**columns, "reporters": split_ids(columns["reporters"])})
