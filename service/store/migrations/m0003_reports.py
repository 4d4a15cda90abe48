"""Create the tables for reading reports and figures; each row holds the seq of its event."""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    """
    CREATE TABLE reports (
        seq INTEGER PRIMARY KEY REFERENCES events (seq),
        id TEXT NOT NULL UNIQUE,
        recorded_at TEXT NOT NULL,
        reporter TEXT NOT NULL,
        ref TEXT,
        content_hash TEXT NOT NULL,
        stance TEXT NOT NULL,
        relays TEXT REFERENCES reports (id),
        origin TEXT REFERENCES reports (id),
        supersedes TEXT REFERENCES reports (id),
        superseded_seq INTEGER REFERENCES events (seq),
        superseded_by TEXT,
        retracted_seq INTEGER REFERENCES events (seq),
        first_day INTEGER,
        last_day INTEGER,
        place_ids TEXT NOT NULL,
        group_ids TEXT NOT NULL,
        caveats TEXT NOT NULL,
        quote_folded TEXT,
        body TEXT NOT NULL,
        CONSTRAINT stance_is_known CHECK (stance IN
            ('asserts', 'does_not_acknowledge', 'declines_to_say', 'acknowledges')),
        CONSTRAINT a_relay_has_an_origin CHECK ((relays IS NULL) = (origin IS NULL)),
        CONSTRAINT superseded_by_one
            CHECK ((superseded_seq IS NULL) = (superseded_by IS NULL)),
        CONSTRAINT superseded_after CHECK (superseded_seq > seq),
        CONSTRAINT retracted_after CHECK (retracted_seq > seq)
    ) STRICT
    """,
    """
    CREATE UNIQUE INDEX reports_by_ref ON reports (reporter, ref)
    WHERE ref IS NOT NULL AND superseded_seq IS NULL
    """,
    "CREATE INDEX reports_by_any_ref ON reports (reporter, ref) WHERE ref IS NOT NULL",
    "CREATE INDEX reports_by_reporter ON reports (reporter, seq)",
    "CREATE INDEX reports_by_quote ON reports (quote_folded) WHERE quote_folded IS NOT NULL",
    """
    CREATE TABLE figures (
        id TEXT PRIMARY KEY,
        report TEXT NOT NULL REFERENCES reports (id),
        position INTEGER NOT NULL,
        reporter TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES events (seq),
        low INTEGER NOT NULL,
        high INTEGER,
        soft_low INTEGER NOT NULL,
        soft_high INTEGER NOT NULL,
        best INTEGER,
        outcomes INTEGER NOT NULL,
        first_day INTEGER,
        last_day INTEGER NOT NULL,
        incident TEXT,
        reclassifies TEXT REFERENCES figures (id),
        disclosed INTEGER NOT NULL,
        place_ids TEXT NOT NULL,
        group_ids TEXT NOT NULL,
        wording_folded TEXT,
        CONSTRAINT position_is_free UNIQUE (report, position),
        CONSTRAINT low_counts_people CHECK (low BETWEEN 0 AND 1000000000),
        CONSTRAINT high_is_not_below_low CHECK (high BETWEEN low AND 1000000000),
        CONSTRAINT best_is_within CHECK (best >= low AND (high IS NULL OR best <= high)),
        CONSTRAINT outcomes_are_a_set CHECK (outcomes BETWEEN 1 AND 15),
        CONSTRAINT days_are_in_order CHECK (first_day <= last_day),
        CONSTRAINT flags_are_flags
            CHECK (soft_low IN (0, 1) AND soft_high IN (0, 1) AND disclosed IN (0, 1))
    ) STRICT
    """,
    "CREATE INDEX figures_in_order ON figures (seq, position)",
    "CREATE INDEX figures_by_scope ON figures (last_day, place_ids)",
    "CREATE INDEX figures_by_reporter ON figures (reporter, last_day)",
    """
    CREATE TABLE report_places (
        place TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES reports (seq),
        CONSTRAINT report_places_pk PRIMARY KEY (place, seq)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE report_groups (
        group_id TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES reports (seq),
        CONSTRAINT report_groups_pk PRIMARY KEY (group_id, seq)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE VIRTUAL TABLE report_texts
    USING fts5 (words, tokenize = 'unicode61 remove_diacritics 2')
    """,
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
