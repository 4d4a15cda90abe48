"""No request is ever read out of the body of another, however its length is told."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests import make
from tests.serving import Served, serving

INNER = b"GET /v1/vocabulary HTTP/1.1\r\nHost: inner\r\n\r\n"
"""What must not be answered where it stands in a body."""

INNER_SAYS = b'"stances"'

POST = b"POST /v1/wording HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = b'{"text": "at least 30"}'
CHUNKED = b"Transfer-Encoding: chunked\r\n"

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One real server for all of these."""
    with serving(tmp_path_factory.mktemp("smuggling"), CASUALTY_LOG_LEVEL="error") as running:
        yield running


def _connected(served: Served) -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def _said(connection: socket.socket) -> bytes:
    """Return all that is answered until the server closes or has been silent."""
    said = b""
    try:
        while more := connection.recv(1 << 16):
            said += more
    except (TimeoutError, ConnectionResetError):
        pass
    return said


def _told(served: Served, sent: bytes, patience: float = 20) -> tuple[list[int], bytes]:
    """Return the statuses of all answers, and all that was said, once the sender has no more."""
    with _connected(served) as connection:
        connection.settimeout(patience)
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It was refused before all was sent; the answer may still be there.
        said = _said(connection)
    return [int(each) for each in STATUS.findall(said)], said


def _refused(served: Served, sent: bytes, *statuses: int) -> None:
    """Check that what was sent is answered once at most, with a refusal, and closed."""
    answers, said = _told(served, sent)
    assert INNER_SAYS not in said, said
    assert len(answers) <= 1, said
    assert all(400 <= each < 500 or each == 501 for each in answers), said
    if statuses:
        assert answers and answers[0] in statuses, said


LENGTHS = [
    b"+23", b"-1", b"2 3", b"0x17", b"23,23", b"23, 0", b"", b"2_3", b"\xb2\xb3", b"1e1",
    b"23;", b"23\x0b", b"'23'", b"99999999999999999999999x",
]  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_is_plain_digits(served: Served, length: bytes) -> None:
    _refused(served, POST + b"Content-Length: " + length + b"\r\n\r\n" + BODY + INNER, 400)


@pytest.mark.parametrize("second", [b"23", b"0", b"24"])
def test_a_length_stands_once(served: Served, second: bytes) -> None:
    head = POST + b"Content-Length: 23\r\nContent-Length: " + second + b"\r\n\r\n"
    _refused(served, head + BODY + INNER, 400)


@pytest.mark.parametrize("first", ["length", "coding"])
def test_a_length_and_chunks_are_never_both(served: Served, first: str) -> None:
    length = b"Content-Length: 5\r\n"
    fields = length + CHUNKED if first == "length" else CHUNKED + length
    _refused(served, POST + fields + b"\r\n0\r\n\r\n" + INNER, 400)


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
def test_a_coding_that_is_not_chunked_alone_is_refused(served: Served, coding: bytes) -> None:
    for length in (b"", b"Content-Length: 5\r\n"):
        _refused(served, POST + length + coding + b"\r\n\r\n0\r\n\r\n" + INNER)


@pytest.mark.parametrize("name", [b"Transfer_Encoding", b"X-Transfer-Encoding", b"Content_Length"])
def test_another_field_says_nothing_about_the_length(served: Served, name: bytes) -> None:
    field = name + (b": 0" if b"Length" in name else b": chunked")
    sent = POST + b"Content-Length: 23\r\n" + field + b"\r\n\r\n" + BODY + INNER
    answers, said = _told(served, sent)
    # What follows the body in full is a request of its own, and no other.
    assert answers == [200, 200], said
    assert said.count(INNER_SAYS) == 1


CHUNKS = [
    b"-1\r\n", b"+17\r\n", b"0x17\r\n", b"1 7\r\n", b" 17\r\n", b"17 \r\n", b"1_7\r\n", b"\r\n",
    b"zz\r\n", b"17\n", b"17;a=\x00\r\n", b"17;a\nb\r\n", b"17;\r", b";a=1\r\n", b"17\r",
    b"7fffffffffffffff\r\n", b"10000000000000017\r\n", b"17;a=" + b"b" * 100_000 + b"\r\n",
]  # fmt: skip


@pytest.mark.parametrize("size", CHUNKS)
def test_a_size_of_a_chunk_is_plain_hexadecimal(served: Served, size: bytes) -> None:
    _refused(served, POST + CHUNKED + b"\r\n" + size + BODY + b"\r\n0\r\n\r\n" + INNER)


