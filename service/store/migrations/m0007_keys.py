"""Add to API keys the reporters that they are bound to, their expiry and their last use."""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    """
    ALTER TABLE keys ADD COLUMN reporters TEXT NOT NULL DEFAULT ''
        CONSTRAINT only_who_reports_is_bound CHECK (reporters = '' OR scope = 'report')
    """,
    "ALTER TABLE keys ADD COLUMN expires_at TEXT",
    "ALTER TABLE keys ADD COLUMN last_used_at TEXT",
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
