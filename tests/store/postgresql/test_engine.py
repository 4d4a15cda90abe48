"""The PostgreSQL engine: locks, lost connections and commits of unknown outcome."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from service import create_app
from service.domain.errors import DatabaseUnreachableError, LockTimeoutError, StoreUnavailableError
from service.settings import Settings
from service.store import event_log
from service.store.interface import Connection
from service.store.postgresql import engine
from service.store.postgresql.engine import (
    COMMIT_IN_DOUBT_MESSAGE,
    UNREACHABLE_MESSAGE,
    PostgresStore,
)
from service.usecases import api_keys
from tests.conftest import START_TIME
from tests.store.sqlite.test_group_commit import make_failing_job, make_job
from tests.support import bodies
from tests.support.assertions import assert_problem
from tests.support.processes import run_in_processes

TAKE_WRITE_LOCK = "SELECT pg_advisory_xact_lock('events'::regclass::oid::bigint)"


def read_subjects(store: PostgresStore) -> list[str]:
    """Return the subjects of all events in order; check that no seq is missing."""
    with store.read_transaction() as db:
        events = event_log.load_events(db)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return [event.subject for event in events]


@contextmanager
def hold_write_lock(store: PostgresStore) -> Iterator[None]:
    """Hold the write lock, as another machine would."""
    with psycopg.connect(store.url) as conn:
        conn.execute(TAKE_WRITE_LOCK)
        yield


def end_connections(store: PostgresStore, state: str = "%") -> None:
    """Close the service's connections, as a restart of the server does."""
    with psycopg.connect(store.url, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'casualty-figures' AND pid <> pg_backend_pid()"
            " AND state LIKE %s",
            (state,),
        )


# The order in which events become visible -------------------------------------------------------


def _write_many(url: str) -> list[str]:
    store = PostgresStore(url, busy_seconds=60.0)
    names = [f"{os.getpid()}-{number}" for number in range(150)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: store.write(make_job(name)), names))
    store.close()
    return names


def test_a_reader_that_follows_the_feed_never_misses_an_event(store: PostgresStore) -> None:
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while True:
            last_look = done.is_set()
            with store.read_transaction() as db:
                seen.extend(
                    event.seq for event in event_log.load_events(db, seen[-1] if seen else 0)
                )
            if last_look:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    written = [name for names in run_in_processes(_write_many, store.url, 3) for name in names]
    done.set()
    follower.join()
    assert seen == list(range(1, len(written) + 1))
    assert sorted(read_subjects(store)) == sorted(written)


def test_an_uncommitted_event_delays_the_next(store: PostgresStore) -> None:
    with psycopg.connect(store.url) as slow, ThreadPoolExecutor(1) as pool:
        slow.execute(TAKE_WRITE_LOCK)
        slow.execute(
            "INSERT INTO events VALUES (1, 1, '2026-01-05T10:00:00.000000Z', 'place_added', 'slow',"
            " NULL, '{}', repeat('0', 64))"
        )
        later = pool.submit(store.write, make_job("later"))
        time.sleep(0.3)
        assert not later.done()
        assert read_subjects(store) == []
        slow.commit()
        assert later.result() == 2


# Many callers in one transaction ----------------------------------------------------------------


def test_a_failing_job_does_not_affect_the_others(store: PostgresStore) -> None:
    def divide_by_zero(db: Connection) -> None:
        make_job("broken")(db)
        db.execute("SELECT 1 / 0")

    with ThreadPoolExecutor(5) as pool:
        with hold_write_lock(store):
            futures = [
                pool.submit(store.write, job)
                for job in (
                    make_job("a"),
                    make_failing_job("b", ValueError("b")),
                    divide_by_zero,
                    make_job("c"),
                )
            ]
            time.sleep(0.3)
    assert sorted(read_subjects(store)) == ["a", "c"]
    assert isinstance(futures[1].exception(), ValueError)
    assert isinstance(futures[2].exception(), psycopg.errors.DivisionByZero)
    assert {futures[0].result(), futures[3].result()} == {1, 2}


def test_a_writer_that_waits_too_long_gets_a_lock_timeout(url: str) -> None:
    store = PostgresStore(url, busy_seconds=0.3)
    store.migrate()
    with hold_write_lock(store):
        with pytest.raises(LockTimeoutError):
            store.write(make_job("a"))
        with pytest.raises(LockTimeoutError), store.write_transaction():
            pass
        assert read_subjects(store) == []  # Readers do not wait.
    assert store.write(make_job("b")) == 1
    assert read_subjects(store) == ["b"]
    store.close()


def test_the_lock_of_a_silent_writer_ends(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        engine, "_SET_IDLE_TIMEOUT", b"SET LOCAL idle_in_transaction_session_timeout = '0.3s'"
    )
    other = PostgresStore(store.url, busy_seconds=10.0)
    with pytest.raises(DatabaseUnreachableError), store.write_transaction() as db:
        make_job("a")(db)
        assert other.write(make_job("b")) == 1
        make_job("c")(db)
    assert read_subjects(store) == ["b"]
    other.close()


