"""The tested projects; without ``make compose-check`` these tests are skipped."""

import os
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack, make_secrets, run_stack

_summary_lines: list[str] = []


@pytest.fixture(scope="session")
def compose_check() -> None:
    """Skip the tests unless ``make compose-check`` runs them, where they fail if they cannot."""
    if os.environ.get("COMPOSE_CHECKED") != "1":
        pytest.skip("make compose-check brings the containers up and tries them")


@pytest.fixture(scope="session")
def stack(compose_check: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """What compose.yaml brings up, with every query in the database's log."""
    settings = {"SLOW_QUERY_MS": "0", "CASUALTY_RATE_LIMIT": "60000/minute"}
    with (
        make_secrets(tmp_path_factory.mktemp("secrets")) as folder,
        run_stack("compose.yaml", SECRETS_FOLDER=str(folder), **settings) as running_stack,
    ):
        yield running_stack


@pytest.fixture(scope="session")
def single(compose_check: None) -> Iterator[Stack]:
    """What compose.sqlite.yaml brings up."""
    with run_stack("compose.sqlite.yaml") as running_stack:
        yield running_stack


@pytest.fixture(scope="session")
def summary_lines() -> list[str]:
    """The lines that are printed at the end."""
    return _summary_lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how others are served while some clients are slow."""
    for line in _summary_lines:
        terminalreporter.write_line(line)
