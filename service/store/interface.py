"""What the store asks of an engine: statements by name, transactions, and one writer at a time.

Everything else in this room is written once, on top of this; the folders sqlite and postgresql are
the two engines.
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
from service.store.tables import table_of

Params = ParamSpec("Params")
Result = TypeVar("Result")

Row = tuple[Any, ...]

LOCK_TIMEOUT_MESSAGE: Final = (
    "Another writer holds the record; send the same request again shortly."
)
REPLICA_BEHIND_MESSAGE: Final = (
    "This copy of the record does not reach so far yet; ask again shortly."
)
DAMAGED_MESSAGE: Final = "The database file is damaged; its keeper must look."


Progress = Callable[[int, int], None]
"""Called during long work with the amount done and the total, in the same unit."""


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A checked copy of a database in one file: its size in bytes and the ``seq`` it ends with."""

    path: Path
    size: int
    seq: int


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The restored database, and the path of the former one; None where there was none."""

    copy: DatabaseCopy
    former_path: Path | None


class Connection(ABC):
    """An open connection in a transaction, which runs the statements of queries.sql by name.

    ``may_lag`` says that this is a copy of the record, which may lie a little behind.
    """

    may_lag: bool = False

    @abstractmethod
    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> Any:
        """Return the cursor after running one text of SQL with its ``:names`` bound."""

    @abstractmethod
    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run one text of SQL once for each of the binds; writes."""

    @abstractmethod
    def iterate(self, sql: str, binds: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield the rows as they are read, for more of them than memory should hold."""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is still open: an engine may end one by itself on an error."""

    def fetch_all(self, name: str, /, *, clauses: Sequence[str] = (), **binds: Any) -> list[Row]:
        """Return the rows that the statement finds; ``clauses`` names optional parts of it."""
        rows: list[Row] = self.execute(build_statement(name, *clauses), binds).fetchall()
        return rows

    def fetch_one(self, name: str, /, **binds: Any) -> Row | None:
        """Return the first row that the statement finds; None where there is none."""
        row: Row | None = self.execute(build_statement(name), binds).fetchone()
        return row

    def fetch_value(self, name: str, /, **binds: Any) -> Any:
        """Return the one value of the one row that the statement always finds."""
        return self.execute(build_statement(name), binds).fetchone()[0]

    def stream(self, name: str, /, **binds: Any) -> Iterator[Row]:
        """Yield the rows that the statement finds as they are read."""
        return self.iterate(build_statement(name), binds)

    def change(self, name: str, /, **binds: Any) -> int:
        """Return how many rows the statement changed; writes."""
        changed: int = self.execute(build_statement(name), binds).rowcount
        return changed

    def change_many(self, name: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement once for each of the binds; writes."""
        self.execute_many(build_statement(name), bind_sets)

    def insert(self, row: tuple[Any, ...]) -> None:
        """Insert the row into the table of its class; writes."""
        table = table_of(type(row))
        self.execute(table.insert_statement, dict(zip(table.columns, row, strict=True)))

    def insert_many(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of one class, one of ``tables``, into its table; writes."""
        if rows:
            table = table_of(type(rows[0]))
            bind_sets = [dict(zip(table.columns, row, strict=True)) for row in rows]
            self.execute_many(table.insert_statement, bind_sets)

    @contextmanager
    def savepoint(self, name: str) -> Iterator[Callable[[], None]]:
        """Yield what undoes all that was done since; an error undoes it too.

        What is not undone stays in the transaction.
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
    """A record as its readers see it."""

    @abstractmethod
    def read_transaction(self) -> AbstractContextManager[Connection]:
        """Yield a connection that sees one state of the record throughout; writes nothing."""


class Store(Reader):
    """The record as the use cases see it: one state for a reader, one writer at a time.

    Safe to share between threads. A process that forks starts with nothing of its parent's.
    """

    def __init__(self, busy_seconds: float) -> None:
        """Remember how long a writer waits for another; nothing is opened or created yet."""
        self._busy_seconds = busy_seconds
        self._resources_by_pid: dict[int, Any] = {}

    @staticmethod
    @abstractmethod
    def to_domain_error(error: BaseException) -> DomainError | None:
        """Return what to tell of an error of circumstance: disk, network, another writer.

        None of any other error: it is a defect.
        """

    @property
    @abstractmethod
    def display_address(self) -> str:
        """Where the record is, as it may be shown: without a password."""

    @abstractmethod
    def write(self, job: Callable[[Connection], Result]) -> Result:
        """Return what the job returns, once what it wrote is safe; on an error nothing is kept.

        The job runs in another thread, alone on the record, in one transaction with the jobs of
        other callers, whose errors do not touch it. All of them wait for it: what can be worked out
        before or after does not belong in it. Raises what the job raises, and LockTimeoutError when
        other writers hold the record for longer than the set time; the job is then never run.
        """

    @abstractmethod
    def write_transaction(self) -> AbstractContextManager[Connection]:
        """Yield a connection that alone may write; all is kept at the end, nothing on an error.

        For what must be a transaction of its own, like a migration. Raises LockTimeoutError when
        another writer holds the record for longer than the set time.
        """

    @abstractmethod
    def write_best_effort(self, name: str, /, **binds: Any) -> None:
        """Run a statement whose loss would not matter; writes, yet neither waits nor fails."""

    @abstractmethod
    def migrate(self) -> int:
        """Return how many steps were run to bring the database up to date; writes.

        Safe when several processes start at once: the steps run under the one writer's lock, so
        that a second process finds nothing left to do. Raises StoreUnavailableError for a database
        of which it cannot be told what was run: to run a step twice could spoil what is still
        whole.
        """

    @abstractmethod
    def erase_overwritten(self) -> None:
        """Remove what was overwritten from the disk, as far as the engine can."""

    @abstractmethod
    def check_engine(self, db: Connection) -> Iterator[str]:
        """Yield a sentence for all that the engine itself finds wrong with its database."""

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
        """Return the bytes that the record takes on disk."""

    @abstractmethod
    def free_space(self) -> int | None:
        """Return the bytes that are left on the record's disk; None where it is elsewhere."""

    @abstractmethod
    def rate_counters(self, rate_limit: RateLimit) -> RateCounters:
        """Return what counts requests for all processes that share the record."""

    @abstractmethod
    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""

    def _get_resources(self) -> Any:
        """Return what belongs to this process; its parent's is left alone, not even closed."""
        pid = os.getpid()
        return self._resources_by_pid.get(pid) or self._resources_by_pid.setdefault(
            pid, self._make_resources()
        )

    @abstractmethod
    def _make_resources(self) -> Any:
        """Return what a process needs of its own: connections, and the thread that writes."""


ErrorTranslator = Callable[[BaseException], DomainError | None]


@contextmanager
def translate_errors(to_domain_error: ErrorTranslator) -> Iterator[None]:
    """Turn the driver's errors of circumstance into the domain's; defects stay what they are."""
    try:
        yield
    except Exception as error:
        domain_error = to_domain_error(error)
        if domain_error is None:
            raise
        raise domain_error from error


def translate_corrupt_rows(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """Return the function that makes objects of rows; raises StoreUnavailableError for bad rows.

    SQLite keeps no check sums: where a disk has turned a bit, a row comes back without an error,
    and what stood in it can be no JSON any more, no day, or the id of nothing.
    """

    @wraps(function)
    def wrapper(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except (ValueError, LookupError, TypeError) as error:
            raise StoreUnavailableError(DAMAGED_MESSAGE) from error

    return wrapper
