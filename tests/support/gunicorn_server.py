"""A real gunicorn server with a database and an API key, for tests over HTTP."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import engines
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

TIMEOUT_SECONDS = 30.0

AMPLE_BUDGETS = {"CASUALTY_SOLVER_SECONDS": "60", "CASUALTY_ANSWER_SECONDS": "600"}
"""No total may become wider because the machine is busy; tests about time set less."""


@dataclass(frozen=True)
class RunningServer:
    """Where the server answers, a key to report with, its first process and its environment."""

    url: str
    key: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]


@contextlib.contextmanager
def run_server(folder: Path, port: int | None = None, **variables: str) -> Iterator[RunningServer]:
    """Yield a server, its database and its log in the folder; ends it afterwards.

    It listens on a free port unless one is given.
    Its environment has ``variables``; unless it says otherwise, the server stops when asked to.
    """
    with engines.temporary_database(folder) as database:
        environment = (
            {name: value for name, value in os.environ.items() if not name.startswith("CASUALTY_")}
            | {"CASUALTY_DATABASE": str(database), "DRAIN_SECONDS": "0", **AMPLE_BUDGETS}
            | variables
        )
        with _start_server(folder, environment, port or find_free_port()) as server:
            yield server


@contextlib.contextmanager
def _start_server(folder: Path, environment: dict[str, str], port: int) -> Iterator[RunningServer]:
    key = _create_key(environment, "report")
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "--bind", url.removeprefix("http://"), "wsgi:app"]
    log = folder / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            _wait_until_ready(server, url, log)
            yield RunningServer(url, key, server, environment)
        finally:
            server.terminate()
            server.wait(timeout=TIMEOUT_SECONDS)


def create_key(server: RunningServer, scope: str) -> str:
    """Return a new key of the scope."""
    return _create_key(server.environment, scope)


def _create_key(environment: dict[str, str], scope: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "service", "key", "create", "--name", "test", "--scope", scope],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def begin_report(address: str, key: str, length: int = 1000) -> http.client.HTTPConnection:
    """Return a connection on which a report of so many bytes is announced, and nothing sent."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
    connection.putrequest("POST", "/v1/reports")
    connection.putheader("Authorization", f"Bearer {key}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    return connection


def find_worker_pids(server: RunningServer) -> set[int]:
    """Return the ids of the processes that the server's first process has started."""
    worker_pids = set()
    for stat_file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat_file.read_text().rpartition(")")[2].split()
            if int(fields[1]) == server.process.pid and fields[0] != "Z":
                worker_pids.add(int(stat_file.parent.name))
    return worker_pids


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the server did not become ready:\n{log.read_text(errors='replace')}")
