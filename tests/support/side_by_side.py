"""Three services, one on each engine, that get the same requests and must answer the same.

They share the clock, the ids and the salts, so that all that they may differ in is a defect: of
every answer the status, every header and every byte are compared, and at the end the whole record.
"""

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from flask import Flask
from werkzeug.test import TestResponse

from service import create_app
from service.domain.access import KEY_PREFIX
from service.domain.timestamps import format_timestamp
from service.http.context import Services, install_services
from service.settings import Settings
from service.store import api_keys, redactable_text
from service.store.api_keys import ApiKey
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import maintenance
from service.usecases.state_cache import StateCache
from tests.conftest import START_TIME
from tests.support import engines

SECRET: Final = "s" * 48
KEYS: Final = {"admin": (), "report": (), "bound": ("ann",)}
"""The keys that every service knows, with the reporters that they are bound to."""


class Side:
    """One of the services: its engine's name, its record and a client."""

    def __init__(self, name: str, settings: Settings, clock: Any, new_id: Any) -> None:
        self.name, self.store = name, open_store(settings.database, settings.busy_seconds)
        self.store.migrate()
        app = _make_application(name)
        install_services(
            app, Services(settings, self.store, self.store, StateCache(), clock, new_id)
        )
        self.client = app.test_client()
        for key_id, reporters in KEYS.items():
            scope = "report" if key_id == "bound" else key_id
            secret, created_at = sha256(SECRET.encode()).hexdigest(), format_timestamp(START_TIME)
            key = ApiKey(key_id, key_id, scope, secret, created_at, reporters)
            self.store.write(lambda db, key=key: api_keys.add(db, key))


@cache
def _make_application(name: str) -> Flask:
    """Return the application of one engine: made once, given another record for each run."""
    with tempfile.TemporaryDirectory() as folder:
        return create_app(Settings(database=Path(folder) / "made.db", log_level="error"))


@cache
def _make_empty_database() -> bytes:
    """Return an SQLite database without entries: to copy it is faster than to migrate another."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        store = open_store(path, 10.0)
        store.migrate()
        store.close()
        return path.read_bytes()


class SideBySide:
    """The services, as if they were one: what one answers, all have answered."""

    def __init__(self) -> None:
        self.requests = 0
        self.now = START_TIME
        self._folder = Path(tempfile.mkdtemp(prefix="side-by-side-"))
        self._ids: Iterator[str] = iter(())
        path = self._folder / "casualties.db"
        path.write_bytes(_make_empty_database())
        addresses: dict[str, Path | str] = {"sqlite": path}
        for release in engines.RELEASES:
            addresses[release] = engines.new_schema(engines.server_url(release))
        self.sides = [
            Side(
                name,
                Settings(database=address, log_level="error", solver_seconds=60.0),
                lambda: self.now,
                lambda: next(self._ids),
            )
            for name, address in addresses.items()
        ]

    def send(
        self, method: str, path: str, *, key: str = "admin", headers: Any = None, **options: Any
    ) -> TestResponse:
        """Return the answer to the request, having checked that all give the very same one."""
        self.requests += 1
        all_headers = {
            "Authorization": self.authorization(key),
            "X-Request-ID": f"request-{self.requests}",
            **(headers or {}),
        }
        responses = []
        for side in self.sides:
            self._ids = (f"r{self.requests}n{number}" for number in itertools.count(1))
            with _use_same_salts(self.requests):
                responses.append(
                    side.client.open(path, method=method, headers=all_headers, **options)
                )
        comparable = [_comparable_response(response) for response in responses]
        for side, other in zip(self.sides[1:], comparable[1:], strict=True):
            assert other == comparable[0], (
                f"{method} {path}: {side.name} (left) is not as sqlite is"
            )
        return responses[0]

    def authorization(self, key: str) -> str:
        """Return the header that carries the key."""
        return f"Bearer {KEY_PREFIX}_{key}_{SECRET}"

    def next_report_id(self, index: int) -> str:
        """Return the id that the next request's n-th report, from 0, will have."""
        return f"r{self.requests + 1}n{index + 1}"

    def dump(self) -> list[str]:
        """Return the record as lines, having checked that all hold the very same one."""
        dumps = [list(maintenance.dump_events(side.store)) for side in self.sides]
        for side, other in zip(self.sides[1:], dumps[1:], strict=True):
            assert other == dumps[0], f"{side.name} holds another record than sqlite"
        return dumps[0]

    def check_integrity(self) -> None:
        """Check that verify finds nothing to say of any of the records."""
        for side in self.sides:
            assert maintenance.check_integrity(side.store, lambda what, done: None) == [], side.name

    @contextlib.contextmanager
    def load_into_new_service(self, name: str, lines: list[str]) -> Iterator[Side]:
        """Yield another service on the engine, into whose empty record the lines were read."""
        settings = Settings(
            database=self._make_address(name), log_level="error", solver_seconds=60.0
        )
        side = Side(name, settings, lambda: self.now, lambda: next(self._ids))
        try:
            for _ in maintenance.load_events(side.store, lines):
                pass
            yield side
        finally:
            side.store.close()

    def _make_address(self, name: str) -> Path | str:
        if name == "sqlite":
            return self._folder / "loaded.db"
        return engines.new_schema(engines.server_url(name))

    def close(self) -> None:
        """Close all services and remove their files."""
        for side in self.sides:
            side.store.close()
        shutil.rmtree(self._folder)


def make_stores(folder: Path) -> dict[str, Store]:
    """Return an empty record, up to date, on each engine."""
    addresses: dict[str, Path | str] = {"sqlite": folder / "casualties.db"}
    for release in engines.RELEASES:
        addresses[release] = engines.new_schema(engines.server_url(release))
    stores_by_engine = {name: open_store(address, 10.0) for name, address in addresses.items()}
    for store in stores_by_engine.values():
        store.migrate()
    return stores_by_engine


@contextlib.contextmanager
def _use_same_salts(request: int) -> Iterator[None]:
    """Give the free texts salts that are the same for all, since the hashes are made with them."""
    generate_salt, numbers = redactable_text.generate_salt, itertools.count()
    redactable_text.generate_salt = lambda: f"{request:016}{next(numbers):016}"
    try:
        yield
    finally:
        redactable_text.generate_salt = generate_salt


def _comparable_response(response: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = sorted(each for each in response.headers if each[0] != "Date")
    return response.status_code, headers, response.get_data()


def format_as_of(timestamp: datetime) -> str:
    """Return the timestamp as it is written in an address."""
    return format_timestamp(timestamp)
