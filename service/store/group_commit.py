"""Group commit: what many callers write at the same time reaches the disk at once.

To wait for the disk takes as long for one report as for twenty. So one thread writes for all: while
it waits for the disk, others queue, and the next transaction takes all of them.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from contextvars import copy_context
from threading import Condition, Thread
from typing import Any, Final, Generic, TypeVar

from service.domain.errors import LockTimeoutError
from service.store.interface import BUSY, Database, Translation

Result = TypeVar("Result")

MOST_JOBS: Final = 64
MOST_SECONDS: Final = 0.02
"""A transaction takes no further job after so many, or so long: other processes wait as well."""

IDLE_SECONDS: Final = 1.0


class Committer:
    """Runs jobs in a thread of its own, which starts with the first one and ends when idle."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Database]],
        translation: Translation,
    ) -> None:
        """Remember how to begin a transaction that is kept at its end; none is begun yet.

        An error that can be translated is no job's own, but concerns all of the transaction.
        """
        self._transaction = transaction
        self._translation = translation
        self._waiting: deque[_Pending[Any]] = deque()
        self._changed = Condition()
        self._running = False

    def run(self, job: Callable[[Database], Result], seconds: float) -> Result:
        """Return what the job returned, once all that it wrote is on disk.

        Raises what the job raised, or what the transaction did, and then nothing of it is kept.
        Raises LockTimeoutError when the job has not begun after so many seconds; it is then never
        run.
        """
        pending = _Pending(job)
        self._add(pending)
        try:
            pending.promised.exception(seconds)
        except TimeoutError:
            if self._withdraw(pending):
                raise LockTimeoutError(BUSY) from None
        except BaseException:
            self._withdraw(pending)
            raise
        return pending.promised.result()

    def _add(self, pending: "_Pending[Any]") -> None:
        with self._changed:
            if not self._running:
                Thread(target=self._work, name="committer", daemon=True).start()
                self._running = True
            self._waiting.append(pending)
            self._changed.notify()

    def _withdraw(self, pending: "_Pending[Any]") -> bool:
        """Return whether the job was still waiting, and is not run any more."""
        with self._changed:
            if pending not in self._waiting:
                return False
            self._waiting.remove(pending)
            return True

    def _work(self) -> None:
        while self._wanted():
            self._commit()

    def _wanted(self) -> bool:
        with self._changed:
            self._running = self._changed.wait_for(lambda: bool(self._waiting), IDLE_SECONDS)
            return self._running

    def _commit(self) -> None:
        """Run the waiting jobs in one transaction; each caller is told only when it has ended."""
        taken: list[_Pending[Any]] = []
        try:
            with self._transaction() as db:
                for pending in self._arriving():
                    taken.append(pending)
                    pending.run(db, self._translation)
        except BaseException as error:
            for pending in taken or list(self._arriving()):
                pending.promised.set_exception(error)
        else:
            for pending in taken:
                pending.tell()

    def _arriving(self) -> "Iterator[_Pending[Any]]":
        """Yield the jobs that wait, and those that come meanwhile, up to the limits of a group."""
        end = time.monotonic() + MOST_SECONDS
        for _ in range(MOST_JOBS):
            with self._changed:
                if not self._waiting or time.monotonic() > end:
                    return
                pending = self._waiting.popleft()
            yield pending


class _Pending(Generic[Result]):
    """A job, what came of it, and the promise to its caller."""

    def __init__(self, job: Callable[[Database], Result]) -> None:
        self.promised: Future[Result] = Future()
        self._job = job
        # What is said of the job in a log shall name the request that it is done for.
        self._context = copy_context()
        self._result: Result
        self._error: BaseException | None = None

    def run(self, db: Database, translation: Translation) -> None:
        """Do the job, or undo what it did before it failed; raises only what concerns all."""
        try:
            with db.savepoint("job"):
                self._result = self._context.run(self._job, db)
        except BaseException as error:
            # After a full disk and the like SQLite's keepers advise to undo the whole transaction;
            # sometimes it has done so itself.
            if translation(error) is not None or not db.in_transaction:
                raise
            self._error = error

    def tell(self) -> None:
        """Keep the promise: what the job did is on disk, or undone."""
        if self._error is None:
            self.promised.set_result(self._result)
        else:
            self.promised.set_exception(self._error)
