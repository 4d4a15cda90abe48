"""Counts what the tests of faults find; a full run that passed writes it into the document."""

from collections.abc import Callable

import pytest

from tests.faults import figures, size

_counted: list[figures.Figures] = []


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
        figures.write(_counted)
