"""A service for every test: an empty database, a clock that ticks, ids that count."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.settings import Settings
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import api_keys
from tests.support import engines

# No example has a deadline: a busy machine is no error. With CI set every run draws the same
# examples, so that a failure can be replayed on any machine with CI=1; else every run draws others.
hypothesis.settings.register_profile("random", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "random")

SendRequest = Callable[..., TestResponse]
MakeHeaders = Callable[[str], dict[str, str]]

TESTS_FOLDER = Path(__file__).parent
START_TIME = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)

AMPLE_BUDGETS = {"solver_seconds": 60.0, "answer_seconds": 600.0}
"""No total may become wider because the machine is busy; tests about time set less."""


pytest_configure, pytest_unconfigure = engines.start_server, engines.stop_server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of engines that the tests do not run on."""
    selected = [item for item in items if not _is_engine_specific(item, *OTHER_ENGINES)]
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    items[:] = selected


OTHER_ENGINES = ("postgresql",) if engines.ENGINE == "sqlite" else ("sqlite", "engines")
ENGINE_FOLDERS = {"sqlite": ("store/sqlite", "faults", "recipes"), "engines": ("cluster",)}


def _is_engine_specific(item: pytest.Item, *engines: str) -> bool:
    folders = [folder for engine in engines for folder in ENGINE_FOLDERS.get(engine, ())]
    is_in_folder = any(TESTS_FOLDER / folder in item.path.parents for folder in folders)
    return is_in_folder or any(item.get_closest_marker(engine) for engine in engines)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings with an empty database."""
    with engines.temporary_database(tmp_path) as database:
        yield Settings(database=database, log_level="error", **AMPLE_BUDGETS)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The test's database, migrated."""
    store = open_store(settings.database, settings.busy_seconds)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """A clock that advances by a second at each reading."""
    ticks = count()
    return lambda: START_TIME + timedelta(seconds=next(ticks))


@pytest.fixture
def new_id() -> Callable[[], str]:
    """A maker of ids r1, r2, ..."""
    numbers = count(1)
    return lambda: f"r{next(numbers)}"


@pytest.fixture
def app(settings: Settings, clock: Any, new_id: Any) -> Flask:
    """The whole web application."""
    return create_app(settings, clock, new_id)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a key."""
    return app.test_client()


@pytest.fixture
def key(app: Flask, store: Store) -> Callable[..., dict[str, str]]:
    """A maker of the headers that carry a new key of the scope."""

    def make_headers(scope: str, **options: Any) -> dict[str, str]:
        text = api_keys.create_key(
            store, name=f"{scope} key", scope=scope, now=START_TIME, **options
        )
        return {"Authorization": f"Bearer {text}"}

    return make_headers


@pytest.fixture
def send(client: FlaskClient, key: Callable[..., dict[str, str]]) -> SendRequest:
    """Post a report's body with a key of scope report."""
    headers = key("report")
    return lambda body, **options: client.post(
        "/v1/reports", **{"json": body, "headers": headers, **options}
    )


@pytest.fixture
def put(client: FlaskClient, key: Callable[..., dict[str, str]]) -> SendRequest:
    """Put a description of an entity, with an admin's key."""
    headers = key("admin")
    return lambda path, body: client.put(path, json=body, headers=headers)
