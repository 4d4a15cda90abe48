"""Create the event log, to which events can only be appended."""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        moment INTEGER NOT NULL,
        recorded_at TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        actor TEXT,
        body TEXT NOT NULL,
        CONSTRAINT seq_counts_from_one CHECK (seq >= 1),
        CONSTRAINT moment_is_not_before CHECK (moment >= seq),
        CONSTRAINT recorded_at_is_an_instant CHECK (recorded_at GLOB
            '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9]*Z'),
        CONSTRAINT body_is_an_object CHECK (json_type(body) = 'object')
    ) STRICT
    """,
    "CREATE INDEX events_by_subject ON events (subject, seq)",
    "CREATE INDEX events_by_time ON events (recorded_at)",
    """
    CREATE TRIGGER events_have_no_gap BEFORE INSERT ON events
    WHEN NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM events)
    BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END
    """,
    """
    CREATE TRIGGER events_go_forward BEFORE INSERT ON events
    WHEN NEW.recorded_at < (SELECT recorded_at FROM events ORDER BY seq DESC LIMIT 1)
    BEGIN SELECT RAISE(ABORT, 'the ledger goes forward in time'); END
    """,
    """
    CREATE TRIGGER events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END
    """,
    """
    CREATE TRIGGER events_never_go BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'nothing is removed from the ledger'); END
    """,
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
