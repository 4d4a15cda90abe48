"""Run the migrations on an SQLite file; sqlite-utils records which were applied.

It is loaded only to run one: that takes half a second, and hardly any command finds one pending.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from service.store.interface import Row
from service.store.migrations import Step, steps_for
from service.store.pending_migrations import find_pending_steps

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils
    from sqlite_utils import Migrations

ENGINE: Final = "sqlite"

_MIGRATION_SET: Final = "casualties"


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
    inspect_schema: Callable[[], AbstractContextManager[sqlite3.Connection]],
    migration_transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
) -> int:
    """Return how many migrations were run, as ``Store.migrate`` does; writes.

    Takes the write lock only where a migration is pending.
    """
    with inspect_schema() as conn:
        if not _find_pending(conn):
            return 0
    with migration_transaction() as conn:
        pending = _find_pending(conn)  # Another process may have run them meanwhile.
        if pending:
            from sqlite_utils import Database as SqliteUtils

            make_migrations().apply(SqliteUtils(conn, execute_plugins=False))
        return len(pending)


def _find_pending(conn: sqlite3.Connection) -> list[Step]:
    return find_pending_steps(ENGINE, list_applied(conn), _has_table(conn, "events"))


def list_applied(conn: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that were applied, in the order of their run."""
    if not _has_table(conn, "_sqlite_migrations"):
        return []
    sql = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid"
    return [name for (name,) in conn.execute(sql, [_MIGRATION_SET])]


def _has_table(conn: sqlite3.Connection, name: str) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return conn.execute(sql, [name]).fetchone() is not None


def make_migrations() -> "Migrations":
    """Return all steps of SQLite as sqlite-utils runs them: each in a savepoint of its own."""
    from sqlite_utils import Migrations

    migrations = Migrations(_MIGRATION_SET)
    for step in steps_for(ENGINE):
        migrations(name=step.name)(_adapt(step))
    return migrations


def _adapt(step: Step) -> "Callable[[SqliteUtils], None]":
    def upgrade(db: "SqliteUtils") -> None:
        step.upgrade(SqliteMigrationConnection(db.conn))

    return upgrade
