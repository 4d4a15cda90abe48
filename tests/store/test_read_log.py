"""Reads that are noted: whether they still return the same in a later transaction."""

import json
from collections.abc import Callable

import pytest

from service.domain.entities import Place
from service.store.entities import find_parents, make_entity_event
from service.store.interface import Connection, Store
from service.store.projections.dispatch import record_events
from service.store.read_log import ReadLog
from tests.conftest import START_TIME


def _add_place(store: Store, place_id: str, parent: str | None = None) -> None:
    event = make_entity_event("place", Place(place_id, place_id, parent), is_known=False)
    with store.write_transaction() as db:
        record_events(db, [event], None, START_TIME)


READS: dict[str, Callable[[Connection], object]] = {
    "all": lambda db: find_parents(db, "place", ["a"]),
    "each": lambda db: db.fetch_each(
        "select_parents", [{"kind": "place", "ids": json.dumps([each])} for each in ("a", "b")]
    ),
    "one": lambda db: db.fetch_one("select_parents", kind="place", ids='["a"]'),
    "value": lambda db: db.fetch_value("select_last_entity_seq", seq=3),
}


@pytest.mark.parametrize("name", READS)
def test_a_read_that_returns_something_else_is_noticed(store: Store, name: str) -> None:
    _add_place(store, "a")
    with store.read_transaction() as db:
        reads = ReadLog(db)
        expected = READS[name](db)
        assert READS[name](reads) == expected
    with store.read_transaction() as db:
        assert reads.is_unchanged(db)
    _add_place(store, "b")
    with store.read_transaction() as db:
        assert reads.is_unchanged(db) == (name != "value")
    _add_place(store, "c", parent="a")
    with store.read_transaction() as db:
        assert not reads.is_unchanged(db)


def test_what_would_not_be_noted_is_refused(store: Store) -> None:
    with store.write_transaction() as db:
        reads = ReadLog(db)
        assert reads.in_transaction
        for refused in (
            lambda: reads.execute("SELECT 1"),
            lambda: reads.change("delete_all_keys"),
            lambda: reads.change_many("delete_all_keys", [{}]),
            lambda: list(reads.stream("select_all_keys")),
            lambda: reads.insert(("a",)),
        ):
            with pytest.raises(NotImplementedError):
                refused()
