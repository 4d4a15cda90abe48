"""The health checks."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.http.context import get_services
from service.serving import runtime_dir
from tests.support import engines
from tests.support.assertions import assert_problem


def test_the_service_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/livez").get_json() == {"status": "alive"}
    assert client.get("/readyz").get_json() == {"status": "ready"}


def test_a_draining_service_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_dir, "is_draining", lambda: True)
    answer = client.get("/readyz")
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "1"
    assert client.get("/livez").status_code == 200


def test_the_service_is_not_ready_without_its_database(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        store = get_services().store
    engines.make_unreachable(store)
    answer = client.get("/readyz")
    assert_problem(answer, 503)
    # A server may be replaced by another within moments; a file is not.
    assert answer.headers["Retry-After"] == ("60" if engines.URL is None else "2")
    assert client.get("/livez").status_code == 200
