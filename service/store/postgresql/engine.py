"""The record in PostgreSQL: a pool of connections, and one lock behind which those who write queue.

The lock is held until a transaction has ended, so that the numbers of the ledger are in the order
in which they became visible: a reader who has seen entry 7 never finds a new entry 6 later.
"""

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from threading import Timer
from typing import Any, Final, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from service.domain.errors import (
    DatabaseUnreachableError,
    DomainError,
    LockTimeoutError,
    StoreUnavailableError,
)
from service.domain.rate_limit import RateLimit
from service.request_id import get_request_id
from service.store.group_commit import GroupCommitter
from service.store.interface import (
    LOCK_TIMEOUT_MESSAGE,
    Connection,
    DatabaseCopy,
    Progress,
    RestoreResult,
    Row,
    Store,
    translate_errors,
)
from service.store.named_queries import build_statement
from service.store.postgresql.dialect import TAKE_WRITE_LOCK, to_psycopg_sql
from service.store.postgresql.migrations import migrate
from service.store.rate_counters import MAX_WAIT_SECONDS, CounterUnavailableError, RateCounters

Result = TypeVar("Result")

MAX_CONNECTIONS: Final = 12
"""A process opens no more: eight readers at once, the writer, and a few that look after keys."""

FETCH_SIZE: Final = 2_000
"""So many rows are fetched at once of what is too much for memory."""

CONNECTION_TIMEOUTS: Final = {
    "connect_timeout": 5,
    # A host that is lost or cut off says nothing, and by its default the kernel goes on asking for
    # more than a quarter of an hour. With these a connection to it ends after five seconds.
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}
"""How long a connection waits for the server's host, unless the URL says otherwise."""

RECONNECT_SECONDS: Final = 2.0
"""For so long a lost connection is tried again by itself; then when one is asked for.

The pool waits twice as long after every try: with a new leader there, it would let as much time
pass again as it took to choose one.
"""

UNREACHABLE_MESSAGE: Final = "The database cannot be reached; send the same request again shortly."
UNREADABLE_URL_MESSAGE: Final = (
    "The URL of the database cannot be read: write what is special in its password as %40 for @,"
    " %2F for / and %25 for %."
)
COMMIT_IN_DOUBT_MESSAGE: Final = (
    "The database went away before it said whether this is recorded. Send the same request again:"
    " with the same Idempotency-Key or ref it is recorded once."
)

NO_BACKUP_MESSAGE: Final = (
    "The commands backup and restore are for SQLite files. For PostgreSQL use its own tools"
    " (pg_basebackup, pg_dump); dump, load and copy work with both."
)

READER_WAIT_SECONDS: Final = 2.0
"""So long a reader waits for a connection: it is told soon that the database is away, and those
who look whether all is well are answered in time."""

IDLE_SECONDS: Final = 60
"""Between two statements the writer takes less by far. One whose host is lost in between would
hold the lock for as long as the server's kernel believes in its connection: two hours by default.
"""

_BEGIN_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Named, since a role or a database can have other defaults; and repeatable reads would see what
# there was before the lock was waited for.
_BEGIN_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_SET_IDLE_TIMEOUT: Final = (
    f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'".encode()
)
_Pool = ConnectionPool[psycopg.Connection[Row]]

_cursor_numbers: Final = count()


def _add_request_comment(sql: str) -> str:
    """Return the SQL as it is sent: before it the request that asks, for the server's own log."""
    request = get_request_id()
    return to_psycopg_sql(sql) if request is None else f"/* {request} */ {to_psycopg_sql(sql)}"


