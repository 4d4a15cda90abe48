"""Connections that occupy everything else keep neither new clients nor health checks out."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.serving.gunicorn_worker import HEAD_SECONDS
from tests.attacks.toolkit import ATTACKER, REAL_BUDGETS, connect, exchange, get, make_request
from tests.support.gunicorn_server import RunningServer, run_server

MAX_CONNECTIONS = 20
KEEPALIVE_SECONDS = 5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    variables = {
        "WEB_CONCURRENCY": "1",
        "GUNICORN_CMD_ARGS": f"--worker-connections {MAX_CONNECTIONS}",
    }
    with run_server(tmp_path_factory.mktemp("many"), **REAL_BUDGETS, **variables) as running:
        yield running


def test_idle_connections_make_room_for_new_ones(server: RunningServer) -> None:
    with ExitStack() as stack:
        for number in range(4 * MAX_CONNECTIONS):
            client = stack.enter_context(connect(server, ATTACKER))
            if number % 2:  # Half of them have had an answer, the others have sent nothing.
                assert exchange(client, make_request("/livez")).status == 200
        # Without room it would wait until idle connections are closed for their age.
        assert get(server, "/v1/places").seconds < KEEPALIVE_SECONDS / 2


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_health_checks_do_not_wait_for_threads(server: RunningServer, path: str) -> None:
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS - 4):
            client = stack.enter_context(connect(server, ATTACKER))
            client.sendall(b"GET /v1/places HTTP/1.1\r\nHost:")
        # Each of them keeps a thread until its head must be complete.
        answer = get(server, path)
        assert (answer.status, answer.seconds < HEAD_SECONDS / 2) == (200, True)


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /livez HTTP/1.1\r\nHost: x\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_an_incomplete_health_check_does_not_take_the_thread_of_the_others(
    server: RunningServer, beginning: bytes
) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(connect(server, ATTACKER)).sendall(beginning)
        answer = get(server, "/livez")
        assert (answer.status, answer.seconds < HEAD_SECONDS / 2) == (200, True)
