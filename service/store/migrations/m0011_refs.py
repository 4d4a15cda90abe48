"""Drop the unique index on refs: merged reporters may each have used the same ref.

That one reporter uses a ref only once is checked when a report is submitted.
"""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = ("DROP INDEX reports_by_ref",)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
