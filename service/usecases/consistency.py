"""A record that never goes back, though several copies of it answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.domain.errors import LockTimeoutError
from service.store.event_log import last_seq
from service.store.interface import Connection, Reader


class Reaching(Reader):
    """A record of which every reading holds what the one before it held.

    Behind one address can be several standbys, each as far as it has come: of two readings for one
    answer the second could meet one that lacks what the first has told of.
    """

    def __init__(
        self, readable: Reader, seq: int, caught_up: Callable[[Reader, int], bool]
    ) -> None:
        """Remember the entry up to which already the first reading must hold all.

        ``caught_up`` is asked, where a copy lies behind, whether it holds that entry by now.
        """
        self.seq = seq
        self._readable = readable
        self._caught_up = caught_up

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Yield a connection to a copy that reaches far enough, or raise LockTimeoutError.

        How far it reaches is what the next reading must reach.
        """
        with self._readable.read_transaction() as db:
            if self._reaches(db):
                yield db
                return
        if self._caught_up(self._readable, self.seq):
            with self._readable.read_transaction() as db:
                if self._reaches(db):
                    yield db
                    return
        raise LockTimeoutError(f"The record does not hold entry {self.seq} yet; ask again shortly.")

    def _reaches(self, db: Connection) -> bool:
        last = last_seq(db)
        reaches = last >= self.seq
        self.seq = max(self.seq, last)
        return reaches
