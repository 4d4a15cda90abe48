"""Keep which events an import of a file recorded, so that it can be withdrawn as a whole."""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

SQLITE_STATEMENTS: Final = (
    """
    CREATE TABLE imports (
        id TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES events (seq),
        body TEXT NOT NULL,
        row_count INTEGER NOT NULL,
        report_count INTEGER NOT NULL,
        finished_seq INTEGER,
        withdrawn_seq INTEGER,
        CONSTRAINT imports_pk PRIMARY KEY (id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE import_ranges (
        import_id TEXT NOT NULL,
        first_seq INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        CONSTRAINT import_ranges_pk PRIMARY KEY (import_id, first_seq)
    ) STRICT, WITHOUT ROWID
    """,
)

POSTGRESQL_STATEMENTS: Final = (
    """
    CREATE TABLE imports (
        id TEXT COLLATE "C" NOT NULL,
        seq BIGINT NOT NULL REFERENCES events (seq),
        body TEXT COLLATE "C" NOT NULL,
        row_count BIGINT NOT NULL,
        report_count BIGINT NOT NULL,
        finished_seq BIGINT,
        withdrawn_seq BIGINT,
        CONSTRAINT imports_pk PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE import_ranges (
        import_id TEXT COLLATE "C" NOT NULL,
        first_seq BIGINT NOT NULL,
        last_seq BIGINT NOT NULL,
        CONSTRAINT import_ranges_pk PRIMARY KEY (import_id, first_seq)
    )
    """,
)

INDEXES: Final = (
    "CREATE UNIQUE INDEX imports_by_seq ON imports (seq)",
    """
    CREATE INDEX running_imports ON imports (seq)
    WHERE finished_seq IS NULL AND withdrawn_seq IS NULL
    """,
)


def upgrade(db: MigrationConnection) -> None:
    """Create the tables; no import of an earlier release was recorded as one."""
    is_sqlite = db.engine == "sqlite"
    execute_all(db, *(SQLITE_STATEMENTS if is_sqlite else POSTGRESQL_STATEMENTS), *INDEXES)
