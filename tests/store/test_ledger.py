"""The ledger: gap-free, forward in time, never changed."""

import sqlite3
from datetime import timedelta

import pytest

from service.store import ledger
from service.store.ledger import Draft
from service.store.sqlite import Store
from tests.conftest import BEGIN

NOTE = Draft("place_added", "a", {"id": "a", "name": "A"})


def test_entries_count_from_one_without_a_gap(store: Store) -> None:
    with store.writing() as db:
        assert ledger.last_seq(db) == 0
        ledger.append(db, [NOTE, NOTE], None, BEGIN)
        ledger.append(db, [NOTE], "k", BEGIN)
        assert [event.seq for event in ledger.events(db)] == [1, 2, 3]
        assert [event.actor for event in ledger.events(db)] == [None, None, "k"]


def test_what_one_request_records_is_one_moment(store: Store) -> None:
    with store.writing() as db:
        ledger.append(db, [NOTE, NOTE], None, BEGIN)
        ledger.append(db, [NOTE], None, BEGIN)
        assert [ledger.moment_of(db, seq) for seq in (0, 1, 2, 3, 9)] == [0, 2, 2, 3, 9]


def test_a_clock_that_goes_back_does_not_take_the_ledger_with_it(store: Store) -> None:
    with store.writing() as db:
        ledger.append(db, [NOTE], None, BEGIN)
        ledger.append(db, [NOTE], None, BEGIN - timedelta(hours=1))
        first, second = ledger.events(db)
    assert first.recorded_at == second.recorded_at == "2026-01-05T10:00:00.000000Z"


def test_an_instant_finds_the_last_entry_made_by_then(store: Store) -> None:
    with store.writing() as db:
        ledger.append(db, [NOTE, NOTE], None, BEGIN)
        ledger.append(db, [NOTE], None, BEGIN + timedelta(seconds=1))
        assert ledger.seq_at(db, "2026-01-05T09:59:59.999999Z") == 0
        assert ledger.seq_at(db, "2026-01-05T10:00:00.000000Z") == 2
        assert ledger.seq_at(db, "2026-01-05T10:00:00.500000Z") == 2
        assert ledger.seq_at(db, "2099-01-01T00:00:00.000000Z") == 3


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET body = '{}'",
        "DELETE FROM events",
        "INSERT INTO events VALUES (5, 5, '2026-01-06T00:00:00.0Z', 'k', 's', NULL, '{}')",
        "INSERT INTO events VALUES (2, 2, '2026-01-04T00:00:00.0Z', 'k', 's', NULL, '{}')",
        "INSERT INTO events VALUES (2, 1, '2026-01-06T00:00:00.0Z', 'k', 's', NULL, '{}')",
        "INSERT INTO events VALUES (2, 2, '6 January', 'k', 's', NULL, '{}')",
        "INSERT INTO events VALUES (2, 2, '2026-01-06T00:00:00.0Z', 'k', 's', NULL, '[]')",
        "INSERT INTO events VALUES (2, 2, '2026-01-06T00:00:00.0Z', 'k', 's', NULL, x'00')",
    ],
)
def test_the_database_itself_guards_the_ledger(store: Store, sql: str) -> None:
    with store.writing() as db:
        ledger.append(db, [NOTE], None, BEGIN)
    with pytest.raises(sqlite3.IntegrityError), store.writing() as db:
        db.execute(sql)
    with store.reading() as db:
        assert len(ledger.events(db)) == 1
