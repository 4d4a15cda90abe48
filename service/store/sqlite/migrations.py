"""The shape of the database, built up step by step; a step that has run is never edited."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import astuple, replace
from typing import Final

from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

from service.domain.errors import StoreUnavailableError
from service.store import event_log as entries
from service.store import full_text, redactable_text
from service.store.codec import decode_report, hash_content
from service.store.projections.reports import searchable_text

Step = Callable[[SqliteUtils], None]

migrations: Final = Migrations("casualties")


def _step(name: str) -> Callable[[Step], Step]:
    """Return the decorator that adds a step; its name is what the database remembers."""
    added: Callable[[Step], Step] = migrations(name=name)
    return added


def migrate(
    inspect_schema: Callable[[], AbstractContextManager[SqliteUtils]],
    migration_transaction: Callable[[], AbstractContextManager[SqliteUtils]],
) -> int:
    """Return how many steps were run, as ``Store.migrate`` does; writes."""
    with inspect_schema() as db:
        if not migrations.pending(db):
            return 0
    with migration_transaction() as db:
        pending = migrations.pending(db)
        known = {each.name for each in migrations.pending(SqliteUtils(memory=True))}
        applied = {each.name for each in migrations.applied(db)}
        if not applied <= known or (not applied and "events" in db.table_names()):
            detail = "The database file is damaged or of another release; its keeper must look."
            raise StoreUnavailableError(detail)
        migrations.apply(db)
        return len(pending)


def _run(db: SqliteUtils, *statements: str) -> None:
    for statement in statements:
        db.execute(statement)


@_step("0001_ledger")
def ledger(db: SqliteUtils) -> None:
    """Create the ledger, which can only grow."""
    _run(
        db,
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


@_step("0002_registry")
def registry(db: SqliteUtils) -> None:
    """Create the versions of places, groups and reporters, with the root of all groups.

    The root is there before anything is recorded, hence since 0, which is no entry of the ledger.
    """
    _run(
        db,
        """
        CREATE TABLE entries (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            since_seq INTEGER NOT NULL,
            until_seq INTEGER,
            name_folded TEXT NOT NULL,
            names_folded TEXT NOT NULL,
            parent TEXT,
            body TEXT NOT NULL,
            CONSTRAINT entries_pk PRIMARY KEY (kind, id, since_seq),
            CONSTRAINT kind_is_known CHECK (kind IN ('place', 'group', 'reporter')),
            CONSTRAINT until_is_after_since CHECK (until_seq > since_seq),
            CONSTRAINT parent_is_another CHECK (parent <> id),
            CONSTRAINT reporters_are_no_tree CHECK (kind <> 'reporter' OR parent IS NULL),
            CONSTRAINT groups_are_one_tree
                CHECK (kind <> 'group' OR (parent IS NULL) = (id = 'everyone'))
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE UNIQUE INDEX entries_now ON entries (kind, id) WHERE until_seq IS NULL",
        "CREATE INDEX entries_below ON entries (kind, parent) WHERE until_seq IS NULL",
        "CREATE INDEX entries_named ON entries (kind, name_folded) WHERE until_seq IS NULL",
        """
        INSERT INTO entries (kind, id, since_seq, name_folded, names_folded, body)
        VALUES ('group', 'everyone', 0, 'everyone', 'everyone',
                '{"id":"everyone","name":"Everyone"}')
        """,
    )


