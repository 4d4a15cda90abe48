"""What one request reads: one state of the record, in one read transaction."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from service.domain.errors import DomainError
from service.store import event_log
from service.store.interface import Connection, Reader
from service.usecases.as_of import resolve_as_of
from service.usecases.consistency import MonotonicReader
from service.usecases.state_cache import Snapshot, StateCache


class RequestReader(Reader):
    """A reader whose transactions are one transaction, from the first use until ``release``.

    A use after ``release`` begins another one, which sees at least all that the first one saw. Not
    safe to share between threads: it belongs to one request.
    """

    def __init__(
        self,
        source: MonotonicReader,
        state_cache: StateCache,
        before_loading: Callable[[], object] = lambda: None,
    ) -> None:
        """Open nothing yet.

        ``source`` begins a transaction for each use. It is for requests that wait for events.
        ``before_loading`` is called outside of the database before a state that is not cached is
        loaded; what it raises ends the request.
        """
        self._before_loading = before_loading
        self.source = source
        self._state_cache = state_cache
        self._snapshots: dict[int, Snapshot] = {}
        self._transaction = ExitStack()
        self._db: Connection | None = None
        self._seq: int | None = None
        self._redaction_seq: int | None = None

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Yield the connection of the request; it stays open afterwards.

        An error of the database ends the transaction. A DomainError does not: it says something
        about the request and nothing about the connection. Raises LockTimeoutError if the record
        does not reach as far as it must.
        """
        db = self._open()
        try:
            yield db
        except DomainError:
            raise
        except BaseException as error:
            # The store closes a connection that failed and translates the error.
            transaction, self._transaction, self._db = self._transaction, ExitStack(), None
            self._redaction_seq = None
            transaction.__exit__(type(error), error, error.__traceback__)
            raise

    def release(self) -> None:
        """End the transaction, if one is open, and return its connection.

        To be called before anything that takes long: computing totals, waiting for a client.
        """
        self._db = self._redaction_seq = None
        self._transaction.close()

    @property
    def seq(self) -> int:
        """The last event of the record when this request first read it."""
        if self._seq is None:
            with self.read_transaction():
                self._seq = self.source.seq
        return self._seq

    def resolve_as_of(self, as_of: int | str | None, now: datetime, field: str = "as_of") -> int:
        """Return the last event that counts as of then; None is now.

        Raises InvalidInputError for an ``as_of`` in the future; the error names ``field``.
        """
        if as_of is None:
            return self.seq
        with self.read_transaction() as db:
            return resolve_as_of(db, as_of, now, field)

    def load_last_redaction_seq(self) -> int:
        """Return the event of the last redaction, 0 if there was none.

        It is read once for a transaction.
        """
        if self._redaction_seq is None:
            with self.read_transaction() as db:
                self._redaction_seq = event_log.last_redaction_seq(db)
        return self._redaction_seq

    def load_snapshot(self, seq: int) -> Snapshot:
        """Return the state of the record as of the event ``seq``; it is read once for a request."""
        snapshot = self.find_snapshot(seq)
        if snapshot is None:
            self._before_loading()
            with self.read_transaction() as db:
                redaction_seq = self.load_last_redaction_seq()
                snapshot = self._snapshots[seq] = self._state_cache.load(db, seq, redaction_seq)
        return snapshot

    def find_snapshot(self, seq: int) -> Snapshot | None:
        """Return the state as of the event ``seq`` if it is in memory, None if not."""
        snapshot = self._snapshots.get(seq)
        if snapshot is None:
            snapshot = self._state_cache.find(seq, self.load_last_redaction_seq())
            if snapshot is not None:
                self._snapshots[seq] = snapshot
        return snapshot

    def measure_again(self) -> None:
        """Count in the cache what was added to the states that this request has loaded."""
        for snapshot in self._snapshots.values():
            snapshot.measure_again()

    def _open(self) -> Connection:
        if self._db is None:
            self._db = self._transaction.enter_context(self.source.read_transaction())
            if self._seq is None:
                self._seq = self.source.seq
        return self._db
