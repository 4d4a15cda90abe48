"""gunicorn's threaded worker with time limits, so that a slow client does not block others.

Without it, gunicorn 27 lets a client occupy a thread for as long as it takes to send a request or
to take the response, and the whole worker for two seconds if it does not close its end after a
response. A few such clients would stop the server, and health checks would wait for them. A reverse
proxy that buffers requests and responses is still the better protection.
"""

import errno
import json
import re
import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from gunicorn.http.errors import InvalidHeader, InvalidRequestLine, UnsupportedTransferCoding
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from service.http.long_poll_slots import MAX_WAITING_THREADS
from service.serving.slow_readers import PatientSocket, SlowReaders
from service.serving.work_share import work_share
from service.settings import load_settings

MAX_CLOSING: Final = 16
"""The worker waits for so many clients at once to close their end, outside the serving threads."""

HEAD_SECONDS: Final = 5.0
"""The time limit for the head of a request."""

BODY_SECONDS: Final = 60.0
"""The time limit for the body."""


HEALTH_CHECK: Final = re.compile(rb"(?:GET|HEAD) (/livez|/readyz|/metrics) HTTP/1\.[01]\r\n")
"""The first line of a request that has a thread of its own."""

_BODY_HEADER: Final = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect)[ \t]*:", re.I)

MAX_PEEKED_BYTES: Final = 8192


