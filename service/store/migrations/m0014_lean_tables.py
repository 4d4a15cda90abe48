"""Make recording cheaper: fewer indexes, no checks of references between derived tables.

A figure is found by its report, so that it needs no index on its id. The days of figures are
indexed by the length of their period, so that those around a day are found without reading all
later ones. The integrity check compares the derived tables with the event log, which shows more
than a reference does. The root group is no longer among the groups of a report, since every report
names it or a group below it.

What was added after a seq is found by indexes on the seqs of entity versions, merges and moved
links.

Responses to requests with an idempotency key have parts: one for each transaction of the request.
"""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

_LENGTH_CLASS: Final = """
    CASE WHEN first_day IS NULL THEN 3
        WHEN last_day - first_day < 1 THEN 0
        WHEN last_day - first_day < 16 THEN 1
        WHEN last_day - first_day < 256 THEN 2
        ELSE 3 END
"""
_SINGLE_PLACE: Final = "CASE WHEN place_ids LIKE '%,%' THEN '' ELSE place_ids END"

_FIGURE_COLUMNS: Final = (
    "seq, position, id, report, reporter, low, high, soft_low, soft_high, best, outcomes,"
    " first_day, last_day, incident, reclassifies, disclosed, place_ids, group_ids, wording_folded"
)

SQLITE_STATEMENTS: Final = (
    "ALTER TABLE figures RENAME TO former_figures",
    """
    CREATE TABLE figures (
        seq INTEGER NOT NULL,
        position INTEGER NOT NULL,
        id TEXT NOT NULL,
        report TEXT NOT NULL,
        reporter TEXT NOT NULL,
        low INTEGER NOT NULL,
        high INTEGER,
        soft_low INTEGER NOT NULL,
        soft_high INTEGER NOT NULL,
        best INTEGER,
        outcomes INTEGER NOT NULL,
        first_day INTEGER,
        last_day INTEGER NOT NULL,
        incident TEXT,
        reclassifies TEXT,
        disclosed INTEGER NOT NULL,
        place_ids TEXT NOT NULL,
        group_ids TEXT NOT NULL,
        wording_folded TEXT,
        length_class INTEGER NOT NULL,
        single_place TEXT NOT NULL,
        CONSTRAINT figures_pk PRIMARY KEY (seq, position),
        CONSTRAINT low_counts_people CHECK (low BETWEEN 0 AND 1000000000),
        CONSTRAINT high_is_not_below_low CHECK (high BETWEEN low AND 1000000000),
        CONSTRAINT best_is_within CHECK (best >= low AND (high IS NULL OR best <= high)),
        CONSTRAINT outcomes_are_a_set CHECK (outcomes BETWEEN 1 AND 15),
        CONSTRAINT days_are_in_order CHECK (first_day <= last_day),
        CONSTRAINT flags_are_flags
            CHECK (soft_low IN (0, 1) AND soft_high IN (0, 1) AND disclosed IN (0, 1))
    ) STRICT, WITHOUT ROWID
    """,
    f"INSERT INTO figures ({_FIGURE_COLUMNS}, length_class, single_place)"
    f" SELECT {_FIGURE_COLUMNS}, {_LENGTH_CLASS}, {_SINGLE_PLACE} FROM former_figures"
    " ORDER BY seq, position",
    "ALTER TABLE moved_links RENAME TO former_moved_links",
    """
    CREATE TABLE moved_links (
        figure TEXT NOT NULL,
        seq INTEGER NOT NULL,
        reclassifies TEXT NOT NULL,
        first_day INTEGER,
        last_day INTEGER NOT NULL,
        place_ids TEXT NOT NULL,
        group_ids TEXT NOT NULL,
        CONSTRAINT moved_links_pk PRIMARY KEY (figure, seq)
    ) STRICT, WITHOUT ROWID
    """,
    "INSERT INTO moved_links SELECT * FROM former_moved_links",
    "DROP TABLE former_moved_links",
    "DROP TABLE former_figures",
    "CREATE INDEX moved_links_by_reclassified ON moved_links (reclassifies)",
    *(
        statement
        for table, column in (
            ("report_places", "place"),
            ("report_groups", "group_id"),
            ("report_words", "word"),
            ("report_incidents", "incident"),
        )
        for statement in (
            f"ALTER TABLE {table} RENAME TO former_{table}",
            f"""
            CREATE TABLE {table} (
                {column} TEXT NOT NULL,
                seq INTEGER NOT NULL,
                CONSTRAINT {table}_pk PRIMARY KEY ({column}, seq)
            ) STRICT, WITHOUT ROWID
            """,
            f"INSERT INTO {table} SELECT {column}, seq FROM former_{table} ORDER BY 1, 2",
            f"DROP TABLE former_{table}",
        )
    ),
    """
    CREATE TABLE idempotent_responses (
        principal TEXT NOT NULL,
        request TEXT NOT NULL,
        key TEXT NOT NULL,
        part INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        response TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        CONSTRAINT idempotent_responses_pk PRIMARY KEY (principal, request, key, part),
        CONSTRAINT fingerprint_is_whole CHECK (length(fingerprint) = 64)
    ) STRICT, WITHOUT ROWID
    """,
)

