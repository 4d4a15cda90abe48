"""The commands backup and restore, with a running service and on a full disk."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gunicorn_server import TIMEOUT_SECONDS, run_server
from tests.support.paths import ROOT

pytestmark = pytest.mark.sqlite

COMMAND = [sys.executable, "-m", "service"]


def _make_environment(database: Path) -> dict[str, str]:
    return {**os.environ, "CASUALTY_DATABASE": str(database)}


def _run_command(
    database: Path, *arguments: str, shell_prefix: str = ""
) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments]
    if shell_prefix:
        command = ["sh", "-c", f'{shell_prefix}; exec "$@"', "sh", *command]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=_make_environment(database),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def running_database(tmp_path_factory: Any) -> Iterator[Path]:
    """The database of a running server."""
    folder = tmp_path_factory.mktemp("running")
    with run_server(folder):
        yield folder / "casualties.db"


def test_a_backup_reports_its_size_and_its_last_event(
    running_database: Path, tmp_path: Path
) -> None:
    completed = _run_command(running_database, "backup", str(tmp_path / "a.db"))
    assert (completed.returncode, completed.stderr) == (0, "")
    size = f"{(tmp_path / 'a.db').stat().st_size:,}"
    assert completed.stdout == f"{tmp_path}/a.db: {size} bytes, events up to 0, checked\n"


def test_nothing_is_restored_over_a_running_service(running_database: Path, tmp_path: Path) -> None:
    assert _run_command(running_database, "backup", str(tmp_path / "a.db")).returncode == 0
    before = running_database.stat().st_ino
    for options, message in ((["--force"], "stop the service first"), ([], "with --force")):
        completed = _run_command(running_database, "restore", str(tmp_path / "a.db"), *options)
        assert (completed.returncode, completed.stdout) == (1, "")
        assert message in completed.stderr and completed.stderr.count("\n") == 1
    assert running_database.stat().st_ino == before


def test_a_restore_keeps_the_former_database(tmp_path: Path) -> None:
    with run_server(tmp_path):
        assert (
            _run_command(tmp_path / "casualties.db", "backup", str(tmp_path / "a.db")).returncode
            == 0
        )
    completed = _run_command(
        tmp_path / "casualties.db", "restore", "--force", str(tmp_path / "a.db")
    )
    assert completed.returncode == 0
    (former_database,) = re.findall(r"kept as (\S+)\.\n", completed.stderr)
    assert Path(former_database).is_file()
    with run_server(tmp_path):
        pass


def test_a_full_disk_is_reported_in_one_line_and_leaves_no_file(
    running_database: Path, tmp_path: Path
) -> None:
    # A limit on the file size, in blocks of 512 bytes, which the copy would exceed.
    completed = _run_command(
        running_database, "backup", str(tmp_path / "a.db"), shell_prefix="ulimit -f 64"
    )
    assert (completed.returncode, completed.stdout) == (1, "")
    assert re.fullmatch(r"Error: \S+/a\.db could not be written: .+\n", completed.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_backup_leaves_no_file_under_its_name(
    running_database: Path, tmp_path: Path
) -> None:
    target = tmp_path / "a.db"
    deadline = time.monotonic() + TIMEOUT_SECONDS
    is_killed = False
    while not is_killed and time.monotonic() < deadline:
        with subprocess.Popen(
            [*COMMAND, "backup", str(target)], cwd=ROOT, env=_make_environment(running_database)
        ) as process:
            while process.poll() is None and not is_killed:
                if list(tmp_path.glob(".a.db.*.part")):
                    process.kill()
                    is_killed = process.wait() == -9
        assert target.exists() != is_killed
        target.unlink(missing_ok=True)
    assert is_killed


def test_a_terminal_shows_the_progress_of_a_backup(running_database: Path, tmp_path: Path) -> None:
    screen, terminal = pty.openpty()
    completed = subprocess.run(
        [*COMMAND, "backup", str(tmp_path / "a.db")],
        cwd=ROOT,
        env=_make_environment(running_database),
        stdout=subprocess.PIPE,
        stderr=terminal,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    os.close(terminal)
    text = os.read(screen, 10_000).decode()
    os.close(screen)
    assert "Copying" in text and "100%" in text
    assert b"Copying" not in completed.stdout


def test_help_explains_backup_and_restore(tmp_path: Path) -> None:
    for command, words in {
        "backup": ("while it is in use", "Every night", "--force"),
        "restore": ("Stop the service first", "To read a backup", "--force"),
    }.items():
        help_text = _run_command(tmp_path / "x.db", command, "--help").stdout
        for word in words:
            assert word in help_text
