"""From the setting to the store: which engine keeps the record."""

from pathlib import Path

from service.store.interface import Store
from service.store.sqlite.engine import SqliteStore


def open_store(address: Path | str, busy_seconds: float) -> Store:
    """Return the store at the address, not yet opened: an SQLite file, or a PostgreSQL URL."""
    if isinstance(address, Path):
        return SqliteStore(address, busy_seconds)
    # Imported here, so that nobody loads a driver that is not asked for.
    from service.store.postgresql.engine import PostgresStore

    return PostgresStore(address, busy_seconds)


def open_standby(address: str, busy_seconds: float) -> Store:
    """Return the store for readers alone that follows another one, not yet opened."""
    from service.store.postgresql.engine import PostgresStore

    return PostgresStore(address, busy_seconds, standby=True)