class Worker(ThreadWorker):  # type: ignore[misc]
    """Answers on a pool of threads, which do not wait for slow clients.

    Health checks and the metrics have a thread each. ``threads`` of the pool work at once; the
    others wait (``service.serving.work_share``).
    """

    def init_process(self) -> None:
        """Serve; returns when the worker stops."""
        threads = self.cfg.threads
        work_share.set_size(threads)
        self._health_pools = {
            path: ThreadPoolExecutor(1, thread_name_prefix="health")
            for path in (b"/livez", b"/readyz", b"/metrics")
        }
        self._slow_readers = SlowReaders(
            load_settings().send_seconds, threads, self._note_slow_reader
        )
        self._closing_slots = BoundedSemaphore(MAX_CLOSING)
        self._closing_pool = ThreadPoolExecutor(MAX_CLOSING, thread_name_prefix="parting")
        self._read_timeouts = ReadTimeouts()
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Return the threads that work, and those that wait for a client, a slot or an event."""
        threads = self.cfg.threads
        return ThreadPoolExecutor(threads + threads + threads + 2 * MAX_WAITING_THREADS)

    def accept(self, listener: Any) -> None:
        """Accept a connection, in exchange for the longest idle one if there are too many."""
        if self.nr_conns >= self.worker_connections - 1:
            self._close_longest_idle()
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            self._close_longest_idle()

    def _close_longest_idle(self) -> None:
        for connections in (self.pending_conns, self.keepalived_conns):
            if connections:
                conn = connections.popleft()
                self.poller.unregister(conn.sock)
                self.nr_conns -= 1
                conn.close()
                return

    def enqueue_req(self, conn: Any) -> None:
        """Have a thread answer the connection when it has sent something."""
        handle, pool = self.handle, self.tpool
        if not self.cfg.is_ssl:
            head = _peek(conn)
            if head is None:
                self._await_data(conn)
                return
            path = _find_health_check(head)
            if path is not None:
                handle, pool = self._handle_waiting_client, self._health_pools[path]
        future = pool.submit(handle, conn)
        future.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _await_data(self, conn: Any) -> None:
        """Occupy no thread until the client sends something."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def handle(self, conn: Any) -> Any:
        """Answer one request of the connection; without data the thread is released at once."""
        if not (conn.initialized or conn.data_ready or conn.wait_for_data(0)):
            return _DEFER
        with work_share.work():
            return self._handle_waiting_client(conn)

    def _handle_waiting_client(self, conn: Any) -> Any:
        with self._read_timeouts.limit(conn.sock, HEAD_SECONDS):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer the request, whose head was read; its body may take longer."""
        check_target_and_host(req)
        for name, value in req.headers:
            # gunicorn also accepts "identity, chunked", which a proxy may interpret differently.
            if name == "TRANSFER-ENCODING" and value.lower() != "chunked":
                raise UnsupportedTransferCoding(value)
        sock = conn.sock
        with self._read_timeouts.limit(sock, BODY_SECONDS):
            conn.sock = PatientSocket(sock, self._slow_readers)
            try:
                return super().handle_request(req, conn)
            finally:
                conn.sock = sock

    def _note_slow_reader(self, byte_count: int) -> None:
        # Not imported earlier: the shared folder must exist first.
        from service.http import metrics

        metrics.metrics_of(self.wsgi).count_slow_reader()
        structlog.get_logger().warning("slow reader", bytes_left=byte_count)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a malformed request, or a failure outside the application."""
        super().handle_error(req, ProblemSocket(client), addr, exc)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep the connection for its next request, or close it outside the serving threads."""
        conn.close = partial(self._close, conn)
        super().finish_request(conn, fs)

    def _close(self, conn: Any, graceful: bool = False) -> None:
        close = partial(type(conn).close, conn)
        if not (graceful and self._closing_slots.acquire(blocking=False)):
            close()
            return
        closed = self._closing_pool.submit(close, graceful=True)
        closed.add_done_callback(lambda _: self._closing_slots.release())


def check_target_and_host(req: Any) -> None:
    """Raise gunicorn's error for a request without exactly one valid Host (RFC 9112, section 3.2).

    gunicorn itself only rejects a second one. HTTP/1.0 has no Host. If the target is a whole URL,
    its host replaces that of the header, as the RFC demands.
    """
    hosts = [index for index, (name, _) in enumerate(req.headers) if name == "HOST"]
    if not hosts:
        if req.version >= (1, 1):
            raise InvalidHeader("HOST", req=req)
    elif not _is_valid_host(req.headers[hosts[0]][1]):
        raise InvalidHeader("HOST", req=req)
    if not req.uri.startswith("/") and "://" in req.uri:
        target = urlsplit(req.uri)
        if target.scheme not in ("http", "https") or not _is_valid_host(target.netloc):
            raise InvalidRequestLine(req.uri)
        if hosts:
            req.headers[hosts[0]] = ("HOST", target.netloc)
        # Without this, a URL without a path would be no address of the application.
        req.path = req.path or "/"


def _is_valid_host(text: str) -> bool:
    match = _HOST_PATTERN.fullmatch(text)
    return match is not None and int(match[1] or 0) <= MAX_PORT


MAX_PORT: Final = 65_535

_HOST_PATTERN: Final = re.compile(
    r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?"
)
"""A name, an IPv4 or an IPv6 address, and a port. Names of containers may contain an underscore."""


def _peek(conn: Any) -> bytes | None:
    """Return the beginning of what the client has sent, b"" at its end; None if it sent nothing."""
    buffered: bytes = conn.parser.unreader.buf.getvalue() if conn.initialized else b""
    try:
        flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
        return buffered + bytes(conn.sock.recv(MAX_PEEKED_BYTES, flags))
    except BlockingIOError:
        return buffered or None
    except OSError:
        return buffered  # A thread finds the error again, and closes the connection.


def _find_health_check(head: bytes) -> bytes | None:
    """Return the path of a health check that has arrived completely; None for all others."""
    match = HEALTH_CHECK.match(head)
    is_complete = b"\r\n\r\n" in head and not _BODY_HEADER.search(head)
    return match[1] if match and is_complete else None


class ProblemSocket:
    """A socket that sends gunicorn's own error page as a problem, without quoting the request."""

    DETAILS: Final = {
        400: "This is not a valid HTTP/1.1 request. It must have one valid Host.",
        403: "The server does not accept this request from here.",
        414: "The first line of the request is too long; at most 8,190 bytes are read.",
        417: "The only supported value of Expect is 100-continue.",
        431: "There are too many header fields, or one of them is too long.",
        501: "The only supported transfer coding is chunked.",
    }

    def __init__(self, sock: socket.socket) -> None:
        """Wrap the socket."""
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of the socket."""
        return getattr(self._sock, name)

    def sendall(self, page: bytes) -> None:
        """Send a problem with the status of the page."""
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
    """Shuts down reading from clients that exceed their time limit, which ends the blocked read.

    A response can still be sent: the other direction stays open.
    """

    CHECK_SECONDS: Final = 0.25

    def __init__(self) -> None:
        """Start the thread that watches the time limits."""
        self._deadlines: dict[socket.socket, float] = {}
        self._lock = Lock()
        Thread(target=self._shut_expired, name="patience", daemon=True).start()

    @contextmanager
    def limit(self, sock: socket.socket, seconds: float) -> Iterator[None]:
        """Limit reading from the socket inside the block; then an outer limit applies again."""
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
