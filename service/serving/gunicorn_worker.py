"""gunicorn's threaded worker, in which no client holds up the others for long.

As it comes, gunicorn 27 lets a client keep a thread for as long as it takes to send a request, and
the whole worker for two seconds when it does not close its end after an answer. A few such clients
would stop the server. A proxy in front that takes requests in whole is still the better guard.
"""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, Final

from gunicorn.http.errors import UnsupportedTransferCoding
from gunicorn.workers.gthread import _DEFER, ThreadWorker

MAX_CLOSING: Final = 16
"""So many clients are waited for at once to close their end, none of them by a serving thread."""

HEAD_SECONDS: Final = 5.0
"""In which the head of a request must have come."""

BODY_SECONDS: Final = 60.0
"""In which the body must have come."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """Answers on a pool of threads, and waits for clients elsewhere or not at all."""

    def init_process(self) -> None:
        """Begin to serve; returns when the worker stops."""
        self._closing_slots = BoundedSemaphore(MAX_CLOSING)
        self._closing_pool = ThreadPoolExecutor(MAX_CLOSING, thread_name_prefix="parting")
        self._read_timeouts = ReadTimeouts()
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Answer one request of the connection; a thread is not kept before anything has come."""
        if not (conn.initialized or conn.data_ready or conn.wait_for_data(0)):
            return _DEFER
        with self._read_timeouts.limit(conn.sock, HEAD_SECONDS):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer the request, whose head has come; its body may take longer."""
        for name, value in req.headers:
            # Gunicorn also reads "identity, chunked", which a proxy in front may read otherwise.
            if name == "TRANSFER-ENCODING" and value.lower() != "chunked":
                raise UnsupportedTransferCoding(value)
        with self._read_timeouts.limit(conn.sock, BODY_SECONDS):
            return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what cannot be read as a request, or failed outside of the application."""
        super().handle_error(req, ProblemSocket(client), addr, exc)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep the connection for its next request, or see to it that it is closed."""
        conn.close = partial(self._close, conn)
        super().finish_request(conn, fs)

    def _close(self, conn: Any, graceful: bool = False) -> None:
        close = partial(type(conn).close, conn)
        if not (graceful and self._closing_slots.acquire(blocking=False)):
            close()
            return
        closed = self._closing_pool.submit(close, graceful=True)
        closed.add_done_callback(lambda _: self._closing_slots.release())


class ProblemSocket:
    """A socket over which gunicorn's own error page goes out as a problem.

    It quotes nothing of what was sent.
    """

    DETAILS: Final = {
        400: "This cannot be read as a request of HTTP/1.1.",
        403: "This is not taken from here.",
        414: "The first line of the request is too long; at most 8,190 bytes are read.",
        417: "Of Expect, only 100-continue is known.",
        431: "There are too many header fields, or one of them is too long.",
        501: "A body is taken as it is or in chunks, and in no other transfer coding.",
    }

    def __init__(self, sock: socket.socket) -> None:
        """Write to the socket."""
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        """Return whatever else the socket has."""
        return getattr(self._sock, name)

    def sendall(self, page: bytes) -> None:
        """Send the problem that has the status of the page."""
        head, _, _ = page.partition(b"\r\n")
        _, status, title = head.decode("latin-1").split(" ", 2)
        detail = self.DETAILS.get(int(status), "The service failed.")
        problem = {"type": "about:blank", "title": title, "status": int(status), "detail": detail}
        body = json.dumps(problem).encode()
        headers = (
            "Connection: close",
            "Content-Type: application/problem+json",
            "Cache-Control: no-store",
            f"Content-Length: {len(body)}",
        )
        self._sock.sendall(head + "\r\n".join(("", *headers, "", "")).encode() + body)


class ReadTimeouts:
    """Stops listening to whoever has not said all in time, which ends the read that waits for it.

    An answer can still be sent then: nothing is done to the other direction.
    """

    CHECK_SECONDS: Final = 0.25

    def __init__(self) -> None:
        """Begin to look at the clock, on a thread of its own."""
        self._deadlines: dict[socket.socket, float] = {}
        self._lock = Lock()
        Thread(target=self._shut_expired, name="patience", daemon=True).start()

    @contextmanager
    def limit(self, sock: socket.socket, seconds: float) -> Iterator[None]:
        """Listen to the socket for so long inside; an outer limit holds again afterwards."""
        with self._lock:
            outer_deadline = self._deadlines.get(sock)
            self._deadlines[sock] = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                if outer_deadline is None:
                    del self._deadlines[sock]
                else:
                    self._deadlines[sock] = outer_deadline

    def _shut_expired(self) -> None:
        while True:
            time.sleep(self.CHECK_SECONDS)
            now = time.monotonic()
            with self._lock:
                for sock, deadline in self._deadlines.items():
                    if now > deadline:
                        with suppress(OSError):
                            sock.shutdown(socket.SHUT_RD)