def test_a_writer_sees_what_was_recorded_while_it_waited(store: PostgresStore) -> None:
    """Also if the role's default differs: repeatable reads begin before the lock is taken."""
    by_default = "%20-cdefault_transaction_isolation%3Drepeatable%5C%20read"
    other = PostgresStore(store.url + by_default, busy_seconds=10.0)
    with ThreadPoolExecutor(1) as pool:
        with store.write_transaction() as db:
            second = pool.submit(other.write, make_job("b"))
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            end = time.monotonic() + 30
            while not db.execute(waiting).fetchall():
                assert time.monotonic() < end and not second.done()
            make_job("a")(db)
        assert second.result() == 2
    assert read_subjects(store) == ["a", "b"]
    other.close()


# Lost connections -------------------------------------------------------------------------------


def test_idle_connections_that_were_ended_are_replaced(store: PostgresStore) -> None:
    store.write(make_job("a"))
    end_connections(store)
    assert read_subjects(store) == ["a"]
    end_connections(store)
    assert store.write(make_job("b")) == 2


def test_a_lost_connection_raises_database_unreachable(store: PostgresStore) -> None:
    def cut_off(db: Connection) -> None:
        make_job("a")(db)
        end_connections(store, "idle in transaction")
        make_job("b")(db)

    with pytest.raises(StoreUnavailableError, match=UNREACHABLE_MESSAGE):
        store.write(cut_off)
    with (
        pytest.raises(StoreUnavailableError, match=UNREACHABLE_MESSAGE),
        store.read_transaction() as db,
    ):
        end_connections(store, "idle in transaction")
        db.fetch_value("select_last_seq")
    assert read_subjects(store) == []
    assert store.write(make_job("c")) == 1


@pytest.fixture
def client_and_headers(store: PostgresStore) -> tuple[FlaskClient, dict[str, str]]:
    """A service on the store's database, and the headers of a key that may report."""
    settings = Settings(database=store.url, log_level="error", busy_seconds=5.0)
    key = api_keys.create_key(store, name="k", scope="report", now=START_TIME)
    return create_app(settings).test_client(), {"Authorization": f"Bearer {key}"}


def run_at_next_commit(store: PostgresStore, sql: str) -> None:
    """Make the server run a statement once, when the next event is committed."""
    with psycopg.connect(store.url, autocommit=True) as conn:
        conn.execute("CREATE TABLE once AS SELECT 1 AS left")
        conn.execute(
            f"""
            CREATE FUNCTION at_the_commit () RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT 1 FROM once) THEN {sql} END IF;
                RETURN NULL;
            END $$
            """  # noqa: S608
        )
        conn.execute(
            "CREATE CONSTRAINT TRIGGER at_the_commit AFTER INSERT ON events"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_the_commit()"
        )


def test_a_commit_that_is_cut_off_is_in_doubt_and_settled_by_sending_it_again(
    store: PostgresStore, client_and_headers: Any
) -> None:
    client, headers = client_and_headers
    run_at_next_commit(store, "PERFORM pg_terminate_backend(pg_backend_pid());")
    sent = {"json": bodies.make_report(), "headers": {**headers, "Idempotency-Key": "one"}}
    details = assert_problem(client.post("/v1/reports", **sent), 503)
    assert details["detail"] == COMMIT_IN_DOUBT_MESSAGE
    with psycopg.connect(store.url, autocommit=True) as conn:
        conn.execute("DELETE FROM once")
    first = client.post("/v1/reports", **sent)
    assert first.status_code == 201
    replayed = client.post("/v1/reports", **sent)
    assert (replayed.status_code, replayed.headers["Idempotent-Replayed"]) == (201, "true")
    assert replayed.get_data() == first.get_data()
    assert len(client.get("/v1/reports").get_json()["reports"]) == 1


def test_a_commit_that_warns_is_in_doubt(store: PostgresStore, client_and_headers: Any) -> None:
    """As if the server no longer waited for the synchronous standby."""
    client, headers = client_and_headers
    run_at_next_commit(store, "RAISE WARNING 'canceling wait for synchronous replication';")
    sent = {"json": bodies.make_report(), "headers": {**headers, "Idempotency-Key": "one"}}
    assert (
        assert_problem(client.post("/v1/reports", **sent), 503)["detail"] == COMMIT_IN_DOUBT_MESSAGE
    )
    replayed = client.post("/v1/reports", **sent)  # It was recorded, and only once.
    assert (replayed.status_code, replayed.headers["Idempotent-Replayed"]) == (201, "true")
    assert len(client.get("/v1/reports").get_json()["reports"]) == 1


