"""Backing up and restoring from a terminal, beside a service that runs and on a full disk."""

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

from tests.serving import ROOT, TIMEOUT_SECONDS, run_server

pytestmark = pytest.mark.sqlite

COMMAND = [sys.executable, "-m", "service"]


def _environ(database: Path) -> dict[str, str]:
    return {**os.environ, "CASUALTY_DATABASE": str(database)}


def _ran(database: Path, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *words]
    if before:
        command = ["sh", "-c", f'{before}; exec "$@"', "sh", *command]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=_environ(database),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: Any) -> Iterator[Path]:
    """The database of a real server that runs."""
    folder = tmp_path_factory.mktemp("running")
    with run_server(folder):
        yield folder / "casualties.db"


def test_a_backup_tells_its_size_and_its_last_entry(running: Path, tmp_path: Path) -> None:
    done = _ran(running, "backup", str(tmp_path / "a.db"))
    assert (done.returncode, done.stderr) == (0, "")
    size = f"{(tmp_path / 'a.db').stat().st_size:,}"
    assert done.stdout == f"{tmp_path}/a.db: {size} bytes, entries up to 0, checked\n"


def test_nothing_is_restored_over_a_service_that_runs(running: Path, tmp_path: Path) -> None:
    assert _ran(running, "backup", str(tmp_path / "a.db")).returncode == 0
    before = running.stat().st_ino
    for words, says in ((["--force"], "stop the service first"), ([], "with --force")):
        done = _ran(running, "restore", str(tmp_path / "a.db"), *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert says in done.stderr and done.stderr.count("\n") == 1
    assert running.stat().st_ino == before


def test_a_stopped_service_gets_its_backup_and_keeps_what_it_had(tmp_path: Path) -> None:
    with run_server(tmp_path):
        assert _ran(tmp_path / "casualties.db", "backup", str(tmp_path / "a.db")).returncode == 0
    done = _ran(tmp_path / "casualties.db", "restore", "--force", str(tmp_path / "a.db"))
    assert done.returncode == 0
    (aside,) = re.findall(r"kept as (\S+)\.\n", done.stderr)
    assert Path(aside).is_file()
    with run_server(tmp_path):
        pass


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(running: Path, tmp_path: Path) -> None:
    # A limit on the size of a file, in blocks of 512 bytes, which a copy of it would pass.
    done = _ran(running, "backup", str(tmp_path / "a.db"), before="ulimit -f 64")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: \S+/a\.db could not be written: .+\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_backup_has_no_name(running: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    end = time.monotonic() + TIMEOUT_SECONDS
    killed = False
    while not killed and time.monotonic() < end:
        with subprocess.Popen(
            [*COMMAND, "backup", str(target)], cwd=ROOT, env=_environ(running)
        ) as process:
            while process.poll() is None and not killed:
                if list(tmp_path.glob(".a.db.*.part")):
                    process.kill()
                    killed = process.wait() == -9
        assert target.exists() != killed
        target.unlink(missing_ok=True)
    assert killed


def test_a_terminal_sees_how_far_it_is(running: Path, tmp_path: Path) -> None:
    shown, terminal = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "backup", str(tmp_path / "a.db")],
        cwd=ROOT,
        env=_environ(running),
        stdout=subprocess.PIPE,
        stderr=terminal,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    os.close(terminal)
    text = os.read(shown, 10_000).decode()
    os.close(shown)
    assert "Copying" in text and "100%" in text
    assert b"Copying" not in done.stdout


def test_the_help_teaches_both(tmp_path: Path) -> None:
    for command, words in {
        "backup": ("while it is in use", "Every night", "--force"),
        "restore": ("Stop the service first", "Look into a backup", "--force"),
    }.items():
        said = _ran(tmp_path / "x.db", command, "--help").stdout
        for word in words:
            assert word in said
