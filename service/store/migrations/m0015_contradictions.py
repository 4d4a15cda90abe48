"""Find reports that contradicted another one when they were recorded.

Their warnings are in the body. No text of a client can look like the code of a warning, since a
quotation mark within a text is escaped.
"""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    """
    CREATE INDEX reports_in_contradiction ON reports (seq)
    WHERE body LIKE '%"code":"contradicts"%' OR body LIKE '%"code":"same_reporter_conflict"%'
    """,
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
