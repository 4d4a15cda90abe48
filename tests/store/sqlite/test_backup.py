"""Backup and restore: a copy is complete or does not exist, and nothing is lost on a failure."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.domain.errors import (
    ConflictError,
    LockTimeoutError,
    NotFoundError,
    StoreUnavailableError,
)
from service.http.context import get_services
from service.settings import Settings
from service.store.sqlite.backup import make_backup, restore_backup
from service.store.sqlite.engine import SqliteStore
from service.usecases import health
from tests.support import bodies

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
FORMER_FILE_PATTERN = "casualties.db.20260105T100000Z"


def _ignore_progress(done: int, whole: int) -> None:
    pass


def _count_events(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM events").fetchone()[0])


def _list_names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@pytest.fixture
def database(settings: Settings, store: SqliteStore, send: Any) -> Iterator[Path]:
    """A database with one report, which a service has open."""
    send(bodies.make_report())
    yield settings.database


@pytest.fixture
def unused_database(database: Path, app: Any, store: SqliteStore) -> Path:
    """The same database, with no process that has it open."""
    store.close()
    with app.app_context():
        get_services().store.close()
    return database


def test_a_backup_is_one_file_whose_last_seq_is_known(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept" / "a.db"
    target.parent.mkdir()
    copy = make_backup(database, target, _ignore_progress)
    assert copy.path == target
    assert copy.size == target.stat().st_size
    assert copy.seq == _count_events(target) == _count_events(database) > 0
    assert _list_names(target.parent) == {"a.db"}
    assert target.stat().st_mode == database.stat().st_mode


def test_a_backup_during_writes_has_what_was_acknowledged_before(
    settings: Settings, app: Any, key: Any, tmp_path: Path
) -> None:
    headers, enough = key("report"), threading.Event()
    acknowledged: list[str] = []

    def write(number: int) -> None:
        client = app.test_client()
        while not enough.is_set():
            body = bodies.make_report(reporter={"id": f"r-{number}", "name": "R"})
            answer = client.post("/v1/reports", json=body, headers=headers)
            assert answer.status_code == 201
            acknowledged.append(answer.get_json()["id"])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for turn in range(5):
            before = list(acknowledged)
            make_backup(settings.database, tmp_path / f"{turn}.db", _ignore_progress)
            with closing(sqlite3.connect(tmp_path / f"{turn}.db")) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                copied_ids = {report_id for (report_id,) in db.execute("SELECT id FROM reports")}
            assert set(before) <= copied_ids
    finally:
        enough.set()
        for writer in writers:
            writer.join()
    assert len(acknowledged) > len(before) > 0


def test_a_backup_ends_though_another_process_never_stops_writing(
    unused_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.sqlite.checked_copy.PAGES_PER_STEP", 1)
    pages_done = []

    def disturb(done: int, whole: int) -> None:
        pages_done.append(done)
        with closing(sqlite3.connect(unused_database, isolation_level=None)) as other:
            other.execute("CREATE TABLE IF NOT EXISTS noise (n)")
            other.execute("INSERT INTO noise VALUES (1)")

    make_backup(unused_database, tmp_path / "a.db", disturb)
    assert pages_done == sorted(pages_done) and len(pages_done) > 10
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'noise'").fetchall()


def test_a_restored_record_is_served_as_it_was(
    client: FlaskClient, database: Path, tmp_path: Path
) -> None:
    make_backup(database, tmp_path / "a.db", _ignore_progress)
    target = tmp_path / "new" / "casualties.db"
    done = restore_backup(tmp_path / "a.db", target, _ignore_progress, NOW)
    assert (done.copy.path, done.former_path) == (target, None)
    restored_client = create_app(Settings(database=target, log_level="error")).test_client()
    assert restored_client.get("/v1/reports").get_json() == client.get("/v1/reports").get_json()


def test_nothing_is_overwritten_without_force(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    for name in ("a.db", "a.db-wal"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(ConflictError, match=f"{name} exists already"):
            make_backup(database, target, _ignore_progress)
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).rename(tmp_path / "other")
    make_backup(database, target, _ignore_progress)
    with pytest.raises(ConflictError, match="exists already"):
        restore_backup(target, database, _ignore_progress, NOW)


def test_a_target_that_appears_meanwhile_is_not_overwritten(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    with pytest.raises(ConflictError):
        make_backup(database, target, lambda done, whole: target.write_text("mine") and None)
    assert target.read_text() == "mine"


def test_the_side_files_of_a_replaced_backup_are_removed(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    for name in ("a.db", "a.db-wal", "a.db-shm", "a.db-journal"):
        (tmp_path / name).write_text("old")
    make_backup(database, target, _ignore_progress, force=True)
    assert {name for name in _list_names(tmp_path) if name.startswith("a.db")} == {"a.db"}
    assert _count_events(target) == _count_events(database)


@pytest.mark.parametrize("name", ["casualties.db", "link.db"])
def test_the_database_is_not_its_own_backup(database: Path, name: str) -> None:
    same = database.with_name(name)
    if name == "link.db":
        same.symlink_to(database)
    for call in (
        lambda: make_backup(database, same, _ignore_progress, force=True),
        lambda: restore_backup(same, database, _ignore_progress, NOW, force=True),
    ):
        with pytest.raises(ConflictError, match="is the database itself"):
            call()


def test_no_database_is_made_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        make_backup(tmp_path / "none.db", tmp_path / "a.db", _ignore_progress)
    assert _list_names(tmp_path) == set()


def test_a_folder_that_is_not_there_is_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="no such folder"):
        make_backup(database, tmp_path / "nowhere" / "a.db", _ignore_progress)


def test_an_interrupted_backup_leaves_nothing(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    before = _list_names(tmp_path)

    def interrupt(done: int, whole: int) -> None:
        assert not target.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_backup(database, target, interrupt)
    assert _list_names(tmp_path) == before


def _truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _overwrite_pages(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        for place in range(8192, size, 4096):
            file.seek(place + 8)
            file.write(b"\xff" * 64)


def _replace_with_text(path: Path) -> None:
    path.write_text("low,high\n30,\n" * 1000)


def _make_empty(path: Path) -> None:
    path.write_bytes(b"")


def _replace_with_other_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (x)")


def _add_later_migration(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('casualties', '9999_later', '2030-01-01')"
        )


def _delete_first_event(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TRIGGER events_never_go")
        db.execute("DELETE FROM events WHERE seq = 1")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_truncate, "is damaged"),
        (_overwrite_pages, "is damaged"),
        (_replace_with_text, "is damaged: file is not a database"),
        (_make_empty, "is not a database of this service"),
        (_replace_with_other_database, "is not a database of this service"),
        (_add_later_migration, "later release"),
        (_delete_first_event, "gaps"),
    ],
)
def test_a_source_that_is_not_whole_is_refused_and_nothing_changes(
    unused_database: Path, tmp_path: Path, harm: Callable[[Path], None], says: str
) -> None:
    source = tmp_path / "a.db"
    make_backup(unused_database, source, _ignore_progress)
    harm(source)
    before, content = _list_names(tmp_path), _count_events(unused_database)
    for force in (False, True):
        target = unused_database if force else tmp_path / "elsewhere" / "x.db"
        with pytest.raises(StoreUnavailableError, match=says) as caught:
            restore_backup(source, target, _ignore_progress, NOW, force=force)
        assert str(source) in str(caught.value) and "\n" not in str(caught.value)
    assert _list_names(tmp_path) - {"elsewhere"} == before
    assert _list_names(tmp_path / "elsewhere") == set()
    assert _count_events(unused_database) == content


def test_the_former_database_is_kept_whole(unused_database: Path, tmp_path: Path) -> None:
    make_backup(unused_database, tmp_path / "a.db", _ignore_progress)
    with closing(sqlite3.connect(unused_database, isolation_level=None)) as db:
        db.execute("CREATE TABLE later (n)")
    done = restore_backup(tmp_path / "a.db", unused_database, _ignore_progress, NOW, force=True)
    assert done.former_path == unused_database.with_name(FORMER_FILE_PATTERN)
    with closing(sqlite3.connect(done.former_path)) as db:
        assert db.execute("SELECT * FROM later").fetchall() == []
    with closing(sqlite3.connect(unused_database)) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("SELECT * FROM later")
    with pytest.raises(ConflictError, match="exists already"):
        restore_backup(tmp_path / "a.db", unused_database, _ignore_progress, NOW, force=True)


def test_a_leftover_log_of_a_crash_does_not_get_into_the_restored_database(
    unused_database: Path, tmp_path: Path
) -> None:
    make_backup(unused_database, tmp_path / "a.db", _ignore_progress)
    expected = _count_events(unused_database)
    with closing(sqlite3.connect(unused_database, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE later (n)")
        log = unused_database.with_name("casualties.db-wal").read_bytes()
    unused_database.unlink()
    unused_database.with_name("casualties.db-wal").write_bytes(log)
    with pytest.raises(ConflictError, match="exists already"):
        restore_backup(tmp_path / "a.db", unused_database, _ignore_progress, NOW)
    restore_backup(tmp_path / "a.db", unused_database, _ignore_progress, NOW, force=True)
    assert unused_database.with_name(f"{FORMER_FILE_PATTERN}-wal").read_bytes() == log
    assert not unused_database.with_name("casualties.db-wal").exists()
    assert _count_events(unused_database) == expected


def test_a_database_that_is_in_use_is_not_replaced(database: Path, tmp_path: Path) -> None:
    make_backup(database, tmp_path / "a.db", _ignore_progress)
    with pytest.raises(LockTimeoutError, match="stop the service first"):
        restore_backup(tmp_path / "a.db", database, _ignore_progress, NOW, force=True)
    assert not database.with_name(FORMER_FILE_PATTERN).exists()


@pytest.mark.parametrize("harm", [_replace_with_text, _truncate, _make_empty, _overwrite_pages])
def test_a_damaged_database_can_be_replaced(
    unused_database: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    make_backup(unused_database, tmp_path / "a.db", _ignore_progress)
    expected = _count_events(unused_database)
    harm(unused_database)
    damaged = unused_database.read_bytes()
    done = restore_backup(tmp_path / "a.db", unused_database, _ignore_progress, NOW, force=True)
    assert done.former_path is not None and len(done.former_path.read_bytes()) == len(damaged)
    assert health.check_readable(SqliteStore(unused_database)) == expected


def test_a_link_to_the_database_stays_one(unused_database: Path, tmp_path: Path) -> None:
    make_backup(unused_database, tmp_path / "a.db", _ignore_progress)
    link = tmp_path / "link.db"
    link.symlink_to(unused_database)
    restore_backup(tmp_path / "a.db", link, _ignore_progress, NOW, force=True)
    assert link.is_symlink() and not unused_database.is_symlink()


def test_the_former_database_is_kept_without_hard_links_too(
    unused_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("not on this file system")

    monkeypatch.setattr("os.link", refuse)
    make_backup(unused_database, tmp_path / "a.db", _ignore_progress)
    expected = _count_events(unused_database)
    restore_backup(tmp_path / "a.db", unused_database, _ignore_progress, NOW, force=True)
    assert (
        _count_events(unused_database.with_name(FORMER_FILE_PATTERN))
        == _count_events(unused_database)
        == expected
    )
