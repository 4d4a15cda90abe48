"""A database of a later release: the server and every command refuse it, and change nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from service.settings import Settings
from service.store.event_log import INITIAL_HASH, StoredEvent
from service.store.interface import Store
from service.store.sqlite.engine import SqliteStore
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

MESSAGE: Final = "migrated by a later release: this one does not know 9999_later"

LATER_MIGRATION: Final = {
    "sqlite": (
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('casualties', '9999_later', '2030-01-01')"
    ),
    "postgresql": "INSERT INTO migrations (name) VALUES ('9999_later')",
}


@pytest.fixture
def later(store: Store, settings: Settings, send: SendRequest) -> str:
    """The address of a record that a later release migrated."""
    assert send(bodies.make_report()).status_code == 201
    engine = "sqlite" if isinstance(store, SqliteStore) else "postgresql"
    with store.write_transaction() as db:
        db.execute(LATER_MIGRATION[engine])
    return str(settings.database)


def _run(database: str, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "CASUALTY_DATABASE": database},
        input=text,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def _assert_refused(database: str, *arguments: str) -> None:
    completed = _run(database, "service", *arguments)
    assert (completed.returncode, completed.stdout) == (1, ""), arguments
    assert MESSAGE in completed.stderr and completed.stderr.count("\n") == 1


def _read_events(store: Store) -> list[tuple[object, ...]]:
    with store.read_transaction() as db:
        return list(db.execute("SELECT seq, hash FROM events ORDER BY seq").fetchall())


def test_the_server_does_not_start(later: str) -> None:
    address = f"127.0.0.1:{find_free_port()}"
    completed = _run(later, "gunicorn", "--bind", address, "wsgi:app")
    assert completed.returncode == 3
    assert completed.stderr.count(MESSAGE) == 1
    assert "Traceback" not in completed.stderr and "Listening" not in completed.stderr


def test_no_command_reads_or_changes_it(later: str, store: Store, tmp_path: Path) -> None:
    before = _read_events(store)
    for arguments in (
        ("migrate",),
        ("verify",),
        ("dump",),
        ("load",),
        ("key", "list"),
        ("key", "create", "--name", "a", "--scope", "read"),
        ("key", "revoke", "a"),
        ("copy", later, str(tmp_path / "copy.db")),
    ):
        _assert_refused(later, *arguments)
    assert not (tmp_path / "copy.db").exists()
    assert _read_events(store) == before


def test_nothing_is_copied_into_it(later: str, store: Store, tmp_path: Path) -> None:
    source = SqliteStore(tmp_path / "source.db")
    source.migrate()
    with source.write_transaction() as db, store.read_transaction() as later_db:
        row = later_db.execute("SELECT * FROM events WHERE seq = 1").fetchone()
        marks = ", ".join(f":{letter}" for letter in "abcdefgh")
        db.execute(f"INSERT INTO events VALUES ({marks})", dict(zip("abcdefgh", row, strict=True)))  # noqa: S608
    source.close()
    before = _read_events(store)
    _assert_refused(later, "copy", str(source.path), later)
    assert _read_events(store) == before


def test_the_dump_of_a_later_release_is_not_loaded(settings: Settings, store: Store) -> None:
    fields = (1, 1, "2026-01-05T10:00:00.000000Z", "place_moved", "a", None, "{}")
    event = StoredEvent(*fields, "")
    event = event._replace(hash=event.compute_hash(INITIAL_HASH))
    completed = _run(
        str(settings.database), "service", "load", text=json.dumps({**event._asdict(), "texts": {}})
    )
    assert (completed.returncode, completed.stdout) == (1, "")
    assert "does not know: place_moved" in completed.stderr
    assert "Traceback" not in completed.stderr
    assert _read_events(store) == []


@pytest.mark.sqlite
def test_it_is_neither_backed_up_nor_restored_nor_shortened(later: str, tmp_path: Path) -> None:
    _assert_refused(later, "backup", str(tmp_path / "backup.db"))
    _assert_refused(str(tmp_path / "new.db"), "restore", later)
    _assert_refused(later, "accept-loss", "1")
    assert not (tmp_path / "backup.db").exists() and not (tmp_path / "new.db").exists()
