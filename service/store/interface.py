"""The interface of an engine: statements by name, transactions, and one writer at a time.

The rest of the store is written once, on top of this interface; the folders sqlite and postgresql
implement it.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from service.domain.errors import DomainError, StoreUnavailableError
from service.domain.rate_limit import RateLimit
from service.store.named_queries import build_statement
from service.store.rate_counters import RateCounters

Params = ParamSpec("Params")
Result = TypeVar("Result")

Row = tuple[Any, ...]

LOCK_TIMEOUT_MESSAGE: Final = (
    "Another writer holds the database; send the same request again shortly."
)
REPLICA_BEHIND_MESSAGE: Final = (
    "This replica of the record is not up to date yet; send the same request again shortly."
)
LOST_EVENTS_MESSAGE: Final = (
    "The record lacks events that were acknowledged; an administrator must look at it."
)
DAMAGED_MESSAGE: Final = "The database file is damaged; an administrator must look at it."


Progress = Callable[[int, int], None]
"""Called during long work with the amount done and the total, in the same unit."""


def ignore_progress(done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A checked copy of a database in one file: its size in bytes, and its last event."""

    path: Path
    size: int
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The restored database, and the path of the former one; None where there was none."""

    copy: DatabaseCopy
    former_path: Path | None


class Connection(ABC):
    """An open connection in a transaction, which runs the statements of queries.sql by name.

    ``may_lag`` is true for a replica, which may be a little behind the primary.
    """

    may_lag: bool = False

    @abstractmethod
    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> Any:
        """Run one SQL statement with its ``:names`` bound, and return the cursor."""

    @abstractmethod
    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run one SQL statement once for each set of binds; writes."""

    @abstractmethod
    def iterate(self, sql: str, binds: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield the rows as they are read, without holding all of them in memory."""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is open: an engine may end it on an error."""

    def fetch_all(self, name: str, /, *, clauses: Sequence[str] = (), **binds: Any) -> list[Row]:
        """Return the rows of the statement; ``clauses`` names the optional parts to include."""
        rows: list[Row] = self.execute(build_statement(name, *clauses), binds).fetchall()
        return rows

    def fetch_each(self, name: str, bind_sets: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
        """Return the rows of the statement for each set of binds.

        An engine on another machine may run all of them at once.
        """
        return [self.fetch_all(name, **binds) for binds in bind_sets]

    def fetch_one(self, name: str, /, **binds: Any) -> Row | None:
        """Return the first row of the statement; None where there is none."""
        row: Row | None = self.execute(build_statement(name), binds).fetchone()
        return row

    def fetch_value(self, name: str, /, **binds: Any) -> Any:
        """Return the one value of a statement that always has exactly one row."""
        return self.execute(build_statement(name), binds).fetchone()[0]

    def stream(self, name: str, /, **binds: Any) -> Iterator[Row]:
        """Yield the rows of the statement as they are read."""
        return self.iterate(build_statement(name), binds)

    def change(self, name: str, /, **binds: Any) -> int:
        """Return the number of rows that the statement changed; writes."""
        changed: int = self.execute(build_statement(name), binds).rowcount
        return changed

    def change_many(self, name: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement once for each set of binds; writes."""
        self.execute_many(build_statement(name), bind_sets)

    def insert(self, row: tuple[Any, ...]) -> None:
        """Insert the row into the table of its class; writes."""
        self.insert_many([row])

    @abstractmethod
    def insert_many(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of one row class into its table; writes."""

    @contextmanager
    def savepoint(self, name: str) -> Iterator[Callable[[], None]]:
        """Yield a function that undoes everything since the savepoint; an error undoes it too.

        What is not undone remains in the transaction.
        """
        self.execute(f"SAVEPOINT {name}")
        try:
            yield lambda: self._rollback_to(name)
        except BaseException:
            if self.in_transaction:
                self._rollback_to(name)
                self.execute(f"RELEASE SAVEPOINT {name}")
            raise
        self.execute(f"RELEASE SAVEPOINT {name}")

    def _rollback_to(self, name: str) -> None:
        self.execute(f"ROLLBACK TO SAVEPOINT {name}")


class Reader(ABC):
    """A record that can be read."""

    @abstractmethod
    def read_transaction(self) -> AbstractContextManager[Connection]:
        """Yield a connection that sees one state of the record throughout; it cannot write."""


class Store(Reader):
    """A record that can be read and written: snapshot reads, one writer at a time.

    Safe to share between threads. After a fork the child uses no connection of its parent.
    """

    def __init__(self, busy_seconds: float) -> None:
        """Set how long a writer waits for another, in seconds; nothing is opened or created yet."""
        self._busy_seconds = busy_seconds
        self._resources_by_pid: dict[int, Any] = {}

    @staticmethod
    @abstractmethod
    def to_domain_error(error: BaseException) -> DomainError | None:
        """Return the domain error for a failure of the environment: disk, network, another writer.

        None for any other error, which is a defect.
        """

    @property
    @abstractmethod
    def display_address(self) -> str:
        """The address of the database without its password."""

    @abstractmethod
    def find_last_event(self) -> tuple[int, str]:
        """Return seq and hash of the last event, cheaply; 0 and the initial hash before the first.

        Both together identify a state of the record: its hash chain ends with this hash.
        """

    @abstractmethod
    def write(self, job: Callable[[Connection], Result], *, is_long: bool = False) -> Result:
        """Run the job as the only writer, and return its result after the commit.

        Group commit: the job runs in another thread, in one transaction with the jobs of other
        callers, unless it is long. An error undoes only the job that raised it. All callers of the
        group wait for each job, so it should contain only what needs the write lock. Raises what
        the job raises, and LockTimeoutError if other writers hold the database for longer than the
        set time; the job is then never run.
        """

    @abstractmethod
    def write_transaction(self) -> AbstractContextManager[Connection]:
        """Yield the only connection that may write; commits at the end, rolls back on an error.

        For work that must be a transaction of its own, such as an import. Raises LockTimeoutError
        if another writer holds the database for longer than the set time.
        """

    @abstractmethod
    def write_best_effort(self, name: str, /, **binds: Any) -> None:
        """Run a statement whose loss does not matter; writes, but neither waits nor raises."""

    def prepare(self) -> int:
        """Migrate and check the database before its first use; returns what ``migrate`` does.

        Raises what ``migrate`` raises, and StoreUnavailableError for a record that lacks
        acknowledged events.
        """
        if loss := self.find_loss():
            raise StoreUnavailableError(loss)
        count = self.migrate()
        self.checkpoint()
        return count

    @abstractmethod
    def migrate(self) -> int:
        """Return the number of migrations that were run; writes.

        Safe if several processes start at once: the migrations run in one transaction under a lock,
        so that the second process finds nothing pending. Raises StoreUnavailableError for a
        database of a later release, and for one whose record of migrations is missing. An error of
        the environment has the cause and what to do about it, in one line for an operator.
        """

    @abstractmethod
    def find_loss(self) -> str | None:
        """Return in one line that acknowledged events are missing, and what to do; None if not.

        Only a record with a high-water mark can be found to be shorter than it was. Changes
        nothing, also not what is left of the engine's log. Raises what ``migrate`` raises for an
        error of the environment.
        """

    @abstractmethod
    def explain_missing_mark(self) -> str | None:
        """Return in one line why ``find_loss`` could not find anything; None if it could."""

    @abstractmethod
    def accept_loss(self, seq: int) -> int:
        """Accept that the record ends with ``seq``, and return the seq of its former end; writes.

        Raises ConflictError for a record that ends elsewhere, or that lacks nothing.
        """

    @abstractmethod
    def check_writable(self) -> None:
        """Raise StoreUnavailableError for a database that can only be read."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Move what was written from the engine's log into its database, if nothing prevents it."""

    @abstractmethod
    def erase_overwritten(self) -> None:
        """Remove overwritten data from the disk, as far as the engine can."""

    @abstractmethod
    def check_engine(self, db: Connection) -> Iterator[str]:
        """Yield a sentence for each fault that the engine itself finds in its database."""

    @abstractmethod
    def backup(self, target: Path, progress: Progress, force: bool = False) -> DatabaseCopy:
        """Return a checked copy of the database in the file ``target``; the service may run.

        It contains everything that was acknowledged before the call. Raises ConflictError for a
        target that exists, unless ``force``, and StoreUnavailableError where the engine has tools
        of its own for this.
        """

    @abstractmethod
    def restore(
        self, source: Path, progress: Progress, now: datetime, force: bool = False
    ) -> RestoreResult:
        """Replace the database by a checked copy of the file ``source``.

        Raises ConflictError where a database exists, unless ``force``, which keeps it under a
        dated name; LockTimeoutError while a service has it open; and StoreUnavailableError as
        ``backup`` does. On an error nothing changes.
        """

    @abstractmethod
    def size(self) -> int:
        """Return the size of the database on disk, in bytes."""

    @abstractmethod
    def free_space(self) -> int | None:
        """Return the free bytes on the disk of the database; None where it is another machine's."""

    @abstractmethod
    def rate_counters(self, rate_limit: RateLimit) -> RateCounters:
        """Return counters of requests for all processes that share the database."""

    @abstractmethod
    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""

    def _get_resources(self) -> Any:
        """Return the resources of this process; those of its parent are not touched or closed."""
        pid = os.getpid()
        return self._resources_by_pid.get(pid) or self._resources_by_pid.setdefault(
            pid, self._make_resources()
        )

    @abstractmethod
    def _make_resources(self) -> Any:
        """Return new resources for a process: connections, and the writing thread."""


ErrorTranslator = Callable[[BaseException], DomainError | None]


@contextmanager
def translate_errors(to_domain_error: ErrorTranslator) -> Iterator[None]:
    """Turn environment failures of the driver into domain errors; other errors pass through."""
    try:
        yield
    except Exception as error:
        domain_error = to_domain_error(error)
        if domain_error is None:
            raise
        raise domain_error from error


def translate_corrupt_rows(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """Decorate a function that decodes rows: it raises StoreUnavailableError for corrupt rows.

    SQLite has no checksums: after a bit flip on the disk a row is read without an error, and its
    values may be invalid JSON, an impossible day or the id of nothing.
    """

    @wraps(function)
    def wrapper(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except (ValueError, LookupError, TypeError) as error:
            raise StoreUnavailableError(DAMAGED_MESSAGE) from error

    return wrapper
