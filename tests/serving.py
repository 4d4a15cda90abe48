"""A real server for tests that speak to it from outside: gunicorn, a database, a key."""

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

from tests import engines
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0


@dataclass(frozen=True)
class Served:
    """Where the server answers, a key to report with, its first process and its environment."""

    url: str
    key: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]


@contextlib.contextmanager
def serving(folder: Path, port: int | None = None, **more: str) -> Iterator[Served]:
    """Yield a server, its database and its log in the folder; ends it afterwards.

    It listens on a free port unless one is given.
    ``more`` is set in its environment; unless it says otherwise, the server stops when asked to.
    """
    with engines.temporary_database(folder) as database:
        environment = (
            {name: value for name, value in os.environ.items() if not name.startswith("CASUALTY_")}
            | {"CASUALTY_DATABASE": str(database), "DRAIN_SECONDS": "0"}
            | more
        )
        with _started(folder, environment, port or free_port()) as server:
            yield server


@contextlib.contextmanager
def _started(folder: Path, environment: dict[str, str], port: int) -> Iterator[Served]:
    key = _made(environment, "report")
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
            _wait(server, url, log)
            yield Served(url, key, server, environment)
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


def key_of(server: Served, scope: str) -> str:
    """Return a new key of the scope."""
    return _made(server.environment, scope)


def _made(environment: dict[str, str], scope: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "service", "key", "create", "--name", "test", "--scope", scope],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def begun_report(address: str, key: str, length: int = 1000) -> http.client.HTTPConnection:
    """Return a connection on which a report of so many bytes is announced, and nothing sent."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.putrequest("POST", "/v1/reports")
    connection.putheader("Authorization", f"Bearer {key}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    return connection


def workers(server: Served) -> set[int]:
    """Return the ids of the processes that the server's first process has started."""
    found = set()
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = each.read_text().rpartition(")")[2].split()
            if int(fields[1]) == server.process.pid and fields[0] != "Z":
                found.add(int(each.parent.name))
    return found


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the server did not become ready:\n{log.read_text(errors='replace')}")