class PostgresConnection(Connection):
    """An open connection to PostgreSQL."""

    def __init__(self, conn: psycopg.Connection[Row], may_lag: bool = False) -> None:
        """Remember the connection; nothing is run yet."""
        self.conn = conn
        self.may_lag = may_lag

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> psycopg.Cursor[Row]:
        """Return the cursor after running the SQL."""
        return self.conn.execute(_add_request_comment(sql).encode(), binds or {})

    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run the SQL for each of the binds, all of them in one go."""
        bind_list = list(bind_sets)
        if bind_list:
            with self.conn.cursor() as cursor:
                cursor.executemany(_add_request_comment(sql).encode(), bind_list)

    def iterate(self, sql: str, binds: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield the rows, a chunk of them in memory at a time."""
        with self.conn.cursor(name=f"iterate_{next(_cursor_numbers)}") as cursor:
            cursor.itersize = FETCH_SIZE
            cursor.execute(_add_request_comment(sql).encode(), binds or {})
            yield from cursor

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, in which a savepoint can still be gone back to."""
        status = self.conn.info.transaction_status
        return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class PostgresStore(Store):
    """The record in the schema that the URL leads to, by its ``search_path`` or as it comes."""

    def __init__(self, url: str, busy_seconds: float = 10.0, *, standby: bool = False) -> None:
        """Remember where the database is; nothing is opened or created yet.

        A ``standby`` is only read, and may lie a little behind what was acknowledged. Raises
        StoreUnavailableError for a URL that cannot be read.
        """
        super().__init__(busy_seconds)
        self.url = url
        self._is_standby = standby
        self._parse_url()

    @staticmethod
    def to_domain_error(error: BaseException) -> DomainError | None:
        """Return what to tell of an error of circumstance."""
        if isinstance(error, errors.LockNotAvailable):
            return LockTimeoutError(LOCK_TIMEOUT_MESSAGE)
        if isinstance(error, errors.DiskFull):
            return StoreUnavailableError(
                "The disk is full; nothing was recorded. Its keeper must make room."
            )
        if isinstance(error, errors.ReadOnlySqlTransaction):
            return DatabaseUnreachableError(
                "The database takes no writes; send the same request again shortly."
            )
        if isinstance(error, (errors.DataCorrupted, errors.IndexCorrupted)):
            return StoreUnavailableError("The database is damaged; its keeper must look.")
        connection_errors = (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            errors.IdleInTransactionSessionTimeout,
        )
        if isinstance(error, connection_errors):
            return DatabaseUnreachableError(UNREACHABLE_MESSAGE)
        return None

    @property
    def display_address(self) -> str:
        """The URL without its password."""
        url_parts = self._parse_url()
        hosts, ports = (str(url_parts.get(name) or "").split(",") for name in ("host", "port"))
        ports *= len(hosts) if len(ports) == 1 else 1
        pairs = zip(hosts, ports, strict=False)
        addresses = ",".join(f"{host or 'localhost'}:{port or 5432}" for host, port in pairs)
        return f"postgresql://{addresses}/{url_parts.get('dbname') or url_parts.get('user') or ''}"

    def _parse_url(self) -> dict[str, Any]:
        """Return what the URL says; no error tells any of it, since it may hold a password."""
        try:
            return conninfo_to_dict(self.url)
        except psycopg.Error:
            raise StoreUnavailableError(UNREADABLE_URL_MESSAGE) from None

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the record throughout."""
        with (
            translate_errors(self.to_domain_error),
            self._get_pool().connection(READER_WAIT_SECONDS) as conn,
        ):
            conn.execute(_BEGIN_READ)
            try:
                yield PostgresConnection(conn, self._is_standby)
            finally:
                with suppress(psycopg.Error):  # What was read is read.
                    conn.execute("ROLLBACK")

    def write(self, job: Callable[[Connection], Result]) -> Result:
        """Return what the job returns, once what it wrote is safe."""
        resources: _ProcessResources = self._get_resources()
        with translate_errors(self.to_domain_error):
            return resources.committer.run(job, self._busy_seconds)

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """Yield a connection that alone may write."""
        with self._locked_transaction(self._busy_seconds) as db:
            yield db

    def write_best_effort(self, name: str, /, **binds: Any) -> None:
        """Run the statement; it does not wait for the disk, nor for a row that another changes."""
        with (
            suppress(psycopg.Error, DomainError),
            self._get_pool().connection(MAX_WAIT_SECONDS) as conn,
        ):
            with _begin_transaction(conn, _BEGIN_WRITE):
                db = PostgresConnection(conn)
                db.execute("SET LOCAL synchronous_commit = off")
                db.execute("SET LOCAL lock_timeout = '100ms'")
                db.execute(build_statement(name), binds)

    def migrate(self) -> int:
        """Return how many steps were run to bring the schema up to date."""
        with (
            translate_errors(self.to_domain_error),
            self._get_pool().connection() as conn,
            _begin_transaction(conn, _BEGIN_WRITE),
        ):
            return migrate(conn)

    def erase_overwritten(self) -> None:
        """Let go of the rows that were overwritten; what backups and logs hold stays there."""
        with translate_errors(self.to_domain_error), self._get_pool().connection() as conn:
            conn.execute("VACUUM texts, reports, figures, report_words")

    def check_engine(self, db: Connection) -> Iterator[str]:
        """Yield nothing: PostgreSQL checks its pages as it reads them, if it was set up to."""
        yield from ()

    def backup(self, target: Path, progress: Progress, force: bool = False) -> DatabaseCopy:
        """Raise StoreUnavailableError: PostgreSQL has tools of its own."""
        raise StoreUnavailableError(NO_BACKUP_MESSAGE)

    def restore(
        self, source: Path, progress: Progress, now: datetime, force: bool = False
    ) -> RestoreResult:
        """Raise StoreUnavailableError: PostgreSQL has tools of its own."""
        raise StoreUnavailableError(NO_BACKUP_MESSAGE)

    def size(self) -> int:
        """Return the bytes of the whole database."""
        with self.read_transaction() as db:
            return int(db.execute("SELECT pg_database_size(current_database())").fetchone()[0])

    def free_space(self) -> None:
        """Return None: the disk is another machine's."""

    def rate_counters(self, rate_limit: RateLimit) -> "PostgresRateCounters":
        """Return counters in a table that is no part of the record, and has no log."""
        return PostgresRateCounters(self._get_pool, rate_limit)

    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""
        resources = self._resources_by_pid.pop(os.getpid(), None)
        if resources is not None:
            resources.pool.close()

    @contextmanager
    def _locked_transaction(self, lock_seconds: float | None = None) -> Iterator[Connection]:
        pool = self._get_pool()
        with translate_errors(self.to_domain_error):
            try:
                with (
                    pool.connection() as conn,
                    _begin_transaction(conn, _BEGIN_WRITE, self._busy_seconds),
                ):
                    conn.execute(_SET_IDLE_TIMEOUT)
                    if lock_seconds is not None:
                        conn.execute(
                            f"SET LOCAL lock_timeout = '{int(lock_seconds * 1000)}ms'".encode()
                        )
                    conn.execute(TAKE_WRITE_LOCK)
                    yield PostgresConnection(conn)
            except errors.ReadOnlySqlTransaction:
                # Who was the leader takes no writes any more; all connections may lead to it.
                pool.drain()
                raise

    def _get_pool(self) -> _Pool:
        pool: _Pool = self._get_resources().pool
        if pool.closed:
            pool.open()
        return pool

    def _make_resources(self) -> "_ProcessResources":
        return _ProcessResources(self)


