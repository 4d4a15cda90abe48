"""Casualty-Seq states the seq of an answer; Casualty-Min-Seq requires one, also of a replica."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.domain.errors import LockTimeoutError
from service.http import consistency
from service.http.context import get_services
from service.settings import Settings
from service.store import event_log
from service.store.factory import open_store
from service.store.interface import Connection, Reader, Store
from service.usecases import copy_store
from service.usecases.consistency import MonotonicReader
from service.usecases.state_cache import StateCache
from tests.conftest import SendRequest
from tests.support import bodies, engines
from tests.support.assertions import assert_problem, assert_recorded

READ_PATHS = (
    "/v1/totals",
    "/v1/places/plekhovo/totals",
    "/v1/reports",
    "/v1/reports/r1",
    "/v1/reports/r1/history",
    "/v1/changes",
    "/v1/places",
    "/v1/groups/everyone",
    "/v1/reporters",
)


@pytest.mark.parametrize("path", READ_PATHS)
def test_every_answer_has_the_seq_it_is_as_of(
    client: FlaskClient, send: SendRequest, path: str
) -> None:
    seq = assert_recorded(send(bodies.make_report()))["seq"]
    assert client.get(path).headers["Casualty-Seq"] == str(seq)
    again = client.get(path, headers={"If-None-Match": client.get(path).headers.get("ETag", "x")})
    assert again.headers["Casualty-Seq"] == str(seq)


def test_a_seq_that_is_reached_is_not_waited_for(client: FlaskClient, send: SendRequest) -> None:
    seq = assert_recorded(send(bodies.make_report()))["seq"]
    answer = client.get("/v1/totals", headers={"Casualty-Min-Seq": str(seq)})
    assert (answer.status_code, answer.get_json()["as_of"]["seq"]) == (200, seq)


def test_a_seq_that_comes_in_time_is_waited_for(client: FlaskClient, send: SendRequest) -> None:
    seq = assert_recorded(send(bodies.make_report()))["seq"]
    later = threading.Timer(0.3, lambda: send(bodies.make_report(note="2")))
    later.start()
    answer = client.get("/v1/reports", headers={"Casualty-Min-Seq": str(seq + 1)})
    later.join()
    assert len(answer.get_json()["reports"]) == 2
    assert answer.headers["Casualty-Seq"] == str(seq + 1)


def test_a_seq_that_does_not_come_is_a_503(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consistency, "MAX_WAIT_SECONDS", 0.2)
    assert_recorded(send(bodies.make_report()))
    start = time.monotonic()
    answer = client.get("/v1/totals", headers={"Casualty-Min-Seq": "1000"})
    assert time.monotonic() - start >= 0.2
    problem_body = assert_problem(answer, 503)
    assert "event 1000" in problem_body["detail"] and answer.headers["Retry-After"]


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "٣", "9" * 16, ""])
def test_the_minimum_seq_is_a_number(client: FlaskClient, value: str) -> None:
    assert_problem(
        client.get("/v1/totals", headers={"Casualty-Min-Seq": value}), 422, "Casualty-Min-Seq"
    )


@pytest.fixture
def lagging_service(
    settings: Settings, store: Store, send: SendRequest, tmp_path: Path
) -> Iterator[tuple[FlaskClient, Store, int]]:
    """A service whose readers see a copy of the record, that copy, and how far the record goes.

    A copy made by hand stands for a standby, so that it lies behind for as long as the test wants.
    """
    assert_recorded(send(bodies.make_report()))
    folder = tmp_path / "copy"
    folder.mkdir()
    with engines.temporary_database(folder) as address:
        copy = open_store(address, settings.busy_seconds)
        copy_store.copy_store(store, copy, lambda done, whole: None)
        seq = assert_recorded(send(bodies.make_report(note="2")))["seq"]
        app = create_app(replace(settings, read_database=address))  # type: ignore[arg-type]
        yield app.test_client(), copy, seq
        with app.app_context():
            get_services().read_store.close()
            get_services().store.close()
        copy.close()


@pytest.mark.postgresql
def test_reads_use_the_read_database_and_writes_do_not(
    lagging_service: tuple[FlaskClient, Store, int], store: Store, send: SendRequest, key: Any
) -> None:
    client, copy, seq = lagging_service
    first = client.get("/v1/reports")
    assert len(first.get_json()["reports"]) == 1
    assert int(first.headers["Casualty-Seq"]) == seq - 1
    post_answer = client.post(
        "/v1/reports", json=bodies.make_report(note="3"), headers=key("report")
    )
    assert post_answer.status_code == 201
    assert len(client.get("/v1/reports").get_json()["reports"]) == 1
    copy_store.copy_store(store, copy, lambda done, whole: None)
    demand = {"Casualty-Min-Seq": str(post_answer.get_json()["seq"])}
    assert len(client.get("/v1/reports", headers=demand).get_json()["reports"]) == 3


@pytest.mark.postgresql
@pytest.mark.parametrize("path", ["/v1/changes?since={}", "/v1/totals?as_of={}"])
def test_a_seq_that_the_read_database_lacks_is_a_503_and_not_an_error_of_the_client(
    lagging_service: tuple[FlaskClient, Store, int], client: FlaskClient, path: str
) -> None:
    copy_client, _, seq = lagging_service
    assert client.get(path.format(seq)).status_code == 200
    problem_body = assert_problem(copy_client.get(path.format(seq)), 503)
    assert "again shortly" in problem_body["detail"]


@pytest.mark.postgresql
def test_reads_are_answered_without_the_primary(
    lagging_service: tuple[FlaskClient, Store, int], store: Store, key: Any
) -> None:
    client, copy, _ = lagging_service
    reader = key("read")
    copy_store.copy_store(store, copy, lambda done, whole: None)
    with client.application.app_context():
        engines.make_unreachable(get_services().store)
    assert client.get("/readyz").status_code == 200
    start = time.monotonic()
    assert client.get("/v1/totals", headers=reader).status_code == 200
    assert time.monotonic() - start < 2  # That the key was used is noted in the primary, or not.
    assert_problem(
        client.post("/v1/reports", json=bodies.make_report(), headers={"Authorization": "x"}), 401
    )


class _AlternatingReader(Reader):
    """What one address of several hosts leads to: now one copy, now another."""

    def __init__(self, *readers: Reader) -> None:
        self._readers = itertools.cycle(readers)

    def read_transaction(self) -> AbstractContextManager[Connection]:
        return next(self._readers).read_transaction()


@pytest.mark.postgresql
def test_reads_are_monotonic_over_several_replicas(
    lagging_service: tuple[FlaskClient, Store, int], store: Store
) -> None:
    _, copy, seq = lagging_service
    impatient_reader = MonotonicReader(
        _AlternatingReader(store, copy), 0, lambda readable, entry: False
    )
    with impatient_reader.read_transaction() as db:
        assert event_log.last_seq(db) == seq
    with (
        pytest.raises(LockTimeoutError, match=f"event {seq} yet"),
        impatient_reader.read_transaction(),
    ):
        pass

    def copy_now(reader: Reader, wanted_seq: int) -> bool:
        copy_store.copy_store(store, copy, lambda done, whole: None)
        return wanted_seq == seq

    waiting_reader = MonotonicReader(_AlternatingReader(copy, store, copy), seq, copy_now)
    with waiting_reader.read_transaction() as db:
        assert event_log.last_seq(db) == seq


@pytest.mark.postgresql
def test_no_snapshot_is_cached_from_a_replica_that_lags(
    lagging_service: tuple[FlaskClient, Store, int], store: Store
) -> None:
    _, copy, seq = lagging_service
    state_cache = StateCache()
    with copy.read_transaction() as db, pytest.raises(LockTimeoutError):
        state_cache.load(db, seq)
    with store.read_transaction() as db:
        assert len(state_cache.load(db, seq).state.reports) == 2
