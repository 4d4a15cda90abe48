"""A record that never goes back, though several copies of it answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.domain.errors import LockTimeoutError
from service.store.event_log import last_seq
from service.store.interface import Connection, Reader


class MonotonicReader(Reader):
    """A record of which every reading holds what the one before it held.

    Behind one address can be several standbys, each as far as it has come: of two readings for one
    answer the second could meet one that lacks what the first has told of.
    """

    def __init__(
        self, reader: Reader, seq: int, wait_for_seq: Callable[[Reader, int], bool]
    ) -> None:
        """Remember the entry up to which already the first reading must hold all.

        ``caught_up`` is asked, where a copy lies behind, whether it holds that entry by now.
        """
        self.seq = seq
        self._reader = reader
        self._wait_for_seq = wait_for_seq

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Yield a connection to a copy that reaches far enough, or raise LockTimeoutError.

        How far it reaches is what the next reading must reach.
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
        raise LockTimeoutError(f"The record does not hold entry {self.seq} yet; ask again shortly.")

    def _has_reached(self, db: Connection) -> bool:
        last = last_seq(db)
        is_reached = last >= self.seq
        self.seq = max(self.seq, last)
        return is_reached
