"""What a migration needs of a connection. Frozen: released migrations depend on every line."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class MigrationConnection(Protocol):
    """A connection in the transaction of the migration, which the runner commits or rolls back.

    ``engine`` is "sqlite" or "postgresql". Binds are written ``:name`` on both engines.
    """

    engine: str

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> None:
        """Run one statement. Without binds the text is sent to the engine as it is."""

    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each set of binds."""

    def fetch_all(self, sql: str, binds: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""


def execute_all(db: MigrationConnection, *statements: str) -> None:
    """Run the statements in order."""
    for statement in statements:
        db.execute(statement)