class _ProcessResources:
    """What one process has of a store: its connections, and the thread that writes."""

    def __init__(self, store: PostgresStore) -> None:
        url_parts = store._parse_url()
        self.pool = ConnectionPool(
            store.url,
            min_size=1,
            max_size=MAX_CONNECTIONS,
            # A little less than callers wait for the writer, so that it can tell what is wrong.
            timeout=0.9 * store._busy_seconds,
            check=self._check_connection,
            reconnect_timeout=RECONNECT_SECONDS,
            # Transactions are begun by hand; statements are not prepared, since behind a pooler
            # like pgbouncer the next one may come to another connection.
            kwargs={
                "autocommit": True,
                "prepare_threshold": None,
                "application_name": "casualty-figures",
                **{
                    name: value
                    for name, value in CONNECTION_TIMEOUTS.items()
                    if name not in url_parts
                },
            },
            open=False,  # Two threads may come here at once, and one of the two is used.
        )
        self.committer = GroupCommitter(store._locked_transaction, store.to_domain_error)

    def _check_connection(self, conn: psycopg.Connection[Row]) -> None:
        """Raise where the connection has gone; it is seldom the only one, and all are replaced.

        Otherwise the pool would find them out one by one, and wait longer after each.
        """
        try:
            ConnectionPool.check_connection(conn)
        except psycopg.Error:
            self.pool.drain()
            raise


