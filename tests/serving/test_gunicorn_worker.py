"""Slow or silent clients do not stop the server from answering others."""

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.serving.gunicorn_worker import MAX_CLOSING, ReadTimeouts
from tests.support.gunicorn_server import RunningServer, run_server

CLIENT_COUNT = 3 * MAX_CLOSING
THREAD_COUNT = 2 * 8
"""Two processes with eight threads each, as in gunicorn.conf.py."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("worker")) as running:
        yield running


def _connect(server: RunningServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def _measure_answer_seconds(server: RunningServer) -> float:
    started_at = time.monotonic()
    with urllib.request.urlopen(f"{server.url}/v1/totals", timeout=30) as response:
        assert json.load(response)["totals"]
    return time.monotonic() - started_at


def test_clients_that_never_close_do_not_delay_others(server: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENT_COUNT):
            client = stack.enter_context(_connect(server))
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert _measure_answer_seconds(server) < 2


def test_clients_that_send_nothing_do_not_delay_others(server: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENT_COUNT):
            stack.enter_context(_connect(server))
        time.sleep(0.3)
        assert _measure_answer_seconds(server) < 2


def test_clients_that_never_end_their_request_are_cut_off(server: RunningServer) -> None:
    """More clients than threads; each occupies a thread for a few seconds at most."""
    with ExitStack() as stack:
        for _ in range(THREAD_COUNT):
            stack.enter_context(_connect(server)).sendall(b"GET /livez HTTP/1.1\r\nHost:")
        # Once for each round, if one process got all of them.
        assert min(_measure_answer_seconds(server) for _ in range(4)) < 2


def test_slow_bodies_occupy_only_their_own_threads(server: RunningServer) -> None:
    head = (
        "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.key}\r\nContent-Length: 1000\r\n\r\n{{"
    )
    with ExitStack() as stack:
        for _ in range(THREAD_COUNT // 3):
            stack.enter_context(_connect(server)).sendall(head.encode())
        time.sleep(0.3)
        assert _measure_answer_seconds(server) < 2


def test_reading_ends_when_its_time_limit_expires() -> None:
    """The read timeouts, with a limit short enough for a test."""
    read_timeouts = ReadTimeouts()
    server_end, client_end = socket.socketpair()
    with server_end, client_end, read_timeouts.limit(server_end, 60):
        with read_timeouts.limit(server_end, 0.1):
            assert server_end.recv(1) == b""
        server_end.sendall(b"too late")
        assert client_end.recv(8) == b"too late"
