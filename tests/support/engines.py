"""The engine that the tests run on, from TEST_ENGINE: sqlite, or the release of PostgreSQL.

With sqlite, as without it, every test has a file of its own; with "15" or "18" a schema of its own
in one server, which is started for all of them.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from service.store.interface import Store
from service.store.sqlite.engine import SqliteStore
from tests.support import postgres
from tests.support.ports import find_free_port

ENGINE: Final = os.environ.get("TEST_ENGINE", "sqlite")
URL: str | None = os.environ.get("TEST_ENGINE_URL")
"""Where the server is: set by the first process of a test run, for those that it starts."""

ARE_ENGINES_REQUIRED: Final = os.environ.get("ENGINES_REQUIRED") == "1"
"""Set where every release is known to be installed: a test that cannot run there has failed."""

RELEASES: Final = ("15", "18")
"""The releases of PostgreSQL that the service is tried on: Debian's, and the newest."""

CONSTRAINT_ERRORS: Final = (sqlite3.IntegrityError, psycopg.Error)
"""What an engine raises where a rule of the tables is broken."""

_server = contextlib.ExitStack()
_urls: dict[str, str] = {}


def start_server(config: pytest.Config) -> None:
    """Start the server if the engine needs one and no parent process has started it."""
    global URL
    if ENGINE != "sqlite" and URL is None:
        URL = _server.enter_context(postgres.run_server(ENGINE))
        os.environ["TEST_ENGINE_URL"] = URL


def stop_server(config: pytest.Config) -> None:
    """Stop the server where it was started."""
    _server.close()


def server_url(release: str) -> str:
    """Return the URL of a server of the release, which the first call starts.

    If it is not installed the test is skipped, or fails if it is required.
    """
    if ENGINE == release and URL is not None:
        return URL
    if release not in _urls:
        require(f"PostgreSQL {release}", postgres.find_binaries(release))
        _urls[release] = _server.enter_context(postgres.run_server(release))
    return _urls[release]


def require(name: str, is_installed: object) -> None:
    """Skip the test if something is not installed; fail if everything must be."""
    if not is_installed:
        assert not ARE_ENGINES_REQUIRED, (
            f"{name} is not installed, and ENGINES_REQUIRED=1 says that it is"
        )
        pytest.skip(f"needs {name}")


def new_schema(url: str) -> str:
    """Return the address of a new and empty schema of the server; it is removed with the server."""
    schema = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"CREATE SCHEMA {schema}".encode())
    return f"{url}?options=-csearch_path%3D{schema}"


@contextlib.contextmanager
def temporary_database(folder: Path) -> Iterator[Path | str]:
    """Yield the address of a new database of the chosen engine; it is removed at the end."""
    if URL is None:
        yield folder / "casualties.db"
        return
    schema = f"test_{secrets.token_hex(8)}"
    yield postgres.create_schema(URL, schema)
    with psycopg.connect(URL, autocommit=True) as conn:
        conn.execute(f"DROP SCHEMA {schema} CASCADE".encode())


def make_unreachable(store: Store) -> None:
    """Put the store's database out of reach."""
    store.close()
    if isinstance(store, SqliteStore):
        store.path = store.path.parent / "casualties.db" / "no-folder" / "x.db"
    else:
        store.url = f"postgresql://tests@127.0.0.1:{find_free_port()}/postgres"  # type: ignore[attr-defined]


def read_everything_stored(store: Store) -> bytes:
    """Return everything stored: the content of all files, or every row of every table."""
    if isinstance(store, SqliteStore):
        files = (path for path in store.path.parent.iterdir() if path.is_file())
        return b"".join(path.read_bytes() for path in files)
    with store.read_transaction() as db:
        tables = db.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        ).fetchall()
        rows = [db.execute(f"SELECT t::text FROM {name} AS t").fetchall() for (name,) in tables]  # noqa: S608
    return repr(rows).encode()
