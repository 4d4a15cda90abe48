"""API keys: who may do what. Of a key's secret only its hash is known here."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.store.connections import Database, connect
from service.store.rows import joined, split


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


_COLUMNS: Final = (
    "id, name, scope, secret_hash, created_at, reporters, expires_at, last_used_at, revoked_at"
)


def add(db: Database, key: Key) -> None:
    """Keep a new key; writes."""
    db.execute(
        "INSERT INTO keys (id, name, scope, secret_hash, created_at, reporters, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            key.id,
            key.name,
            key.scope,
            key.secret_hash,
            key.created_at,
            joined(key.reporters),
            key.expires_at,
        ),
    )


def get(db: Database, id: str) -> Key | None:
    """Return the key, ended or not; None where there is none."""
    row = db.execute(f"SELECT {_COLUMNS} FROM keys WHERE id = ?", (id,)).fetchone()
    return None if row is None else _key(row)


def listed(db: Database) -> list[Key]:
    """Return all keys, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created_at, id")
    return [_key(row) for row in rows]


def revoke(db: Database, id: str, when: str) -> bool:
    """Return whether there was such a key to revoke that was not revoked already; writes."""
    done = db.execute(
        "UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (when, id)
    )
    return bool(done.rowcount == 1)


def note_use(path: Path, id: str, when: str) -> None:
    """Note when the key was last used; writes, yet neither waits nor fails.

    What cannot be noted at once (another writes, the disk is full) is left for the next use, and
    a power failure may lose it: no reader shall wait for the writer, or for the disk, because of
    it. Hence a connection of its own.
    """
    with suppress(sqlite3.Error, OSError), closing(connect(path, busy_seconds=0)) as conn:
        conn.execute("PRAGMA synchronous = NORMAL")
        conn.execute("PRAGMA wal_autocheckpoint = 0")
        conn.execute("UPDATE keys SET last_used_at = ? WHERE id = ?", (when, id))


def _key(row: Any) -> Key:
    values = [*row[:5], split(row[5]), *row[6:]]
    return Key(*values)
