"""A response that its client does not take is given up, and does not keep a thread."""

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from schemas.text_fields import MAX_TEXT_LENGTH
from service.serving.slow_readers import CHECK_SECONDS, MIN_BYTES_PER_SECOND
from tests.attacks.toolkit import (
    ATTACKER,
    MAX_SLOWDOWN,
    READER,
    REAL_BUDGETS,
    connect,
    find_slowdown,
    get,
    make_request,
    measure,
    post,
)
from tests.support.gunicorn_server import RunningServer, run_server
from tests.support.prometheus_text import get_sample_value, scrape

WINDOW_SECONDS = 2
THREADS = 8
SMALL_BUFFER = 4096
"""The receive buffer of a client that lets nearly all of an answer wait in the server."""

LARGE = make_request("/v1/reports?limit=100", "Connection: close")
"""A request whose answer has 6 MB, more than the buffers of a connection hold."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    variables = {"WEB_CONCURRENCY": "1", "CASUALTY_SEND_SECONDS": str(WINDOW_SECONDS)}
    with run_server(tmp_path_factory.mktemp("slow"), **REAL_BUDGETS, **variables) as running:
        reports = [
            {
                "reporter": {"id": "hospital", "name": "Hospital"},
                "places": [{"id": "town", "name": "Town"}],
                "period": {"from": "2024-01-01", "to": "2024-01-01"},
                "figures": [{"outcomes": ["killed"], "low": 1}],
                "quote": "—" * MAX_TEXT_LENGTH,
                "incident": f"register:{number}",
            }
            for number in range(100)
        ]
        post(running, "/v1/reports/batch", {"reports": reports})
        yield running


def _count_given_up(server: RunningServer) -> float:
    return get_sample_value(scrape(server.url), "casualty_slow_readers_total")


def _wait_until_given_up(server: RunningServer, count: float) -> None:
    deadline = time.monotonic() + 60
    while _count_given_up(server) < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _is_cut(client: socket.socket) -> bool:
    """Whether the server has closed the connection without sending all of the answer."""
    received = b""
    try:
        while piece := client.recv(1 << 20):
            received += piece
    except ConnectionError:
        return True
    head, _, body = received.partition(b"\r\n\r\n")
    return f"Content-Length: {len(body)}\r\n".encode() not in head


def test_clients_that_take_nothing_are_given_up_and_delay_nobody(server: RunningServer) -> None:
    given_up = _count_given_up(server)
    measure(server, ["/v1/places"], 10)
    calm = measure(server, ["/v1/places"], 100)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(connect(server, ATTACKER, SMALL_BUFFER)) for _ in range(3 * THREADS)
        ]
        for client in clients:
            client.sendall(LARGE)
        attacked = measure(server, ["/v1/places"], 100)
        _wait_until_given_up(server, given_up + len(clients))
        assert all(_is_cut(client) for client in clients)
    assert find_slowdown(calm, attacked, 90) <= MAX_SLOWDOWN


def test_a_stream_that_nobody_takes_is_given_up(server: RunningServer) -> None:
    given_up = _count_given_up(server)
    request = make_request("/v1/changes?since=0", "Accept: text/event-stream")
    with connect(server, ATTACKER, SMALL_BUFFER) as client:
        client.sendall(request)
        _wait_until_given_up(server, given_up + 1)
        assert _is_cut(client)
    # The thread that it had is free for another one.
    with connect(server, READER) as client:
        client.sendall(request)
        assert client.recv(15) == b"HTTP/1.1 200 OK"


def test_a_client_that_takes_a_byte_now_and_then_is_given_up(server: RunningServer) -> None:
    given_up = _count_given_up(server)
    with connect(server, ATTACKER, SMALL_BUFFER) as client:
        client.sendall(LARGE)
        deadline = time.monotonic() + 60
        with contextlib.suppress(ConnectionError):
            while _count_given_up(server) == given_up:
                assert time.monotonic() < deadline
                client.recv(1)
                time.sleep(CHECK_SECONDS / 2)
        assert _count_given_up(server) == given_up + 1


def test_a_slow_but_steady_client_gets_all_of_its_answer(server: RunningServer) -> None:
    """It needs several windows, and takes a small part of what a usual client takes."""
    given_up = _count_given_up(server)
    with connect(server, READER, SMALL_BUFFER) as client:
        client.sendall(LARGE)
        received, piece = b"", b"."
        started_at = time.monotonic()
        while time.monotonic() < started_at + 4 * WINDOW_SECONDS:
            piece = client.recv(2 * MIN_BYTES_PER_SECOND)
            received += piece
            time.sleep(CHECK_SECONDS / 2)
        while piece:
            piece = client.recv(1 << 20)
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}\r\n".encode() in head
    assert _count_given_up(server) == given_up
    assert get(server, "/livez").status == 200
