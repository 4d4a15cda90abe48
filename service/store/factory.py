"""The one place that opens an engine: from an address to a store."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.store.interface import Store
from service.store.sqlite.engine import SqliteStore


def open_store(address: Path | str, busy_seconds: float, *, is_bulk: bool = False) -> Store:
    """Return the store at the address, not yet opened: an SQLite file, or a PostgreSQL URL.

    ``is_bulk`` is whether a command writes, which may write very much and answers no request.
    Raises StoreUnavailableError for a URL that cannot be parsed.
    """
    if isinstance(address, Path):
        return SqliteStore(address, busy_seconds, is_bulk=is_bulk)
    # Imported here, so that a service with SQLite does not load the driver of PostgreSQL.
    from service.store.postgresql.engine import PostgresStore

    return PostgresStore(address, busy_seconds)


def open_standby(address: str, busy_seconds: float) -> Store:
    """Return the store of a PostgreSQL standby, not yet opened; it is only read."""
    from service.store.postgresql.engine import PostgresStore

    return PostgresStore(address, busy_seconds, standby=True)


@contextmanager
def open_scratch_store() -> Iterator[Store]:
    """Yield an empty, migrated store in a temporary file, which is deleted at the end."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "scratch.db")
        store.migrate()
        try:
            yield store
        finally:
            store.close()
