"""Counts what the tests of the cluster find; a full run that passed writes it into the document."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster import running
from tests.cluster.running import Cluster
from tests.faults import figures, size

_table = figures.Table()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One cluster for all faults, each of which must leave it well."""
    size.needs_cluster()
    with running.running() as made:
        yield made


@pytest.fixture
def counting() -> Callable[[str], figures.Figures]:
    """Begin to count, under the words that say what is done."""
    return _table.begin


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table of a full run in which every test ran and passed."""
    if _table.is_due(exitstatus):
        begin = figures.BEGIN_OF_CLUSTER
        figures.write(_table.rows, begin=begin, programs=running.releases())