class PostgresRateCounters(RateCounters):
    """Counts in a table of the database, for all machines that share it."""

    def __init__(self, get_pool: Callable[[], _Pool], rate_limit: RateLimit) -> None:
        """Remember where to count; nothing is opened yet."""
        super().__init__(rate_limit)
        self._get_pool = get_pool

    def _increment(self, client: str, now: float) -> tuple[float, int]:
        window = self.rate_limit.window_seconds
        try:
            with (
                self._get_pool().connection(MAX_WAIT_SECONDS) as conn,
                _begin_transaction(conn, _BEGIN_WRITE),
            ):
                conn.execute("SET LOCAL synchronous_commit = off")
                conn.execute(
                    f"SET LOCAL lock_timeout = '{int(MAX_WAIT_SECONDS * 1000)}ms'".encode()
                )
                db = PostgresConnection(conn)
                db.change("delete_expired_counts", early=now - window, late=now + window)
                ((window_start, requests),) = db.fetch_all("increment_count", who=client, now=now)
        except (psycopg.Error, StoreUnavailableError) as error:
            raise CounterUnavailableError(str(error)) from error
        return window_start, requests


@contextmanager
def _begin_transaction(
    conn: psycopg.Connection[Row], begin_sql: str, commit_seconds: float | None = None
) -> Iterator[None]:
    """Keep at its end what is done in the transaction; on an error nothing of it.

    After ``commit_seconds`` without an answer whether it is kept the connection is given up.
    """
    notices: list[str] = []
    conn.execute(begin_sql.encode())
    try:
        yield
    except BaseException:
        with suppress(psycopg.Error):
            conn.execute("ROLLBACK")
        raise
    notice_handler = partial(_collect_notice, notices)
    conn.add_notice_handler(notice_handler)
    try:
        with _abort_after(commit_seconds, conn):
            commit_status = conn.execute("COMMIT").statusmessage
    except psycopg.OperationalError as error:
        raise DatabaseUnreachableError(COMMIT_IN_DOUBT_MESSAGE) from error
    finally:
        conn.remove_notice_handler(notice_handler)
    # It warns, and nothing more, of what is written here and not yet on the standby that must
    # have it; and it answers ROLLBACK, no error, to the end of what had failed.
    if commit_status != "COMMIT" or notices:
        raise DatabaseUnreachableError(COMMIT_IN_DOUBT_MESSAGE)


@contextmanager
def _abort_after(seconds: float | None, conn: psycopg.Connection[Row]) -> Iterator[None]:
    """Break the connection off when what is done inside takes longer.

    A COMMIT waits for the standby that must have it for ever, and no timeout of the server's ends
    that: where a former leader lives on without one, whoever asked would never be answered.
    """
    if seconds is None:
        yield
        return
    # Of its own, so that it is the same connection still, whatever is closed or opened meanwhile.
    connection_socket = socket.socket(fileno=os.dup(conn.fileno()))
    timer = Timer(seconds, _shut_down_socket, [connection_socket])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        connection_socket.close()


def _shut_down_socket(connection_socket: socket.socket) -> None:
    with suppress(OSError):  # It has ended already.
        connection_socket.shutdown(socket.SHUT_RDWR)


def _collect_notice(notices: list[str], notice: errors.Diagnostic) -> None:
    notices.append(notice.sqlstate or "")
