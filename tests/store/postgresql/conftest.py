"""Stores in a PostgreSQL of the release that the tests run on; the newest where they name none."""

from collections.abc import Iterator

import pytest

from service.store.postgresql.engine import PostgresStore
from tests.support import engines, postgres

RELEASE = engines.RELEASES[-1] if engines.ENGINE == "sqlite" else engines.ENGINE


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server of these tests' own: they change how all of it behaves, and end its connections."""
    engines.require(f"PostgreSQL {RELEASE}", postgres.find_binaries(RELEASE))
    with postgres.run_server(RELEASE) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    """The address of a new and empty schema."""
    return engines.new_schema(server)


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """A store of the test's own, up to date."""
    postgres_store = PostgresStore(url, busy_seconds=10.0)
    postgres_store.migrate()
    yield postgres_store
    postgres_store.close()
