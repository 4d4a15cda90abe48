"""The server goes on answering whatever single clients do with their connections."""

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.serving.gunicorn_worker import MAX_CLOSING, ReadTimeouts
from tests.serving import RunningServer, run_server

CLIENTS = 3 * MAX_CLOSING
THREADS = 2 * 8
"""Two processes of eight threads each, as gunicorn.conf.py says."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("worker")) as running:
        yield running


def _connected(served: RunningServer) -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def _seconds_to_answer(served: RunningServer) -> float:
    begun = time.monotonic()
    with urllib.request.urlopen(f"{served.url}/v1/totals", timeout=30) as answer:
        assert json.load(answer)["totals"]
    return time.monotonic() - begun


def test_clients_that_never_close_hold_nobody_up(served: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            client = stack.enter_context(_connected(served))
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert _seconds_to_answer(served) < 2


def test_clients_that_send_nothing_hold_nobody_up(served: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            stack.enter_context(_connected(served))
        time.sleep(0.3)
        assert _seconds_to_answer(served) < 2


def test_clients_that_never_end_their_request_are_cut_off(served: RunningServer) -> None:
    """More of them than there are threads; each has a thread for a few seconds at the most."""
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(_connected(served)).sendall(b"GET /livez HTTP/1.1\r\nHost:")
        # Once for every round that a process has to go through which was given all of them.
        assert min(_seconds_to_answer(served) for _ in range(4)) < 2


def test_bodies_that_come_slowly_hold_up_only_their_own_threads(served: RunningServer) -> None:
    head = (
        "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {served.key}\r\nContent-Length: 1000\r\n\r\n{{"
    )
    with ExitStack() as stack:
        for _ in range(THREADS // 3):
            stack.enter_context(_connected(served)).sendall(head.encode())
        time.sleep(0.3)
        assert _seconds_to_answer(served) < 2


def test_a_body_that_does_not_come_is_told_so() -> None:
    """The patience itself, at a limit that a test can wait for."""
    patience = ReadTimeouts()
    here, there = socket.socketpair()
    with here, there, patience.limit(here, 60):
        with patience.limit(here, 0.1):
            assert here.recv(1) == b""
        here.sendall(b"too late")
        assert there.recv(8) == b"too late"
