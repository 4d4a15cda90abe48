"""A refused client can read why, over a real server, whatever it was still sending."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests import make
from tests.serving import Served, serving

BIG = 5 << 20
REPORT = json.dumps(make.report()).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: Any) -> Iterator[Served]:
    """One real server for all of these."""
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


def _refused(served: Served, data: Any, status: int, **headers: str) -> dict[str, Any]:
    sent = {
        "Authorization": f"Bearer {served.key}",
        "Content-Type": "application/json",
        **headers,
    }
    request = urllib.request.Request(f"{served.url}/v1/reports", data, sent)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)
    with caught.value as answer:
        assert answer.code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        told: dict[str, Any] = json.load(answer)
        return told


def _pieces(size: int) -> Iterator[bytes]:
    yield REPORT
    for _ in range(0, size, 1 << 16):
        yield b" " * (1 << 16)


def test_a_body_too_large_is_answered_and_not_cut_off(served: Served) -> None:
    assert "1 MiB" in _refused(served, REPORT + b" " * BIG, 413)["detail"]


def test_a_body_in_chunks_is_limited_too(served: Served) -> None:
    # Without a length, urllib sends what is iterated over in chunks.
    assert "1 MiB" in _refused(served, _pieces(BIG), 413)["detail"]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {"Authorization": "Bearer cas_wrong_key"}),
        (415, {"Content-Type": "text/plain"}),
    ],
)
def test_whoever_is_refused_for_another_reason_can_read_it_too(
    served: Served, status: int, headers: dict[str, str]
) -> None:
    _refused(served, REPORT + b" " * BIG, status, **headers)


def _talk(served: Served, body: bytes, *headers: str) -> bytes:
    host, _, port = served.url.removeprefix("http://").partition(":")
    head = [
        "POST /v1/reports HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {served.key}",
        "Content-Type: application/json",
        *headers,
    ]
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        return connection.recv(1 << 16)


def test_whoever_stops_sending_is_not_waited_for(served: Served) -> None:
    began = time.monotonic()
    assert _talk(served, b"{", f"Content-Length: {BIG}").startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - began < 15


def test_chunks_that_are_none_are_malformed(served: Served) -> None:
    answer = _talk(served, b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    assert answer.startswith(b"HTTP/1.1 400 ")
