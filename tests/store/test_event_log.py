"""The event log: without gaps, forward in time, never changed."""

from datetime import timedelta

import pytest

from service.store import event_log, redactable_text
from service.store.event_log import NewEvent
from service.store.interface import Store
from tests.conftest import START_TIME
from tests.support import engines
from tests.support.events import append

PLACE_ADDED = NewEvent("place_added", "a", {"id": "a", "name": "A"})


def test_events_are_numbered_from_one_without_a_gap(store: Store) -> None:
    with store.write_transaction() as db:
        assert event_log.last_seq(db) == 0
        append(db, [PLACE_ADDED, PLACE_ADDED], None, START_TIME)
        append(db, [PLACE_ADDED], "k", START_TIME)
        assert [event.seq for event in event_log.load_events(db)] == [1, 2, 3]
        assert [event.actor for event in event_log.load_events(db)] == [None, None, "k"]


def test_the_events_of_one_request_have_one_time_and_request_number(store: Store) -> None:
    with store.write_transaction() as db:
        append(db, [PLACE_ADDED, PLACE_ADDED], None, START_TIME)
        append(db, [PLACE_ADDED], None, START_TIME)
        assert [event_log.last_seq_of_request(db, seq) for seq in (0, 1, 2, 3, 9)] == [
            0,
            2,
            2,
            3,
            9,
        ]


def test_recorded_times_do_not_go_back_with_the_clock(store: Store) -> None:
    with store.write_transaction() as db:
        append(db, [PLACE_ADDED], None, START_TIME)
        append(db, [PLACE_ADDED], None, START_TIME - timedelta(hours=1))
        first, second = event_log.load_events(db)
    assert first.recorded_at == "2026-01-05T10:00:00.000000Z"
    assert second.recorded_at == "2026-01-05T10:00:00.000001Z"


def test_a_timestamp_resolves_to_the_last_event_by_then(store: Store) -> None:
    with store.write_transaction() as db:
        append(db, [PLACE_ADDED, PLACE_ADDED], None, START_TIME)
        append(db, [PLACE_ADDED], None, START_TIME + timedelta(seconds=1))
        assert event_log.seq_at(db, "2026-01-05T09:59:59.999999Z") == 0
        assert event_log.seq_at(db, "2026-01-05T10:00:00.000000Z") == 2
        assert event_log.seq_at(db, "2026-01-05T10:00:00.500000Z") == 2
        assert event_log.seq_at(db, "2099-01-01T00:00:00.000000Z") == 3


VALID_ROW = {
    "seq": 2,
    "request": 2,
    "recorded_at": "2026-01-06T00:00:00.0Z",
    "kind": "k",
    "subject": "s",
    "actor": None,
    "body": "{}",
    "hash": "0" * 64,
}


def _insert(store: Store, **changes: object) -> None:
    with store.write_transaction() as db:
        names = ", ".join(f":{name}" for name in VALID_ROW)
        db.execute(f"INSERT INTO events VALUES ({names})", {**VALID_ROW, **changes})  # noqa: S608


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 5},
        {"recorded_at": "2026-01-04T00:00:00.0Z"},
        {"recorded_at": "6 January"},
        {"request": 0},
        {"request": 3},
        {"body": "[]"},
        {"body": b"\x00"},
        {"hash": "f"},
    ],
    ids=lambda wrong: ", ".join(wrong),
)
def test_the_database_itself_refuses_an_invalid_event(
    store: Store, wrong: dict[str, object]
) -> None:
    with store.write_transaction() as db:
        append(db, [PLACE_ADDED], None, START_TIME)
    with pytest.raises(engines.CONSTRAINT_ERRORS):
        _insert(store, **wrong)
    with store.read_transaction() as db:
        assert len(event_log.load_events(db)) == 1
    _insert(store)


