"""A batch is recorded in several transactions, and each of its items exactly once."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from threading import Event, Thread
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.domain.errors import ConflictError, DomainError, LockTimeoutError
from service.domain.submission import BatchOptions, Submission
from service.settings import Settings
from service.store import entity_cache, event_log
from service.store.entity_cache import EntityCache, KeptEntities
from service.store.factory import open_store
from service.store.idempotency import IdempotencyKey
from service.store.interface import Store
from service.usecases import batches
from service.usecases.batches import ItemResult, RecordedItem, submit_batch
from service.usecases.entities import describe_entity
from tests.conftest import START_TIME
from tests.support import bodies

SCHEMA = ReportIn()


class RequestLostError(Exception):
    """The process was stopped in the middle of a request."""


@pytest.fixture(autouse=True)
def _two_reports_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_TRANSACTION_REPORTS", 2)


@pytest.fixture
def ids() -> Iterator[str]:
    """Ids of reports: r0, r1 …"""
    return (f"r{number}" for number in count())


def _load_item(body: dict[str, Any]) -> Submission:
    loaded: Submission = SCHEMA.load(body)
    return loaded


def _submit(
    store: Store, items: list[Any], ids: Iterator[str], key: str | None = None, **changes: Any
) -> tuple[tuple[ItemResult, ...], bool]:
    idempotency_key = None
    if key is not None:
        idempotency_key = IdempotencyKey("", "POST /", key, "f" * 64, START_TIME)
    arguments = {"options": BatchOptions(), "load_item": _load_item, **changes}
    return submit_batch(
        store,
        items,
        actor=None,
        now=START_TIME,
        new_id=ids.__next__,
        idempotency_key=idempotency_key,
        **arguments,
    )


def _make_reports(number: int) -> list[dict[str, Any]]:
    """Return reports without a ref: only an idempotency key keeps them from being repeated."""
    return [
        bodies.make_report(period={"from": "2024-12-01", "to": f"2024-12-{day + 1:02}"})
        for day in range(number)
    ]


def _list_requests(store: Store) -> list[tuple[str, int]]:
    with store.read_transaction() as db:
        return [
            (event.subject, event.request)
            for event in event_log.load_events(db)
            if event.kind == "reported"
        ]


def _list_statuses(results: tuple[ItemResult, ...]) -> list[Any]:
    return [
        each.report_id if isinstance(each, RecordedItem) else type(each).__name__
        for each in results
    ]


def test_a_factor_makes_its_transactions_larger(store: Store, ids: Iterator[str]) -> None:
    for factor, expected in ((1, 3), (2, 2), (10, 1)):
        earlier = len(_list_requests(store))
        options = BatchOptions(transaction_factor=factor)
        results, _ = _submit(store, _make_reports(5), ids, options=options)
        assert len(results) == 5
        requests = {request for _, request in _list_requests(store)[earlier:]}
        assert len(requests) == expected


def test_each_transaction_of_a_batch_is_a_request_of_the_event_log(
    store: Store, ids: Iterator[str]
) -> None:
    results, is_replay = _submit(store, _make_reports(5), ids)
    assert (_list_statuses(results), is_replay) == (["r0", "r1", "r2", "r3", "r4"], False)
    requests = [request for _, request in _list_requests(store)]
    assert requests[0] == requests[1] < requests[2] == requests[3] < requests[4]


def test_an_atomic_batch_is_one_request_of_the_event_log(store: Store, ids: Iterator[str]) -> None:
    _submit(store, _make_reports(5), ids, options=BatchOptions(is_atomic=True))
    assert {request for _, request in _list_requests(store)} == {1}


def test_an_atomic_batch_with_an_invalid_report_records_nothing(
    store: Store, ids: Iterator[str]
) -> None:
    reports = [*_make_reports(4), bodies.make_report(places=["nowhere"])]
    results, _ = _submit(store, reports, ids, "k", options=BatchOptions(is_atomic=True))
    assert _list_statuses(results) == ["FailedDependencyError"] * 4 + ["InvalidInputError"]
    assert _list_requests(store) == []
    again, is_replay = _submit(store, reports, ids, "k", options=BatchOptions(is_atomic=True))
    assert (_list_statuses(again), is_replay) == (_list_statuses(results), True)


def test_another_writer_has_its_turn_within_a_batch(store: Store, ids: Iterator[str]) -> None:
    reports = _make_reports(5)
    other = bodies.make_report(period={"from": "2024-11-01", "to": "2024-11-01"})

    def load_item(body: dict[str, Any]) -> Submission:
        if body is reports[2]:
            _submit(store, [other], iter(["other"]))
        return _load_item(body)

    _submit(store, reports, ids, load_item=load_item)
    subjects = [subject for subject, _ in _list_requests(store)]
    assert subjects == ["r0", "r1", "other", "r2", "r3", "r4"]


def test_a_place_that_another_writer_changes_within_a_batch_is_read_again(
    store: Store, ids: Iterator[str]
) -> None:
    reports = _make_reports(6)
    described = reports[0]["places"][0]

    def load_item(body: dict[str, Any]) -> Submission:
        if body is reports[4]:
            fields = {"name": described["name"], "wikidata": "Q2"}
            describe_entity(
                store, "place", described["id"], fields,
                may_change=True, actor=None, now=START_TIME,
            )  # fmt: skip
        return _load_item(body)

    for each in reports:
        each["places"] = [{**described, "wikidata": "Q1"}]
    (results, _) = _submit(store, reports, ids, load_item=load_item)
    assert [isinstance(each, RecordedItem) for each in results] == [True] * 4 + [False] * 2
    assert all(isinstance(each, ConflictError) for each in results[4:])


def test_entities_are_kept_only_while_nobody_else_writes(store: Store) -> None:
    with store.read_transaction() as db:
        kept, first = KeptEntities(), EntityCache(db)
        kept.keep(first, (3, "a"))
        assert kept.take(db, None, (3, "a")) is first
        assert kept.take(db, None, (3, "a")) is not first  # Its transaction has failed since.
        for other in ((3, "b"), (4, "a")):
            kept.keep(first, (3, "a"))
            assert kept.take(db, None, other) is not first


def test_very_many_entities_are_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entity_cache, "MAX_KEPT_ENTITIES", 1)
    with store.read_transaction() as db:
        for number, is_kept in ((1, True), (2, False)):
            kept, cache = KeptEntities(), EntityCache(db)
            cache.prefetch("place", [f"p{each}" for each in range(number)])
            kept.keep(cache, (3, "a"))
            assert (kept.take(db, None, (3, "a")) is cache) == is_kept


def test_an_interrupted_batch_with_an_idempotency_key_continues_where_it_ended(
    store: Store, ids: Iterator[str]
) -> None:
    reports = [*_make_reports(4), bodies.make_report(places=["nowhere"]), *_make_reports(1)]

    def load_item(body: dict[str, Any]) -> Submission:
        if body is reports[3]:
            raise RequestLostError
        return _load_item(body)

    with pytest.raises(RequestLostError):
        _submit(store, reports, ids, "k", load_item=load_item)
    assert [subject for subject, _ in _list_requests(store)] == ["r0", "r1"]
    results, is_replay = _submit(store, reports, ids, "k")
    assert not is_replay
    assert len(_list_requests(store)) == 5
    again, is_replay = _submit(store, reports, ids, "k")
    assert (_list_statuses(again), is_replay) == (_list_statuses(results), True)
    assert len(_list_requests(store)) == 5


def test_a_repeated_batch_that_runs_at_the_same_time_records_each_report_once(
    store: Store, ids: Iterator[str]
) -> None:
    reports = _make_reports(6)
    repeated: list[Any] = []

    def load_item(body: dict[str, Any]) -> Submission:
        if body is reports[2] and not repeated:
            repeated.append(None)
            repeated[0] = _submit(store, reports, ids, "k")
        return _load_item(body)

    results, _ = _submit(store, reports, ids, "k", load_item=load_item)
    assert results == repeated[0][0]
    assert len(_list_requests(store)) == 6


def test_a_database_that_fails_within_a_batch_fails_what_is_left(
    store: Store, settings: Settings, ids: Iterator[str]
) -> None:
    reports = _make_reports(5)
    impatient = open_store(settings.database, 0.05)
    is_held, may_end = Event(), Event()

    def hold() -> None:
        with store.write_transaction():
            is_held.set()
            may_end.wait(60)

    holder = Thread(target=hold)

    def load_item(body: dict[str, Any]) -> Submission:
        if body is reports[2]:
            holder.start()
            is_held.wait(60)
        return _load_item(body)

    try:
        results, is_replay = _submit(impatient, reports, ids, "k", load_item=load_item)
    finally:
        may_end.set()
        holder.join()
    assert _list_statuses(results) == ["r0", "r1", *["LockTimeoutError"] * 3]
    assert not is_replay
    results, is_replay = _submit(impatient, reports, ids, "k")
    impatient.close()
    assert not any(isinstance(each, DomainError) for each in results)
    assert len(_list_requests(store)) == 5


def test_a_database_that_fails_at_once_fails_the_batch(
    store: Store, settings: Settings, ids: Iterator[str]
) -> None:
    impatient = open_store(settings.database, 0.05)
    with store.write_transaction(), pytest.raises(LockTimeoutError):
        _submit(impatient, _make_reports(3), ids)
    impatient.close()


def test_the_response_to_a_batch_expires_as_a_whole(store: Store, ids: Iterator[str]) -> None:
    reports = _make_reports(3)
    _submit(store, reports, ids, "k")
    later = IdempotencyKey("", "POST /", "k", "f" * 64, START_TIME + timedelta(hours=25))
    results, is_replay = submit_batch(
        store,
        reports,
        options=BatchOptions(),
        actor=None,
        now=later.now,
        new_id=ids.__next__,
        idempotency_key=later,
        load_item=_load_item,
    )
    assert (_list_statuses(results), is_replay) == (["r3", "r4", "r5"], False)


def test_an_empty_batch_has_no_results(store: Store, ids: Iterator[str]) -> None:
    assert _submit(store, [], ids, "k") == ((), False)
    assert _submit(store, [], ids, "k") == ((), True)


def test_similar_ids_are_suggested_for_a_few_unknown_ids_of_a_transaction(
    store: Store, ids: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MAX_TRANSACTION_REPORTS", 100)
    _submit(store, [bodies.make_report()], ids)
    reports = [bodies.make_report(places=[f"plekhovo-{number // 2}"]) for number in range(10)]
    (results, _) = _submit(store, reports, ids)
    texts = [str(each) for each in results]
    assert ["did you mean plekhovo?" in text for text in texts] == [True] * 6 + [False] * 4
    assert texts[-1] == "There is no place plekhovo-4."
