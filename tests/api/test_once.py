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
from tests import make
from tests.check import problem
from tests.conftest import BEGIN, Key, Send


@pytest.fixture
def post(client: FlaskClient, key: Key) -> Send:
    """Post a body to an address under a key of the sender's."""
    headers = key("admin")

    def posted(path: str, body: Any, once: str = "k-1", **more: str) -> TestResponse:
        sent = {**headers, "Idempotency-Key": once, **more}
        return client.post(f"/v1/{path}", json=body, headers=sent)

    return posted


def entries(store: Store) -> int:
    with store.read_transaction() as db:
        return event_log.last_seq(db)


def same(first: TestResponse, again: TestResponse) -> None:
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers.get("ETag") == first.headers.get("ETag")


def test_the_same_request_is_done_once_and_answered_the_same(post: Send, store: Store) -> None:
    first = post("reports", make.report())
    count = entries(store)
    same(first, post("reports", make.report()))
    # Without a ref only the key tells it from another report that says the same.
    assert post("reports", make.report(), "k-2").get_json()["id"] != first.get_json()["id"]
    assert entries(store) == count + 1


def test_the_answer_is_the_first_one_whatever_came_of_the_report(post: Send) -> None:
    first = post("reports", make.report(ref="a"))
    post("reports", make.report(ref="a", note="2", supersedes="r1"), "k-2")
    post("reports/r1/retraction", {"reason": "x"}, "k-3")
    same(first, post("reports", make.report(ref="a")))


def test_a_known_ref_is_answered_again_as_known(post: Send) -> None:
    post("reports", make.report(ref="a"), "k-0")
    first = post("reports", make.report(ref="a"))
    assert first.status_code == 200
    same(first, post("reports", make.report(ref="a")))


def test_another_body_under_the_same_key_is_refused(post: Send, store: Store) -> None:
    post("reports", make.report())
    count = entries(store)
    problem(post("reports", make.report(note="x")), 422, "Idempotency-Key")
    assert entries(store) == count


def test_spaces_and_order_are_no_other_body(client: FlaskClient, key: Key) -> None:
    headers = {**key("report"), "Idempotency-Key": "k-1", "Content-Type": "application/json"}
    body = make.report()
    turned = json.dumps(dict(reversed(body.items())), indent=2)
    first, again = (
        client.post("/v1/reports", data=data, headers=headers)
        for data in (json.dumps(body), turned)
    )
    same(first, again)


def test_a_key_belongs_to_its_holder_and_to_one_address(
    client: FlaskClient, post: Send, key: Key
) -> None:
    post("reports", make.report())
    other = {**key("report"), "Idempotency-Key": "k-1"}
    assert client.post("/v1/reports", json=make.report(), headers=other).get_json()["id"] == "r2"
    batch = {"reports": [make.report()]}
    for path in ("reports/batch", "reports/batch?atomic=true"):
        assert "Idempotent-Replayed" not in post(path, batch).headers


def test_a_refused_request_may_be_sent_again_when_it_is_right(post: Send) -> None:
    body = make.report(relays="r9")
    problem(post("reports", body), 422, "/relays")
    problem(post("reports", body), 422, "/relays")
    assert post("reports", make.report()).status_code == 201


def test_a_batch_is_done_once(post: Send, store: Store) -> None:
    bad = make.report(figures=[make.figure(wording="a whole lot of")])
    body = {"reports": [make.report(ref="a"), bad, make.report(ref="a"), 3]}
    first = post("reports/batch", body)
    count = entries(store)
    same(first, post("reports/batch", body))
    assert entries(store) == count


def test_retraction_and_redaction_are_done_once(post: Send) -> None:
    post("reports", make.report(quote="words"), "k-0")
    for path in ("reports/r1/retraction", "reports/r1/redaction"):
        first = post(path, {"reason": "x"})
        assert first.status_code == 201
        same(first, post(path, {"reason": "x"}))


@pytest.mark.parametrize("sent", ["", " ", "a b", "x" * 256, "\xe9"])
def test_a_key_is_visible_ascii(post: Send, sent: str) -> None:
    problem(post("reports", make.report(), sent), 422, "Idempotency-Key")


def test_a_key_is_forgotten_after_a_day(settings: Settings, store: Store, key: Key) -> None:
    moment = [BEGIN]
    ids = iter(f"x{number}" for number in range(9))
    app: Flask = create_app(settings, lambda: moment[0], lambda: next(ids))
    headers = {**key("report"), "Idempotency-Key": "k-1"}

    def post(now: datetime) -> str:
        moment[0] = now
        answer = app.test_client().post("/v1/reports", json=make.report(), headers=headers)
        return str(answer.get_json()["id"])

    assert post(BEGIN) == "x0"
    assert post(BEGIN + timedelta(hours=23)) == "x0"
    assert post(BEGIN + timedelta(hours=25)) == "x2"


def test_of_many_at_once_one_is_done(app: Flask, key: Key, store: Store) -> None:
    headers = {**key("report"), "Idempotency-Key": "k-1"}

    def post(_: int) -> tuple[int, bytes]:
        answer = app.test_client().post("/v1/reports", json=make.report(), headers=headers)
        return answer.status_code, answer.get_data()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(24)))
    assert len(answers) == 1
    with store.read_transaction() as db:
        assert [each.kind for each in event_log.load_events(db)].count("reported") == 1


def test_redacted_words_are_not_answered_again(post: Send) -> None:
    post("reports", make.report(quote="a name"))
    post("reports/r1/redaction", {"reason": "law"}, "k-2")
    again = post("reports", make.report(quote="a name"))
    assert "a name" not in again.get_data(as_text=True)
