"""Slow or silent clients do not stop the server from answering others."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.serving.gunicorn_worker import (
    BODY_SECONDS,
    HEAD_SECONDS,
    MAX_CLOSING,
    ReadTimeouts,
)
from tests.support.gunicorn_server import TIMEOUT_SECONDS, RunningServer, run_server

CLIENT_COUNT = 4 * MAX_CLOSING
PROCESS_COUNT = 2
THREAD_COUNT = PROCESS_COUNT * 8
"""Two processes of eight threads each, as in gunicorn.conf.py."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("worker")) as running:
        yield running


def _connect(server: RunningServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def _assert_answers(server: RunningServer, timeout: float = TIMEOUT_SECONDS) -> None:
    """Check that a total is answered before the timeout, in seconds."""
    with urllib.request.urlopen(f"{server.url}/v1/totals", timeout=timeout) as response:
        assert json.load(response)["totals"]


def test_clients_that_never_close_do_not_delay_others(server: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENT_COUNT):
            client = stack.enter_context(_connect(server))
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        # gunicorn's own worker would wait two seconds for each of them, one after another.
        assert 2 * CLIENT_COUNT / PROCESS_COUNT > TIMEOUT_SECONDS
        _assert_answers(server)


def test_clients_that_send_nothing_do_not_delay_others(server: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENT_COUNT):
            stack.enter_context(_connect(server))
        # A thread that listened to one of them would do so until the head of a request must be in.
        _assert_answers(server, timeout=HEAD_SECONDS)


def test_clients_that_never_end_their_request_are_cut_off(server: RunningServer) -> None:
    """More clients than threads; each occupies a thread for a few seconds at most."""
    with ExitStack() as stack:
        for _ in range(THREAD_COUNT):
            stack.enter_context(_connect(server)).sendall(b"GET /livez HTTP/1.1\r\nHost:")
        _assert_answers(server)


def test_slow_bodies_occupy_only_their_own_threads(server: RunningServer) -> None:
    head = (
        "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.key}\r\nContent-Length: 1000\r\n\r\n{{"
    )
    with ExitStack() as stack:
        for _ in range(THREAD_COUNT // 3):
            stack.enter_context(_connect(server)).sendall(head.encode())
        assert TIMEOUT_SECONDS < BODY_SECONDS
        _assert_answers(server)


def test_reading_ends_when_its_time_limit_expires() -> None:
    """The read timeouts, with a limit short enough for a test."""
    read_timeouts = ReadTimeouts()
    server_end, client_end = socket.socketpair()
    with server_end, client_end, read_timeouts.limit(server_end, 60):
        with read_timeouts.limit(server_end, 0.1):
            assert server_end.recv(1) == b""
        server_end.sendall(b"too late")
        assert client_end.recv(8) == b"too late"
