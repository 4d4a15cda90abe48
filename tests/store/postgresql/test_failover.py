"""Failover: a lost server or former primary is given up soon, and the new primary is found."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest

from service.domain.errors import DatabaseUnreachableError
from service.store import event_log
from service.store.event_log import NewEvent
from service.store.interface import Connection
from service.store.postgresql.engine import COMMIT_IN_DOUBT_MESSAGE, PostgresStore
from tests.conftest import START_TIME
from tests.support.events import append

PLACE_ADDED = NewEvent("place_added", "a", {"id": "a", "name": "A"})
BUSY_SECONDS = 2.0

RunSql = Callable[[str], None]


@pytest.fixture
def run_sql(server: str) -> RunSql:
    """A connection to the server outside the store, in another database."""

    def run_on_server(sql: str) -> None:
        url = server.replace("/postgres", "/template1")
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(sql.encode())

    return run_on_server


@pytest.fixture
def store(server: str) -> Iterator[PostgresStore]:
    """A store on the server with short timeouts."""
    postgres_store = PostgresStore(server, BUSY_SECONDS)
    postgres_store.migrate()
    yield postgres_store
    postgres_store.close()


def _append(db: Connection) -> Any:
    return append(db, [PLACE_ADDED], None, START_TIME)


def _read_last_seq(store: PostgresStore) -> int:
    with store.read_transaction() as db:
        return event_log.last_seq(db)


def _measure_seconds(action: Callable[[], Any]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def test_a_write_that_no_standby_takes_is_in_doubt_and_not_waited_for(
    store: PostgresStore, run_sql: RunSql
) -> None:
    before = _read_last_seq(store)
    run_sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    run_sql("SELECT pg_reload_conf()")
    try:
        time.sleep(0.5)  # Until every process of the server has read it.
        with pytest.raises(DatabaseUnreachableError) as error_info:
            store.write(_append)
        assert error_info.value.detail == COMMIT_IN_DOUBT_MESSAGE
        assert _read_last_seq(store) == before
    finally:
        run_sql("ALTER SYSTEM RESET synchronous_standby_names")
        run_sql("SELECT pg_reload_conf()")
    store.write(_append)
    assert _read_last_seq(store) == before + 2


def test_a_former_leader_is_left_at_its_first_refusal(
    store: PostgresStore, run_sql: RunSql
) -> None:
    before = _read_last_seq(store)
    store.close()
    run_sql("ALTER DATABASE postgres SET default_transaction_read_only = on")
    try:
        _read_eight_at_once(store)
    finally:
        run_sql("ALTER DATABASE postgres RESET default_transaction_read_only")
    with pytest.raises(DatabaseUnreachableError):
        store.write(_append)
    store.write(_append)
    assert _read_last_seq(store) == before + 1


def test_none_of_many_lost_connections_is_waited_for(store: PostgresStore, run_sql: RunSql) -> None:
    _read_eight_at_once(store)
    run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'")
    assert _measure_seconds(lambda: store.write(_append)) < 1.0


def _read_eight_at_once(store: PostgresStore) -> None:
    together = Barrier(8)

    def read(_: int) -> None:
        with store.read_transaction():
            together.wait()

    with ThreadPoolExecutor(8) as readers:
        list(readers.map(read, range(8)))


def test_a_restarted_server_is_found_at_once(store: PostgresStore, run_sql: RunSql) -> None:
    run_sql("ALTER DATABASE postgres ALLOW_CONNECTIONS false")
    try:
        run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'")
        for _ in range(2):
            with pytest.raises(DatabaseUnreachableError):
                store.write(_append)
    finally:
        run_sql("ALTER DATABASE postgres ALLOW_CONNECTIONS true")
    assert _measure_seconds(lambda: store.write(_append)) < BUSY_SECONDS


def test_a_silent_host_is_given_up_after_seconds_unless_the_url_sets_it(
    store: PostgresStore, server: str
) -> None:
    def read_timeouts(store: PostgresStore) -> tuple[int, int, int]:
        with store.read_transaction() as db, socket.socket(fileno=os.dup(db.conn.fileno())) as line:  # type: ignore[attr-defined]
            return (
                line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )

    assert read_timeouts(store) == (1, 2, 5_000)
    other = PostgresStore(f"{server}?tcp_user_timeout=60000")
    assert read_timeouts(other) == (1, 2, 60_000)
    other.close()
