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
from tests.conftest import START_TIME, MakeHeaders, SendRequest
from tests.support import bodies, engines
from tests.support.assertions import assert_recorded

QUERY_PATHS = (
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
def record_reports(send: SendRequest) -> Callable[[int], None]:
    """Have so many reports recorded, each with something in it that can be blanked."""

    def record(count: int) -> None:
        for _ in range(count):
            figure = bodies.make_figure(note="one soldier, not named")
            assert_recorded(send(bodies.make_report(quote="soldiers fell", figures=[figure])))

    return record


def _ignore_progress(copied: int, total: int) -> None:
    pass


def _fetch_answers(client: FlaskClient) -> list[Any]:
    return [client.get(each).get_json() for each in QUERY_PATHS]


def _make_client(address: Path | str) -> FlaskClient:
    return create_app(Settings(database=address, log_level="error")).test_client()


def _address_of(store: Store) -> Path | str:
    address: Path | str = getattr(store, "path", None) or getattr(store, "url", "")
    return address


def test_a_copy_holds_and_answers_the_same(
    client: FlaskClient,
    store: Store,
    target: Store,
    record_reports: Callable[[int], None],
    tmp_path: Path,
) -> None:
    record_reports(3)
    file_store = open_store(tmp_path / "between.db", 10)
    copied = copy_store.copy_store(
        store, file_store, _ignore_progress
    )  # To a file and back, whatever the engine.
    assert copy_store.copy_store(file_store, target, _ignore_progress) == copied
    for each in (file_store, target):
        assert list(maintenance.dump_events(each)) == list(maintenance.dump_events(store))
        assert maintenance.check_integrity(each, lambda what, done: None) == []
        assert api_keys.list_keys(each) == api_keys.list_keys(store)
        assert _fetch_answers(_make_client(_address_of(each))) == _fetch_answers(client)
    file_store.close()


def test_an_interrupted_copy_is_resumed(
    store: Store,
    target: Store,
    record_reports: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record_reports(4)
    monkeypatch.setattr(copy_store, "CHUNK_EVENTS", 2)
    progress: list[int] = []

    def interrupt(copied_count: int, total: int) -> None:
        progress.append(copied_count)
        if len(progress) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store.copy_store(store, target, interrupt)
    assert maintenance.get_last_seq_and_hash(target)[0] == 4
    copied = copy_store.copy_store(store, target, _ignore_progress)
    assert (
        (copied.seq, copied.hash)
        == maintenance.get_last_seq_and_hash(store)
        == maintenance.get_last_seq_and_hash(target)
    )
    assert copied.new_events == copied.seq - 4
    assert copy_store.copy_store(store, target, _ignore_progress).new_events == 0


def test_copying_again_adds_new_events_and_blanks_redacted_texts(
    client: FlaskClient,
    store: Store,
    target: Store,
    record_reports: Callable[[int], None],
    key: MakeHeaders,
) -> None:
    record_reports(2)
    copy_store.copy_store(store, target, _ignore_progress)
    assert b"not named" in engines.read_everything_stored(target)
    record_reports(1)
    admin = key("admin")
    for report_id in ("r1", "r2", "r3"):
        answer = client.post(
            f"/v1/reports/{report_id}/redaction", json={"reason": "law"}, headers=admin
        )
        assert answer.status_code == 201
    copy_store.copy_store(store, target, _ignore_progress)
    assert maintenance.check_integrity(target, lambda what, done: None) == []
    target.close()
    assert b"not named" not in engines.read_everything_stored(target)


def test_another_record_is_not_overwritten(
    store: Store, target: Store, record_reports: Callable[[int], None]
) -> None:
    record_reports(2)
    client = _make_client(_address_of(target))
    token = api_keys.create_key(target, name="x", scope="report", now=START_TIME)
    headers = {"Authorization": f"Bearer {token}"}
    assert_recorded(client.post("/v1/reports", json=bodies.make_report(), headers=headers))
    before = list(maintenance.dump_events(target))
    with pytest.raises(ConflictError, match="holds another record"):
        copy_store.copy_store(store, target, _ignore_progress)
    assert list(maintenance.dump_events(target)) == before


def test_a_source_shorter_than_the_target_is_refused(
    store: Store, target: Store, record_reports: Callable[[int], None], tmp_path: Path
) -> None:
    record_reports(1)
    copy_store.copy_store(store, target, _ignore_progress)
    shorter = open_store(tmp_path / "shorter.db", 1)
    copy_store.copy_store(store, shorter, _ignore_progress)
    record_reports(1)
    copy_store.copy_store(store, target, _ignore_progress)
    with pytest.raises(ConflictError, match="holds another record"):
        copy_store.copy_store(shorter, target, _ignore_progress)


def test_an_empty_record_is_not_copied(store: Store, target: Store) -> None:
    with pytest.raises(ConflictError, match="holds no events"):
        copy_store.copy_store(store, target, _ignore_progress)
