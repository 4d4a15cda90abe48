"""Stores in PostgreSQL of the release under test; the newest where TEST_ENGINE names none."""

from collections.abc import Iterator

import pytest

from service.store.postgresql.engine import PostgresStore
from tests.support import engines, postgres

RELEASE = engines.RELEASES[-1] if engines.ENGINE == "sqlite" else engines.ENGINE


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server for these tests alone: they change its settings and end its connections."""
    engines.require(f"PostgreSQL {RELEASE}", postgres.find_binaries(RELEASE))
    with postgres.run_server(RELEASE) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    """The address of a new and empty schema."""
    return engines.new_schema(server)


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """A migrated store for one test."""
    postgres_store = PostgresStore(url, busy_seconds=10.0)
    postgres_store.migrate()
    yield postgres_store
    postgres_store.close()
