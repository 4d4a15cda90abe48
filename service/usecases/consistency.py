"""Monotonic reads and read-your-writes over several copies of the record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.domain.errors import LockTimeoutError
from service.store.event_log import last_seq_and_hash
from service.store.interface import Connection, Reader


def _never_wait(reader: Reader, seq: int) -> bool:
    return False


class MonotonicReader(Reader):
    """A reader with monotonic reads: each transaction sees all that the one before it saw.

    One address can lead to several standbys, and each of them has its own lag. Without this, the
    second of two transactions of one request could read from a standby that is further behind.
    """

    def __init__(
        self,
        reader: Reader,
        seq: int = 0,
        wait_for_seq: Callable[[Reader, int], bool] = _never_wait,
    ) -> None:
        """Require that the first transaction already sees all events up to ``seq``.

        ``wait_for_seq`` is called if a standby is behind; it returns whether it has caught up.
        """
        self.seq = seq
        self.hash: str | None = None
        self._reader = reader
        self._wait_for_seq = wait_for_seq

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Yield a connection to a copy that holds the event ``self.seq``.

        ``self.seq`` becomes the last event of that copy: the next transaction must reach it too.
        ``self.hash`` becomes that event's hash.
        Raises LockTimeoutError if no copy reaches it in time.
        """
        with self._reader.read_transaction() as db:
            if self._has_reached(db):
                yield db
                return
        if self._wait_for_seq(self._reader, self.seq):
            with self._reader.read_transaction() as db:
                if self._has_reached(db):
                    yield db
                    return
        raise LockTimeoutError(f"The record does not have event {self.seq} yet; try again shortly.")

    def _has_reached(self, db: Connection) -> bool:
        last, last_hash = last_seq_and_hash(db)
        is_reached = last >= self.seq
        if is_reached:
            self.seq, self.hash = last, last_hash
        return is_reached
