"""A PostgreSQL server that cannot be used: one line with the cause and what to do, no password."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from flask.testing import FlaskClient

from service import create_app
from service.http.context import services_of
from service.settings import Settings
from service.store.postgresql.engine import STATEMENT_ENDED_MESSAGE, PostgresStore
from service.usecases import api_keys
from tests.conftest import START_TIME
from tests.serving.test_unusable_database import run_command, start_server
from tests.store.postgresql.test_engine import hold_write_lock
from tests.support import bodies
from tests.support.assertions import assert_problem
from tests.support.ports import find_free_port

PASSWORD: Final = "s3cret"  # noqa: S105
ROLE: Final = "stranger"


@pytest.fixture
def stranger(store: PostgresStore) -> Iterator[str]:
    """The URL of the store's database for a role that has a password, and no rights."""
    with psycopg.connect(store.url, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'right-{PASSWORD}'".encode())
        ((hba,),) = conn.execute("SHOW hba_file").fetchall()
        before = Path(hba).read_text()
        Path(hba).write_text(f"host all {ROLE} 127.0.0.1/32 scram-sha-256\n{before}")
        conn.execute("SELECT pg_reload_conf()")
        try:
            yield store.url.replace("tests@", f"{ROLE}:{PASSWORD}@")
        finally:
            Path(hba).write_text(before)
            conn.execute("SELECT pg_reload_conf()")
            conn.execute(f"DROP ROLE {ROLE}".encode())


def _assert_stops(url: str, *expected: str) -> None:
    """See that the server and a command stop with the same line, which has no password."""
    line = start_server(url)
    assert all(part in line for part in expected), line
    assert PASSWORD not in line
    assert line.startswith("postgresql://")
    assert run_command(url, "verify") == line


def test_a_server_that_refuses_connections(store: PostgresStore) -> None:
    url = f"postgresql://me:{PASSWORD}@127.0.0.1:{find_free_port()}/x"
    _assert_stops(url, "cannot be reached", "Connection refused", "check that the server runs")


def test_a_wrong_password(stranger: str) -> None:
    _assert_stops(stranger, "password authentication failed", "PGPASSFILE")


def test_missing_rights_and_rights_that_are_revoked_later(
    store: PostgresStore, stranger: str
) -> None:
    url = stranger.replace(PASSWORD, f"right-{PASSWORD}")
    with psycopg.connect(store.url, autocommit=True) as conn:
        ((schema,),) = conn.execute("SELECT current_schema()").fetchall()
        conn.execute(f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}".encode())
        _assert_stops(url, "permission denied", "must own the tables")
        conn.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {ROLE}".encode())
        app = create_app(Settings(database=url, log_level="critical"))
        assert app.test_client().get("/v1/reports").status_code == 200
        conn.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {ROLE}".encode())
        problem = assert_problem(app.test_client().get("/v1/reports"), 503)
        assert "does not permit" in problem["detail"]
        services_of(app).store.close()
        conn.execute(f"REVOKE ALL ON SCHEMA {schema} FROM {ROLE}".encode())


def test_an_unknown_database(store: PostgresStore) -> None:
    url = re.sub(r"/postgres\b", "/nowhere", store.url).replace("tests@", f"tests:{PASSWORD}@")
    _assert_stops(url, 'database "nowhere" does not exist', "create the database")


def test_a_read_only_server_does_not_start_a_service_and_is_read_by_commands(
    store: PostgresStore,
) -> None:
    url = store.url + "%20-cdefault_transaction_read_only%3Don"
    assert "accepts no writes" in start_server(url)
    line = run_command(url, "key", "create", "--name", "a", "--scope", "read")
    assert "accepts no writes" in line


def test_a_read_only_server_without_tables(url: str) -> None:
    _assert_stops(url + "%20-cdefault_transaction_read_only%3Don", "accepts no writes", "primary")


def test_a_statement_timeout_is_named(store: PostgresStore) -> None:
    with psycopg.connect(store.url) as conn:
        conn.execute("LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE")
        _assert_stops(store.url + "%20-cstatement_timeout%3D200ms", "statement_timeout")
        _assert_stops(store.url + "%20-clock_timeout%3D200ms", "longer than lock_timeout")


def _make_client(store: PostgresStore, option: str) -> tuple[FlaskClient, dict[str, str]]:
    key = api_keys.create_key(store, name="k", scope="report", now=START_TIME)
    settings = Settings(database=f"{store.url}%20-c{option}", log_level="critical")
    return create_app(settings).test_client(), {"Authorization": f"Bearer {key}"}


def test_a_request_whose_statement_is_ended_is_a_503_that_says_so(store: PostgresStore) -> None:
    client, headers = _make_client(store, "statement_timeout%3D300ms")
    with hold_write_lock(store):
        problem = client.post("/v1/reports", json=bodies.make_report(), headers=headers)
    assert assert_problem(problem, 503)["detail"] == STATEMENT_ENDED_MESSAGE
    assert problem.headers["Retry-After"]
    with psycopg.connect(store.url) as conn:
        conn.execute("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE")
        problem = client.get("/v1/reports")
    assert assert_problem(problem, 503)["detail"] == STATEMENT_ENDED_MESSAGE
    assert client.post("/v1/reports", json=bodies.make_report(), headers=headers).status_code == 201
    assert client.get("/v1/reports").status_code == 200
