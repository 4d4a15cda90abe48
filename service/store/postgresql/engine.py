"""The store in PostgreSQL: a pool of connections, and one advisory lock behind which writers queue.

The lock is held until the transaction has ended, so that events become visible in the order of
their seq: a reader that has seen event 7 never finds a new event 6 later.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from threading import Timer
from typing import Any, Final, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg_pool import ConnectionPool

from service.domain.errors import (
    ConflictError,
    DatabaseUnreachableError,
    DomainError,
    LockTimeoutError,
    StoreUnavailableError,
    TimeBudgetExceededError,
)
from service.domain.rate_limit import RateLimit
from service.request_id import get_request_id
from service.store import event_log
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
from service.store.postgresql.dialect import TAKE_WRITE_LOCK, to_lateral_sql, to_psycopg_sql
from service.store.postgresql.error_messages import explain_error, is_permanent
from service.store.postgresql.migrations import migrate
from service.store.rate_counters import MAX_WAIT_SECONDS, CounterUnavailableError, RateCounters
from service.store.tables import make_insert, table_of

Result = TypeVar("Result")

MAX_CONNECTIONS: Final = 12
"""The limit for one process: eight concurrent readers, the writer, and a few for API keys."""

MAX_PROBES: Final = 2
"""The limit for connections besides, which only look up the last event."""

FETCH_SIZE: Final = 2_000
"""The number of rows that are fetched at once when rows are streamed."""

MIN_COPIED_ROWS: Final = 20
"""For fewer rows one INSERT takes less time than COPY, which needs more round trips."""

CONNECTION_TIMEOUTS: Final = {
    "connect_timeout": 5,
    # A lost host sends nothing, and by default the kernel retries for more than 15 minutes. With
    # these settings the connection ends after five seconds.
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}
"""How long a connection waits for the server's host, unless the URL sets it."""

RECONNECT_SECONDS: Final = 2.0
"""How long the pool retries a lost connection by itself; after that it retries on demand.

The pool doubles its pause after each try: after a failover it would wait as long again as the
failover took.
"""

UNREACHABLE_MESSAGE: Final = "The database cannot be reached; send the same request again shortly."
STATEMENT_ENDED_MESSAGE: Final = (
    "The database ended a statement, which took longer than its statement_timeout or was cancelled;"
    " send the same request again shortly, or a smaller one."
)
UNREADABLE_URL_MESSAGE: Final = (
    "The URL of the database cannot be parsed: percent-encode special characters of its password:"
    " %40 for @, %2F for / and %25 for %."
)
COMMIT_IN_DOUBT_MESSAGE: Final = (
    "The connection to the database was lost before it confirmed the commit. Send the same request"
    " again: with the same Idempotency-Key or ref it is recorded once."
)

NO_BACKUP_MESSAGE: Final = (
    "The commands backup and restore are for SQLite files. For PostgreSQL use its own tools"
    " (pg_basebackup, pg_dump); dump, load and copy work with both."
)

START_RETRY_SECONDS: Final = 0.25
"""The pause between two tries to connect at the start, when the server may be starting too."""

READER_WAIT_SECONDS: Final = 2.0
"""How long a reader waits for a connection: readers and health checks soon learn that the database
is unreachable."""

IDLE_SECONDS: Final = 60
"""The timeout of an idle writer; between two statements it takes far less time.

A writer whose host is lost would hold the lock until the server's kernel ends its connection: after
two hours by default.
"""

# Compiling a statement (JIT) takes longer than running one of these.
_WITHOUT_JIT: Final = "SET LOCAL jit = off"
_BEGIN_READ: Final = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_WITHOUT_JIT}"
# Explicit, since a role or a database can have other defaults. With repeatable reads a writer would
# see the state from before it waited for the lock.
_BEGIN_WRITE: Final = f"BEGIN ISOLATION LEVEL READ COMMITTED; {_WITHOUT_JIT}"
_SET_IDLE_TIMEOUT: Final = (
    f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'".encode()
)
_SELECT_LAST_EVENT: Final = build_statement("select_last_event").encode()
_Pool = ConnectionPool[psycopg.Connection[Row]]

