"""Authentication by API key, and what is logged of it."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from service.store.interface import Store
from service.usecases import api_keys
from tests.conftest import START_TIME
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

MakeHeaders = Callable[[str], dict[str, str]]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer cas_x_y",
        "Basic dTpw",
        "Bearer \xe9",
        "cas_0_0",
        "Bearer cas__",
        "Bearer " + "_" * 5000,
    ],
)
def test_a_wrong_key_is_refused_even_where_none_is_needed(client: FlaskClient, header: str) -> None:
    assert_problem(client.get("/v1/reports", headers={"Authorization": header}), 401)


def test_a_key_with_another_secret_is_refused(client: FlaskClient, key: MakeHeaders) -> None:
    headers = {"Authorization": key("admin")["Authorization"][:-1] + "g"}
    assert_problem(client.post("/v1/reports", json=bodies.make_report(), headers=headers), 401)


def test_a_revoked_key_is_refused(client: FlaskClient, key: MakeHeaders, store: Store) -> None:
    headers = key("report")
    api_keys.revoke_key(store, headers["Authorization"].split("_")[1], now=START_TIME)
    assert_problem(client.post("/v1/reports", json=bodies.make_report(), headers=headers), 401)


def test_a_key_sent_as_a_browsers_password_reads_and_never_writes(
    settings: Settings, store: Store
) -> None:
    """A browser adds a Basic password to requests that other sites make it send (CSRF)."""
    client = create_app(replace(settings, reading="closed")).test_client()
    text = api_keys.create_key(store, name="admin", scope="admin", now=START_TIME)
    password = {"Authorization": "Basic " + b64encode(f"anyone:{text}".encode()).decode()}
    assert client.get("/v1/reports").status_code == 401
    assert client.get("/v1/reports", headers=password).status_code == 200
    body = bodies.make_report()
    assert_problem(client.post("/v1/reports", json=body, headers=password), 401)
    place = {"name": "Plekhovo"}
    assert_problem(client.put("/v1/places/plekhovo", json=place, headers=password), 401)
    key = {"Authorization": f"Bearer {text}"}
    assert client.get("/v1/reports", headers=key).get_json()["reports"] == []
    assert_recorded(client.post("/v1/reports", json=body, headers=key))


def test_a_key_is_never_taken_from_the_address(client: FlaskClient, key: MakeHeaders) -> None:
    text = key("report")["Authorization"].removeprefix("Bearer ")
    address, report = f"/v1/reports?key={text}", bodies.make_report()
    assert_problem(client.post(address, json=report), 401)
    assert_problem(client.post(address, json=report, headers=key("report")), 422, "key")


def test_a_request_without_a_key_is_refused_before_its_body_is_read(client: FlaskClient) -> None:
    answer = client.post("/v1/reports", data=b"{")
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_no_key_and_no_body_is_logged(settings: Settings, key: MakeHeaders, capsys: Any) -> None:
    app: Flask = create_app(replace(settings, log_level="info"))
    headers = {**key("report"), "X-Request-ID": "abc-1"}
    text = headers["Authorization"].removeprefix("Bearer ")
    client = app.test_client()
    answer = client.post("/v1/reports", json=bodies.make_report(note="a secret"), headers=headers)
    client.get(f"/v1/reports/{text}")
    client.get(f"/v1/reports?q={text}")
    logged = capsys.readouterr().err
    assert answer.headers["X-Request-ID"] == "abc-1"
    assert '"request_id": "abc-1"' in logged
    assert text not in logged
    assert "a secret" not in logged


def test_an_invalid_request_id_is_replaced(client: FlaskClient) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": "a b\tc"})
    assert " " not in answer.headers["X-Request-ID"]
