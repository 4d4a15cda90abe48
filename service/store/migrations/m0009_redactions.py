"""Add an index that finds the last redaction: cached answers from before it are invalid."""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = ("CREATE INDEX events_redacted ON events (seq) WHERE kind = 'redacted'",)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
