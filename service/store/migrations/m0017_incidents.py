"""Find the figures of a reporter that are about no incident, apart from those that are.

A figure about an incident is compared with these and with the others of its incident. A register
has hundreds of thousands of figures, each about an incident of its own.
"""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    "CREATE INDEX figures_without_incident ON figures (reporter, length_class, last_day, seq,"
    " position, first_day, single_place) WHERE incident IS NULL",
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
