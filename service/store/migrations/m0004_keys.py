"""Create the table of API keys, which holds only a hash of each secret."""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    """
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        scope TEXT NOT NULL,
        secret_hash TEXT NOT NULL,
        created_at TEXT NOT NULL,
        revoked_at TEXT,
        CONSTRAINT scope_is_known CHECK (scope IN ('read', 'report', 'admin')),
        CONSTRAINT secret_is_hashed CHECK (length(secret_hash) = 64)
    ) STRICT
    """,
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
