"""Create the table of responses to requests that carried an idempotency key."""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    """
    CREATE TABLE answers (
        holder TEXT NOT NULL,
        request TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        told TEXT NOT NULL,
        until TEXT NOT NULL,
        CONSTRAINT answers_pk PRIMARY KEY (holder, request, key),
        CONSTRAINT fingerprint_is_whole CHECK (length(fingerprint) = 64)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX answers_by_end ON answers (until)",
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
