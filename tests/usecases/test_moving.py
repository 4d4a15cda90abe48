"""A record carried to another store: whole, in pieces, and never on top of another record."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.domain.errors import ConflictError
from service.settings import Settings
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import api_keys, copy_store, maintenance
from tests import engines, make
from tests.check import recorded
from tests.conftest import START_TIME, MakeHeaders, SendRequest

QUESTIONS = (
    "/v1/totals?explain=true&by_reporter=true",
    "/v1/totals?by=place",
    "/v1/totals?as_of=4",
    "/v1/reports?q=soldiers",
    "/v1/changes",
    "/v1/places",
)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Store]:
    """Another store of the engine that is tested, with nothing in it."""
    folder = tmp_path / "other"
    folder.mkdir()
    with engines.temporary_database(folder) as address:
        store = open_store(address, 10)
        yield store
        store.close()


@pytest.fixture
def told(send: SendRequest) -> Callable[[int], None]:
    """Have so many reports recorded, each with something in it that can be blanked."""

    def told(count: int) -> None:
        for _ in range(count):
            figure = make.figure(note="one soldier, not named")
            recorded(send(make.report(quote="soldiers fell", figures=[figure])))

    return told


def _quiet(done: int, whole: int) -> None:
    pass


def _asked(client: FlaskClient) -> list[Any]:
    return [client.get(each).get_json() for each in QUESTIONS]


def _served(address: Path | str) -> FlaskClient:
    return create_app(Settings(database=address, log_level="error")).test_client()


def _address(store: Store) -> Path | str:
    found: Path | str = getattr(store, "path", None) or getattr(store, "url", "")
    return found


def test_both_hold_and_tell_the_same(
    client: FlaskClient, store: Store, target: Store, told: Callable[[int], None], tmp_path: Path
) -> None:
    told(3)
    file = open_store(tmp_path / "between.db", 10)
    moved = copy_store.copy_store(store, file, _quiet)  # To a file and back, whatever the engine.
    assert copy_store.copy_store(file, target, _quiet) == moved
    for each in (file, target):
        assert list(maintenance.dump_events(each)) == list(maintenance.dump_events(store))
        assert maintenance.check_integrity(each, lambda what, done: None) == []
        assert api_keys.list_keys(each) == api_keys.list_keys(store)
        assert _asked(_served(_address(each))) == _asked(client)
    file.close()


def test_what_was_broken_off_goes_on(
    store: Store,
    target: Store,
    told: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told(4)
    monkeypatch.setattr(copy_store, "CHUNK_EVENTS", 2)
    seen: list[int] = []

    def breaking(done: int, whole: int) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store.copy_store(store, target, breaking)
    assert maintenance.get_last_seq_and_hash(target)[0] == 4
    moved = copy_store.copy_store(store, target, _quiet)
    assert (
        (moved.seq, moved.hash)
        == maintenance.get_last_seq_and_hash(store)
        == maintenance.get_last_seq_and_hash(target)
    )
    assert moved.new_events == moved.seq - 4
    assert copy_store.copy_store(store, target, _quiet).new_events == 0


def test_what_is_new_is_carried_and_what_was_blanked_is_blanked(
    client: FlaskClient, store: Store, target: Store, told: Callable[[int], None], key: MakeHeaders
) -> None:
    told(2)
    copy_store.copy_store(store, target, _quiet)
    assert b"not named" in engines.read_everything_stored(target)
    told(1)
    admin = key("admin")
    for id in ("r1", "r2", "r3"):
        blanked = client.post(f"/v1/reports/{id}/redaction", json={"reason": "law"}, headers=admin)
        assert blanked.status_code == 201
    copy_store.copy_store(store, target, _quiet)
    assert maintenance.check_integrity(target, lambda what, done: None) == []
    target.close()
    assert b"not named" not in engines.read_everything_stored(target)


def test_another_record_is_not_written_over(
    store: Store, target: Store, told: Callable[[int], None]
) -> None:
    told(2)
    client = _served(_address(target))
    token = api_keys.create_key(target, name="x", scope="report", now=START_TIME)
    headers = {"Authorization": f"Bearer {token}"}
    recorded(client.post("/v1/reports", json=make.report(), headers=headers))
    before = list(maintenance.dump_events(target))
    with pytest.raises(ConflictError, match="holds another record"):
        copy_store.copy_store(store, target, _quiet)
    assert list(maintenance.dump_events(target)) == before


def test_a_shorter_source_is_not_taken_for_the_same(
    store: Store, target: Store, told: Callable[[int], None], tmp_path: Path
) -> None:
    told(1)
    copy_store.copy_store(store, target, _quiet)
    shorter = open_store(tmp_path / "shorter.db", 1)
    copy_store.copy_store(store, shorter, _quiet)
    told(1)
    copy_store.copy_store(store, target, _quiet)
    with pytest.raises(ConflictError, match="holds another record"):
        copy_store.copy_store(shorter, target, _quiet)


def test_what_holds_nothing_is_not_copied(store: Store, target: Store) -> None:
    with pytest.raises(ConflictError, match="holds no entries"):
        copy_store.copy_store(store, target, _quiet)
