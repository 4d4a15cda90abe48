"""What PostgreSQL can do to a service: let it wait, end its connections, leave it in doubt."""

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
from service.store.interface import Database
from service.store.postgresql import engine
from service.store.postgresql.engine import AWAY, IN_DOUBT, PostgresStore
from service.usecases import api_keys
from tests import make
from tests.check import at_once, problem
from tests.conftest import BEGIN
from tests.store.sqlite.test_group_commit import failing, note

LOCK = "SELECT pg_advisory_xact_lock('events'::regclass::oid::bigint)"


def subjects(store: PostgresStore) -> list[str]:
    """Return what is recorded, in order, having checked that no number is left out."""
    with store.reading() as db:
        found = event_log.events(db)
    assert [event.seq for event in found] == list(range(1, len(found) + 1))
    return [event.subject for event in found]


@contextmanager
def held(store: PostgresStore) -> Iterator[None]:
    """Hold the one writer's lock, as another machine would."""
    with psycopg.connect(store.url) as conn:
        conn.execute(LOCK)
        yield


def end_connections(store: PostgresStore, state: str = "%") -> None:
    """End the service's connections, as a restart of the server does."""
    with psycopg.connect(store.url, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'casualty-figures' AND pid <> pg_backend_pid()"
            " AND state LIKE %s",
            (state,),
        )


# The order in which entries become visible ------------------------------------------------------


def _write_many(url: str) -> list[str]:
    store = PostgresStore(url, busy_seconds=60.0)
    names = [f"{os.getpid()}-{number}" for number in range(150)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: store.write(note(name)), names))
    store.close()
    return names


def test_a_reader_who_follows_never_misses_an_entry(store: PostgresStore) -> None:
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while True:
            last_look = done.is_set()
            with store.reading() as db:
                seen.extend(event.seq for event in event_log.events(db, seen[-1] if seen else 0))
            if last_look:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    written = [name for names in at_once(_write_many, store.url, 3) for name in names]
    done.set()
    follower.join()
    assert seen == list(range(1, len(written) + 1))
    assert sorted(subjects(store)) == sorted(written)


def test_an_entry_that_is_not_committed_holds_up_the_next(store: PostgresStore) -> None:
    with psycopg.connect(store.url) as slow, ThreadPoolExecutor(1) as pool:
        slow.execute(LOCK)
        slow.execute(
            "INSERT INTO events VALUES (1, 1, '2026-01-05T10:00:00.000000Z', 'place_added', 'slow',"
            " NULL, '{}', repeat('0', 64))"
        )
        later = pool.submit(store.write, note("later"))
        time.sleep(0.3)
        assert not later.done()
        assert subjects(store) == []
        slow.commit()
        assert later.result() == 2


# Many callers in one transaction ----------------------------------------------------------------


def test_an_error_of_one_job_harms_no_other(store: PostgresStore) -> None:
    def broken(db: Database) -> None:
        note("broken")(db)
        db.execute("SELECT 1 / 0")

    with ThreadPoolExecutor(5) as pool:
        with held(store):
            told = [
                pool.submit(store.write, job)
                for job in (note("a"), failing("b", ValueError("b")), broken, note("c"))
            ]
            time.sleep(0.3)
    assert sorted(subjects(store)) == ["a", "c"]
    assert isinstance(told[1].exception(), ValueError)
    assert isinstance(told[2].exception(), psycopg.errors.DivisionByZero)
    assert {told[0].result(), told[3].result()} == {1, 2}


def test_who_waits_too_long_for_another_writer_is_told_so(url: str) -> None:
    store = PostgresStore(url, busy_seconds=0.3)
    store.migrate()
    with held(store):
        with pytest.raises(LockTimeoutError):
            store.write(note("a"))
        with pytest.raises(LockTimeoutError), store.writing():
            pass
        assert subjects(store) == []  # Readers wait for nobody.
    assert store.write(note("b")) == 1
    assert subjects(store) == ["b"]
    store.close()


