"""The command follow keeps a mirror of a real server, and says what is wrong."""

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result

from service.cli import follow_commands
from service.cli.commands import commands
from tests.support import bodies
from tests.support.gunicorn_server import TIMEOUT_SECONDS, RunningServer, create_key, run_server
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

pytestmark = pytest.mark.sqlite
"""tests/usecases/test_mirror.py tests mirrors on both engines."""


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A server with one report."""
    folder = tmp_path / "server"
    folder.mkdir()
    with run_server(folder) as running:
        post(running, "first")
        yield running


def post(server: RunningServer, ref: str) -> None:
    body = json.dumps(bodies.make_report(ref=ref)).encode()
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    with urlopen(Request(f"{server.url}/v1/reports", body, headers)) as answer:
        assert answer.status == 201


def run(database: Path, *arguments: str) -> Result:
    environment = {"CASUALTY_DATABASE": str(database), "CASUALTY_KEY": None}
    return CliRunner().invoke(commands, ["follow", *arguments], env=environment)


def read_hashes(database: Path) -> list[str]:
    with sqlite3.connect(database) as db:
        hashes = [each for (each,) in db.execute("SELECT hash FROM events ORDER BY seq")]
    db.close()
    return hashes


def test_a_mirror_follows_once_and_again(server: RunningServer, tmp_path: Path) -> None:
    key, database = create_key(server, "admin"), tmp_path / "mirror.db"
    first = run(database, server.url, "--key", key, "--once")
    assert first.exit_code == 0, first.output
    assert "the same as" in first.stderr
    post(server, "second")
    second = run(database, server.url, "--key", key, "--once")
    assert second.exit_code == 0, second.output
    source = Path(server.environment["CASUALTY_DATABASE"])
    assert read_hashes(database) == read_hashes(source)
    assert len(read_hashes(database)) == 4


def test_a_mirror_waits_for_events(server: RunningServer, tmp_path: Path) -> None:
    database = tmp_path / "mirror.db"
    environment = {
        **server.environment,
        "CASUALTY_DATABASE": str(database),
        "CASUALTY_KEY": create_key(server, "admin"),
    }
    command = [sys.executable, "-m", "service", "follow", server.url]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            wait_for_events(database, 3)
            post(server, "second")
            wait_for_events(database, 4)
        finally:
            process.terminate()
    assert read_hashes(database) == read_hashes(Path(server.environment["CASUALTY_DATABASE"]))


def wait_for_events(database: Path, count: int) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            if len(read_hashes(database)) == count:
                return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"The mirror did not get {count} events.")


def test_what_is_wrong_is_one_line(server: RunningServer, tmp_path: Path) -> None:
    database = tmp_path / "mirror.db"
    no_key = run(database, server.url, "--once")
    assert (no_key.exit_code, "401" in no_key.stderr) == (1, True)
    weak_key = run(database, server.url, "--key", server.key, "--once")
    assert (weak_key.exit_code, "needs admin" in weak_key.stderr) == (1, True)
    key = create_key(server, "admin")
    assert run(database, server.url, "--key", key, "--once").exit_code == 0
    other = tmp_path / "other"
    other.mkdir()
    with run_server(other) as another:
        for ref in ("a", "b"):
            post(another, ref)
        wrong = run(database, another.url, "--key", create_key(another, "admin"), "--once")
    assert wrong.exit_code == 1
    assert "another record" in wrong.stderr


def test_a_service_that_is_away_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def stop(seconds: float) -> None:
        waits.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr(follow_commands.time, "sleep", stop)
    monkeypatch.setattr(
        follow_commands, "ServiceClient", lambda url, key: _make_hasty_client(url, key)
    )
    result = run(tmp_path / "mirror.db", f"http://127.0.0.1:{find_free_port()}", "--key", "cas_x")
    assert result.exit_code != 0
    assert waits == [follow_commands.RETRY_SECONDS]
    assert "Asking again" in result.stderr


def _make_hasty_client(url: str, key: str | None) -> Any:
    import urllib3

    from service.imports.service_client import ServiceClient

    return ServiceClient(url, key, urllib3.Retry(total=0))