@pytest.mark.parametrize(
    "after",
    [b"0\r\n\r\n", b"\n0\r\n\r\n", b"\r\n0\n\n", b"\r\n0\r\nHost: y\r\n\r\n",
     b"\r\n0\r\nContent-Length: 9\r\n\r\n", b"\r\n0\r\nX y: z\r\n\r\n", b"XX0\r\n\r\n"],
)  # fmt: skip
def test_chunks_end_as_chunks_end(served: Served, after: bytes) -> None:
    _refused(served, POST + CHUNKED + b"\r\n17\r\n" + BODY + after + INNER)


@pytest.mark.parametrize("extension", [b"", b";a", b";a=1", b' ; a="b c"'])
def test_chunks_that_are_right_are_read_to_their_end(served: Served, extension: bytes) -> None:
    size = b"17" + extension + b"\r\n"
    sent = POST + CHUNKED + b"\r\n" + size + BODY + b"\r\n0\r\nX-T: 1\r\n\r\n" + INNER
    assert _told(served, sent)[0] == [200, 200]


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
def test_what_is_no_head_of_a_request_is_refused(served: Served, head: bytes) -> None:
    _refused(served, head + INNER)


def test_a_head_is_limited(served: Served) -> None:
    get = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
    _refused(served, b"GET /livez?" + b"a" * 8_200 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414)
    _refused(served, get + b"X: " + b"a" * 8_200 + b"\r\n\r\n", 431)
    _refused(served, get + b"X: a\r\n" * 70 + b"\r\n", 431)
    _refused(served, get + b"X: a\r\n" * 200_000, 431)


def test_a_refusal_is_a_problem_that_quotes_nothing(served: Served) -> None:
    (status,), said = _told(served, b"GET /<script> HTTP/9\r\nHost: x\r\n\r\n")
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert b"Connection: close" in head
    told = json.loads(body)
    assert (told["status"], told["title"]) == (status, "Bad Request")
    assert b"script" not in said


@pytest.mark.parametrize(
    ("target", "status"), [(b"http://evil.example/livez", 200), (b"http://x/nowhere", 404)]
)
def test_an_absolute_address_is_answered_by_its_path(
    served: Served, target: bytes, status: int
) -> None:
    answers, said = _told(served, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answers == [status]
    assert b"evil" not in said


def test_http_1_0_is_answered_and_closed(served: Served) -> None:
    answers, said = _told(served, b"GET /livez HTTP/1.0\r\n\r\n" + INNER)
    assert answers == [200], said


def test_a_path_cannot_be_set_by_a_field(served: Served) -> None:
    for name in (b"PATH_INFO", b"SCRIPT_NAME", b"X-Original-URL", b"X-Rewrite-URL"):
        head = b"GET /livez HTTP/1.1\r\nHost: x\r\n" + name + b": /v1/vocabulary\r\n\r\n"
        answers, said = _told(served, head)
        assert answers == [200]
        assert b"alive" in said


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
    served: Served, reason: str, framing: str
) -> None:
    status, head = REFUSED[reason]
    body = INNER * (2_000 if framing == "large" else 1)
    if framing == "chunks":
        framed = CHUNKED + b"\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    else:
        framed = b"Content-Length: %d\r\n\r\n" % len(body) + body
    answers, said = _told(served, head + framed + b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    # The one behind it is answered, or the connection is closed; never what is inside.
    assert answers in ([status, 200], [status]), said
    assert INNER_SAYS not in said


def test_a_body_that_is_expected_is_asked_for_and_read(served: Served) -> None:
    head = POST + b"Content-Length: 23\r\nExpect: 100-continue\r\n\r\n"
    with _connected(served) as connection:
        connection.sendall(head)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_whoever_expects_something_else_is_refused(served: Served) -> None:
    head = POST + b"Content-Length: 23\r\nExpect: 200-ok\r\n\r\n"
    _refused(served, head + BODY + INNER, 417)


def test_a_body_that_is_expected_but_refused_is_no_request(served: Served) -> None:
    head = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    sent = head + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER
    answers, said = _told(served, sent)
    assert answers in ([401], [100, 401]), said
    assert INNER_SAYS not in said


def test_the_server_answers_as_before(served: Served) -> None:
    body = json.dumps(make.report()).encode()
    head = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    key = b"Authorization: Bearer " + served.key.encode() + b"\r\n"
    sent = head + key + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert _told(served, sent)[0] == [201]
