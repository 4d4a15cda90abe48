"""The service works behind pgbouncer, where each transaction may use another connection."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from service import create_app
from service.settings import Settings
from service.store.factory import open_store
from service.usecases import api_keys, maintenance
from tests.conftest import START_TIME
from tests.store.postgresql.conftest import RELEASE
from tests.support import bodies, engines, postgres
from tests.support.gunicorn_server import TIMEOUT_SECONDS, find_free_port

CONNECTIONS = 3
"""Connections to the server: fewer than the threads of a service, so that they are shared."""


@contextmanager
def run_pgbouncer(folder: Path) -> Iterator[str]:
    """Yield the URL of a new database through a pgbouncer."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
    engines.require("pgbouncer", program)
    server = engines.server_url(RELEASE)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute("CREATE DATABASE pooled")
    port, server_parts = find_free_port(), conninfo_to_dict(server)
    folder.chmod(0o755)
    (folder / "users").write_text('"tests" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"""
        [databases]
        pooled = host={server_parts["host"]} port={server_parts["port"]}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = trust
        auth_file = {folder}/users
        pool_mode = transaction
        default_pool_size = {CONNECTIONS}
        """
    )
    command = [str(program), str(folder / "pgbouncer.ini")]
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(command, stderr=log, **postgres.unprivileged_user()) as bouncer:
        try:
            url = f"postgresql://tests@127.0.0.1:{port}/pooled"
            _wait_until_ready(url, folder / "log")
            yield url
        finally:
            bouncer.terminate()
            bouncer.wait(timeout=TIMEOUT_SECONDS)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute("DROP DATABASE pooled WITH (FORCE)")


def _wait_until_ready(url: str, log: Path) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.05)
    raise AssertionError(f"pgbouncer did not start:\n{log.read_text(errors='replace')}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user of pgbouncer can read."""
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        yield Path(name)


def test_the_service_works_behind_pgbouncer(folder: Path) -> None:
    with run_pgbouncer(folder) as url:
        # A slot for every thread, since a slow machine answers none in the time that others wait.
        app = create_app(Settings(database=url, log_level="error", costly_slots=8))
        store = open_store(url, 10.0)
        key = api_keys.create_key(store, name="k", scope="report", now=START_TIME)
        headers = {"Authorization": f"Bearer {key}"}

        def work(number: int) -> set[int]:
            client, statuses = app.test_client(), set()
            for turn in range(8):
                body: Any = bodies.make_report(
                    ref=f"{number}-{turn}", quote=f"words{number} of {turn}"
                )
                statuses.add(client.post("/v1/reports", json=body, headers=headers).status_code)
                for path in ("totals", f"reports?q=words{number}", "changes?since=3", "places?q=p"):
                    statuses.add(client.get(f"/v1/{path}").status_code)
            return statuses

        with ThreadPoolExecutor(8) as pool:
            assert set().union(*pool.map(work, range(8))) == {200, 201}
        reports = app.test_client().get("/v1/reports?limit=1000").get_json()["reports"]
        assert len(reports) == 64
        assert maintenance.check_integrity(store, lambda what, done: None) == []
        with psycopg.connect(url) as conn:
            backends = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled'"
            ((connections,),) = conn.execute(backends).fetchall()
        assert connections <= CONNECTIONS
        store.close()
