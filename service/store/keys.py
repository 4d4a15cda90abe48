"""API keys: who may do what. Of a key's secret only its hash is known here."""

from dataclasses import dataclass

from service.store.sqlite import Database


@dataclass(frozen=True, slots=True)
class Key:
    """One API key; ``id`` is the part of it that may be shown."""

    id: str
    name: str
    scope: str
    secret_hash: str
    created_at: str
    revoked_at: str | None = None


def add(db: Database, key: Key) -> None:
    """Keep a new key; writes."""
    db.execute(
        "INSERT INTO keys (id, name, scope, secret_hash, created_at) VALUES (?, ?, ?, ?, ?)",
        (key.id, key.name, key.scope, key.secret_hash, key.created_at),
    )


def get(db: Database, id: str) -> Key | None:
    """Return the key, revoked or not; None where there is none."""
    row = db.execute(
        "SELECT id, name, scope, secret_hash, created_at, revoked_at FROM keys WHERE id = ?", (id,)
    ).fetchone()
    return None if row is None else Key(*row)


def listed(db: Database) -> list[Key]:
    """Return all keys, oldest first."""
    rows = db.execute(
        "SELECT id, name, scope, secret_hash, created_at, revoked_at FROM keys"
        " ORDER BY created_at, id"
    )
    return [Key(*row) for row in rows]


def revoke(db: Database, id: str, when: str) -> bool:
    """Return whether there was such a key to revoke that was not revoked already; writes."""
    done = db.execute(
        "UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (when, id)
    )
    return bool(done.rowcount == 1)
