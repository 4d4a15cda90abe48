"""Who may do what, and how a key is sent."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from service.store.sqlite import Store
from service.usecases import keys
from tests import make
from tests.check import problem
from tests.conftest import BEGIN

Key = Callable[[str], dict[str, str]]

WRITES = [("POST", "/v1/reports", make.report()), ("PUT", "/v1/places/a", {"name": "A"})]
READS = [
    "/v1/reports",
    "/v1/reports/r1",
    "/v1/places",
    "/v1/places/a",
    "/v1/groups",
    "/v1/groups/everyone",
    "/v1/reporters",
    "/v1/reporters/a",
    "/v1/vocabulary",
    "/metrics",
]


@pytest.mark.parametrize(("method", "address", "body"), WRITES)
def test_writing_needs_a_key_of_scope_report(
    client: FlaskClient, key: Key, method: str, address: str, body: dict
) -> None:
    answer = client.open(address, method=method, json=body)
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    problem(client.open(address, method=method, json=body, headers=key("read")), 403)
    assert client.open(address, method=method, json=body, headers=key("report")).status_code == 201


@pytest.mark.parametrize(("method", "address", "body"), WRITES)
def test_admin_includes_report(
    client: FlaskClient, key: Key, method: str, address: str, body: dict
) -> None:
    assert client.open(address, method=method, json=body, headers=key("admin")).status_code == 201


@pytest.mark.parametrize("address", READS)
def test_reading_is_open_by_default(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code in (200, 404)


@pytest.mark.parametrize("address", READS)
def test_reading_can_be_closed(settings: Settings, key: Key, address: str) -> None:
    closed = create_app(replace(settings, reading="closed")).test_client()
    problem(closed.get(address), 401)
    for scope in ("read", "report", "admin"):
        assert closed.get(address, headers=key(scope)).status_code in (200, 404)
    assert closed.get("/livez").status_code == closed.get("/readyz").status_code == 200


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
    problem(client.get("/v1/reports", headers={"Authorization": header}), 401)


def test_a_key_with_another_secret_is_refused(client: FlaskClient, key: Key) -> None:
    headers = {"Authorization": key("admin")["Authorization"][:-1] + "g"}
    problem(client.post("/v1/reports", json=make.report(), headers=headers), 401)


def test_a_revoked_key_is_refused(client: FlaskClient, key: Key, store: Store) -> None:
    headers = key("report")
    keys.revoke(store, headers["Authorization"].split("_")[1], now=BEGIN)
    problem(client.post("/v1/reports", json=make.report(), headers=headers), 401)


def test_a_key_is_never_taken_from_the_address(client: FlaskClient, key: Key) -> None:
    text = key("report")["Authorization"].removeprefix("Bearer ")
    problem(client.post(f"/v1/reports?key={text}", json=make.report()), 422, "key")


def test_a_stranger_is_told_nothing_about_the_body(client: FlaskClient) -> None:
    problem(client.post("/v1/reports", data=b"{"), 401)


def test_no_key_and_no_body_comes_into_the_log(settings: Settings, key: Key, capsys: Any) -> None:
    app: Flask = create_app(replace(settings, log_level="info"))
    headers = {**key("report"), "X-Request-ID": "abc-1"}
    text = headers["Authorization"].removeprefix("Bearer ")
    client = app.test_client()
    answer = client.post("/v1/reports", json=make.report(note="a secret"), headers=headers)
    client.get(f"/v1/reports/{text}")
    client.get(f"/v1/reports?q={text}")
    logged = capsys.readouterr().err
    assert answer.headers["X-Request-ID"] == "abc-1"
    assert '"request_id": "abc-1"' in logged
    assert text not in logged
    assert "a secret" not in logged


def test_a_strange_request_id_is_replaced(client: FlaskClient) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": "a b\tc"})
    assert " " not in answer.headers["X-Request-ID"]


def test_answers_carry_security_headers(client: FlaskClient) -> None:
    for address in ("/v1/reports", "/nowhere", "/docs"):
        headers = client.get(address).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
