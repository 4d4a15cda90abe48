"""Counts what the tests of the cluster find; a full run that passed writes it into the document."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster import running_cluster
from tests.cluster.running_cluster import Cluster
from tests.faults import results
from tests.support.capabilities import require_cluster

_table = results.ResultsTable()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One cluster for all faults, each of which must leave it well."""
    require_cluster()
    with running_cluster.run_cluster() as started_cluster:
        yield started_cluster


@pytest.fixture
def begin_results() -> Callable[[str], results.FaultResults]:
    """Begin to count, under the words that say what is done."""
    return _table.begin_row


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table of a full run in which every test ran and passed."""
    if _table.is_due(exitstatus):
        begin_marker = results.CLUSTER_BEGIN_MARKER
        results.write_table(
            _table.rows, begin=begin_marker, programs=running_cluster.describe_releases()
        )