def test_the_lock_of_a_writer_that_is_heard_of_no_more_ends(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_IDLE", b"SET LOCAL idle_in_transaction_session_timeout = '0.3s'")
    other = PostgresStore(store.url, busy_seconds=10.0)
    with pytest.raises(DatabaseUnreachableError), store.writing() as db:
        note("a")(db)
        assert other.write(note("b")) == 1
        note("c")(db)
    assert subjects(store) == ["b"]
    other.close()


def test_a_writer_sees_what_was_recorded_while_it_waited(store: PostgresStore) -> None:
    """Whatever the role's default: repeatable reads begin before the lock is had."""
    by_default = "%20-cdefault_transaction_isolation%3Drepeatable%5C%20read"
    other = PostgresStore(store.url + by_default, busy_seconds=10.0)
    with ThreadPoolExecutor(1) as pool:
        with store.writing() as db:
            second = pool.submit(other.write, note("b"))
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            end = time.monotonic() + 30
            while not db.execute(waiting).fetchall():
                assert time.monotonic() < end and not second.done()
            note("a")(db)
        assert second.result() == 2
    assert subjects(store) == ["a", "b"]
    other.close()


# Connections that end ---------------------------------------------------------------------------


def test_idle_connections_that_were_ended_are_replaced(store: PostgresStore) -> None:
    store.write(note("a"))
    end_connections(store)
    assert subjects(store) == ["a"]
    end_connections(store)
    assert store.write(note("b")) == 2


def test_a_connection_that_ends_in_the_middle_is_told_as_such(store: PostgresStore) -> None:
    def cut_off(db: Database) -> None:
        note("a")(db)
        end_connections(store, "idle in transaction")
        note("b")(db)

    with pytest.raises(StoreUnavailableError, match=AWAY):
        store.write(cut_off)
    with pytest.raises(StoreUnavailableError, match=AWAY), store.reading() as db:
        end_connections(store, "idle in transaction")
        db.value("ledger_last_seq")
    assert subjects(store) == []
    assert store.write(note("c")) == 1


@pytest.fixture
def served(store: PostgresStore) -> tuple[FlaskClient, dict[str, str]]:
    """A service on the store's database, and the headers of one who may report."""
    settings = Settings(database=store.url, log_level="error", busy_seconds=5.0)
    key = api_keys.create(store, name="k", scope="report", now=BEGIN)
    return create_app(settings).test_client(), {"Authorization": f"Bearer {key}"}


def at_the_commit(store: PostgresStore, what: str) -> None:
    """Let the server do something when the next entry is committed, this once."""
    with psycopg.connect(store.url, autocommit=True) as conn:
        conn.execute("CREATE TABLE once AS SELECT 1 AS left")
        conn.execute(
            f"""
            CREATE FUNCTION at_the_commit () RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT 1 FROM once) THEN {what} END IF;
                RETURN NULL;
            END $$
            """  # noqa: S608
        )
        conn.execute(
            "CREATE CONSTRAINT TRIGGER at_the_commit AFTER INSERT ON events"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_the_commit()"
        )


def test_a_commit_that_is_cut_off_is_in_doubt_and_settled_by_sending_again(
    store: PostgresStore, served: Any
) -> None:
    client, headers = served
    at_the_commit(store, "PERFORM pg_terminate_backend(pg_backend_pid());")
    sent = {"json": make.report(), "headers": {**headers, "Idempotency-Key": "one"}}
    told = problem(client.post("/v1/reports", **sent), 503)
    assert told["detail"] == IN_DOUBT
    with psycopg.connect(store.url, autocommit=True) as conn:
        conn.execute("DELETE FROM once")
    first = client.post("/v1/reports", **sent)
    assert first.status_code == 201
    again = client.post("/v1/reports", **sent)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.get_data() == first.get_data()
    assert len(client.get("/v1/reports").get_json()["reports"]) == 1


def test_a_commit_that_warns_is_in_doubt(store: PostgresStore, served: Any) -> None:
    """As it does where the standby that must have it is not waited for any more."""
    client, headers = served
    at_the_commit(store, "RAISE WARNING 'canceling wait for synchronous replication';")
    sent = {"json": make.report(), "headers": {**headers, "Idempotency-Key": "one"}}
    assert problem(client.post("/v1/reports", **sent), 503)["detail"] == IN_DOUBT
    again = client.post("/v1/reports", **sent)  # Here it was recorded, and is so once.
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert len(client.get("/v1/reports").get_json()["reports"]) == 1


def until_new_connections_wait_for(url: str, standby: str) -> None:
    """Return once the server has read its settings: it does so when it comes to it."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with psycopg.connect(url) as conn:
            if conn.execute("SHOW synchronous_standby_names").fetchall() == [(standby,)]:
                return
        time.sleep(0.02)
    raise AssertionError("the server does not read its settings")


def test_a_commit_waits_for_the_standby_that_must_have_it(store: PostgresStore) -> None:
    """Without that standby the writer waits, and whoever ends its wait leaves it in doubt."""
    with psycopg.connect(store.url, autocommit=True) as conn, ThreadPoolExecutor(1) as pool:
        conn.execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
        conn.execute("SELECT pg_reload_conf()")
        until_new_connections_wait_for(store.url, "absent")
        store.close()
        try:
            told = pool.submit(store.write, note("a"))
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            end = time.monotonic() + 30
            while not (found := conn.execute(waiting).fetchall()):
                assert time.monotonic() < end and not told.done()
                time.sleep(0.02)
            assert subjects(store) == []
            conn.execute("SELECT pg_cancel_backend(%s)", found[0])
            with pytest.raises(StoreUnavailableError, match="went away before it said"):
                told.result()
        finally:
            conn.execute("ALTER SYSTEM RESET synchronous_standby_names")
            conn.execute("SELECT pg_reload_conf()")
    assert subjects(store) == ["a"]


# Processes --------------------------------------------------------------------------------------


def test_a_child_starts_with_nothing_of_its_parents(store: PostgresStore) -> None:
    assert store.write(note("parent")) == 1
    with store.reading() as db:
        (mine,) = db.execute("SELECT pg_backend_pid()").fetchone()  # type: ignore[misc]
        read, written = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover
            with suppress(BaseException):
                store.write(note("child"))
                with store.reading() as other:
                    (theirs,) = other.execute("SELECT pg_backend_pid()").fetchone()  # type: ignore[misc]
                os.write(written, str(theirs).encode())
            os._exit(0)
        os.waitpid(child, 0)
        theirs = int(os.read(read, 100) or b"0")
        os.close(read), os.close(written)
        assert theirs not in (0, mine)
        assert db.execute("SELECT pg_backend_pid()").fetchone() == (mine,)
    assert store.write(note("parent again")) == 3
    assert subjects(store) == ["parent", "child", "parent again"]


def _migrate(url: str) -> int:
    store = PostgresStore(url)
    done = store.migrate()
    store.close()
    return done


def test_services_that_start_together_migrate_once(url: str) -> None:
    assert sorted(at_once(_migrate, url, 4)) == [0, 0, 0, 1]
    assert _migrate(url) == 0


def test_what_is_up_to_date_is_only_looked_at(store: PostgresStore) -> None:
    only_read = PostgresStore(store.url + "%20-cdefault_transaction_read_only%3Don", 10.0)
    assert only_read.migrate() == 0
    only_read.close()


def test_a_schema_that_is_not_there_is_told(store: PostgresStore) -> None:
    nowhere = PostgresStore(store.url.split("?")[0] + "?options=-csearch_path%3Dnowhere", 10.0)
    with pytest.raises(StoreUnavailableError, match="make it first"):
        nowhere.migrate()
    nowhere.close()


def test_a_url_that_cannot_be_read_is_not_told() -> None:
    with pytest.raises(StoreUnavailableError, match="%40 for @") as told:
        PostgresStore("postgresql://me:%zzsecret@db/casualties")
    assert "secret" not in str(told.value)


def test_where_the_record_is_is_shown_without_a_password() -> None:
    shown = PostgresStore("postgresql://me:secret@a:1,b:2/c").shown
    assert shown == "postgresql://a:1,b:2/c"
    assert PostgresStore("postgresql://a,b/c").shown == "postgresql://a:5432,b:5432/c"
    assert PostgresStore("postgresql://").shown == "postgresql://localhost:5432/"


def test_a_database_of_a_later_release_is_refused(store: PostgresStore) -> None:
    with psycopg.connect(store.url) as conn:
        conn.execute("INSERT INTO migrations (name) VALUES ('9999_later')")
    with pytest.raises(StoreUnavailableError, match="later release"):
        store.migrate()


def test_a_full_disk_is_told_and_nothing_is_kept(store: PostgresStore) -> None:
    """The server is made to say what it says of a full disk; to fill one would need root."""

    def full(db: Database) -> None:
        note("a")(db)
        db.execute("DO $$ BEGIN RAISE 'no space left' USING ERRCODE = 'disk_full'; END $$")

    with pytest.raises(StoreUnavailableError, match="disk is full"):
        store.write(full)
    assert subjects(store) == []
    assert store.write(note("b")) == 1
