"""Chain the events by hash, keep free texts apart, and make room for retraction and merging.

Events keep their numbers, timestamps and texts; in a body each free text is replaced by its hash.
"""

import json
import secrets
from hashlib import sha256
from typing import Any, Final

from service.store.migrations.connection import MigrationConnection, execute_all

CREATE_TABLES: Final = (
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

REPLACE_EVENTS: Final = (
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

_FREE_TEXT_FIELDS: Final = frozenset(
    {"quote", "note", "title", "url", "publisher", "wording", "caveats", "reason"}
)


def upgrade(db: MigrationConnection) -> None:
    """Create the new tables, copy every event into them, and replace the former table."""
    execute_all(db, *CREATE_TABLES)
    _copy_events(db)
    execute_all(db, *REPLACE_EVENTS)


def _copy_events(db: MigrationConnection) -> None:
    """Copy the events with their hashes; a request is the events that share a ``moment``."""
    previous_hash, last_of_request, request = "0" * 64, 0, 1
    rows = db.fetch_all(
        "SELECT seq, moment, recorded_at, kind, subject, actor, body FROM events ORDER BY seq"
    )
    for seq, moment, recorded_at, kind, subject, actor, body in rows:
        if seq > last_of_request:
            request, last_of_request = seq, moment
        texts: dict[str, tuple[str, str]] = {}
        sealed_body = _to_json(_seal(json.loads(body), "", False, texts))
        fields = [seq, request, recorded_at, kind, subject, actor, sealed_body]
        previous_hash = sha256(f"{previous_hash}\n{_to_json(fields)}".encode()).hexdigest()
        names = ("seq", "request", "recorded_at", "kind", "subject", "actor", "body", "hash")
        db.execute(
            "INSERT INTO chained VALUES"
            " (:seq, :request, :recorded_at, :kind, :subject, :actor, :body, :hash)",
            dict(zip(names, [*fields, previous_hash], strict=True)),
        )
        db.execute_many(
            "INSERT INTO texts (seq, pointer, salt, text) VALUES (:seq, :pointer, :salt, :text)",
            [
                {"seq": seq, "pointer": pointer, "salt": salt, "text": text}
                for pointer, (salt, text) in texts.items()
            ],
        )


def _seal(value: Any, pointer: str, is_free_text: bool, texts: dict[str, tuple[str, str]]) -> Any:
    """Return the value with a hash for every free text; add their salts and texts by pointer."""
    if isinstance(value, dict):
        return {
            name: _seal(each, f"{pointer}/{name}", name in _FREE_TEXT_FIELDS, texts)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [
            _seal(each, f"{pointer}/{index}", is_free_text, texts)
            for index, each in enumerate(value)
        ]
    if is_free_text and isinstance(value, str):
        salt = secrets.token_hex(16)
        texts[pointer] = salt, value
        return {"sha256": sha256(f"{salt}\n{value}".encode()).hexdigest()}
    return value


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
