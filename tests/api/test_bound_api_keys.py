"""A key that is bound to reporters may report for these and no others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.store import event_log
from service.store.interface import Store
from service.usecases import api_keys
from tests.conftest import START_TIME
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

MakeHeaders = Callable[..., dict[str, str]]
PostReport = Callable[[dict[str, Any]], Any]

OTHER_REPORTER = {"id": "ru-mod", "name": "Ministry"}


@pytest.fixture
def bound_headers(key: MakeHeaders) -> dict[str, str]:
    """Return the headers with a key for the reporter of the usual report."""
    return key("report", reporters=["ua-hur", "ua-gs"])


@pytest.fixture
def post(client: FlaskClient, bound_headers: dict[str, str]) -> PostReport:
    """Post a report with that key."""
    return lambda body: client.post("/v1/reports", json=body, headers=bound_headers)


def test_a_bound_key_reports_for_its_reporter_with_new_entities(post: PostReport) -> None:
    first = assert_recorded(post(bodies.make_report(ref="a", groups=[{"id": "g", "name": "G"}])))
    assert post(bodies.make_report(ref="a", groups=["g"], places=["plekhovo"])).status_code == 200
    assert_recorded(
        post(bodies.make_report(reporter={"id": "ua-gs", "name": "Staff"}, relays=first["id"]))
    )


@pytest.mark.parametrize("reporter", [OTHER_REPORTER, "ru-mod"])
def test_a_bound_key_does_not_report_for_another_reporter(
    client: FlaskClient, post: PostReport, key: MakeHeaders, store: Store, reporter: Any
) -> None:
    assert_recorded(
        client.post(
            "/v1/reports", json=bodies.make_report(reporter=OTHER_REPORTER), headers=key("report")
        )
    )
    with store.read_transaction() as db:
        before = event_log.last_seq(db)
    problem_body = assert_problem(
        post(bodies.make_report(reporter=reporter, places=[bodies.make_place("new")])),
        403,
        "/reporter",
    )
    assert (
        problem_body["detail"]
        == "The key may not report for ru-mod: it is limited to ua-hur, ua-gs."
    )
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == before


def test_a_bound_key_supersedes_reports_of_its_reporter_alone(
    client: FlaskClient, post: PostReport, key: MakeHeaders
) -> None:
    other_answer = client.post(
        "/v1/reports", json=bodies.make_report(reporter=OTHER_REPORTER), headers=key("report")
    )
    assert_problem(
        post(bodies.make_report(supersedes=assert_recorded(other_answer)["id"])), 409, "/supersedes"
    )
    own_report = assert_recorded(post(bodies.make_report()))
    assert_recorded(post(bodies.make_report(supersedes=own_report["id"])))


def test_a_bound_key_reports_for_every_id_merged_with_its_reporters(
    client: FlaskClient, post: PostReport, key: MakeHeaders
) -> None:
    anyone, admin = key("report"), key("admin")
    for body in (bodies.make_report(), bodies.make_report(reporter=OTHER_REPORTER)):
        assert_recorded(client.post("/v1/reports", json=body, headers=anyone))
    assert_problem(post(bodies.make_report(reporter="ru-mod")), 403, "/reporter")
    for one, other in (("ru-mod", "later"), ("ua-hur", "ru-mod")):
        client.put("/v1/reporters/later", json={"name": "Later"}, headers=admin)
        merge_answer = client.post(
            f"/v1/reporters/{one}/merge", json={"into": other}, headers=admin
        )
        assert merge_answer.status_code == 201
    for reporter in ("ua-hur", "ru-mod", "later"):
        own_report = assert_recorded(post(bodies.make_report(reporter=reporter, note=reporter)))
        retraction_answer = client.post(
            f"/v1/reports/{own_report['id']}/retraction",
            json={"reason": "It was counted twice."},
            headers=key("report", reporters=["ru-mod"]),
        )
        assert retraction_answer.status_code == 201
    assert_problem(
        post(bodies.make_report(reporter={"id": "third", "name": "Third"})), 403, "/reporter"
    )


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
def test_a_bound_key_describes_no_entity_but_its_reporters(
    client: FlaskClient, bound_headers: dict[str, str], kind: str
) -> None:
    problem_body = assert_problem(
        client.put(f"/v1/{kind}/new", json={"name": "New"}, headers=bound_headers), 403
    )
    assert "limited to ua-hur, ua-gs" in problem_body["detail"]
    assert "in a report" in problem_body["detail"]


def test_a_bound_key_describes_its_reporters(
    client: FlaskClient, bound_headers: dict[str, str]
) -> None:
    body = {"name": "Staff"}
    assert client.put("/v1/reporters/ua-gs", json=body, headers=bound_headers).status_code == 201
    assert_problem(
        client.put("/v1/reporters/ua-gs", json={"name": "Other"}, headers=bound_headers), 403
    )


def test_a_bound_key_reads_everything(client: FlaskClient, bound_headers: dict[str, str]) -> None:
    assert client.get("/v1/reports?reporter=", headers=bound_headers).status_code == 422
    assert client.get("/v1/reports", headers=bound_headers).status_code == 200


def test_an_expired_key_is_refused_even_where_none_is_needed(
    client: FlaskClient, key: MakeHeaders
) -> None:
    expired = key("admin", expires=START_TIME + timedelta(microseconds=1))
    client.get("/v1/reports", headers=key("read"))  # The test's clock goes on by a second.
    problem_body = assert_problem(client.get("/v1/reports", headers=expired), 401)
    assert "expired" in problem_body["detail"]


def test_a_request_records_the_use_of_its_key(
    client: FlaskClient, key: MakeHeaders, store: Store
) -> None:
    client.get("/v1/reports", headers=key("read"))
    (stored_key,) = api_keys.list_keys(store)
    assert stored_key.last_used_at == "2026-01-05T10:00:00.000000Z"
