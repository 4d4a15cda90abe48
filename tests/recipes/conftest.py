"""A server with the reports of an imaginary country, and a folder in which recipes run."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recipes.recipes import Kitchen, make_kitchen
from tests.support.gunicorn_server import RunningServer, run_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the reports that the document posts before all recipes."""
    with run_server(tmp_path_factory.mktemp("server")) as server:
        first = make_kitchen(tmp_path_factory.mktemp("first"), server)
        (answer,) = first.run_section("Before you start")
        assert json.loads(answer)["summary"]["recorded"] == 9
        yield server


@pytest.fixture
def kitchen(tmp_path: Path, server: RunningServer) -> Kitchen:
    """A folder of the test's own in which recipes run."""
    return make_kitchen(tmp_path, server)
