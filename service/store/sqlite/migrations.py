"""Run the migrations on an SQLite file; sqlite-utils records which were applied."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

from service.store.interface import Row
from service.store.migrations import Step, steps_for
from service.store.pending_migrations import find_pending_steps

ENGINE: Final = "sqlite"


class SqliteMigrationConnection:
    """A connection as migrations use it."""

    engine = ENGINE

    def __init__(self, conn: sqlite3.Connection) -> None:
        """Use the connection, which is in a transaction."""
        self._conn = conn

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> None:
        """Run one statement."""
        self._conn.execute(sql, binds or {})

    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each set of binds."""
        self._conn.executemany(sql, bind_sets)

    def fetch_all(self, sql: str, binds: Mapping[str, Any] | None = None) -> list[Row]:
        """Return all rows of a query."""
        return self._conn.execute(sql, binds or {}).fetchall()


def migrate(
    inspect_schema: Callable[[], AbstractContextManager[SqliteUtils]],
    migration_transaction: Callable[[], AbstractContextManager[SqliteUtils]],
) -> int:
    """Return how many migrations were run, as ``Store.migrate`` does; writes.

    Takes the write lock only where a migration is pending.
    """
    with inspect_schema() as db:
        if not _find_pending(db):
            return 0
    with migration_transaction() as db:
        pending = _find_pending(db)  # Another process may have run them meanwhile.
        make_migrations().apply(db)
        return len(pending)


def _find_pending(db: SqliteUtils) -> list[Step]:
    return find_pending_steps(ENGINE, list_applied(db), "events" in db.table_names())


def list_applied(db: SqliteUtils) -> list[str]:
    """Return the names of the migrations that were applied, in the order of their run."""
    return [each.name for each in make_migrations().applied(db)]


def make_migrations() -> Migrations:
    """Return all steps of SQLite as sqlite-utils runs them: each in a savepoint of its own."""
    migrations = Migrations("casualties")
    for step in steps_for(ENGINE):
        migrations(name=step.name)(_adapt(step))
    return migrations


def _adapt(step: Step) -> Callable[[SqliteUtils], None]:
    def upgrade(db: SqliteUtils) -> None:
        step.upgrade(SqliteMigrationConnection(db.conn))

    return upgrade
