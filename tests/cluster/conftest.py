"""Counts what the tests of the cluster find; a full run that passed writes it into the document."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster import running
from tests.cluster.running import Cluster
from tests.faults import figures, size

_counted: list[figures.Figures] = []


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One cluster for all faults, each of which must leave it well."""
    size.needs_cluster()
    with running.running() as made:
        yield made


@pytest.fixture
def counting() -> Callable[[str], figures.Figures]:
    """Begin to count, under the words that say what is done."""

    def begun(done: str) -> figures.Figures:
        begun = figures.Figures(done)
        _counted.append(begun)
        return begun

    return begun


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table of a full run in which every test ran and passed."""
    if size.FULL and exitstatus == 0 and size.REQUIRED and _counted:
        begin = figures.BEGIN_OF_CLUSTER
        figures.write(_counted, begin=begin, programs=running.releases())
