"""A mirror has the same events as its source, whatever happens in between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.domain.errors import ConflictError
from service.settings import Settings
from service.store.column_loader import load_state
from service.store.factory import open_store
from service.store.interface import Store
from service.store.maintenance.export_import import BrokenChainError
from service.usecases import changes, maintenance, mirror
from tests.conftest import MakeHeaders, SendRequest
from tests.exports.records import record_everything
from tests.support import bodies, engines
from tests.support.assertions import assert_recorded


@pytest.fixture
def target(settings: Settings, tmp_path: Path) -> Iterator[Store]:
    """An empty record beside that of the test."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with engines.temporary_database(folder) as database:
        store = open_store(database, settings.busy_seconds)
        store.migrate()
        yield store
        store.close()


def follow(source: Store, target: Store, limit: int = 1_000) -> None:
    """Record the next events of the source."""
    last, _ = mirror.get_mirror_end(target)
    mirror.record_mirrored_events(target, changes.load_log(source, last, limit).events)


def assert_same(source: Store, target: Store) -> None:
    """Both have the same chain, the same events with their texts, and the same state."""
    end = mirror.get_mirror_end(source)
    assert mirror.get_mirror_end(target) == end
    assert list(maintenance.dump_events(target)) == list(maintenance.dump_events(source))
    with source.read_transaction() as db, target.read_transaction() as other:
        assert load_state(db, end[0]).equals(load_state(other, end[0]))
    assert maintenance.check_integrity(target, lambda done, total: None) == []


def test_a_mirror_is_the_same_page_by_page(store: Store, target: Store, send: SendRequest) -> None:
    record_everything(send)
    for _ in range(3):
        follow(store, target, limit=5)
    assert mirror.get_mirror_end(target)[0] == 15
    follow(store, target)
    follow(store, target)  # Nothing is left: nothing happens.
    assert_same(store, target)


def test_what_the_source_erases_is_erased(
    store: Store, target: Store, send: SendRequest, client: FlaskClient, key: MakeHeaders
) -> None:
    ids = record_everything(send)
    follow(store, target)
    headers = key("admin")
    answer = client.post(
        f"/v1/reports/{ids['words']}/redaction",
        json={"fields": ["/quote", "/figures/0/note"], "reason": "privacy"},
        headers=headers,
    )
    assert answer.status_code == 201, answer.get_json()
    follow(store, target)
    assert_same(store, target)
    assert "they say" not in "\n".join(maintenance.dump_events(target))


def test_a_retraction_and_its_redaction_are_followed(
    store: Store, target: Store, send: SendRequest, client: FlaskClient, key: MakeHeaders
) -> None:
    ids = record_everything(send)
    headers = key("admin")
    address = f"/v1/reports/{ids['words']}"
    client.post(f"{address}/retraction", json={"reason": "a name"}, headers=headers)
    follow(store, target)
    body = {"fields": ["/retraction/reason"], "reason": "privacy"}
    assert client.post(f"{address}/redaction", json=body, headers=headers).status_code == 201
    follow(store, target)
    assert_same(store, target)


def test_a_failure_leaves_the_mirror_as_it_was(
    store: Store, target: Store, send: SendRequest
) -> None:
    record_everything(send)
    follow(store, target, limit=4)
    before = mirror.get_mirror_end(target)
    events = changes.load_log(store, 4, 100).events
    wrong = [*events[:3], {**events[3], "body": "{}"}]
    for broken in (wrong, events[1:]):
        with pytest.raises(BrokenChainError):
            mirror.record_mirrored_events(target, broken)
        assert mirror.get_mirror_end(target) == before
    follow(store, target)
    assert_same(store, target)


def test_another_record_is_not_followed(store: Store, target: Store, send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    follow(store, target)
    last, last_hash = mirror.get_mirror_end(target)
    mirror.check_common_end(last, last_hash, changes.load_log(store, last - 1, 1).events)
    mirror.check_common_end(0, "0" * 64, [])
    events: list[list[dict[str, Any]]] = [
        [],
        [{"seq": last, "hash": "1" * 64}],
        [{"seq": last - 1, "hash": last_hash}],
    ]
    for each in events:
        with pytest.raises(ConflictError, match="another record"):
            mirror.check_common_end(last, last_hash, each)
