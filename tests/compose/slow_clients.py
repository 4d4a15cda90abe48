"""Clients that are slow in every way that a client can be, so many at once and all the time."""

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tests.compose.stack import Stack

CLIENT_COUNT: Final = 64
BYTE_INTERVAL_SECONDS: Final = 0.5
"""Seconds between two bytes of each of them."""

UNFINISHED_HEAD: Final = b"GET /v1/totals HTTP/1.1\r\nHost: slow\r\nX-Slow: "
UNFINISHED_BODY: Final = (
    "POST /v1/reports HTTP/1.1\r\nHost: slow\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
)
READ_REQUESTS: Final = {
    "answers": b"GET /v1/openapi.json HTTP/1.1\r\nHost: slow\r\n\r\n",
    "pages": b"GET /place/plekhovo HTTP/1.1\r\nHost: slow\r\nAccept-Encoding: gzip\r\n\r\n",
    "plain pages": b"GET /place/plekhovo HTTP/1.1\r\nHost: slow\r\n\r\n",
}
"""What is read slowly; pages are sent as they are made, if they may be compressed."""


class SlowClient:
    """One that sends its head or its body, or reads its answer, a byte at a time."""

    def __init__(self, stack: Stack, address: tuple[str, int], kind: str, key: str) -> None:
        """Connect, and send what comes before it becomes slow."""
        self._reads = kind in READ_REQUESTS
        plain = socket.socket()
        # With a buffer as small as can be, so that the answer stays where it comes from.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        plain.settimeout(10)
        plain.connect(address)
        self._socket: socket.socket = plain
        if "SECRETS_FOLDER" in stack.environment:
            self._socket = stack.ssl_context.wrap_socket(plain, server_hostname="127.0.0.1")
        requests = {
            "heads": UNFINISHED_HEAD,
            "bodies": UNFINISHED_BODY.format(key=key).encode(),
            **READ_REQUESTS,
        }
        self._socket.sendall(requests[kind])

    def send_or_read_byte(self) -> bool:
        """Send or read one byte more; returns whether the connection is still there."""
        try:
            if self._reads:
                return bool(self._socket.recv(1))
            self._socket.sendall(b" ")
            # Whoever was refused has an answer, or the end of the connection, to read.
            self._socket.settimeout(0.001)
            try:
                return bool(self._socket.recv(1)) and False
            except (TimeoutError, ssl.SSLWantReadError):
                return True
            finally:
                self._socket.settimeout(10)
        except OSError:
            return False

    def close(self) -> None:
        """Go away."""
        with suppress(OSError):
            self._socket.close()


@contextmanager
def run_slow_clients(stack: Stack, kind: str, key: str) -> Iterator[list[SlowClient]]:
    """Inside there are so many of the kind; who is cut off is there again at once."""
    address = stack.find_inner_address()
    clients = [SlowClient(stack, address, kind, key) for _ in range(CLIENT_COUNT)]
    is_finished = threading.Event()

    def keep_going() -> None:
        while not is_finished.wait(BYTE_INTERVAL_SECONDS):
            for number, client in enumerate(clients):
                if not client.send_or_read_byte():
                    client.close()
                    with suppress(OSError):
                        clients[number] = SlowClient(stack, address, kind, key)

    thread = threading.Thread(target=keep_going)
    thread.start()
    try:
        time.sleep(2 * BYTE_INTERVAL_SECONDS)
        yield clients
    finally:
        is_finished.set()
        thread.join()
        for client in clients:
            client.close()


class RequestTimes:
    """How long each of some requests took, in milliseconds, and what the statuses were."""

    def __init__(self, durations: list[float], statuses: set[int]) -> None:
        """Remember them."""
        self.statuses = statuses
        self._durations = sorted(durations)

    def quantile(self, share: float) -> float:
        """Return what so many of them took at most."""
        return self._durations[max(math.ceil(share * len(self._durations)) - 1, 0)]

    def __str__(self) -> str:
        shares = {"p50": 0.5, "p99": 0.99, "longest": 1.0}
        return ", ".join(f"{name} {self.quantile(share):.0f} ms" for name, share in shares.items())


def measure_requests(
    stack: Stack, path: str, request_count: int = 200, client_count: int = 4
) -> RequestTimes:
    """Return how other clients fare: each on its own connection, 40 requests a second in all."""
    durations: list[float] = []
    statuses: set[int] = set()

    def send_requests() -> None:
        connection = stack.open_connection()
        try:
            for _ in range(request_count // client_count):
                started_at = time.monotonic()
                try:
                    connection.request("GET", path)
                    response = connection.getresponse()
                    response.read()
                    statuses.add(response.status)
                except OSError:
                    statuses.add(0)
                    connection.close()
                durations.append(1000 * (time.monotonic() - started_at))
                time.sleep(max(0.0, client_count / 40 - (time.monotonic() - started_at)))
        finally:
            connection.close()

    threads = [threading.Thread(target=send_requests) for _ in range(client_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return RequestTimes(durations, statuses)
