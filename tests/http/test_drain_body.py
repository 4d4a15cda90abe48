"""A refused client can read why, over a real server, whatever it was still sending."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from service.serving.gunicorn_worker import BODY_SECONDS
from tests.support import bodies
from tests.support.gunicorn_server import RunningServer, run_server

BIG_BYTES = 5 << 20
CLIENT_TIMEOUT_SECONDS = 20.0
REPORT = json.dumps(bodies.make_report()).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Iterator[RunningServer]:
    """One real server for all of these."""
    with run_server(tmp_path_factory.mktemp("served")) as server:
        yield server


def _post_refused(server: RunningServer, data: Any, status: int, **headers: str) -> dict[str, Any]:
    sent_headers = {
        "Authorization": f"Bearer {server.key}",
        "Content-Type": "application/json",
        **headers,
    }
    request = urllib.request.Request(f"{server.url}/v1/reports", data, sent_headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)
    with caught.value as answer:
        assert answer.code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem: dict[str, Any] = json.load(answer)
        return problem


def _iterate_pieces(size: int) -> Iterator[bytes]:
    yield REPORT
    for _ in range(0, size, 1 << 16):
        yield b" " * (1 << 16)


def test_a_body_too_large_is_answered_before_the_connection_closes(server: RunningServer) -> None:
    assert "1 MiB" in _post_refused(server, REPORT + b" " * BIG_BYTES, 413)["detail"]


def test_a_body_in_chunks_is_limited_too(server: RunningServer) -> None:
    # Without a length, urllib sends what is iterated over in chunks.
    assert "1 MiB" in _post_refused(server, _iterate_pieces(BIG_BYTES), 413)["detail"]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {"Authorization": "Bearer cas_wrong_key"}),
        (415, {"Content-Type": "text/plain"}),
    ],
)
def test_any_other_refusal_can_be_read_too(
    server: RunningServer, status: int, headers: dict[str, str]
) -> None:
    _post_refused(server, REPORT + b" " * BIG_BYTES, status, **headers)


def _send_raw(server: RunningServer, body: bytes, *headers: str) -> bytes:
    host, _, port = server.url.removeprefix("http://").partition(":")
    head = [
        "POST /v1/reports HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {server.key}",
        "Content-Type: application/json",
        *headers,
    ]
    with socket.create_connection((host, int(port)), timeout=CLIENT_TIMEOUT_SECONDS) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        return connection.recv(1 << 16)


def test_a_client_that_stops_sending_is_not_waited_for(server: RunningServer) -> None:
    # The connection of the test has a timeout; the server would wait for the body for longer.
    assert CLIENT_TIMEOUT_SECONDS < BODY_SECONDS
    assert _send_raw(server, b"{", f"Content-Length: {BIG_BYTES}").startswith(b"HTTP/1.1 413 ")


def test_malformed_chunks_are_refused(server: RunningServer) -> None:
    answer = _send_raw(server, b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    assert answer.startswith(b"HTTP/1.1 400 ")
