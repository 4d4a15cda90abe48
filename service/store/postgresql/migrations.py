"""Run the migrations in a PostgreSQL schema; the table ``migrations`` records them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import psycopg

from service.domain.errors import StoreUnavailableError
from service.store.interface import Row
from service.store.pending_migrations import find_pending_steps
from service.store.postgresql.dialect import TAKE_WRITE_LOCK, to_psycopg_sql

ENGINE: Final = "postgresql"

_TAKE_SCHEMA_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext(current_schema()))"
_FIND_TABLES: Final = (
    "SELECT current_schema(),"
    " to_regclass(quote_ident(current_schema()) || '.migrations') IS NOT NULL,"
    " to_regclass(quote_ident(current_schema()) || '.events') IS NOT NULL"
)
_CREATE_MIGRATIONS: Final = (
    "CREATE TABLE migrations (name TEXT PRIMARY KEY, run_at TIMESTAMPTZ NOT NULL DEFAULT now())"
)


class PostgresMigrationConnection:
    """A connection as migrations use it."""

    engine = ENGINE

    def __init__(self, conn: psycopg.Connection[Row]) -> None:
        """Use the connection, which is in a transaction."""
        self._conn = conn

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> None:
        """Run one statement; without binds also a script of several."""
        self._run(sql, binds)

    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each set of binds."""
        with self._conn.cursor() as cursor:
            cursor.executemany(to_psycopg_sql(sql).encode(), list(bind_sets))

    def fetch_all(self, sql: str, binds: Mapping[str, Any] | None = None) -> list[Row]:
        """Return all rows of a query."""
        return self._run(sql, binds).fetchall()

    def _run(self, sql: str, binds: Mapping[str, Any] | None) -> psycopg.Cursor[Row]:
        if binds is None:
            return self._conn.execute(sql.encode())
        return self._conn.execute(to_psycopg_sql(sql).encode(), binds)


def migrate(conn: psycopg.Connection[Row]) -> int:
    """Return how many migrations were run in the open transaction, under the schema's lock; writes.

    Raises StoreUnavailableError for a missing schema, and for a database that has tables but no
    list of the migrations that were run.
    """
    conn.execute(_TAKE_SCHEMA_LOCK)
    ((schema, has_migrations, has_events),) = conn.execute(_FIND_TABLES).fetchall()
    if schema is None:
        raise StoreUnavailableError(
            "The schema that the URL names does not exist; create it first."
        )
    applied = []
    if has_migrations:
        applied = [name for (name,) in conn.execute("SELECT name FROM migrations")]
    pending = find_pending_steps(ENGINE, applied, has_events)
    if pending and has_events:
        conn.execute(TAKE_WRITE_LOCK)  # A service of the former release may still be writing.
    if not has_migrations:
        conn.execute(_CREATE_MIGRATIONS)
    for step in pending:
        step.upgrade(PostgresMigrationConnection(conn))
        conn.execute("INSERT INTO migrations (name) VALUES (%s)", (step.name,))
    return len(pending)
