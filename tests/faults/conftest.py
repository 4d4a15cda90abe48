"""Counts what the tests of faults find; a full run that passed writes it into the document."""

from collections.abc import Callable

import pytest

from tests.faults import results

_table = results.ResultsTable()


@pytest.fixture
def begin_results() -> Callable[[str], results.FaultResults]:
    """Begin to count, under the words that say what is done."""
    return _table.begin_row


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table of a full run in which every test ran and passed."""
    if _table.is_due(exitstatus):
        results.write_table(_table.rows)
