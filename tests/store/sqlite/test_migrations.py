"""Migrations of SQLite files of older releases."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlite_utils import Database

from service.domain.errors import StoreUnavailableError
from service.store import event_log
from service.store.event_log import Event
from service.store.migrations import SHARED_STEPS
from service.store.projections.dispatch import apply_event
from service.store.sqlite.connections import SqliteConnection
from service.store.sqlite.engine import SqliteStore
from service.store.sqlite.migrations import make_migrations
from service.usecases import api_keys, maintenance
from tests.support.paths import ROOT

RECORD_OF_0_1_0: Final = "tests/upgrade/0.1.0/casualties.db.gz"


@pytest.fixture
def record_of_0_1_0(tmp_path: Path) -> Iterator[SqliteStore]:
    """A record of release 0.1.0, whose derived columns that release computed."""
    store = SqliteStore(tmp_path / "casualties.db")
    store.path.write_bytes(gzip.decompress((ROOT / RECORD_OF_0_1_0).read_bytes()))
    yield store
    store.close()


def _fetch_all(store: SqliteStore, sql: str) -> list[Any]:
    with store.read_transaction() as db:
        rows: list[Any] = db.execute(sql).fetchall()
        return rows


def test_the_record_of_0_1_0_is_up_to_date(record_of_0_1_0: SqliteStore) -> None:
    assert record_of_0_1_0.migrate() == len(SHARED_STEPS)


def test_reports_with_former_content_hashes_are_hashed_as_release_0_1_0_did(
    record_of_0_1_0: SqliteStore,
) -> None:
    sql = "SELECT seq, content_hash FROM reports ORDER BY seq"
    hashes = _fetch_all(record_of_0_1_0, sql)
    with record_of_0_1_0.write_transaction() as db:
        db.execute("UPDATE reports SET content_hash = 'old'")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '0005_content'")
    assert record_of_0_1_0.migrate() == 1 + len(SHARED_STEPS)
    assert _fetch_all(record_of_0_1_0, sql) == hashes != []


def test_reports_without_words_get_the_words_of_release_0_1_0(
    record_of_0_1_0: SqliteStore,
) -> None:
    sql = "SELECT word, seq FROM report_words ORDER BY word, seq"
    words = _fetch_all(record_of_0_1_0, sql)
    with record_of_0_1_0.write_transaction() as db:
        db.execute("DROP TABLE report_words")
        db.execute("CREATE TABLE report_texts (x)")
        db.execute("CREATE INDEX reports_by_quote ON reports (id)")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '0010_words'")
    assert record_of_0_1_0.migrate() == 1 + len(SHARED_STEPS)
    assert _fetch_all(record_of_0_1_0, sql) == words != []


REPORT = {
    "id": "r1",
    "reporter": "a",
    "stance": "asserts",
    "quote": "they said",
    "figures": [
        {
            "id": "r1-1",
            "outcomes": ["killed"],
            "low": 30,
            "period": {"from": None, "to": "2024-12-15"},
            "places": ["p"],
            "groups": ["everyone"],
            "wording": "at least 30",
        }
    ],
}
BODIES = [
    ("reporter_added", "a", {"id": "a", "name": "A"}),
    ("place_added", "p", {"id": "p", "name": "P"}),
    ("reported", "r1", {"report": REPORT, "warnings": []}),
    ("place_changed", "p", {"id": "p", "name": "Q"}),
]


def test_an_event_log_from_before_the_hash_chain_is_chained(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "old.db")
    with store._migration_transaction() as db:
        make_migrations().apply(Database(db, execute_plugins=False), stop_before="0006_chain")
        # The projection writes these now.
        db.execute("CREATE TABLE report_words (word, seq)")
        db.execute("CREATE TABLE place_codes (code, place, since_seq)")
        for column in ("length_class", "single_place"):
            db.execute(f"ALTER TABLE figures ADD COLUMN {column} ANY")
        for seq, (kind, subject, body) in enumerate(BODIES, start=1):
            db.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (seq, max(seq, 3), "2026-01-05T10:00:00.0Z", kind, subject, json.dumps(body)),
            )
            recorded_at = 3 if seq < 4 else 4
            event = Event(seq, recorded_at, "2026-01-05T10:00:00.0Z", kind, subject, None, body)
            apply_event(SqliteConnection(db), event)
        db.execute("DROP TABLE report_words")
        db.execute("DROP TABLE place_codes")
        for column in ("length_class", "single_place"):
            db.execute(f"ALTER TABLE figures DROP COLUMN {column}")
    assert store.migrate() > 0
    with store.read_transaction() as db:
        events = event_log.load_events(db)
    assert [(event.kind, event.subject, event.body) for event in events] == BODIES
    assert [event.request for event in events] == [1, 1, 1, 4]
    assert maintenance.check_integrity(store, lambda what, done: None) == []


def test_a_key_from_before_bound_keys_never_expires(tmp_path: Path) -> None:
    older = SqliteStore(tmp_path / "x.db")
    with older._migration_transaction() as db:
        make_migrations().apply(Database(db, execute_plugins=False), stop_before="0007_keys")
        db.execute(
            "INSERT INTO keys VALUES ('a', 'Desk', 'read', printf('%064d', 0), 'then', NULL)"
        )
    older.migrate()
    (key,) = api_keys.list_keys(older)
    assert (key.id, key.scope, key.reporters) == ("a", "read", ())
    assert (key.expires_at, key.last_used_at, key.revoked_at) == (None, None, None)
    older.close()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM _sqlite_migrations", "no record of its migrations"),
        ("UPDATE _sqlite_migrations SET name = 'x' WHERE id = 4", "does not know x"),
    ],
)
def test_no_step_is_run_where_the_steps_run_are_unknown(
    store: SqliteStore, sql: str, message: str
) -> None:
    with store.write_transaction() as db:
        db.execute(sql)
        before = list(db.conn.iterdump())
    with pytest.raises(StoreUnavailableError, match=message):
        store.migrate()
    with store.read_transaction() as db:
        assert list(db.conn.iterdump()) == before
