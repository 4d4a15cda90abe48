"""How a key is sent, what a stranger is told, and what every answer carries."""

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
from tests import make
from tests.check import problem
from tests.conftest import START_TIME

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
    problem(client.get("/v1/reports", headers={"Authorization": header}), 401)


def test_a_key_with_another_secret_is_refused(client: FlaskClient, key: MakeHeaders) -> None:
    headers = {"Authorization": key("admin")["Authorization"][:-1] + "g"}
    problem(client.post("/v1/reports", json=make.report(), headers=headers), 401)


def test_a_revoked_key_is_refused(client: FlaskClient, key: MakeHeaders, store: Store) -> None:
    headers = key("report")
    api_keys.revoke_key(store, headers["Authorization"].split("_")[1], now=START_TIME)
    problem(client.post("/v1/reports", json=make.report(), headers=headers), 401)


def test_a_key_is_never_taken_from_the_address(client: FlaskClient, key: MakeHeaders) -> None:
    text = key("report")["Authorization"].removeprefix("Bearer ")
    problem(client.post(f"/v1/reports?key={text}", json=make.report()), 422, "key")


def test_a_stranger_is_told_nothing_about_the_body(client: FlaskClient) -> None:
    answer = client.post("/v1/reports", data=b"{")
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_no_key_and_no_body_comes_into_the_log(
    settings: Settings, key: MakeHeaders, capsys: Any
) -> None:
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


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/v1/reports", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/livez", 200),
        ("GET", "/docs", 200),
        ("GET", "/docs/static/docs.js", 200),
        ("OPTIONS", "/v1/reports", 200),
        ("GET", "/docs/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/reports/nowhere", 404),
        ("DELETE", "/v1/reports", 405),
        ("POST", "/v1/reports", 401),
        ("GET", "/v1/reports?x=1", 422),
        ("GET", "/defect", 500),
    ],
)
def test_every_answer_carries_security_headers(
    app: Flask, method: str, address: str, status: int
) -> None:
    app.add_url_rule("/defect", "defect", lambda: 1 // 0)
    with app.test_client().open(address, method=method) as answer:
        assert answer.status_code == status
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "X-Request-ID" in headers
    assert len(headers.getlist("Content-Security-Policy")) == 1
