"""Create all tables in PostgreSQL: the same as those of SQLite after 0011_refs."""

from pathlib import Path
from typing import Final

from service.store.migrations.connection import MigrationConnection

SCRIPT: Final = Path(__file__).with_suffix(".sql")


def upgrade(db: MigrationConnection) -> None:
    """Run the script, which the driver takes as one text."""
    db.execute(SCRIPT.read_text(encoding="utf-8"))
