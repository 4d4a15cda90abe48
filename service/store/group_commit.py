"""Group commit: the jobs of many callers share one transaction and one sync to disk.

Waiting for the disk takes as long for one report as for twenty. So one thread writes for all: while
it waits for the disk, jobs queue, and the next transaction takes all of them.
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
from service.store.interface import LOCK_TIMEOUT_MESSAGE, Connection, ErrorTranslator

Result = TypeVar("Result")

MAX_JOBS_IN_GROUP: Final = 64
MAX_GROUP_SECONDS: Final = 0.02
"""After so many jobs or seconds a group takes no further job: other processes wait as well."""

IDLE_SECONDS: Final = 1.0

MAX_IDLE_ATTEMPTS: Final = 5
"""How often an idle thread tries the work that is left for such a time."""


class GroupCommitter:
    """Runs jobs in its own thread, which starts with the first job and ends when idle."""

    def __init__(
        self,
        begin_transaction: Callable[[], AbstractContextManager[Connection]],
        to_domain_error: ErrorTranslator,
        tidy_when_idle: Callable[[], bool] = lambda: True,
    ) -> None:
        """Set how to begin a transaction that commits at its end; none is begun yet.

        An error that ``to_domain_error`` translates is not a job's own: it ends the transaction.
        ``tidy_when_idle`` runs when no job has come for a while, and returns whether it is done. No
        job waits for it.
        """
        self._begin_transaction = begin_transaction
        self._to_domain_error = to_domain_error
        self._tidy_when_idle = tidy_when_idle
        self._queue: deque[_PendingJob[Any]] = deque()
        self._condition = Condition()
        self._is_running = False

    def run(
        self, job: Callable[[Connection], Result], wait_seconds: float, *, is_long: bool = False
    ) -> Result:
        """Run the job, and return its result once everything that it wrote is on disk.

        A long job is the only one of its group, so that no short one waits for its end.

        Raises what the job or the transaction raised; nothing that the job wrote is stored then.
        Raises LockTimeoutError if the job has not begun after ``wait_seconds``; it is then never
        run.
        """
        pending = _PendingJob(job, is_long)
        self._enqueue(pending)
        try:
            pending.future.exception(wait_seconds)
        except TimeoutError:
            if self._withdraw(pending):
                raise LockTimeoutError(LOCK_TIMEOUT_MESSAGE) from None
        except BaseException:
            self._withdraw(pending)
            raise
        return pending.future.result()

    def _enqueue(self, pending: "_PendingJob[Any]") -> None:
        with self._condition:
            if not self._is_running:
                Thread(target=self._commit_until_idle, name="committer", daemon=True).start()
                self._is_running = True
            self._queue.append(pending)
            self._condition.notify_all()

    def _withdraw(self, pending: "_PendingJob[Any]") -> bool:
        """Remove the job from the queue; return whether it was still there."""
        with self._condition:
            if pending not in self._queue:
                return False
            self._queue.remove(pending)
            return True

    def _commit_until_idle(self) -> None:
        while self._wait_for_jobs():
            self._commit_group()
        # The next job starts another thread, which does not wait for this one.
        for _ in range(MAX_IDLE_ATTEMPTS):
            if self._tidy_when_idle() or self._wait_for_successor():
                return

    def _wait_for_jobs(self) -> bool:
        with self._condition:
            self._is_running = self._condition.wait_for(lambda: bool(self._queue), IDLE_SECONDS)
            return self._is_running

    def _wait_for_successor(self) -> bool:
        """Wait for some time; return whether a thread runs that will be idle later."""
        with self._condition:
            return self._condition.wait_for(lambda: self._is_running, IDLE_SECONDS)

    def _commit_group(self) -> None:
        """Run the waiting jobs in one transaction; complete their futures when it has ended."""
        group: list[_PendingJob[Any]] = []
        try:
            with self._begin_transaction() as db:
                for pending in self._take_jobs():
                    group.append(pending)
                    pending.run(db, self._to_domain_error)
        except BaseException as error:
            for pending in group or list(self._take_jobs()):
                pending.future.set_exception(error)
        else:
            for pending in group:
                pending.complete()

    def _take_jobs(self) -> "Iterator[_PendingJob[Any]]":
        """Yield the queued jobs, and those queued meanwhile, up to the limits of a group."""
        end = time.monotonic() + MAX_GROUP_SECONDS
        for count in range(MAX_JOBS_IN_GROUP):
            with self._condition:
                if not self._queue or time.monotonic() > end:
                    return
                if count and self._queue[0].is_long:
                    return
                pending = self._queue.popleft()
            yield pending
            if pending.is_long:
                return


class _PendingJob(Generic[Result]):
    """A job, its result or error, and the future that its caller waits for."""

    def __init__(self, job: Callable[[Connection], Result], is_long: bool) -> None:
        self.is_long = is_long
        self.future: Future[Result] = Future()
        self._job = job
        # So that log lines of the job have the id of its request.
        self._context = copy_context()
        self._result: Result
        self._error: BaseException | None = None

    def run(self, db: Connection, to_domain_error: ErrorTranslator) -> None:
        """Run the job, or undo it if it fails; raises only errors that end the transaction.

        Those of a long job do: it has the transaction for itself. Without a savepoint, SQLite does
        not copy each page before it is changed.
        """
        if self.is_long:
            self._result = self._context.run(self._job, db)
            return
        try:
            with db.savepoint("job"):
                self._result = self._context.run(self._job, db)
        except BaseException as error:
            # After errors like a full disk, SQLite's documentation advises to roll back the whole
            # transaction; sometimes SQLite has already done so.
            if to_domain_error(error) is not None or not db.in_transaction:
                raise
            self._error = error

    def complete(self) -> None:
        """Complete the future: the work of the job is on disk, or undone."""
        if self._error is None:
            self.future.set_result(self._result)
        else:
            self.future.set_exception(self._error)
