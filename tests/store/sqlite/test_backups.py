"""Copies of the record: whole or not there at all, and never the end of what they replace."""

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
from service.http.context import parts
from service.settings import Settings
from service.store.sqlite.engine import SqliteStore
from service.usecases import health
from service.usecases.backups import backup, restore
from tests import make

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ASIDE = "casualties.db.20260105T100000Z"


def _quiet(done: int, whole: int) -> None:
    pass


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM events").fetchone()[0])


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@pytest.fixture
def database(settings: Settings, store: SqliteStore, send: Any) -> Iterator[Path]:
    """A database with one report, which a service has open."""
    send(make.report())
    yield settings.database


@pytest.fixture
def stopped(database: Path, app: Any, store: SqliteStore) -> Path:
    """The same, with nobody who has it open."""
    store.close()
    with app.app_context():
        parts().store.close()
    return database


def test_a_backup_is_one_file_that_says_how_far_it_goes(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept" / "a.db"
    target.parent.mkdir()
    copy = backup(database, target, _quiet)
    assert copy.path == target
    assert copy.size == target.stat().st_size
    assert copy.seq == _count(target) == _count(database) > 0
    assert _names(target.parent) == {"a.db"}
    assert target.stat().st_mode == database.stat().st_mode


def test_what_was_acknowledged_before_is_in_it_while_others_write(
    settings: Settings, app: Any, key: Any, tmp_path: Path
) -> None:
    headers, enough = key("report"), threading.Event()
    acknowledged: list[str] = []

    def write(number: int) -> None:
        client = app.test_client()
        while not enough.is_set():
            body = make.report(reporter={"id": f"r-{number}", "name": "R"})
            answer = client.post("/v1/reports", json=body, headers=headers)
            assert answer.status_code == 201
            acknowledged.append(answer.get_json()["id"])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for turn in range(5):
            before = list(acknowledged)
            backup(settings.database, tmp_path / f"{turn}.db", _quiet)
            with closing(sqlite3.connect(tmp_path / f"{turn}.db")) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                there = {id for (id,) in db.execute("SELECT id FROM reports")}
            assert set(before) <= there
    finally:
        enough.set()
        for writer in writers:
            writer.join()
    assert len(acknowledged) > len(before) > 0


def test_the_copying_ends_though_another_process_never_stops_writing(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.sqlite.backup.PAGES", 1)
    told = []

    def disturb(done: int, whole: int) -> None:
        told.append(done)
        with closing(sqlite3.connect(stopped, isolation_level=None)) as other:
            other.execute("CREATE TABLE IF NOT EXISTS noise (n)")
            other.execute("INSERT INTO noise VALUES (1)")

    backup(stopped, tmp_path / "a.db", disturb)
    assert told == sorted(told) and len(told) > 10
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'noise'").fetchall()


def test_a_restored_record_is_served_as_it_was(
    client: FlaskClient, database: Path, tmp_path: Path
) -> None:
    backup(database, tmp_path / "a.db", _quiet)
    target = tmp_path / "new" / "casualties.db"
    done = restore(tmp_path / "a.db", target, _quiet, NOW)
    assert (done.copy.path, done.aside) == (target, None)
    again = create_app(Settings(database=target, log_level="error")).test_client()
    assert again.get("/v1/reports").get_json() == client.get("/v1/reports").get_json()


def test_nothing_is_overwritten_unasked(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    for name in ("a.db", "a.db-wal"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(ConflictError, match=f"{name} exists already"):
            backup(database, target, _quiet)
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).rename(tmp_path / "other")
    backup(database, target, _quiet)
    with pytest.raises(ConflictError, match="exists already"):
        restore(target, database, _quiet, NOW)


def test_a_target_that_appears_meanwhile_is_not_overwritten(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    with pytest.raises(ConflictError):
        backup(database, target, lambda done, whole: target.write_text("mine") and None)
    assert target.read_text() == "mine"


def test_what_lay_beside_a_replaced_backup_goes_with_it(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    for name in ("a.db", "a.db-wal", "a.db-shm", "a.db-journal"):
        (tmp_path / name).write_text("old")
    backup(database, target, _quiet, force=True)
    assert {name for name in _names(tmp_path) if name.startswith("a.db")} == {"a.db"}
    assert _count(target) == _count(database)


@pytest.mark.parametrize("name", ["casualties.db", "link.db"])
def test_the_database_is_not_its_own_backup(database: Path, name: str) -> None:
    same = database.with_name(name)
    if name == "link.db":
        same.symlink_to(database)
    for call in (
        lambda: backup(database, same, _quiet, force=True),
        lambda: restore(same, database, _quiet, NOW, force=True),
    ):
        with pytest.raises(ConflictError, match="is the database itself"):
            call()


def test_no_database_is_made_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        backup(tmp_path / "none.db", tmp_path / "a.db", _quiet)
    assert _names(tmp_path) == set()


def test_a_folder_that_is_not_there_is_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="no such folder"):
        backup(database, tmp_path / "nowhere" / "a.db", _quiet)


def test_an_interrupted_backup_leaves_nothing(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    before = _names(tmp_path)

    def interrupt(done: int, whole: int) -> None:
        assert not target.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(database, target, interrupt)
    assert _names(tmp_path) == before


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _scribbled(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        for place in range(8192, size, 4096):
            file.seek(place + 8)
            file.write(b"\xff" * 64)


def _words(path: Path) -> None:
    path.write_text("low,high\n30,\n" * 1000)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _other(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (x)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('casualties', '9999_later', '2030-01-01')"
        )


def _gap(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TRIGGER events_never_go")
        db.execute("DELETE FROM events WHERE seq = 1")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_cut, "is damaged"),
        (_scribbled, "is damaged"),
        (_words, "is damaged: file is not a database"),
        (_empty, "is no database of this service"),
        (_other, "is no database of this service"),
        (_newer, "newer release"),
        (_gap, "gaps"),
    ],
)
def test_a_source_that_is_not_whole_is_refused_and_nothing_changes(
    stopped: Path, tmp_path: Path, harm: Callable[[Path], None], says: str
) -> None:
    source = tmp_path / "a.db"
    backup(stopped, source, _quiet)
    harm(source)
    before, content = _names(tmp_path), _count(stopped)
    for force in (False, True):
        target = stopped if force else tmp_path / "elsewhere" / "x.db"
        with pytest.raises(StoreUnavailableError, match=says) as caught:
            restore(source, target, _quiet, NOW, force=force)
        assert str(source) in str(caught.value) and "\n" not in str(caught.value)
    assert _names(tmp_path) - {"elsewhere"} == before
    assert _names(tmp_path / "elsewhere") == set()
    assert _count(stopped) == content


def test_the_former_database_is_kept_with_all_that_was_in_it(stopped: Path, tmp_path: Path) -> None:
    backup(stopped, tmp_path / "a.db", _quiet)
    with closing(sqlite3.connect(stopped, isolation_level=None)) as db:
        db.execute("CREATE TABLE later (n)")
    done = restore(tmp_path / "a.db", stopped, _quiet, NOW, force=True)
    assert done.aside == stopped.with_name(ASIDE)
    with closing(sqlite3.connect(done.aside)) as db:
        assert db.execute("SELECT * FROM later").fetchall() == []
    with closing(sqlite3.connect(stopped)) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("SELECT * FROM later")
    with pytest.raises(ConflictError, match="exists already"):
        restore(tmp_path / "a.db", stopped, _quiet, NOW, force=True)


def test_what_a_crash_left_beside_the_database_does_not_get_into_the_new_one(
    stopped: Path, tmp_path: Path
) -> None:
    backup(stopped, tmp_path / "a.db", _quiet)
    expected = _count(stopped)
    with closing(sqlite3.connect(stopped, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE later (n)")
        log = stopped.with_name("casualties.db-wal").read_bytes()
    stopped.unlink()
    stopped.with_name("casualties.db-wal").write_bytes(log)
    with pytest.raises(ConflictError, match="exists already"):
        restore(tmp_path / "a.db", stopped, _quiet, NOW)
    restore(tmp_path / "a.db", stopped, _quiet, NOW, force=True)
    assert stopped.with_name(f"{ASIDE}-wal").read_bytes() == log
    assert not stopped.with_name("casualties.db-wal").exists()
    assert _count(stopped) == expected


def test_a_database_that_is_in_use_is_not_replaced(database: Path, tmp_path: Path) -> None:
    backup(database, tmp_path / "a.db", _quiet)
    with pytest.raises(LockTimeoutError, match="stop the service first"):
        restore(tmp_path / "a.db", database, _quiet, NOW, force=True)
    assert not database.with_name(ASIDE).exists()


@pytest.mark.parametrize("harm", [_words, _cut, _empty, _scribbled])
def test_a_damaged_database_can_be_replaced(
    stopped: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    backup(stopped, tmp_path / "a.db", _quiet)
    expected = _count(stopped)
    harm(stopped)
    damaged = stopped.read_bytes()
    done = restore(tmp_path / "a.db", stopped, _quiet, NOW, force=True)
    assert done.aside is not None and len(done.aside.read_bytes()) == len(damaged)
    assert health.check(SqliteStore(stopped)) == expected


def test_a_link_to_the_database_stays_one(stopped: Path, tmp_path: Path) -> None:
    backup(stopped, tmp_path / "a.db", _quiet)
    link = tmp_path / "link.db"
    link.symlink_to(stopped)
    restore(tmp_path / "a.db", link, _quiet, NOW, force=True)
    assert link.is_symlink() and not stopped.is_symlink()


def test_without_hard_links_the_former_database_is_kept_too(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("not on this file system")

    monkeypatch.setattr("os.link", refuse)
    backup(stopped, tmp_path / "a.db", _quiet)
    expected = _count(stopped)
    restore(tmp_path / "a.db", stopped, _quiet, NOW, force=True)
    assert _count(stopped.with_name(ASIDE)) == _count(stopped) == expected
