"""Add the table of links that moved: a figure reclassifies another figure than at first.

No event of an earlier release moved a link, so the table begins empty.
"""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

_INDEX: Final = (
    "CREATE INDEX figures_by_reclassified ON figures (reclassifies) WHERE reclassifies IS NOT NULL"
)

_INDEX_OF_MOVED: Final = "CREATE INDEX moved_links_by_reclassified ON moved_links (reclassifies)"

SQLITE_STATEMENTS: Final = (
    """
    CREATE TABLE moved_links (
        figure TEXT NOT NULL REFERENCES figures (id),
        seq INTEGER NOT NULL,
        reclassifies TEXT NOT NULL REFERENCES figures (id),
        first_day INTEGER,
        last_day INTEGER NOT NULL,
        place_ids TEXT NOT NULL,
        group_ids TEXT NOT NULL,
        CONSTRAINT moved_links_pk PRIMARY KEY (figure, seq)
    ) STRICT, WITHOUT ROWID
    """,
    _INDEX_OF_MOVED,
    _INDEX,
)

POSTGRESQL_STATEMENTS: Final = (
    """
    CREATE TABLE moved_links (
        figure TEXT COLLATE "C" NOT NULL REFERENCES figures (id),
        seq BIGINT NOT NULL,
        reclassifies TEXT COLLATE "C" NOT NULL REFERENCES figures (id),
        first_day BIGINT,
        last_day BIGINT NOT NULL,
        place_ids TEXT COLLATE "C" NOT NULL,
        group_ids TEXT COLLATE "C" NOT NULL,
        CONSTRAINT moved_links_pk PRIMARY KEY (figure, seq)
    )
    """,
    _INDEX_OF_MOVED,
    _INDEX,
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements of the engine."""
    execute_all(db, *(SQLITE_STATEMENTS if db.engine == "sqlite" else POSTGRESQL_STATEMENTS))
