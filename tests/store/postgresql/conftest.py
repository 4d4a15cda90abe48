"""Stores in a PostgreSQL of the release that the tests run on; the newest where they name none."""

from collections.abc import Iterator

import pytest

from service.store.postgresql.engine import PostgresStore
from tests import engines

RELEASE = engines.RELEASES[-1] if engines.ENGINE == "sqlite" else engines.ENGINE


@pytest.fixture
def url() -> str:
    """The address of a new and empty schema."""
    return engines.new_schema(engines.server(RELEASE))


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """A store of the test's own, up to date."""
    made = PostgresStore(url, busy_seconds=10.0)
    made.migrate()
    yield made
    made.close()