POSTGRESQL_STATEMENTS: Final = (
    "ALTER TABLE moved_links DROP CONSTRAINT moved_links_figure_fkey",
    "ALTER TABLE moved_links DROP CONSTRAINT moved_links_reclassifies_fkey",
    """
    ALTER TABLE figures
        DROP CONSTRAINT figures_report_fkey,
        DROP CONSTRAINT figures_seq_fkey,
        DROP CONSTRAINT figures_reclassifies_fkey,
        DROP CONSTRAINT figures_pkey,
        DROP CONSTRAINT position_is_free,
        ADD COLUMN length_class BIGINT,
        ADD COLUMN single_place TEXT COLLATE "C"
    """,
    "DROP INDEX figures_in_order",
    "DROP INDEX figures_by_scope",
    "DROP INDEX figures_by_reporter",
    "DROP INDEX figures_by_reclassified",
    f"UPDATE figures SET length_class = {_LENGTH_CLASS}, single_place = {_SINGLE_PLACE}",
    """
    ALTER TABLE figures
        ALTER COLUMN length_class SET NOT NULL,
        ALTER COLUMN single_place SET NOT NULL,
        ADD CONSTRAINT figures_pk PRIMARY KEY (seq, position)
    """,
    "ALTER TABLE report_places DROP CONSTRAINT report_places_seq_fkey",
    "ALTER TABLE report_groups DROP CONSTRAINT report_groups_seq_fkey",
    "ALTER TABLE report_words DROP CONSTRAINT report_words_seq_fkey",
    "ALTER TABLE report_incidents DROP CONSTRAINT report_incidents_seq_fkey",
    "DROP INDEX report_words_of",
    """
    CREATE TABLE idempotent_responses (
        principal TEXT COLLATE "C" NOT NULL,
        request TEXT COLLATE "C" NOT NULL,
        key TEXT COLLATE "C" NOT NULL,
        part BIGINT NOT NULL,
        fingerprint TEXT COLLATE "C" NOT NULL,
        response TEXT COLLATE "C" NOT NULL,
        expires_at TEXT COLLATE "C" NOT NULL,
        CONSTRAINT idempotent_responses_pk PRIMARY KEY (principal, request, key, part),
        CONSTRAINT fingerprint_is_whole CHECK (length(fingerprint) = 64)
    )
    """,
    # The events of one statement are checked together.
    "DROP TRIGGER events_follow ON events",
    """
    CREATE OR REPLACE FUNCTION events_follow () RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        added RECORD;
        before RECORD;
    BEGIN
        SELECT min(seq) AS first, max(seq) AS last, count(*) AS count INTO added FROM new_events;
        IF added.count = 0 THEN
            RETURN NULL;
        END IF;
        SELECT seq, recorded_at INTO before FROM events WHERE seq < added.first
            ORDER BY seq DESC LIMIT 1;
        IF added.first <> 1 + coalesce(before.seq, 0)
            OR added.last <> added.first + added.count - 1 THEN
            RAISE EXCEPTION 'the event log has no gaps';
        END IF;
        IF EXISTS (
            SELECT 1 FROM (
                SELECT recorded_at, lag(recorded_at, 1, before.recorded_at) OVER (ORDER BY seq)
                    AS before_it
                FROM new_events
            ) AS following WHERE recorded_at < before_it
        ) THEN
            RAISE EXCEPTION 'the event log goes forward in time';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER events_follow AFTER INSERT ON events REFERENCING NEW TABLE AS new_events
        FOR EACH STATEMENT EXECUTE FUNCTION events_follow()
    """,
)

SHARED_STATEMENTS: Final = (
    "CREATE INDEX figures_by_scope ON figures (last_day, substr(place_ids, 1, 200), seq)",
    "CREATE INDEX figures_by_reporter ON figures (reporter, length_class, last_day, seq, position,"
    " first_day, single_place, incident)",
    "CREATE INDEX figures_by_reclassified ON figures (reclassifies) WHERE reclassifies IS NOT NULL",
    "DELETE FROM report_groups WHERE group_id = 'everyone'",
    "DROP INDEX reports_by_any_ref",
    "DROP INDEX reports_with_ref",
    "CREATE INDEX reports_by_ref ON reports (ref, reporter) WHERE ref IS NOT NULL",
    "INSERT INTO idempotent_responses"
    " (principal, request, key, part, fingerprint, response, expires_at)"
    " SELECT holder, request, key, 0, fingerprint, told, until FROM answers",
    "DROP TABLE answers",
    "CREATE INDEX idempotent_responses_by_end ON idempotent_responses (expires_at)",
    "CREATE INDEX entries_by_beginning ON entries (since_seq)",
    "CREATE INDEX entries_by_end ON entries (until_seq) WHERE until_seq IS NOT NULL",
    "CREATE INDEX merges_in_order ON merges (seq)",
    "CREATE INDEX moved_links_in_order ON moved_links (seq)",
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements of the engine, and those of both."""
    tables = SQLITE_STATEMENTS if db.engine == "sqlite" else POSTGRESQL_STATEMENTS
    execute_all(db, *tables, *SHARED_STATEMENTS)
