"""What the attacks share: a record, raw connections, clients that repeat a request, percentiles."""

import contextlib
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import Any
from urllib.parse import urlsplit

from tests.support.gunicorn_server import RunningServer

REAL_BUDGETS = {"CASUALTY_SOLVER_SECONDS": "1.5", "CASUALTY_ANSWER_SECONDS": "20"}
"""The defaults of the service, where other tests have ample time."""

OUTCOMES = ("killed", "wounded", "missing", "captured")

ATTACKER, READER = "127.0.0.1", "127.0.0.2"
"""Two clients: each address is one."""

TIMEOUT_SECONDS = 60.0

MAX_SLOWDOWN = 5
"""How many times as long others may wait during an attack."""

SHORT_SECONDS = 0.01

LAST_CHUNK = b"\r\n0\r\n\r\n"


def list_outcome_sets() -> list[str]:
    """Return all sets of outcomes that are not empty, as the query has them."""
    sets = chain.from_iterable(combinations(OUTCOMES, size) for size in range(1, 5))
    return [",".join(each) for each in sets]


def post(server: RunningServer, path: str, body: Any, timeout: float = TIMEOUT_SECONDS) -> Any:
    """Return the JSON of the answer to a body that was posted with the server's key."""
    request = urllib.request.Request(
        server.url + path,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.load(response)


def record_interlocked_reports(server: RunningServer, count: int, days: int = 330) -> None:
    """Record reports whose figures share people, so that no total of them is cheap."""
    places = [{"id": f"place-{number}", "name": f"Place {number}"} for number in range(20)]
    reports = [_make_report(number, days, places) for number in range(count)]
    for start in range(0, count, 100):
        body = {"reports": reports[start : start + 100]}
        results = post(server, "/v1/reports/batch", body)["results"]
        assert {each["status"] for each in results} == {201}, results[:2]


def _make_report(
    number: int, days: int, places: Sequence[dict[str, str]], month_days: int = 28
) -> dict[str, Any]:
    first = number * 7 % (days - 20)
    own = [places[(number * step + step) % len(places)] for step in (1, 3, 7)]
    return {
        "reporter": {"id": f"reporter-{number % 5}", "name": f"Reporter {number % 5}"},
        "period": {
            "from": _make_day(first, month_days),
            "to": _make_day(first + 1 + number % 19, month_days),
        },
        "places": list({each["id"]: each for each in own}.values()),
        "figures": [
            {"outcomes": list(OUTCOMES[number % 3 : number % 3 + 2]), "low": 3, "high": 40},
            {"outcomes": [OUTCOMES[number % 4]], "low": number % 9},
        ],
    }


def _make_day(number: int, month_days: int) -> str:
    return f"2024-{1 + number // month_days % 12:02}-{1 + number % month_days:02}"


def connect(server: RunningServer, source: str = ATTACKER, buffer: int = 0) -> socket.socket:
    """Return a connection from the source address; a receive buffer of 0 is the system's own."""
    address = urlsplit(server.url)
    sock = socket.socket()
    sock.settimeout(TIMEOUT_SECONDS)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.bind((source, 0))
    sock.connect((address.hostname, address.port))
    return sock


def make_request(path: str, *headers: str) -> bytes:
    """Return a GET request."""
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: x", *headers, "", "")).encode()


@dataclass(slots=True)
class Answer:
    """The status of an answer, its head and body, and the seconds until all of it arrived."""

    status: int
    head: str
    body: bytes
    seconds: float


def get(server: RunningServer, path: str, *headers: str, source: str = READER) -> Answer:
    """Return the answer to one GET request on a connection of its own."""
    with connect(server, source) as sock:
        return exchange(sock, make_request(path, "Connection: close", *headers))


def exchange(sock: socket.socket, request: bytes) -> Answer:
    """Return the answer to the request; its length, last chunk or the end of the stream ends it."""
    started_at = time.monotonic()
    sock.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(1 << 16)
        if not piece:
            raise ConnectionError("the server closed the connection without an answer")
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    lengths = [
        int(line.partition(":")[2])
        for line in text.split("\r\n")
        if line.lower().startswith("content-length:")
    ]
    if " 304 " in text.partition("\r\n")[0]:
        lengths = [0]
    is_chunked = "\r\ntransfer-encoding: chunked" in text.lower()
    while not body.endswith(LAST_CHUNK) if is_chunked else not lengths or len(body) < lengths[0]:
        piece = sock.recv(1 << 16)
        if not piece:
            break
        body += piece
    return Answer(int(text.split(" ", 2)[1]), text, body, time.monotonic() - started_at)


@dataclass
class Attack:
    """What the attackers got: the statuses of their answers."""

    statuses: list[int] = field(default_factory=list)


@contextlib.contextmanager
def attack_with(
    server: RunningServer, requests: Sequence[bytes], pause_seconds: float = 0.0
) -> Iterator[Attack]:
    """Have one client send each of the requests again and again, each on a connection of its own.

    After a refusal each of them pauses, far shorter than Retry-After says.
    """
    attack, is_over = Attack(), threading.Event()
    sockets: list[socket.socket] = []

    def repeat(request: bytes) -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError), connect(server) as sock:
                sockets.append(sock)
                while not is_over.is_set():
                    answer = exchange(sock, request)
                    attack.statuses.append(answer.status)
                    if answer.status == 503:
                        is_over.wait(pause_seconds)

    threads = [threading.Thread(target=repeat, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    try:
        yield attack
    finally:
        is_over.set()
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def measure(server: RunningServer, paths: Sequence[str], count: int) -> list[float]:
    """Return the seconds of so many requests for each path, one after another, all answered."""
    seconds = []
    with contextlib.ExitStack() as stack:
        sockets = {path: stack.enter_context(connect(server, READER)) for path in paths}
        for _ in range(count):
            for path, sock in list(sockets.items()):
                try:
                    answer = exchange(sock, make_request(path))
                except ConnectionError:  # The connection was idle for too long.
                    sockets[path] = sock = stack.enter_context(connect(server, READER))
                    answer = exchange(sock, make_request(path))
                assert answer.status in (200, 304), answer
                seconds.append(answer.seconds)
    return seconds


def find_percentile(seconds: Sequence[float], percent: float) -> float:
    """Return the value that so many percent do not exceed."""
    return sorted(seconds)[min(int(len(seconds) * percent / 100), len(seconds) - 1)]


def find_slowdown(calm: Sequence[float], attacked: Sequence[float], percent: float) -> float:
    """Return how many times as long the percentile of an attack is as the one without it.

    Times below ``SHORT_SECONDS`` depend on what else the machine does, so no shorter one divides.
    """
    before, during = (find_percentile(seconds, percent) for seconds in (calm, attacked))
    return during / max(before, SHORT_SECONDS)
