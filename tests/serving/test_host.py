"""A request of HTTP/1.1 has exactly one valid Host, or it is a 400 before the application."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.support.gunicorn_server import RunningServer, run_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests."""
    with run_server(tmp_path_factory.mktemp("host"), CASUALTY_LOG_LEVEL="error") as running:
        yield running


def _send(server: RunningServer, *lines: str) -> tuple[int, bytes]:
    """Return the status and the whole response to the head of a request."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = "\r\n".join([*lines, "Connection: close", "", ""])
        connection.sendall(head.encode("latin-1"))
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return int(received.split(b" ")[1]), received


def _check_bad_request(server: RunningServer, *lines: str) -> None:
    status, received = _send(server, *lines)
    assert status == 400, received
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize("path", ["/livez", "/", "/v1/totals", "/metrics", "/nowhere"])
def test_http_1_1_without_host_is_refused(server: RunningServer, path: str) -> None:
    _check_bad_request(server, f"GET {path} HTTP/1.1")


def test_http_1_0_needs_no_host(server: RunningServer) -> None:
    assert _send(server, "GET /livez HTTP/1.0")[0] == 200


@pytest.mark.parametrize("other", ["a.example", "b.example"])
def test_two_hosts_are_refused(server: RunningServer, other: str) -> None:
    _check_bad_request(server, "GET /livez HTTP/1.1", "Host: a.example", f"Host: {other}")


INVALID_HOSTS = [
    "", "a b", "a, b", "a/b", "a.example/path", "a@b", "user:pw@b", "<b>", "a:b", "a:65536",
    "a:123456", "[::1", "::1", "[a]", "a..b", ".a", "a?b", "a#b", "a\\b", "a%2fb", "h\xfcrst",
    'a"b', "http://a",
]  # fmt: skip


@pytest.mark.parametrize("host", INVALID_HOSTS)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_an_invalid_host_is_refused(server: RunningServer, host: str, version: str) -> None:
    _check_bad_request(server, f"GET /livez HTTP/{version}", f"Host: {host}")


@pytest.mark.parametrize(
    "host",
    ["a", "a.example", "A.EXAMPLE.", "a:", "a:65535", "127.0.0.1:80", "[::1]", "[::ffff:1.2.3.4]:8",
     "under_score", "xn--hrst-0ra.example"],
)  # fmt: skip
def test_a_valid_host_is_accepted(server: RunningServer, host: str) -> None:
    status, received = _send(server, "GET /livez HTTP/1.1", f"Host: {host}")
    assert status == 200, received


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://a.example/livez", 200),
        ("https://other.example:8443/livez", 200),
        ("http://a.example", 200),
        ("http://a.example?start=0", 200),
        ("http://a.example//livez", 404),
        ("http://user:pw@a.example/livez", 400),
        ("http:///livez", 400),
        ("http://a.example:99999/livez", 400),
        ("ftp://a.example/livez", 400),
    ],
)
def test_a_whole_url_as_target_has_a_valid_host_too(
    server: RunningServer, target: str, status: int
) -> None:
    answered_status, received = _send(server, f"GET {target} HTTP/1.1", "Host: a.example")
    assert answered_status == status, received


def test_a_whole_url_does_not_replace_a_missing_host(server: RunningServer) -> None:
    _check_bad_request(server, "GET http://a.example/livez HTTP/1.1")


def test_the_connection_is_closed_after_a_refusal(server: RunningServer) -> None:
    _, received = _send(server, "GET /livez HTTP/1.1", "", "GET /livez HTTP/1.1", "Host: a")
    assert received.startswith(b"HTTP/1.1 400 ") and b"HTTP/1.1 200" not in received
