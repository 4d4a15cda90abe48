"""The SQLite engine: one writer at a time, snapshot reads, translated errors."""

import os
import sqlite3
from pathlib import Path
from threading import Timer

import pytest

from service.domain.errors import LockTimeoutError, StoreUnavailableError
from service.store import event_log
from service.store.event_log import NewEvent
from service.store.sqlite.engine import SqliteStore
from tests.conftest import START_TIME
from tests.support.events import append
from tests.support.processes import run_in_processes

PLACE_ADDED = NewEvent("place_added", "a", {"id": "a", "name": "A"})


def _migrate(path: str) -> int:
    return SqliteStore(Path(path)).migrate()


def _append_many(path: str) -> int:
    store = SqliteStore(Path(path), busy_seconds=60)
    for _ in range(50):
        with store.write_transaction() as db:
            append(db, [PLACE_ADDED, PLACE_ADDED], str(os.getpid()), START_TIME)
    return 50


def test_several_processes_may_migrate_at_once(tmp_path: Path) -> None:
    for attempt in range(3):
        path = str(tmp_path / f"{attempt}.db")
        results = run_in_processes(_migrate, path)
        assert sorted(results)[:3] == [0, 0, 0]
        assert max(results) > 0


def test_a_file_that_another_process_is_migrating_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LockTimeoutError), SqliteStore(path, busy_seconds=0.05).read_transaction():
        pass
    timer = Timer(0.3, other.close)
    timer.start()
    assert SqliteStore(path, busy_seconds=30).migrate() > 0
    timer.join()


def test_four_processes_may_write_at_once(store: SqliteStore) -> None:
    run_in_processes(_append_many, str(store.path))
    with store.read_transaction() as db:
        events = event_log.load_events(db)
    assert [event.seq for event in events] == list(range(1, 401))
    assert all(one.actor == two.actor for one, two in zip(events[::2], events[1::2], strict=True))
    assert len({event.actor for event in events}) > 1


def test_the_database_has_the_promised_pragmas(store: SqliteStore) -> None:
    with store.read_transaction() as db:
        pragmas = {
            name: db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_every_table_is_strict(store: SqliteStore) -> None:
    with store.read_transaction() as db:
        tables = db.execute("PRAGMA table_list").fetchall()
    own = {row[1]: row[5] for row in tables if row[2] == "table"}
    loose = {name for name, strict in own.items() if not strict}
    assert {name for name in loose if not name.startswith(("sqlite_", "_sqlite"))} == set()


def test_a_reader_sees_one_state_throughout(store: SqliteStore) -> None:
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == 0
        with store.write_transaction() as other:
            append(other, [PLACE_ADDED], None, START_TIME)
        assert event_log.last_seq(db) == 0
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == 1


def test_an_error_leaves_nothing_written(store: SqliteStore) -> None:
    with pytest.raises(RuntimeError), store.write_transaction() as db:
        append(db, [PLACE_ADDED], None, START_TIME)
        raise RuntimeError
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == 0


def test_a_writer_that_waits_too_long_gets_a_lock_timeout(store: SqliteStore) -> None:
    hasty = SqliteStore(store.path, busy_seconds=0.05)
    with store.write_transaction(), pytest.raises(LockTimeoutError), hasty.write_transaction():
        pass


def test_a_full_disk_raises_store_unavailable(store: SqliteStore) -> None:
    with pytest.raises(StoreUnavailableError, match="full"), store.write_transaction() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        append(db, [NewEvent("k", "s", {"text": "x" * 100_000})], None, START_TIME)


def test_shared_data_of_readers_survives_errors_that_close_connections(store: SqliteStore) -> None:
    for _ in range(5):
        with pytest.raises(RuntimeError), store.read_transaction():
            raise RuntimeError
    assert Path(f"{store.path}-shm").exists()
    store.close()
    assert not Path(f"{store.path}-shm").exists()


def test_a_file_that_is_no_database_raises_store_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreUnavailableError):
        SqliteStore(path).migrate()


def test_a_path_where_no_file_can_be_raises_store_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailableError):
        SqliteStore(tmp_path / "file" / "x.db").migrate()


def test_an_error_in_the_sql_is_not_translated(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError), store.read_transaction() as db:
        db.execute("SELECT nothing FROM nowhere")


def _is_another_in_a_child(path: str) -> bool:
    store = SqliteStore(Path(path))
    with store.read_transaction() as db:
        before = db.conn
    child = os.fork()
    if child == 0:
        with store.read_transaction() as db:
            os._exit(int(db.conn is before))
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_uses_no_connection_of_its_parent(store: SqliteStore) -> None:
    assert run_in_processes(_is_another_in_a_child, str(store.path), 1) == [True]
