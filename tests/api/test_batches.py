"""Many reports in one request: results in order, one bad item harms no other, or all or none."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.settings import Settings
from service.store import event_log
from service.store.interface import Store
from service.usecases import api_keys
from tests.conftest import START_TIME, MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem

INVALID_REPORT = bodies.make_report(figures=[bodies.make_figure(wording="a whole lot of")])


@pytest.fixture
def post(client: FlaskClient, key: MakeHeaders) -> SendRequest:
    """Post a batch with a key that may."""
    headers = key("report")

    def post_batch(reports: list[Any], query: str = "", **options: Any) -> TestResponse:
        request = {"json": {"reports": reports}, "headers": headers, **options}
        return client.post(f"/v1/reports/batch{query}", **request)

    return post_batch


def read_results(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 207, answer.get_data(as_text=True)
    items: list[dict[str, Any]] = answer.get_json()["results"]
    assert [each["index"] for each in items] == list(range(len(items)))
    return items


def test_a_batch_has_a_maximum_number_of_reports(
    post: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.batches.MAX_BATCH_REPORTS", 2)
    batch = [bodies.make_report(ref=ref) for ref in "abc"]
    assert_problem(post(batch), 422, "/reports")
    assert [each["status"] for each in read_results(post(batch[:2]))] == [201, 201]


def test_every_item_has_its_result_in_order(client: FlaskClient, post: SendRequest) -> None:
    report = bodies.make_report(ref="a")
    reports = [
        report,
        INVALID_REPORT,
        report,
        bodies.make_report(ref="a", note="other"),
        bodies.make_report(ref="b"),
        7,
        {},
    ]
    items = read_results(post(reports))
    assert [each["status"] for each in items] == [201, 422, 200, 409, 201, 422, 422]
    assert (items[0]["id"], items[2]["id"], items[4]["id"]) == ("r1", "r1", "r5")
    assert items[1]["problem"]["errors"][0]["pointer"] == "/figures/0/wording"
    assert items[3]["problem"]["errors"][0]["pointer"] == "/ref"
    assert items[6]["problem"]["errors"][0]["pointer"] == "/reporter"
    listed_reports = client.get("/v1/reports").get_json()["reports"]
    assert [each["id"] for each in listed_reports] == ["r1", "r5"]


def test_a_later_item_may_build_on_an_earlier_one(client: FlaskClient, post: SendRequest) -> None:
    first = bodies.make_report(reporter=bodies.REPORTER, places=[bodies.make_place()])
    then = bodies.make_report(reporter="ua-hur", places=["plekhovo"], supersedes="r1")
    assert [each["status"] for each in read_results(post([first, then]))] == [201, 201]
    assert client.get("/v1/reports/r1").get_json()["state"] == "superseded"


def test_the_events_of_one_batch_are_one_state(
    client: FlaskClient, post: SendRequest, store: Store
) -> None:
    post([bodies.make_report(ref="a")])
    post([bodies.make_report(ref="b"), INVALID_REPORT, bodies.make_report(ref="c")])
    with store.read_transaction() as db:
        requests = [(event.seq, event.request) for event in event_log.load_events(db)]
    assert requests == [(1, 1), (2, 1), (3, 1), (4, 4), (5, 4)]
    inside = client.get("/v1/totals?as_of=4").get_json()
    assert inside["as_of"]["seq"] == 5
    assert len(inside["used"]) == 3


def test_an_atomic_batch_records_all_or_none(client: FlaskClient, post: SendRequest) -> None:
    items = read_results(
        post([bodies.make_report(), INVALID_REPORT, bodies.make_report()], "?atomic=true")
    )
    assert [each["status"] for each in items] == [424, 422, 424]
    assert "item 1" in items[0]["problem"]["detail"]
    assert client.get("/v1/reports").get_json()["reports"] == []
    assert client.get("/v1/places").get_json()["places"] == []
    items = read_results(post([bodies.make_report(), bodies.make_report()], "?atomic=true"))
    assert [each["status"] for each in items] == [201, 201]


def test_a_batch_may_be_ndjson(client: FlaskClient, post: SendRequest) -> None:
    lines = [
        json.dumps(bodies.make_report()),
        "",
        "{",
        "[]",
        "\ufeff{}",
        json.dumps(bodies.make_report()),
        "",
    ]
    items = read_results(
        post([], json=None, data="\n".join(lines).encode(), content_type="application/x-ndjson")
    )
    assert [each["status"] for each in items] == [201, 400, 422, 400, 201]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 422),
        ({}, 422),
        ({"reports": 1}, 422),
        ({"reports": [], "more": 1}, 422),
        ({"reports": None}, 422),
        ({"reports": [{}] * 10_001}, 422),
    ],
)
def test_a_malformed_batch_is_refused(post: SendRequest, body: Any, status: int) -> None:
    assert_problem(post([], json=body), status, "/reports")


def test_a_batch_may_be_empty(post: SendRequest) -> None:
    assert read_results(post([])) == []


def test_other_bodies_are_refused(post: SendRequest) -> None:
    assert_problem(post([], "?atomic=yes"), 422, "atomic")
    assert_problem(post([], "?atomic=true&x=1"), 422, "x")
    assert_problem(post([], json=None, data="{", content_type="application/json"), 400)
    assert_problem(post([], json=None, data="{}", content_type="text/plain"), 415)


def test_a_batch_may_be_larger_than_a_report(post: SendRequest) -> None:
    many = [bodies.make_report(quote="x" * 9_000) for _ in range(150)]
    assert {each["status"] for each in read_results(post(many))} == {201}
    large = b" " * ((32 << 20) + 1)
    problem_body = assert_problem(
        post([], json=None, data=large, content_type="application/json"), 413
    )
    assert "32 MiB" in problem_body["detail"]


def test_a_key_bound_to_a_reporter_posts_its_reports_only(post: SendRequest, store: Store) -> None:
    token = api_keys.create_key(
        store, name="k", scope="report", now=START_TIME, reporters=["ua-hur"]
    )
    other = bodies.make_report(reporter={"id": "sky", "name": "Sky"})
    items = read_results(
        post([bodies.make_report(), other], headers={"Authorization": f"Bearer {token}"})
    )
    assert [each["status"] for each in items] == [201, 403]


def test_a_batch_is_recorded_after_the_event_before_though_the_clock_stands_still(
    settings: Settings, store: Store
) -> None:
    client = create_app(settings, lambda: START_TIME).test_client()
    token = api_keys.create_key(store, name="k", scope="report", now=START_TIME)
    headers = {"Authorization": f"Bearer {token}"}
    first = client.post("/v1/reports", json=bodies.make_report(), headers=headers).get_json()
    batch = {"reports": [bodies.make_report(), bodies.make_report()]}
    read_results(client.post("/v1/reports/batch", json=batch, headers=headers))
    then = client.get(f"/v1/reports?as_of={first['recorded_at']}").get_json()["reports"]
    assert [report["id"] for report in then] == [first["id"]]
    now = client.get("/v1/reports").get_json()["reports"]
    assert now[0]["recorded_at"] < now[1]["recorded_at"] == now[2]["recorded_at"]
