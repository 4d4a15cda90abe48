"""Gives up responses that their clients do not take, so that these do not keep threads for ever.

A response that does not fit into the buffers of the connection waits for its client. The client
must take at least ``MIN_BYTES_PER_SECOND`` of it, on average over the time that it is waited for.
Also, only a few responses of a process wait at once: one more ends the slowest of them.
"""

import errno
import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Final

from service.serving.work_share import work_share

MIN_BYTES_PER_SECOND: Final = 4096
"""The slowest reading that is waited for: a modem of 33.6 kbit/s is as fast."""

CHECK_SECONDS: Final = 0.25
"""A client that takes nothing for so long is waited for, and looked at as often."""

GRACE_SECONDS: Final = 2.0
"""A client is not ended for a faster one before it was waited for this long."""

TLS_RECORD_BYTES: Final = 1 << 14

_RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)
"""The value of SO_LINGER that discards what is unsent, instead of keeping it in memory."""


class SlowReaders:
    """The responses of a process that wait for their clients."""

    def __init__(
        self, window_seconds: float, max_count: int, on_given_up: Callable[[int], None]
    ) -> None:
        """Check the speed after each ``window_seconds`` of waiting for one response.

        ``on_given_up`` is called with the number of bytes that were not taken of a chunk.
        """
        self.window_seconds, self._max_count = window_seconds, max_count
        self.on_given_up = on_given_up
        self._waiting: set[PatientSocket] = set()
        self._lock = Lock()

    @contextmanager
    def wait(self, response: "PatientSocket") -> Iterator[None]:
        """Count the response as waiting inside the block; may end the slowest one instead."""
        with self._lock:
            self._waiting.add(response)
            if len(self._waiting) > self._max_count:
                ended = [each for each in self._waiting if each.waited_seconds >= GRACE_SECONDS]
                if ended:
                    min(ended, key=PatientSocket.compute_speed).is_given_up = True
        try:
            yield
        finally:
            with self._lock:
                self._waiting.discard(response)


class PatientSocket:
    """The socket of one response; it sends as long as the client takes enough."""

    def __init__(self, sock: Any, slow_readers: SlowReaders) -> None:
        """Wrap the socket, which may be one with TLS."""
        self._sock, self._slow_readers = sock, slow_readers
        # A TLS socket reports a piece only when all of it is sent; a record has 16 KiB.
        self._piece_bytes = TLS_RECORD_BYTES if isinstance(sock, ssl.SSLSocket) else None
        self._sent = 0
        self._window_seconds = self._window_bytes = 0.0
        self._taken = 0.0
        self.waited_seconds = 0.0
        self.is_given_up = False

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of the socket."""
        return getattr(self._sock, name)

    def compute_speed(self) -> float:
        """Return the bytes per second that the client took while it was waited for."""
        return self._taken / max(self.waited_seconds, CHECK_SECONDS)

    def sendall(self, chunk: bytes) -> None:
        """Send the chunk; raises BrokenPipeError if the client takes too little of it."""
        rest = memoryview(chunk)
        usual_timeout = self._sock.gettimeout()
        self._sock.settimeout(CHECK_SECONDS)
        try:
            while rest:
                piece = rest[: self._piece_bytes]
                try:
                    count = self._sock.send(piece)
                except TimeoutError:
                    with work_share.pause(), self._slow_readers.wait(self):
                        count = self._wait_and_send(piece, len(rest))
                self._sent += count
                rest = rest[count:]
        finally:
            with suppress(OSError):
                self._sock.settimeout(usual_timeout)

    def _wait_and_send(self, piece: memoryview, byte_count: int) -> int:
        """Return how many bytes of the piece were sent at last; raises BrokenPipeError.

        ``byte_count`` is how many bytes are left of the chunk.
        """
        while True:
            started_at, taken = time.monotonic(), self._count_taken()
            try:
                count: int = self._sock.send(piece)
            except TimeoutError:
                count = 0
            self._add(time.monotonic() - started_at, self._count_taken() + count - taken)
            if self.is_given_up or self._is_too_slow():
                self._give_up(byte_count)
            if count:
                return count

    def _add(self, seconds: float, taken: float) -> None:
        self.waited_seconds += seconds
        self._taken += taken
        self._window_seconds += seconds
        self._window_bytes += taken

    def _is_too_slow(self) -> bool:
        """Whether a window has ended in which the client took too little; begins the next one."""
        if self._window_seconds < self._slow_readers.window_seconds:
            return False
        is_too_slow = self._window_bytes < MIN_BYTES_PER_SECOND * self._window_seconds
        self._window_seconds = self._window_bytes = 0.0
        return is_too_slow

    def _count_taken(self) -> int:
        """Return how many of the sent bytes the client's side has acknowledged."""
        return self._sent - count_unacknowledged(self._sock)

    def _give_up(self, byte_count: int) -> None:
        with suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self._slow_readers.on_given_up(byte_count)
        raise BrokenPipeError(errno.EPIPE, "the client does not take its response")


def count_unacknowledged(sock: Any) -> int:
    """Return the bytes in the socket's send buffer; 0 where the system does not count them."""
    try:
        count = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (OSError, ValueError):  # It may be closed.
        return 0
    return int(struct.unpack("i", count)[0])
