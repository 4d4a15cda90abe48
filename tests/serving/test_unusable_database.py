"""A database that cannot be used: the server and every command stop with one line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from service.store.sqlite.engine import SqliteStore
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

pytestmark = pytest.mark.sqlite

WITHOUT_OVERRIDE: Final = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""So that the rights of files apply to root as well."""

COMMANDS: Final = (
    ["migrate"],
    ["verify"],
    ["dump"],
    ["key", "list"],
    ["key", "create", "--name", "a", "--scope", "read"],
    ["key", "revoke", "a"],
)


def _run(database: Path | str, *command: str) -> subprocess.CompletedProcess[str]:
    is_root = os.geteuid() == 0
    if is_root and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    environment = {**os.environ, "CASUALTY_DATABASE": str(database), "CASUALTY_BUSY_SECONDS": "0.5"}
    return subprocess.run(
        [*(WITHOUT_OVERRIDE if is_root else []), sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def start_server(database: Path | str) -> str:
    """Return the line with which the server stops before it serves."""
    address = f"127.0.0.1:{find_free_port()}"
    completed = _run(database, "gunicorn", "--bind", address, "wsgi:app")
    assert completed.returncode == 3, completed.stderr
    assert "Traceback" not in completed.stderr and "Listening" not in completed.stderr
    (line,) = (line for line in completed.stderr.splitlines() if not line.startswith("{"))
    return line


def run_command(database: Path | str, *arguments: str) -> str:
    """Return the one line with which the command fails."""
    completed = _run(database, "service", *arguments)
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr.count("\n") == 1
    return completed.stderr.removeprefix("Error: ").rstrip("\n")


def _make_folder(path: Path) -> None:
    path.mkdir()


def _write_text(path: Path) -> None:
    path.write_text("low,high\n30,\n" * 1000)


def _forbid_new_files(path: Path) -> None:
    path.parent.chmod(0o555)


def _forbid_reading(path: Path) -> None:
    _make_database(path)
    path.chmod(0o000)


def _forbid_writing(path: Path) -> None:
    _make_database(path)
    path.chmod(0o444)


def _make_file_of_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


def _make_database(path: Path) -> None:
    store = SqliteStore(path)
    store.migrate()
    store.close()


@pytest.mark.parametrize(
    ("spoil", "cause", "remedy"),
    [
        (_make_folder, "it is a folder", "Set CASUALTY_DATABASE to a file"),
        (_write_text, "is damaged, or not a database", "restore a backup"),
        (_forbid_new_files, "this user may not create files in", "Change the rights"),
        (_forbid_reading, "this user may not read and write", "Change its owner"),
        (_forbid_writing, "read-only for this user", "change its owner"),
        (_make_file_of_folder, "cannot be opened", "Check CASUALTY_DATABASE"),
    ],
)
def test_the_server_and_commands_state_the_cause_and_what_to_do(
    tmp_path: Path, spoil: Callable[[Path], None], cause: str, remedy: str
) -> None:
    database = tmp_path / "data" / "x.db"
    database.parent.mkdir()
    spoil(database)
    line = start_server(database)
    assert line.startswith(str(database)) and cause in line and remedy in line
    if spoil is not _forbid_writing:  # A file that is complete can still be read.
        assert run_command(database, "verify") == line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_fails_with_one_line(tmp_path: Path, command: list[str]) -> None:
    assert "it is a folder" in run_command(tmp_path, *command)


def test_a_backup_that_cannot_be_read_fails_with_one_line(tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    _forbid_reading(backup)
    assert str(backup) in run_command(tmp_path / "x.db", "restore", str(backup))
    assert str(backup) in run_command(backup, "backup", str(tmp_path / "other.db"))
    assert str(backup) in run_command(
        tmp_path / "x.db", "copy", str(backup), str(tmp_path / "y.db")
    )
