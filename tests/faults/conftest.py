"""Counts what the tests of faults find; a full run that passed writes it into the document."""

from collections.abc import Callable

import pytest

from tests.faults import figures

_table = figures.Table()


@pytest.fixture
def counting() -> Callable[[str], figures.Figures]:
    """Begin to count, under the words that say what is done."""
    return _table.begin


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table of a full run in which every test ran and passed."""
    if _table.is_due(exitstatus):
        figures.write(_table.rows)
