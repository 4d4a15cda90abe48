"""A key that is bound to reporters speaks for these and for nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.store import event_log
from service.store.interface import Store
from service.usecases import api_keys
from tests import make
from tests.check import problem, recorded
from tests.conftest import BEGIN

Key = Callable[..., dict[str, str]]
Post = Callable[[dict[str, Any]], Any]

OTHER = {"id": "ru-mod", "name": "Ministry"}


@pytest.fixture
def bound(key: Key) -> dict[str, str]:
    """Return the headers with a key for the reporter of the usual report."""
    return key("report", reporters=["ua-hur", "ua-gs"])


@pytest.fixture
def post(client: FlaskClient, bound: dict[str, str]) -> Post:
    """Post a report with that key."""
    return lambda body: client.post("/v1/reports", json=body, headers=bound)


def test_it_reports_for_its_reporter_and_brings_what_is_new(post: Post) -> None:
    first = recorded(post(make.report(ref="a", groups=[{"id": "g", "name": "G"}])))
    assert post(make.report(ref="a", groups=["g"], places=["plekhovo"])).status_code == 200
    recorded(post(make.report(reporter={"id": "ua-gs", "name": "Staff"}, relays=first["id"])))


@pytest.mark.parametrize("reporter", [OTHER, "ru-mod"])
def test_it_reports_for_nobody_else_and_leaves_no_trace(
    client: FlaskClient, post: Post, key: Key, store: Store, reporter: Any
) -> None:
    recorded(client.post("/v1/reports", json=make.report(reporter=OTHER), headers=key("report")))
    with store.read_transaction() as db:
        before = event_log.last_seq(db)
    told = problem(
        post(make.report(reporter=reporter, places=[make.place("new")])), 403, "/reporter"
    )
    assert told["detail"] == "The key may not report for ru-mod, only for ua-hur, ua-gs."
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == before


def test_it_replaces_only_what_its_reporter_said(client: FlaskClient, post: Post, key: Key) -> None:
    theirs = client.post("/v1/reports", json=make.report(reporter=OTHER), headers=key("report"))
    problem(post(make.report(supersedes=recorded(theirs)["id"])), 409, "/supersedes")
    mine = recorded(post(make.report()))
    recorded(post(make.report(supersedes=mine["id"])))


def test_it_reports_for_every_id_that_was_merged_with_its_reporters(
    client: FlaskClient, post: Post, key: Key
) -> None:
    anyone, admin = key("report"), key("admin")
    for body in (make.report(), make.report(reporter=OTHER)):
        recorded(client.post("/v1/reports", json=body, headers=anyone))
    problem(post(make.report(reporter="ru-mod")), 403, "/reporter")
    for one, other in (("ru-mod", "later"), ("ua-hur", "ru-mod")):
        client.put("/v1/reporters/later", json={"name": "Later"}, headers=admin)
        merged = client.post(f"/v1/reporters/{one}/merge", json={"into": other}, headers=admin)
        assert merged.status_code == 201
    for reporter in ("ua-hur", "ru-mod", "later"):
        mine = recorded(post(make.report(reporter=reporter, note=reporter)))
        taken_back = client.post(
            f"/v1/reports/{mine['id']}/retraction",
            json={"reason": "It was counted twice."},
            headers=key("report", reporters=["ru-mod"]),
        )
        assert taken_back.status_code == 201
    problem(post(make.report(reporter={"id": "third", "name": "Third"})), 403, "/reporter")


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
def test_it_describes_nothing_but_its_reporters_by_itself(
    client: FlaskClient, bound: dict[str, str], kind: str
) -> None:
    told = problem(client.put(f"/v1/{kind}/new", json={"name": "New"}, headers=bound), 403)
    assert "only for ua-hur, ua-gs" in told["detail"]
    assert "described in a report" in told["detail"]


def test_it_describes_its_reporters(client: FlaskClient, bound: dict[str, str]) -> None:
    body = {"name": "Staff"}
    assert client.put("/v1/reporters/ua-gs", json=body, headers=bound).status_code == 201
    problem(client.put("/v1/reporters/ua-gs", json={"name": "Other"}, headers=bound), 403)


def test_it_reads_everything(client: FlaskClient, bound: dict[str, str]) -> None:
    assert client.get("/v1/reports?reporter=", headers=bound).status_code == 422
    assert client.get("/v1/reports", headers=bound).status_code == 200


def test_an_expired_key_is_refused_even_where_none_is_needed(client: FlaskClient, key: Key) -> None:
    expired = key("admin", expires=BEGIN + timedelta(microseconds=1))
    client.get("/v1/reports", headers=key("read"))  # The test's clock goes on by a second.
    told = problem(client.get("/v1/reports", headers=expired), 401)
    assert "expired" in told["detail"]


def test_a_request_notes_the_use_of_its_key(client: FlaskClient, key: Key, store: Store) -> None:
    client.get("/v1/reports", headers=key("read"))
    (kept,) = api_keys.everyone(store)
    assert kept.last_used_at == "2026-01-05T10:00:00.000000Z"
