"""What must be computed needs a slot; what is known, and everything small, does not."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import create_app
from service.http.context import get_services
from service.http.costly_slots import CostlySlots
from service.settings import Settings
from tests.conftest import MakeHeaders
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

OTHER_CLIENT = "key another"


@pytest.fixture
def app(settings: Settings, clock: Any, new_id: Any) -> Flask:
    """An application with one slot, and no room to wait for it."""
    app = create_app(replace(settings, costly_slots=1), clock, new_id)
    _slots_of(app).set_thread_count(0)
    return app


def _slots_of(app: Flask) -> CostlySlots:
    with app.app_context():
        return get_services().costly_slots


@pytest.fixture
def reported(client: FlaskClient, key: MakeHeaders) -> dict[str, Any]:
    """A recorded report."""
    answer = client.post("/v1/reports", json=bodies.make_report(), headers=key("report"))
    return assert_recorded(answer)


COSTLY = [
    "/v1/totals",
    "/v1/totals?by=day",
    "/v1/totals/figures",
    "/v1/places/plekhovo/totals",
    "/v1/reports?limit=101",
    "/v1/places?limit=1000",
    "/v1/groups?limit=101&format=csv",
]


@pytest.mark.parametrize("path", COSTLY)
def test_costly_answers_are_refused_without_a_slot(
    app: Flask, client: FlaskClient, reported: dict[str, Any], path: str
) -> None:
    assert _slots_of(app).try_acquire(OTHER_CLIENT)
    answer = client.get(path)
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"
    _slots_of(app).release(OTHER_CLIENT)
    assert client.get(path).status_code == 200
    assert _slots_of(app).try_acquire(OTHER_CLIENT)  # The request has given its slot back.


@pytest.mark.parametrize("path", ["/place/plekhovo", "/why?place=plekhovo", "/figures", "/embed"])
def test_pages_are_refused_by_a_page(
    app: Flask, client: FlaskClient, reported: dict[str, Any], path: str
) -> None:
    assert _slots_of(app).try_acquire(OTHER_CLIENT)
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Too many large questions at once" in answer.text
    assert answer.headers["Retry-After"] == "5"
    _slots_of(app).release(OTHER_CLIENT)
    assert client.get(path).status_code == 200
    assert _slots_of(app).try_acquire(OTHER_CLIENT)


def test_a_preview_needs_a_slot(
    app: Flask, client: FlaskClient, key: MakeHeaders, reported: dict[str, Any]
) -> None:
    assert _slots_of(app).try_acquire(OTHER_CLIENT)
    options: dict[str, Any] = {"json": bodies.make_report(), "headers": key("report")}
    assert_problem(client.post("/v1/reports/preview", **options), 503)
    assert client.post("/v1/reports", **options).status_code == 201


def test_known_answers_and_small_ones_need_no_slot(
    app: Flask, client: FlaskClient, reported: dict[str, Any]
) -> None:
    totals = client.get("/v1/totals?place=plekhovo")
    page = client.get("/place/plekhovo", buffered=True)
    assert _slots_of(app).try_acquire(OTHER_CLIENT)
    assert client.get("/v1/totals?place=plekhovo").data == totals.data
    again = client.get("/place/plekhovo", buffered=True)
    assert again.status_code == page.status_code == 200
    held = {"If-None-Match": totals.headers["ETag"]}
    assert client.get("/v1/totals?place=plekhovo", headers=held).status_code == 304
    for path in ("/v1/reports", f"/v1/reports/{reported['id']}", "/v1/places", "/v1/changes"):
        assert client.get(path).status_code == 200
    assert_problem(client.get("/v1/totals?place=plekhovo&compare=1"), 503)


def test_an_error_gives_the_slot_back(
    app: Flask, client: FlaskClient, reported: dict[str, Any]
) -> None:
    assert client.get("/v1/totals?place=nowhere").status_code == 422
    assert _slots_of(app).try_acquire(OTHER_CLIENT)
