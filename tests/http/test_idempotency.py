"""Requests that are sent again under one Idempotency-Key: done once, answered as the first time."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.settings import Settings
from service.store import event_log
from service.store.interface import Store
from tests.conftest import START_TIME, MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded


@pytest.fixture
def post(client: FlaskClient, key: MakeHeaders) -> SendRequest:
    """Post a body to an address under a key of the sender's."""
    headers = key("admin")

    def post_with_key(
        path: str, body: Any, idempotency_key: str = "k-1", **extra_headers: str
    ) -> TestResponse:
        sent_headers = {**headers, "Idempotency-Key": idempotency_key, **extra_headers}
        return client.post(f"/v1/{path}", json=body, headers=sent_headers)

    return post_with_key


def count_events(store: Store) -> int:
    with store.read_transaction() as db:
        return event_log.last_seq(db)


def check_replayed(first: TestResponse, again: TestResponse) -> None:
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers.get("ETag") == first.headers.get("ETag")


def test_the_same_request_is_done_once_and_answered_the_same(
    post: SendRequest, store: Store
) -> None:
    first = post("reports", bodies.make_report())
    count = count_events(store)
    check_replayed(first, post("reports", bodies.make_report()))
    # Without a ref only the key distinguishes it from another report with the same content.
    assert post("reports", bodies.make_report(), "k-2").get_json()["id"] != first.get_json()["id"]
    assert count_events(store) == count + 1


def test_the_first_answer_is_replayed_whatever_became_of_the_report(post: SendRequest) -> None:
    first = post("reports", bodies.make_report(ref="a"))
    post("reports", bodies.make_report(ref="a", note="2", supersedes="r1"), "k-2")
    post("reports/r1/retraction", {"reason": "x"}, "k-3")
    check_replayed(first, post("reports", bodies.make_report(ref="a")))


def test_a_known_ref_is_answered_again_as_known(post: SendRequest) -> None:
    post("reports", bodies.make_report(ref="a"), "k-0")
    first = post("reports", bodies.make_report(ref="a"))
    assert first.status_code == 200
    check_replayed(first, post("reports", bodies.make_report(ref="a")))


def test_another_body_under_the_same_key_is_refused(post: SendRequest, store: Store) -> None:
    post("reports", bodies.make_report())
    count = count_events(store)
    assert_problem(post("reports", bodies.make_report(note="x")), 422, "Idempotency-Key")
    assert count_events(store) == count


def test_a_body_with_other_spaces_and_order_is_the_same(
    client: FlaskClient, key: MakeHeaders
) -> None:
    headers = {**key("report"), "Idempotency-Key": "k-1", "Content-Type": "application/json"}
    body = bodies.make_report()
    reversed_json = json.dumps(dict(reversed(body.items())), indent=2)
    first, again = (
        client.post("/v1/reports", data=data, headers=headers)
        for data in (json.dumps(body), reversed_json)
    )
    check_replayed(first, again)


def test_an_idempotency_key_belongs_to_one_principal_and_one_path(
    client: FlaskClient, post: SendRequest, key: MakeHeaders
) -> None:
    post("reports", bodies.make_report())
    other = {**key("report"), "Idempotency-Key": "k-1"}
    assert (
        client.post("/v1/reports", json=bodies.make_report(), headers=other).get_json()["id"]
        == "r2"
    )
    batch = {"reports": [bodies.make_report()]}
    for path in ("reports/batch", "reports/batch?atomic=true"):
        assert "Idempotent-Replayed" not in post(path, batch).headers


def test_a_refused_request_may_be_sent_again_when_it_is_right(post: SendRequest) -> None:
    body = bodies.make_report(relays="r9")
    assert_problem(post("reports", body), 422, "/relays")
    assert_problem(post("reports", body), 422, "/relays")
    assert post("reports", bodies.make_report()).status_code == 201


def test_a_batch_is_done_once(post: SendRequest, store: Store) -> None:
    bad = bodies.make_report(figures=[bodies.make_figure(wording="a whole lot of")])
    body = {"reports": [bodies.make_report(ref="a"), bad, bodies.make_report(ref="a"), 3]}
    first = post("reports/batch", body)
    count = count_events(store)
    check_replayed(first, post("reports/batch", body))
    assert count_events(store) == count


def test_retraction_and_redaction_are_done_once(post: SendRequest) -> None:
    post("reports", bodies.make_report(quote="words"), "k-0")
    for path in ("reports/r1/retraction", "reports/r1/redaction"):
        first = post(path, {"reason": "x"})
        assert first.status_code == 201
        check_replayed(first, post(path, {"reason": "x"}))


@pytest.mark.parametrize("idempotency_key", ["", " ", "a b", "x" * 256, "\xe9"])
def test_an_idempotency_key_is_visible_ascii(post: SendRequest, idempotency_key: str) -> None:
    assert_problem(post("reports", bodies.make_report(), idempotency_key), 422, "Idempotency-Key")


def test_an_idempotency_key_expires_after_a_day(
    settings: Settings, store: Store, key: MakeHeaders
) -> None:
    current_time = [START_TIME]
    ids = iter(f"x{number}" for number in range(9))
    app: Flask = create_app(settings, lambda: current_time[0], lambda: next(ids))
    headers = {**key("report"), "Idempotency-Key": "k-1"}

    def post(now: datetime) -> str:
        current_time[0] = now
        answer = app.test_client().post("/v1/reports", json=bodies.make_report(), headers=headers)
        return str(assert_recorded(answer)["id"])

    assert post(START_TIME) == "x0"
    assert post(START_TIME + timedelta(hours=23)) == "x0"
    assert post(START_TIME + timedelta(hours=25)) == "x2"


def test_of_many_concurrent_requests_one_is_done(
    app: Flask, key: MakeHeaders, store: Store
) -> None:
    headers = {**key("report"), "Idempotency-Key": "k-1"}

    def post(_: int) -> tuple[int, bytes]:
        answer = app.test_client().post("/v1/reports", json=bodies.make_report(), headers=headers)
        return answer.status_code, answer.get_data()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(24)))
    ((status, _),) = answers
    assert status == 201
    with store.read_transaction() as db:
        assert [each.kind for each in event_log.load_events(db)].count("reported") == 1


def test_redacted_texts_are_not_replayed(post: SendRequest) -> None:
    assert_recorded(post("reports", bodies.make_report(quote="a name")))
    assert post("reports/r1/redaction", {"reason": "law"}, "k-2").status_code == 201
    again = post("reports", bodies.make_report(quote="a name"))
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert "a name" not in again.get_data(as_text=True)
