"""Request smuggling: no body is parsed as a request, however its length is given."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.support import bodies
from tests.support.gunicorn_server import RunningServer, run_server

INNER_REQUEST = b"GET /v1/vocabulary HTTP/1.1\r\nHost: inner\r\n\r\n"
"""A request that must not be answered inside a body."""

INNER_ANSWER_MARK = b'"stances"'

POST_HEAD = b"POST /v1/wording HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = b'{"text": "at least 30"}'
CHUNKED_FIELD = b"Transfer-Encoding: chunked\r\n"

STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests."""
    with run_server(tmp_path_factory.mktemp("smuggling"), CASUALTY_LOG_LEVEL="error") as running:
        yield running


def _connect(server: RunningServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def _receive_all(connection: socket.socket) -> bytes:
    """Return everything the server sends until it closes the connection or is silent."""
    received = b""
    try:
        while chunk := connection.recv(1 << 16):
            received += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    return received


def _exchange(server: RunningServer, data: bytes, timeout: float = 20) -> tuple[list[int], bytes]:
    """Return the statuses of all responses, and all bytes, after the client has sent everything."""
    with _connect(server) as connection:
        connection.settimeout(timeout)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It was rejected before all was sent; the response may still be readable.
        received = _receive_all(connection)
    return [int(status) for status in STATUS_LINE.findall(received)], received


def _check_refused(server: RunningServer, data: bytes, *statuses: int) -> None:
    """Check that the bytes get at most one response, an error, and the connection is closed."""
    answer_statuses, received = _exchange(server, data)
    assert INNER_ANSWER_MARK not in received, received
    assert len(answer_statuses) <= 1, received
    assert all(400 <= status < 500 or status == 501 for status in answer_statuses), received
    if statuses:
        assert answer_statuses and answer_statuses[0] in statuses, received


LENGTHS = [
    b"+23", b"-1", b"2 3", b"0x17", b"23,23", b"23, 0", b"", b"2_3", b"\xb2\xb3", b"1e1",
    b"23;", b"23\x0b", b"'23'", b"99999999999999999999999x",
]  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_is_plain_digits(server: RunningServer, length: bytes) -> None:
    _check_refused(
        server, POST_HEAD + b"Content-Length: " + length + b"\r\n\r\n" + BODY + INNER_REQUEST, 400
    )


@pytest.mark.parametrize("second", [b"23", b"0", b"24"])
def test_a_length_stands_once(server: RunningServer, second: bytes) -> None:
    head = POST_HEAD + b"Content-Length: 23\r\nContent-Length: " + second + b"\r\n\r\n"
    _check_refused(server, head + BODY + INNER_REQUEST, 400)


@pytest.mark.parametrize("first", ["length", "coding"])
def test_a_length_and_chunks_are_never_both(server: RunningServer, first: str) -> None:
    length = b"Content-Length: 5\r\n"
    fields = length + CHUNKED_FIELD if first == "length" else CHUNKED_FIELD + length
    _check_refused(server, POST_HEAD + fields + b"\r\n0\r\n\r\n" + INNER_REQUEST, 400)


CODINGS = [
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: chunked,",
    b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: identity", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: gzip",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding:\r\n chunked", b"X: x\r\n Transfer-Encoding: chunked",
    b" Transfer-Encoding: chunked", b"X: x\nTransfer-Encoding: chunked",
    b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunked;x=1",
    b"Transfer-Encoding: \xffchunked", b"Transfer-Encoding\x00: chunked",
    b"Transfer-Encoding: chun\x00ked", b"Transfer\xe2\x80\x91Encoding: chunked",
]  # fmt: skip


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coding_that_is_not_chunked_alone_is_refused(
    server: RunningServer, coding: bytes
) -> None:
    for length in (b"", b"Content-Length: 5\r\n"):
        _check_refused(server, POST_HEAD + length + coding + b"\r\n\r\n0\r\n\r\n" + INNER_REQUEST)


@pytest.mark.parametrize("name", [b"Transfer_Encoding", b"X-Transfer-Encoding", b"Content_Length"])
def test_a_field_of_a_similar_name_does_not_set_the_length(
    server: RunningServer, name: bytes
) -> None:
    field = name + (b": 0" if b"Length" in name else b": chunked")
    data = POST_HEAD + b"Content-Length: 23\r\n" + field + b"\r\n\r\n" + BODY + INNER_REQUEST
    statuses, received = _exchange(server, data)
    # The bytes after the complete body are one further request.
    assert statuses == [200, 200], received
    assert received.count(INNER_ANSWER_MARK) == 1


CHUNKS = [
    b"-1\r\n", b"+17\r\n", b"0x17\r\n", b"1 7\r\n", b" 17\r\n", b"17 \r\n", b"1_7\r\n", b"\r\n",
    b"zz\r\n", b"17\n", b"17;a=\x00\r\n", b"17;a\nb\r\n", b"17;\r", b";a=1\r\n", b"17\r",
    b"7fffffffffffffff\r\n", b"10000000000000017\r\n", b"17;a=" + b"b" * 100_000 + b"\r\n",
]  # fmt: skip


@pytest.mark.parametrize("size", CHUNKS)
def test_a_size_of_a_chunk_is_plain_hexadecimal(server: RunningServer, size: bytes) -> None:
    _check_refused(
        server, POST_HEAD + CHUNKED_FIELD + b"\r\n" + size + BODY + b"\r\n0\r\n\r\n" + INNER_REQUEST
    )


@pytest.mark.parametrize(
    "after",
    [b"0\r\n\r\n", b"\n0\r\n\r\n", b"\r\n0\n\n", b"\r\n0\r\nHost: y\r\n\r\n",
     b"\r\n0\r\nContent-Length: 9\r\n\r\n", b"\r\n0\r\nX y: z\r\n\r\n", b"XX0\r\n\r\n"],
)  # fmt: skip
def test_chunks_end_as_chunks_end(server: RunningServer, after: bytes) -> None:
    _check_refused(server, POST_HEAD + CHUNKED_FIELD + b"\r\n17\r\n" + BODY + after + INNER_REQUEST)


@pytest.mark.parametrize("extension", [b"", b";a", b";a=1", b' ; a="b c"'])
def test_chunks_that_are_right_are_read_to_their_end(
    server: RunningServer, extension: bytes
) -> None:
    size = b"17" + extension + b"\r\n"
    data = (
        POST_HEAD
        + CHUNKED_FIELD
        + b"\r\n"
        + size
        + BODY
        + b"\r\n0\r\nX-T: 1\r\n\r\n"
        + INNER_REQUEST
    )
    assert _exchange(server, data)[0] == [200, 200]


HEADS = [
    b"GET /livez\r\n\r\n",
    b"GET /livez HTTP/0.9\r\n\r\n",
    b"GET /livez HTTP/2.0\r\nHost: x\r\n\r\n",
    b"GET /livez HTTP/1.1 x\r\nHost: x\r\n\r\n",
    b"GET  /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET\t/livez\tHTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /livez HTTP/1.1\nHost: x\n\n",
    b"GET /livez HTTP/1.1\r\nHost: x\n\r\n\r\n",
    b"GET /livez HTTP/1.1\rHost: x\r\r",
    b"GET /livez HTTP/1.1\r\nHost x\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET /livez HTTP/1.1\r\n: x\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: x\x00\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHo\x00st: x\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"GET /li\x00vez HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /li\xffvez HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"get /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    b"G@T /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


@pytest.mark.parametrize("head", HEADS)
def test_a_malformed_head_is_refused(server: RunningServer, head: bytes) -> None:
    _check_refused(server, head + INNER_REQUEST)


def test_a_head_is_limited(server: RunningServer) -> None:
    get = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
    _check_refused(server, b"GET /livez?" + b"a" * 8_200 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414)
    _check_refused(server, get + b"X: " + b"a" * 8_200 + b"\r\n\r\n", 431)
    _check_refused(server, get + b"X: a\r\n" * 70 + b"\r\n", 431)
    _check_refused(server, get + b"X: a\r\n" * 200_000, 431)


def test_a_refusal_is_a_problem_that_quotes_nothing(server: RunningServer) -> None:
    (status,), received = _exchange(server, b"GET /<script> HTTP/9\r\nHost: x\r\n\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert b"Connection: close" in head
    problem = json.loads(body)
    assert (problem["status"], problem["title"]) == (status, "Bad Request")
    assert b"script" not in received


@pytest.mark.parametrize(
    ("target", "status"), [(b"http://evil.example/livez", 200), (b"http://x/nowhere", 404)]
)
def test_an_absolute_address_is_answered_by_its_path(
    server: RunningServer, target: bytes, status: int
) -> None:
    statuses, received = _exchange(server, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert statuses == [status]
    assert b"evil" not in received


def test_http_1_0_is_answered_and_closed(server: RunningServer) -> None:
    statuses, received = _exchange(server, b"GET /livez HTTP/1.0\r\n\r\n" + INNER_REQUEST)
    assert statuses == [200], received


def test_a_path_cannot_be_set_by_a_field(server: RunningServer) -> None:
    for name in (b"PATH_INFO", b"SCRIPT_NAME", b"X-Original-URL", b"X-Rewrite-URL"):
        head = b"GET /livez HTTP/1.1\r\nHost: x\r\n" + name + b": /v1/vocabulary\r\n\r\n"
        statuses, received = _exchange(server, head)
        assert statuses == [200]
        assert b"alive" in received


REFUSED = {
    "no key": (401, b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"),
    "no such address": (404, b"POST /nowhere HTTP/1.1\r\nHost: x\r\n"),
    "no such method": (405, b"DELETE /v1/totals HTTP/1.1\r\nHost: x\r\n"),
    "no JSON": (415, b"POST /v1/wording HTTP/1.1\r\nHost: x\r\n"),
    "not wanted": (200, b"GET /livez HTTP/1.1\r\nHost: x\r\n"),
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("framing", ["length", "chunks", "large"])
def test_what_follows_a_refused_body_is_the_next_request(
    server: RunningServer, reason: str, framing: str
) -> None:
    status, head = REFUSED[reason]
    body = INNER_REQUEST * (2_000 if framing == "large" else 1)
    if framing == "chunks":
        framed = CHUNKED_FIELD + b"\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    else:
        framed = b"Content-Length: %d\r\n\r\n" % len(body) + body
    statuses, received = _exchange(
        server, head + framed + b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    # The next request is answered, or the connection closed; never the bytes inside the body.
    assert statuses in ([status, 200], [status]), received
    assert INNER_ANSWER_MARK not in received


def test_expect_100_continue_is_answered_before_the_body_is_read(server: RunningServer) -> None:
    head = POST_HEAD + b"Content-Length: 23\r\nExpect: 100-continue\r\n\r\n"
    with _connect(server) as connection:
        connection.sendall(head)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_any_other_expectation_is_refused(server: RunningServer) -> None:
    head = POST_HEAD + b"Content-Length: 23\r\nExpect: 200-ok\r\n\r\n"
    _check_refused(server, head + BODY + INNER_REQUEST, 417)


def test_the_body_of_a_refused_expectation_is_not_read_as_a_request(server: RunningServer) -> None:
    head = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    data = head + b"Content-Length: %d\r\n\r\n" % len(INNER_REQUEST) + INNER_REQUEST
    statuses, received = _exchange(server, data)
    assert statuses in ([401], [100, 401]), received
    assert INNER_ANSWER_MARK not in received


def test_the_server_still_accepts_a_report(server: RunningServer) -> None:
    body = json.dumps(bodies.make_report()).encode()
    head = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    key = b"Authorization: Bearer " + server.key.encode() + b"\r\n"
    data = head + key + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert _exchange(server, data)[0] == [201]