REPORTED = NewEvent(
    "reported", "r1", {"report": {"quote": "they said", "ref": "a"}, "reason": "why"}
)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET body = '{}'",
        "DELETE FROM events",
        "UPDATE texts SET text = 'other'",
        "UPDATE texts SET text = NULL",
        "UPDATE texts SET seq = 2, text = NULL, salt = NULL",
        "DELETE FROM texts",
    ],
)
def test_recorded_events_cannot_be_changed(store: Store, sql: str) -> None:
    with store.write_transaction() as db:
        append(db, [REPORTED, PLACE_ADDED], None, START_TIME)
    with pytest.raises(engines.CONSTRAINT_ERRORS), store.write_transaction() as db:
        db.execute(sql)


def test_every_event_is_chained_to_the_one_before(store: Store) -> None:
    with store.write_transaction() as db:
        append(db, [PLACE_ADDED, REPORTED], "k", START_TIME)
        append(db, [PLACE_ADDED], None, START_TIME)
        before = event_log.INITIAL_HASH
        for line, _ in event_log.iterate_stored_events(db):
            assert line.hash == line.compute_hash(before)
            assert line.hash != line.compute_hash("1" * 64)
            assert line.hash != line._replace(subject="b").compute_hash(before)
            before = line.hash


def test_free_text_is_stored_separately_and_can_be_blanked(store: Store) -> None:
    with store.write_transaction() as db:
        (event,) = append(db, [REPORTED], None, START_TIME)
        assert event_log.load_event(db, 1) == event
        ((line, _),) = event_log.iterate_stored_events(db)
        assert "they said" not in line.body
        redactable_text.blank_text(db, 1, "/report/quote")
        reloaded = event_log.load_event(db, 1)
        assert reloaded.body == {"report": {"ref": "a"}, "reason": "why"}
        assert reloaded.redacted == ("/report/quote",)
        assert [each for each, _ in event_log.iterate_stored_events(db)] == [line]


def test_equal_texts_have_different_hashes(store: Store) -> None:
    with store.write_transaction() as db:
        append(db, [REPORTED, REPORTED], None, START_TIME)
        (one, _), (other, _) = event_log.iterate_stored_events(db)
    assert one.body != other.body


def test_later_events_of_a_request_name_its_first(store: Store) -> None:
    with store.write_transaction() as db:
        append(db, [PLACE_ADDED, PLACE_ADDED], None, START_TIME)
        assert [event.request for event in event_log.load_events(db)] == [1, 1]
        assert event_log.last_seq_of_request(db, 1) == 2
        assert [event.seq for event in event_log.load_events(db, after=1)] == [2]


def load_seqs(store: Store, after: int, limit: int) -> list[int]:
    with store.read_transaction() as db:
        return [stored.seq for stored, _ in event_log.load_page(db, after, limit)]


def test_a_page_has_a_limit_of_events(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "TEXT_BATCH_SIZE", 2)
    with store.write_transaction() as db:
        append(db, [PLACE_ADDED] * 5, None, START_TIME)
    assert load_seqs(store, 0, 3) == [1, 2, 3]
    assert load_seqs(store, 3, 3) == [4, 5]
    assert load_seqs(store, 5, 3) == []
    with store.read_transaction() as db:
        assert [event.seq for event in event_log.load_events(db, 1)] == [2, 3, 4, 5]


def test_a_page_of_large_events_has_fewer_and_at_least_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts of an event count, which are stored apart from it."""
    quotes = ("x" * 900, "y" * 900, "z")
    with store.write_transaction() as db:
        append(
            db,
            [NewEvent("reported", "r", {"report": {"quote": each}}) for each in quotes],
            None,
            START_TIME,
        )
    monkeypatch.setattr(event_log, "MAX_PAGE_LENGTH", 1_500)
    assert load_seqs(store, 0, 10) == [1, 2]
    assert load_seqs(store, 2, 10) == [3]
    monkeypatch.setattr(event_log, "MAX_PAGE_LENGTH", 1)
    assert load_seqs(store, 0, 10) == [1]
