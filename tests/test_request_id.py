"""The id of a request is known wherever its thread is, to the end of its answer, and no longer."""

import json
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request

from service.http.context import get_services
from service.request_id import RequestIdContext, get_request_id
from service.store.interface import Store
from tests.conftest import SendRequest
from tests.support import bodies, engines
from tests.support.assertions import assert_recorded


@pytest.fixture(autouse=True)
def forget_request_id() -> None:
    """Forget a request whose answer another test left open in this thread."""
    with RequestIdContext(""):
        pass


def test_there_is_no_request_id_outside_of_a_request() -> None:
    assert get_request_id() is None


def test_a_valid_request_id_is_kept() -> None:
    with RequestIdContext("3f9c-1.a_B"):
        assert get_request_id() == "3f9c-1.a_B"
    assert get_request_id() is None


@pytest.mark.parametrize(
    "sent", ["", "a b", "a\n", "*/ DROP", "ä", "x" * 65, "cas_abcdefgh_" + "a" * 43]
)
def test_an_invalid_request_id_is_replaced(sent: str) -> None:
    with RequestIdContext(sent):
        first = get_request_id()
        assert first is not None
        assert first != sent and len(first) == 16 and first.isalnum()
    with RequestIdContext(sent):
        assert get_request_id() != first


def test_a_read_transaction_has_the_request_id(store: Store) -> None:
    with RequestIdContext("reader"), store.read_transaction():
        assert get_request_id() == "reader"


def test_the_group_commit_thread_has_the_request_id_of_each_job(store: Store) -> None:
    with RequestIdContext("one-of-many"):
        assert store.write(lambda db: get_request_id()) == "one-of-many"
        assert get_request_id() == "one-of-many"


def test_a_broken_stream_is_logged_with_its_request_id(
    app: Flask, send: SendRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_recorded(send(bodies.make_report()))
    with app.app_context():
        store = get_services().store
    headers = {"Accept": "text/event-stream", "X-Request-ID": "cut-off"}
    with app.test_client().get("/v1/changes?since=0", headers=headers, buffered=False) as stream:
        events = iter(stream.response)
        assert b"retry" in next(events)
        assert b"id: 1" in next(events)
        engines.make_unreachable(store)
        assert len([*events]) == 2  # Those of the page that was read before.
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["request_id"]) == ("unavailable", "cut-off")


def test_a_stream_has_the_request_id_to_its_end_and_not_afterwards(app: Flask) -> None:
    @app.get("/stream")
    def stream() -> Iterator[str]:
        yield f"{get_request_id()} "
        yield f"{get_request_id()}"

    request = Request.from_values("/stream", headers={"X-Request-ID": "follow-me"})
    parts, _, headers = run_wsgi_app(app, request.environ)
    assert get_request_id() == "follow-me"
    assert b"".join(parts) == b"follow-me follow-me"
    assert headers["X-Request-ID"] == "follow-me"
    parts.close()  # type: ignore[attr-defined]
    assert get_request_id() is None