def wait_until_standby_required(url: str, standby: str) -> None:
    """Return once the server has reloaded its settings, which it does asynchronously."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with psycopg.connect(url) as conn:
            if conn.execute("SHOW synchronous_standby_names").fetchall() == [(standby,)]:
                return
        time.sleep(0.02)
    raise AssertionError("the server does not read its settings")


def test_a_commit_waits_for_the_standby_that_must_have_it(store: PostgresStore) -> None:
    """Without the standby the writer waits, and ending the wait leaves the outcome unknown."""
    with psycopg.connect(store.url, autocommit=True) as conn, ThreadPoolExecutor(1) as pool:
        conn.execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
        conn.execute("SELECT pg_reload_conf()")
        wait_until_standby_required(store.url, "absent")
        store.close()
        try:
            future = pool.submit(store.write, make_job("a"))
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            end = time.monotonic() + 30
            while not (rows := conn.execute(waiting).fetchall()):
                assert time.monotonic() < end and not future.done()
                time.sleep(0.02)
            assert read_subjects(store) == []
            conn.execute("SELECT pg_cancel_backend(%s)", rows[0])
            with pytest.raises(StoreUnavailableError, match="lost before it confirmed"):
                future.result()
        finally:
            conn.execute("ALTER SYSTEM RESET synchronous_standby_names")
            conn.execute("SELECT pg_reload_conf()")
    assert read_subjects(store) == ["a"]


# Processes --------------------------------------------------------------------------------------


def test_a_forked_process_uses_no_connection_of_its_parent(store: PostgresStore) -> None:
    assert store.write(make_job("parent")) == 1
    with store.read_transaction() as db:
        (mine,) = db.execute("SELECT pg_backend_pid()").fetchone()  # type: ignore[misc]
        read, written = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover
            with suppress(BaseException):
                store.write(make_job("child"))
                with store.read_transaction() as other:
                    (theirs,) = other.execute("SELECT pg_backend_pid()").fetchone()  # type: ignore[misc]
                os.write(written, str(theirs).encode())
            os._exit(0)
        os.waitpid(child, 0)
        theirs = int(os.read(read, 100) or b"0")
        os.close(read), os.close(written)
        assert theirs not in (0, mine)
        assert db.execute("SELECT pg_backend_pid()").fetchone() == (mine,)
    assert store.write(make_job("parent again")) == 3
    assert read_subjects(store) == ["parent", "child", "parent again"]


def _migrate(url: str) -> int:
    store = PostgresStore(url)
    migrated = store.migrate()
    store.close()
    return migrated


def test_services_that_start_together_migrate_once(url: str) -> None:
    *others, applied = sorted(run_in_processes(_migrate, url, 4))
    assert others == [0, 0, 0]
    assert applied > 0
    assert _migrate(url) == 0


def test_migrating_an_up_to_date_schema_only_reads(store: PostgresStore) -> None:
    only_read = PostgresStore(store.url + "%20-cdefault_transaction_read_only%3Don", 10.0)
    assert only_read.migrate() == 0
    only_read.close()


def test_a_missing_schema_raises_store_unavailable(store: PostgresStore) -> None:
    nowhere = PostgresStore(store.url.split("?")[0] + "?options=-csearch_path%3Dnowhere", 10.0)
    with pytest.raises(StoreUnavailableError, match="create it first"):
        nowhere.migrate()
    nowhere.close()


def test_an_unreadable_url_is_not_quoted() -> None:
    with pytest.raises(StoreUnavailableError, match="%40 for @") as error_info:
        PostgresStore("postgresql://me:%zzsecret@db/casualties")
    assert "secret" not in str(error_info.value)


def test_the_display_address_has_no_password() -> None:
    address = PostgresStore("postgresql://me:secret@a:1,b:2/c").display_address
    assert address == "postgresql://a:1,b:2/c"
    assert PostgresStore("postgresql://a,b/c").display_address == "postgresql://a:5432,b:5432/c"
    assert PostgresStore("postgresql://").display_address == "postgresql://localhost:5432/"


def test_a_database_of_a_later_release_is_refused(store: PostgresStore) -> None:
    with psycopg.connect(store.url) as conn:
        conn.execute("INSERT INTO migrations (name) VALUES ('9999_later')")
    with pytest.raises(StoreUnavailableError, match="later release"):
        store.migrate()


def test_a_full_disk_raises_store_unavailable_and_nothing_is_written(store: PostgresStore) -> None:
    """The server raises the error of a full disk; filling a disk would need root."""

    def full(db: Connection) -> None:
        make_job("a")(db)
        db.execute("DO $$ BEGIN RAISE 'no space left' USING ERRCODE = 'disk_full'; END $$")

    with pytest.raises(StoreUnavailableError, match="disk is full"):
        store.write(full)
    assert read_subjects(store) == []
    assert store.write(make_job("b")) == 1