@_step("0003_reports")
def reports(db: SqliteUtils) -> None:
    """Create the tables for reading reports and figures, each row dated by its entry's number."""
    _run(
        db,
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


@_step("0004_keys")
def keys(db: SqliteUtils) -> None:
    """Create the list of API keys; of a key's secret only its hash is kept."""
    _run(
        db,
        """
        CREATE TABLE keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            scope TEXT NOT NULL,
            secret_hash TEXT NOT NULL,
            created_at TEXT NOT NULL,
            revoked_at TEXT,
            CONSTRAINT scope_is_known CHECK (scope IN ('read', 'report', 'admin')),
            CONSTRAINT secret_is_hashed CHECK (length(secret_hash) = 64)
        ) STRICT
        """,
    )


@_step("0005_content")
def content(db: SqliteUtils) -> None:
    """Hash the content of every report anew: by what it says, no longer by how it was spelled."""
    rows = db.execute("SELECT seq, body FROM reports").fetchall()
    db.conn.executemany(
        "UPDATE reports SET content_hash = ? WHERE seq = ?",
        [(hash_content(decode_report(json.loads(body)["report"])), seq) for seq, body in rows],
    )


@_step("0006_chain")
def chain(db: SqliteUtils) -> None:
    """Chain the entries by hash, keep free texts apart, make room for retraction and merging.

    What was recorded stays as it is: the same numbers, dates and bodies.
    """
    _run(
        db,
        """
        CREATE TABLE chained (
            seq INTEGER PRIMARY KEY,
            request INTEGER NOT NULL,
            recorded_at TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            actor TEXT,
            body TEXT NOT NULL,
            hash TEXT NOT NULL,
            CONSTRAINT seq_counts_from_one CHECK (seq >= 1),
            CONSTRAINT request_is_not_after CHECK (request BETWEEN 1 AND seq),
            CONSTRAINT recorded_at_is_an_instant CHECK (recorded_at GLOB
                '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9]*Z'),
            CONSTRAINT body_is_an_object CHECK (json_type(body) = 'object'),
            CONSTRAINT hash_is_whole CHECK (length(hash) = 64)
        ) STRICT
        """,
        """
        CREATE TABLE texts (
            seq INTEGER NOT NULL REFERENCES events (seq),
            pointer TEXT NOT NULL,
            salt TEXT,
            text TEXT,
            CONSTRAINT texts_pk PRIMARY KEY (seq, pointer),
            CONSTRAINT blanked_as_a_whole CHECK ((salt IS NULL) = (text IS NULL))
        ) STRICT, WITHOUT ROWID
        """,
    )
    _copy_chained(db)
    _run(
        db,
        "DROP TABLE events",
        "ALTER TABLE chained RENAME TO events",
        "CREATE INDEX events_by_subject ON events (subject, seq)",
        "CREATE INDEX events_by_time ON events (recorded_at)",
        "CREATE INDEX events_by_request ON events (request)",
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
        """
        CREATE TRIGGER texts_are_only_blanked BEFORE UPDATE ON texts
        WHEN NEW.text IS NOT NULL OR NEW.seq <> OLD.seq OR NEW.pointer <> OLD.pointer
        BEGIN SELECT RAISE(ABORT, 'a text can be blanked, not changed'); END
        """,
        """
        CREATE TRIGGER texts_never_go BEFORE DELETE ON texts
        BEGIN SELECT RAISE(ABORT, 'a text can be blanked, not removed'); END
        """,
        """
        CREATE TABLE merges (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            into_id TEXT NOT NULL,
            seq INTEGER NOT NULL REFERENCES events (seq),
            CONSTRAINT merges_pk PRIMARY KEY (kind, id),
            CONSTRAINT into_is_another CHECK (into_id <> id)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX merges_into ON merges (kind, into_id)",
        "DROP INDEX entries_below",
        "CREATE INDEX entries_below ON entries (kind, parent)",
    )


def _copy_chained(db: SqliteUtils) -> None:
    """Copy every entry from before there was a chain; a request ended where a moment did."""
    before, end, first = entries.INITIAL_HASH, 0, 1
    rows = db.execute("SELECT * FROM events ORDER BY seq").fetchall()
    for seq, moment, dated, kind, subject, actor, body in rows:
        if seq > end:
            first, end = seq, moment
        told, kept = redactable_text.seal_texts(json.loads(body), redactable_text.generate_salt)
        line = entries.StoredEvent(
            seq, first, dated, kind, subject, actor, entries.canonical_json(told), ""
        )
        before = line.compute_hash(before)
        values = astuple(replace(line, hash=before))
        db.execute("INSERT INTO chained VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        db.conn.executemany(
            "INSERT INTO texts (seq, pointer, salt, text) VALUES (?, ?, ?, ?)",
            [(seq, pointer, text.salt, text.text) for pointer, text in kept.items()],
        )


@_step("0007_keys")
def keys_bound(db: SqliteUtils) -> None:
    """Let a key be bound to reporters and come to an end, and note when it was last used."""
    _run(
        db,
        """
        ALTER TABLE keys ADD COLUMN reporters TEXT NOT NULL DEFAULT ''
            CONSTRAINT only_who_reports_is_bound CHECK (reporters = '' OR scope = 'report')
        """,
        "ALTER TABLE keys ADD COLUMN expires_at TEXT",
        "ALTER TABLE keys ADD COLUMN last_used_at TEXT",
    )


@_step("0008_answers")
def answers(db: SqliteUtils) -> None:
    """Make room for what was answered to requests that may be sent again."""
    _run(
        db,
        """
        CREATE TABLE answers (
            holder TEXT NOT NULL,
            request TEXT NOT NULL,
            key TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            told TEXT NOT NULL,
            until TEXT NOT NULL,
            CONSTRAINT answers_pk PRIMARY KEY (holder, request, key),
            CONSTRAINT fingerprint_is_whole CHECK (length(fingerprint) = 64)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX answers_by_end ON answers (until)",
    )


@_step("0009_redactions")
def redactions(db: SqliteUtils) -> None:
    """Let the last redaction be found at once: what was told before may hold a blanked text."""
    _run(db, "CREATE INDEX events_redacted ON events (seq) WHERE kind = 'redacted'")


@_step("0010_words")
def words(db: SqliteUtils) -> None:
    """Keep the words of reports in a plain table, and let each index hold the order of entries.

    The tables are then the same on every engine, and so is what is found in them.
    """
    rows = db.execute("SELECT seq, body FROM reports ORDER BY seq").fetchall()
    _run(
        db,
        "DROP TABLE report_texts",
        """
        CREATE TABLE report_words (
            word TEXT NOT NULL,
            seq INTEGER NOT NULL REFERENCES reports (seq),
            CONSTRAINT report_words_pk PRIMARY KEY (word, seq)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX report_words_of ON report_words (seq)",
        "DROP INDEX reports_by_quote",
        "DROP INDEX figures_by_scope",
        "CREATE INDEX figures_by_scope ON figures (last_day, substr(place_ids, 1, 200), seq)",
        "DROP INDEX figures_by_reporter",
        "CREATE INDEX figures_by_reporter ON figures (reporter, last_day, seq)",
    )
    for seq, body in rows:
        report = decode_report(json.loads(body)["report"])
        db.conn.executemany(
            "INSERT INTO report_words (word, seq) VALUES (?, ?)",
            [(word, seq) for word in full_text.extract_words(searchable_text(report))],
        )


@_step("0011_refs")
def refs(db: SqliteUtils) -> None:
    """Let reporters that were merged each have brought a report of the same ref.

    That one reporter has no two is seen to where reports are taken in.
    """
    _run(db, "DROP INDEX reports_by_ref")
