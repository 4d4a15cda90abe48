"""Trees of places and groups are at most 64 levels deep; a deeper record stays usable."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.domain.entities import MAX_LEVELS, Place
from service.store import entities
from service.store.entity_cache import EntityCache
from service.store.interface import Connection, Store
from service.store.projections.dispatch import record_events
from service.usecases.maintenance import check_integrity
from service.usecases.resolve_entities import EntityResolver
from tests.conftest import START_TIME, MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

KINDS = ("place", "group")


def _record_line(store: Store, length: int, kind: str = "place", name: str = "level") -> None:
    """Record a line of entities, as an earlier release would have: of any length."""
    first = 1 if kind == "place" else 2  # Below the root of all groups.
    events = [
        entities.make_entity_event(
            kind,
            entities.make_entity(
                kind,
                f"{name}-{level}",
                {"name": "X", "parent": f"{name}-{level - 1}" if level > first else None}
                if kind == "place" or level > first
                else {"name": "X"},
            ),
            is_known=False,
        )
        for level in range(first, length + 1)
    ]
    store.write(lambda db: record_events(db, events, None, START_TIME))


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_adds_no_level_below_the_last(send: SendRequest, store: Store, kind: str) -> None:
    _record_line(store, MAX_LEVELS - 1, kind)
    last = {"id": "last", "name": "L", "parent": f"level-{MAX_LEVELS - 1}"}
    assert_recorded(send(bodies.make_report(**{f"{kind}s": [last]})))
    below = {"id": "below", "name": "B", "parent": "last"}
    problem = assert_problem(
        send(bodies.make_report(**{f"{kind}s": [below]})), 422, f"/{kind}s/0/parent"
    )
    assert f"deeper than {MAX_LEVELS} levels" in problem["detail"]


def test_parents_described_in_place_count(send: SendRequest, store: Store) -> None:
    _record_line(store, MAX_LEVELS - 1)
    parent = {"id": "last", "name": "L", "parent": f"level-{MAX_LEVELS - 1}"}
    village = {"id": "below", "name": "B", "parent": parent}
    assert_problem(send(bodies.make_report(places=[village])), 422, "/places/0/parent")
    assert_recorded(send(bodies.make_report(places=[parent])))


@pytest.mark.parametrize("kind", KINDS)
def test_a_description_adds_no_level_below_the_last(
    put: SendRequest, store: Store, kind: str
) -> None:
    _record_line(store, MAX_LEVELS, kind)
    below = {"name": "B", "parent": f"level-{MAX_LEVELS}"}
    assert_problem(put(f"/v1/{kind}s/below", below), 422, "/parent")
    assert put(f"/v1/{kind}s/below", below | {"parent": "level-63"}).status_code == 201


def test_what_is_below_counts_when_a_parent_changes(put: SendRequest, store: Store) -> None:
    _record_line(store, 60)
    _record_line(store, 5, name="other")
    assert_problem(put("/v1/places/other-1", {"name": "X", "parent": "level-60"}), 422, "/parent")
    assert put("/v1/places/other-1", {"name": "X", "parent": "level-59"}).status_code == 200


def test_a_merge_does_not_move_children_too_deep(
    client: FlaskClient, key: MakeHeaders, store: Store
) -> None:
    _record_line(store, 60)
    _record_line(store, 6, name="other")
    merge: dict[str, Any] = {"json": {"into": "level-60"}, "headers": key("admin")}
    assert_problem(client.post("/v1/places/other-1/merge", **merge), 422, "/into")
    assert client.post("/v1/places/other-2/merge", **merge).status_code == 201


def test_a_deeper_record_stays_as_it_is_and_gets_no_deeper(
    send: SendRequest,
    put: SendRequest,
    key: MakeHeaders,
    client: FlaskClient,
    store: Store,
) -> None:
    _record_line(store, 90)
    assert_recorded(send(bodies.make_report(places=["level-90"])))
    assert client.get("/v1/totals?place=level-70").get_json()["used_count"] == 1
    below = {"id": "below", "name": "B", "parent": "level-80"}
    assert_problem(send(bodies.make_report(places=[below])), 422, "/places/0/parent")
    # A name may change, and a part may move up, not down.
    assert put("/v1/places/level-80", {"name": "Y", "parent": "level-79"}).status_code == 200
    assert put("/v1/places/level-80", {"name": "Y", "parent": "level-10"}).status_code == 200
    assert_problem(put("/v1/places/level-80", {"name": "Y", "parent": "level-79"}), 422, "/parent")
    assert_problem(
        client.post("/v1/places/level-80/merge", json={"into": "level-79"}, headers=key("admin")),
        422,
        "/into",
    )
    assert check_integrity(store, lambda *_: None) == []


def test_a_line_is_loaded_by_one_statement(store: Store) -> None:
    _record_line(store, MAX_LEVELS)

    def count_statements(db: Connection) -> tuple[int, int]:
        counts = []
        for place_id in ("level-2", f"level-{MAX_LEVELS}"):
            counted = _CountingConnection(db)
            resolver = EntityResolver(counted, EntityCache(counted))  # type: ignore[arg-type]
            lines = resolver.list_lines((place_id,))
            place = resolver.get("place", place_id)
            assert isinstance(place, Place) and place_id in lines
            counts.append(counted.count)
        return counts[0], counts[1]

    with store.read_transaction() as db:
        short, long = count_statements(db)
    assert short == long


class _CountingConnection:
    """A connection that counts its statements."""

    def __init__(self, db: Connection) -> None:
        self._db, self.count = db, 0

    def __getattr__(self, name: str) -> Any:
        self.count += 1
        return getattr(self._db, name)
