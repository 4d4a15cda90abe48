"""The projects that are tried: where ``make compose-check`` asks for it, and none otherwise."""

import os
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack, brought_up, secrets

_figures: list[str] = []


@pytest.fixture(scope="session")
def asked_for() -> None:
    """Skip unless it was asked for. Where it was, the tests run; they fail where they cannot."""
    if os.environ.get("COMPOSE_CHECKED") != "1":
        pytest.skip("make compose-check brings the containers up and tries them")


@pytest.fixture(scope="session")
def stack(asked_for: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """What compose.yaml brings up, with every query in the database's log."""
    settings = {"SLOW_QUERY_MS": "0", "CASUALTY_RATE_LIMIT": "60000/minute"}
    with (
        secrets(tmp_path_factory.mktemp("secrets")) as folder,
        brought_up("compose.yaml", SECRETS_FOLDER=str(folder), **settings) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def single(asked_for: None) -> Iterator[Stack]:
    """What compose.sqlite.yaml brings up."""
    with brought_up("compose.sqlite.yaml") as running:
        yield running


@pytest.fixture(scope="session")
def figures() -> list[str]:
    """What is told at the end."""
    return _figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how others are served while some clients are slow."""
    for line in _figures:
        terminalreporter.write_line(line)
