"""One request reads in one transaction, which is not held while something else takes long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.bounds.engine import TotalsEngine
from service.domain.errors import DomainError, NotFoundError, StoreUnavailableError
from service.http import consistency
from service.http.consistency import get_reader
from service.http.context import get_services
from service.store import event_log
from service.store.interface import Connection, Reader, Store
from service.usecases import changes, lifecycle, reports
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

TRANSACTIONS = {
    "/v1/totals?format=csv": 1,
    "/v1/reports": 1,
    "/v1/reports?format=csv": 1,
    "/v1/reports?format=geojson": 1,
    "/v1/reports/r1": 1,
    "/v1/reports/r1/history": 1,
    "/v1/changes": 1,
    "/v1/places": 1,
    "/v1/groups/everyone": 1,
    # What is new begins at a moment, which is looked up after the numbers.
    "/": 2,
    "/place/plekhovo": 1,
    "/place/plekhovo?by=reporter&outcomes=killed": 1,
    "/place?find=plekh": 1,
    "/reports": 1,
    "/report/r1": 1,
    "/enter?report=r1": 1,
    "/places": 1,
    "/find?words=plekh": 1,
    "/suggest?words=plekh": 1,
    "/reporters": 1,
    "/reporter/ua-hur": 1,
    "/embed?chart=map": 1,
    "/chart.svg?chart=parts": 1,
    # The counted reports of a total, and those of a proof, are known only once the total
    # is computed, without a transaction.
    "/v1/totals": 2,
    "/v1/totals?by=place&format=geojson": 2,
    "/v1/totals?by_reporter=true&explain=true": 2,
    "/v1/totals?compare=0": 2,
    "/v1/totals?as_of=2": 2,
    "/v1/places/plekhovo/totals": 2,
    "/v1/totals/figures": 2,
    "/why?outcomes=killed": 2,
    "/figures?outcomes=killed": 2,
}
"""How many read transactions a request begins, by its address."""


class _Transactions:
    """The read transactions of all stores: how many began, and how many are open."""

    def __init__(self) -> None:
        self.count = self.open = 0

    def watch(self, reader_class: type[Reader], monkeypatch: pytest.MonkeyPatch) -> None:
        original = reader_class.read_transaction

        @contextmanager
        def read_transaction(reader: Reader) -> Iterator[Connection]:
            self.count += 1
            self.open += 1
            try:
                with original(reader) as db:
                    yield db
            finally:
                self.open -= 1

        monkeypatch.setattr(reader_class, "read_transaction", read_transaction)


@pytest.fixture
def transactions(store: Store, monkeypatch: pytest.MonkeyPatch) -> _Transactions:
    """The read transactions from the first request of the test on."""
    watched = _Transactions()
    watched.watch(type(store), monkeypatch)
    return watched


@pytest.fixture
def recorded(send: SendRequest) -> None:
    """A record with two reports, of places with coordinates."""
    place = bodies.make_place(latitude=51.2, longitude=35.1)
    assert_recorded(send(bodies.make_report(places=[place])))
    other = {"id": "other", "name": "Other", "kind": "news"}
    assert_recorded(send(bodies.make_report(places=["plekhovo"], reporter=other)))


@pytest.mark.parametrize("path", TRANSACTIONS)
def test_a_request_reads_in_one_transaction(
    client: FlaskClient, recorded: None, transactions: _Transactions, path: str
) -> None:
    transactions.count = 0
    answer = client.get(path)
    assert answer.get_data() and answer.status_code in (200, 303)
    assert (transactions.count, transactions.open) == (TRANSACTIONS[path], 0)


def test_a_key_is_looked_up_in_a_transaction_of_its_own(
    client: FlaskClient, recorded: None, key: Any, transactions: _Transactions
) -> None:
    headers = key("read")
    client.get("/v1/reports?limit=1", headers=headers)  # Which notes that the key is used.
    transactions.count = 0
    assert client.get("/v1/reports", headers=headers).status_code == 200
    assert transactions.count == 2


@pytest.mark.parametrize(
    "path", ["/v1/totals?by=place&compare=0", "/", "/place/plekhovo", "/why?outcomes=killed"]
)
def test_no_transaction_is_open_while_totals_are_computed(
    client: FlaskClient,
    recorded: None,
    transactions: _Transactions,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    open_counts = []
    compute_total = TotalsEngine.total

    def total(engine: TotalsEngine, *arguments: Any) -> Any:
        open_counts.append(transactions.open)
        return compute_total(engine, *arguments)

    monkeypatch.setattr(TotalsEngine, "total", total)
    assert client.get(path).get_data()
    assert set(open_counts) == {0}


def test_no_transaction_is_open_while_a_page_is_sent(
    client: FlaskClient, recorded: None, transactions: _Transactions
) -> None:
    chunks = iter(client.get("/", buffered=False).response)
    for chunk in chunks:
        assert chunk and transactions.open == 0


def test_no_transaction_is_open_while_the_feed_waits(
    client: FlaskClient,
    recorded: None,
    transactions: _Transactions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_counts = []

    def sleep(seconds: float) -> None:
        open_counts.append(transactions.open)

    monkeypatch.setattr(changes.time, "sleep", sleep)  # type: ignore[attr-defined]
    seq = int(client.get("/v1/changes").headers["Casualty-Seq"])
    assert client.get(f"/v1/changes?since={seq}&wait=1").get_json()["changes"] == []
    assert set(open_counts) == {0}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/reports/none", 404), ("/v1/totals?place=none", 422), ("/report/none", 404)],
)
def test_an_error_of_the_request_closes_its_transaction(
    client: FlaskClient, recorded: None, transactions: _Transactions, path: str, status: int
) -> None:
    transactions.count = 0
    assert client.get(path).status_code == status
    assert (transactions.count, transactions.open) == (1, 0)


def test_a_defect_closes_the_transaction(
    client: FlaskClient,
    recorded: None,
    transactions: _Transactions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: Any) -> None:
        assert transactions.open == 1
        raise RuntimeError("a defect")

    monkeypatch.setattr(lifecycle, "make_public_event", fail)
    assert_problem(client.get("/v1/reports/r1/history"), 500)
    assert transactions.open == 0
    assert client.get("/v1/reports").status_code == 200


def test_an_error_of_the_database_is_translated_and_closes_the_transaction(
    client: FlaskClient, recorded: None, transactions: _Transactions, app: Flask
) -> None:
    with app.test_request_context("/v1/reports"):
        reader = get_reader()
        assert transactions.open == 1
        with (
            pytest.raises(Exception, match=r"no_such_table") as error,
            reader.read_transaction() as db,
        ):
            db.execute("SELECT * FROM no_such_table")
        assert not isinstance(error.value, DomainError)  # A statement without a table is a defect.
        assert transactions.open == 0
        assert reports.get_report(reader, "r1", None, get_services().clock()).report.id == "r1"
        assert transactions.open == 1
    assert transactions.open == 0


def test_a_domain_error_keeps_the_transaction(
    client: FlaskClient, recorded: None, transactions: _Transactions, app: Flask
) -> None:
    with app.test_request_context("/v1/reports"):
        for report_id in ("none", "nothing"):
            with pytest.raises(NotFoundError):
                lifecycle.load_history(get_reader(), report_id)
        assert transactions.open == 1


class _UnendableReader(Reader):
    """A record whose connection breaks before its transaction ends."""

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        with get_services().store.read_transaction() as db:
            yield db
        raise StoreUnavailableError("The connection is lost.")


def test_a_transaction_that_cannot_be_ended_breaks_no_response(
    app: Flask, client: FlaskClient, recorded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        consistency, "MonotonicReader", lambda *arguments: MonotonicReader(_UnendableReader())
    )
    assert client.get("/v1/reports").status_code == 200


def test_a_reader_sees_one_state_until_it_is_released(store: Store, send: SendRequest) -> None:
    reader = RequestReader(MonotonicReader(store), StateCache())
    assert reader.seq == 0
    seq = assert_recorded(send(bodies.make_report()))["seq"]
    with reader.read_transaction() as db:
        assert event_log.last_seq(db) == 0
    reader.release()
    with reader.read_transaction() as db:
        assert event_log.last_seq(db) == seq
    assert reader.seq == 0  # Which names the state of the whole response.
    reader.release()


@pytest.mark.parametrize("path", ["/v1/totals", "/v1/totals?by=place", "/v1/totals/figures"])
def test_the_last_redaction_is_looked_up_once_for_a_total(
    client: FlaskClient, recorded: None, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    original, names = Connection.fetch_value, []

    def fetch_value(db: Connection, name: str, /, **binds: Any) -> Any:
        names.append(name)
        return original(db, name, **binds)

    monkeypatch.setattr(Connection, "fetch_value", fetch_value)
    assert client.get(path).status_code == 200
    assert names.count("select_last_redaction_seq") == 1


def test_a_redaction_after_a_release_is_noticed(
    client: FlaskClient, store: Store, send: SendRequest, key: MakeHeaders
) -> None:
    report = assert_recorded(send(bodies.make_report(quote="A name.")))
    reader = RequestReader(MonotonicReader(store), StateCache())
    assert reader.load_last_redaction_seq() == 0
    body = {"reason": "law"}
    path = f"/v1/reports/{report['id']}/redaction"
    assert client.post(path, json=body, headers=key("admin")).status_code == 201
    assert reader.load_last_redaction_seq() == 0  # As in the transaction that is open.
    reader.release()
    assert reader.load_last_redaction_seq() == report["seq"] + 1
    reader.release()