_cursor_numbers: Final = count()


def _add_request_comment(sql: str) -> bytes:
    """Return the shared SQL for psycopg, with a comment for the server's log."""
    return _with_request_comment(to_psycopg_sql(sql))


def _with_request_comment(psycopg_sql: str) -> bytes:
    """Return the SQL after a comment with the request id for the server's log."""
    request = get_request_id()
    return (psycopg_sql if request is None else f"/* {request} */ {psycopg_sql}").encode()


class PostgresConnection(Connection):
    """An open connection to PostgreSQL."""

    def __init__(self, conn: psycopg.Connection[Row], may_lag: bool = False) -> None:
        """Use the connection; nothing is run yet."""
        self.conn = conn
        self.may_lag = may_lag

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> psycopg.Cursor[Row]:
        """Run the statement and return the cursor."""
        return self.conn.execute(_add_request_comment(sql), binds or {})

    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement for each set of binds, in one batch."""
        bind_list = list(bind_sets)
        if bind_list:
            with self.conn.cursor() as cursor:
                cursor.executemany(_add_request_comment(sql), bind_list)

    def fetch_each(self, name: str, bind_sets: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
        """Return the rows of the statement for each set of binds, in one round trip."""
        found: list[list[Row]] = [[] for _ in bind_sets]
        if len(bind_sets) < 2:
            return super().fetch_each(name, bind_sets)
        sql = to_lateral_sql(build_statement(name), bind_sets)
        numbered = [{"nth": nth, **binds} for nth, binds in enumerate(bind_sets)]
        rows = self.conn.execute(_with_request_comment(sql), {"sets": json.dumps(numbered)})
        for nth, *row in rows.fetchall():
            found[nth].append(tuple(row))
        return found

    def insert_many(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of one class into its table: many of them by COPY."""
        if not rows:
            return
        row_class = type(rows[0])
        if len(rows) < MIN_COPIED_ROWS:
            values = [value for row in rows for value in row]
            sql = make_insert(row_class, "%s", len(rows))
            self.conn.execute(_with_request_comment(sql), values)
            return
        table = table_of(row_class)
        sql = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN"
        with self.conn.cursor() as cursor, cursor.copy(_with_request_comment(sql)) as copy:
            for row in rows:
                copy.write_row(row)

    def iterate(self, sql: str, binds: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield the rows, with one chunk of them in memory at a time."""
        with self.conn.cursor(name=f"iterate_{next(_cursor_numbers)}") as cursor:
            cursor.itersize = FETCH_SIZE
            cursor.execute(_add_request_comment(sql), binds or {})
            yield from cursor

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, so that a savepoint can be rolled back to."""
        status = self.conn.info.transaction_status
        return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class PostgresStore(Store):
    """The store in the schema of the URL: that of its ``search_path``, or the default schema."""

    def __init__(self, url: str, busy_seconds: float = 10.0, *, standby: bool = False) -> None:
        """Set the URL; nothing is opened or created yet.

        A ``standby`` is only read, and may be a little behind the primary. Raises
        StoreUnavailableError for a URL that cannot be parsed.
        """
        super().__init__(busy_seconds)
        self.url = url
        self._is_standby = standby
        self._parse_url()

    @staticmethod
    def to_domain_error(error: BaseException) -> DomainError | None:
        """Return the domain error for a failure of the environment; None for any other error."""
        if isinstance(error, errors.LockNotAvailable):
            return LockTimeoutError(LOCK_TIMEOUT_MESSAGE)
        if isinstance(error, errors.DiskFull):
            return StoreUnavailableError(
                "The disk is full; nothing was recorded. An administrator must make room."
            )
        if isinstance(error, errors.ReadOnlySqlTransaction):
            return DatabaseUnreachableError(
                "The database accepts no writes; send the same request again shortly."
            )
        # Before the connection errors, to which the driver counts the first.
        if isinstance(error, (errors.QueryCanceled, errors.TransactionTimeout)):
            return TimeBudgetExceededError(STATEMENT_ENDED_MESSAGE)
        if isinstance(error, errors.InsufficientPrivilege):
            return StoreUnavailableError(
                "The database does not permit this to the service's user; an administrator must"
                " look at it."
            )
        if isinstance(error, (errors.DataCorrupted, errors.IndexCorrupted)):
            return StoreUnavailableError(
                "The database is damaged; an administrator must look at it."
            )
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
        """Return the parts of the URL; no error quotes them, since they may contain a password."""
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
                with suppress(psycopg.Error):  # The reads are complete.
                    conn.execute("ROLLBACK")

    def find_last_event(self) -> tuple[int, str]:
        """Return seq and hash of the last event, in one round trip.

        The connections for this are not checked before: the statement itself is the check.
        """
        probes: _Pool = self._get_resources().probes
        if probes.closed:
            probes.open()
        with (
            translate_errors(self.to_domain_error),
            probes.connection(READER_WAIT_SECONDS) as conn,
        ):
            result = conn.pgconn.exec_(_SELECT_LAST_EVENT)
            if result.status != ExecStatus.TUPLES_OK:
                raise psycopg.OperationalError("the last event cannot be read")
        if not result.ntuples:
            return 0, event_log.INITIAL_HASH
        seq, last_hash = (result.get_value(0, column) or b"" for column in (0, 1))
        return int(seq), last_hash.decode()

    def write(self, job: Callable[[Connection], Result], *, is_long: bool = False) -> Result:
        """Run the job, and return its result after the commit."""
        resources: _ProcessResources = self._get_resources()
        with translate_errors(self.to_domain_error):
            return resources.committer.run(job, self._busy_seconds, is_long=is_long)

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """Yield the only connection that may write."""
        with self._locked_transaction(self._busy_seconds) as db:
            yield db

    def write_best_effort(self, name: str, /, **binds: Any) -> None:
        """Run the statement without waiting for the disk or for a row lock."""
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
        """Return the number of migrations that were run."""
        with self._connect_for_operator() as conn, _begin_transaction(conn, _BEGIN_WRITE):
            return migrate(conn)

    def check_writable(self) -> None:
        """Raise DatabaseUnreachableError for a standby, and where writes are forbidden."""
        with self._connect_for_operator() as conn, _begin_transaction(conn, _BEGIN_WRITE):
            ((is_read_only,),) = conn.execute("SHOW transaction_read_only").fetchall()
            if is_read_only == "on":
                raise errors.ReadOnlySqlTransaction("transactions are read-only")

    def find_loss(self) -> None:
        """Return None: the server guards its own write-ahead log, and has no high-water mark."""

    def explain_missing_mark(self) -> None:
        """Return None: a mark is not used."""

    def accept_loss(self, seq: int) -> int:
        """Raise ConflictError: nothing was found that could be accepted."""
        raise ConflictError("Lost events are found only in an SQLite file.")

    def checkpoint(self) -> None:
        """Do nothing: the server does it by itself."""

    def erase_overwritten(self) -> None:
        """Vacuum overwritten rows; backups and write-ahead logs still contain them."""
        with translate_errors(self.to_domain_error), self._get_pool().connection() as conn:
            conn.execute("VACUUM texts, reports, figures, report_words")

    def check_engine(self, db: Connection) -> Iterator[str]:
        """Yield nothing: PostgreSQL checks pages when it reads them, if checksums are enabled."""
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
        """Return the size of the whole database in bytes."""
        with self.read_transaction() as db:
            return int(db.execute("SELECT pg_database_size(current_database())").fetchone()[0])

    def free_space(self) -> None:
        """Return None: the disk is on another machine."""

    def rate_counters(self, rate_limit: RateLimit) -> "PostgresRateCounters":
        """Return counters in an unlogged table, which is not part of the record."""
        return PostgresRateCounters(self._get_pool, rate_limit)

    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""
        resources = self._resources_by_pid.pop(os.getpid(), None)
        if resources is not None:
            resources.probes.close()
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
                # The former primary accepts no writes any more; all connections may lead to it.
                pool.drain()
                raise

    @contextmanager
    def _connect_for_operator(self) -> Iterator[psycopg.Connection[Row]]:
        """Yield a connection outside the pool, whose errors have the cause and the remedy.

        The pool hides why it cannot connect. Waits for a server that is starting.
        """
        with translate_errors(partial(explain_error, store=self)):
            end = time.monotonic() + 0.9 * self._busy_seconds
            while True:
                try:
                    conn = psycopg.connect(self.url, **self._connection_options())
                    break
                except psycopg.OperationalError as error:
                    if is_permanent(error) or time.monotonic() > end:
                        raise
                time.sleep(START_RETRY_SECONDS)
            with closing(conn):
                yield conn

    def _connection_options(self) -> dict[str, Any]:
        # Transactions are begun explicitly. Statements are not prepared, since behind a pooler
        # like pgbouncer the next one may run on another connection.
        url_parts = self._parse_url()
        return {
            "autocommit": True,
            "prepare_threshold": None,
            "application_name": "casualty-figures",
            **{name: value for name, value in CONNECTION_TIMEOUTS.items() if name not in url_parts},
        }

    def _get_pool(self) -> _Pool:
        pool: _Pool = self._get_resources().pool
        if pool.closed:
            pool.open()
        return pool

    def _make_resources(self) -> "_ProcessResources":
        return _ProcessResources(self)


class _ProcessResources:
    """The resources of one process: its connections, and the writing thread."""

    def __init__(self, store: PostgresStore) -> None:
        self.pool = ConnectionPool(
            store.url,
            min_size=1,
            max_size=MAX_CONNECTIONS,
            # A little less than callers wait for the writer, so that it can report the cause.
            timeout=0.9 * store._busy_seconds,
            check=self._check_connection,
            reconnect_timeout=RECONNECT_SECONDS,
            kwargs=store._connection_options(),
            open=False,  # Two threads may create a pool at once, and only one of them is used.
        )
        self.committer = GroupCommitter(store._locked_transaction, store.to_domain_error)
        self.probes: _Pool = ConnectionPool(
            store.url,
            min_size=0,
            max_size=MAX_PROBES,
            kwargs=store._connection_options(),
            open=False,
        )

    def _check_connection(self, conn: psycopg.Connection[Row]) -> None:
        """Raise for a lost connection, after replacing all others, which are probably lost too.

        Otherwise the pool would find them one by one, and wait longer after each.
        """
        try:
            ConnectionPool.check_connection(conn)
        except psycopg.Error:
            self.pool.drain()
            raise


class PostgresRateCounters(RateCounters):
    """Counters in a table of the database, shared by all machines."""

    def __init__(self, get_pool: Callable[[], _Pool], rate_limit: RateLimit) -> None:
        """Set the pool and the limit; nothing is opened yet."""
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
    """Run a transaction that commits at its end, and rolls back on an error.

    If the commit takes longer than ``commit_seconds`` (None: no limit), the connection is closed
    and DatabaseUnreachableError raised: the outcome is unknown.
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
    # The server only sends a notice if the commit is not yet on the synchronous standby. And it
    # answers ROLLBACK without an error to the COMMIT of a failed transaction.
    if commit_status != "COMMIT" or notices:
        raise DatabaseUnreachableError(COMMIT_IN_DOUBT_MESSAGE)


@contextmanager
def _abort_after(seconds: float | None, conn: psycopg.Connection[Row]) -> Iterator[None]:
    """Shut down the connection's socket if the block takes longer; None means no limit.

    A COMMIT waits without limit for the synchronous standby, and no timeout of the server ends
    that: a former primary without a standby would never answer.
    """
    if seconds is None:
        yield
        return
    # A duplicate, so that the descriptor stays valid if the connection is closed meanwhile.
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
    with suppress(OSError):  # It is closed already.
        connection_socket.shutdown(socket.SHUT_RDWR)


def _collect_notice(notices: list[str], notice: errors.Diagnostic) -> None:
    notices.append(notice.sqlstate or "")
