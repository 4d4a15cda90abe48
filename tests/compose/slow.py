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

MANY: Final = 64
EVERY: Final = 0.5
"""Seconds between two bytes of each of them."""

HEAD: Final = b"GET /v1/totals HTTP/1.1\r\nHost: slow\r\nX-Slow: "
BODY: Final = (
    "POST /v1/reports HTTP/1.1\r\nHost: slow\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
)
READ: Final = {
    "answers": b"GET /v1/openapi.json HTTP/1.1\r\nHost: slow\r\n\r\n",
    "pages": b"GET / HTTP/1.1\r\nHost: slow\r\nAccept-Encoding: gzip\r\n\r\n",
    "plain pages": b"GET / HTTP/1.1\r\nHost: slow\r\n\r\n",
}
"""What is read slowly; pages are sent as they are made, if they may be compressed."""


class Slow:
    """One that sends its head or its body, or reads its answer, a byte at a time."""

    def __init__(self, stack: Stack, at: tuple[str, int], kind: str, key: str) -> None:
        """Connect, and send what comes before it becomes slow."""
        self._reads = kind in READ
        plain = socket.socket()
        # With a buffer as small as can be, so that the answer stays where it comes from.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        plain.settimeout(10)
        plain.connect(at)
        self._socket: socket.socket = plain
        if "SECRETS_FOLDER" in stack.environment:
            self._socket = stack.context.wrap_socket(plain, server_hostname="127.0.0.1")
        said = {"heads": HEAD, "bodies": BODY.format(key=key).encode(), **READ}
        self._socket.sendall(said[kind])

    def step(self) -> bool:
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
def slow_clients(stack: Stack, kind: str, key: str) -> Iterator[list[Slow]]:
    """Inside there are so many of the kind; who is cut off is there again at once."""
    at = stack.inner()
    clients = [Slow(stack, at, kind, key) for _ in range(MANY)]
    enough = threading.Event()

    def go_on() -> None:
        while not enough.wait(EVERY):
            for number, client in enumerate(clients):
                if not client.step():
                    client.close()
                    with suppress(OSError):
                        clients[number] = Slow(stack, at, kind, key)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        time.sleep(2 * EVERY)
        yield clients
    finally:
        enough.set()
        thread.join()
        for client in clients:
            client.close()


class Measured:
    """How long each of some requests took, in milliseconds, and what the statuses were."""

    def __init__(self, taken: list[float], statuses: set[int]) -> None:
        """Remember them."""
        self.statuses = statuses
        self._taken = sorted(taken)

    def quantile(self, share: float) -> float:
        """Return what so many of them took at most."""
        return self._taken[max(math.ceil(share * len(self._taken)) - 1, 0)]

    def __str__(self) -> str:
        shown = {"p50": 0.5, "p99": 0.99, "longest": 1.0}
        return ", ".join(f"{name} {self.quantile(of):.0f} ms" for name, of in shown.items())


def measured(stack: Stack, path: str, requests: int = 200, clients: int = 4) -> Measured:
    """Return how other clients fare: each on its own connection, 40 requests a second in all."""
    taken: list[float] = []
    statuses: set[int] = set()

    def ask() -> None:
        connection = stack.connection()
        try:
            for _ in range(requests // clients):
                began = time.monotonic()
                try:
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    answer.read()
                    statuses.add(answer.status)
                except OSError:
                    statuses.add(0)
                    connection.close()
                taken.append(1000 * (time.monotonic() - began))
                time.sleep(max(0.0, clients / 40 - (time.monotonic() - began)))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Measured(taken, statuses)
