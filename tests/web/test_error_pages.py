"""Errors are HTML pages for browsers, and problem documents for other clients."""

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.domain.rate_limit import RateLimit
from service.settings import Settings
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

Send = Callable[..., TestResponse]
MakeClient = Callable[..., FlaskClient]

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def make_client(settings: Settings, clock: Any) -> MakeClient:
    """Return a client of a service with other settings over the same record."""
    return lambda **changes: create_app(replace(settings, **changes), clock).test_client()


def check_page(answer: TestResponse, status: int) -> str:
    """Return the page in the answer, having checked its status and that it can be shown."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "text/html; charset=utf-8"
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    text = answer.get_data(as_text=True).strip()
    assert text.startswith("<!doctype html>") and text.endswith("</html>")
    return text


# A picture that there is not.


@pytest.mark.parametrize(
    "query", ["chart=map&by=group", "chart=times&from=2020-01-01&to=2020-01-02"]
)
def test_a_chart_that_does_not_exist_is_reported_in_the_frame(
    client: FlaskClient, send: Send, query: str
) -> None:
    assert_recorded(send(bodies.make_report()))
    assert "There is no such chart" in check_page(client.get(f"/embed?{query}"), 200)


@pytest.mark.parametrize("chart", ["parts", "times", "map"])
def test_an_empty_record_has_no_chart(client: FlaskClient, chart: str) -> None:
    assert "There is no such chart" in check_page(client.get(f"/embed?chart={chart}"), 200)
    assert check_page(client.get(f"/chart.svg?chart={chart}"), 404)


# What nobody expected.


@pytest.mark.parametrize("path", ["embed", "why", "find"])
def test_a_defect_of_a_page_is_an_error_page(
    app: Flask, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    app.view_functions[app.url_map.bind("").match(f"/{path}")[0]] = lambda: 1 // 0
    answer = app.test_client().get(f"/{path}", headers={"X-Request-ID": "abc"})
    told = check_page(answer, 500)
    assert "request id abc" in told
    assert "ZeroDivisionError" not in told
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_error_in_a_frame_can_be_embedded(client: FlaskClient) -> None:
    for query in ("from=yesterday", "place=nowhere"):
        answer = client.get(f"/embed?{query}")
        assert '<base target="_blank">' in check_page(answer, 422)
        assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in answer.headers


# When to come back.


def test_a_client_over_the_rate_limit_gets_an_error_page_with_retry_after(
    make_client: MakeClient,
) -> None:
    client = make_client(rate_limit=RateLimit(1, 60))
    check_page(client.get("/places"), 200)
    refused = client.get("/places")
    assert "Wait a moment" in check_page(refused, 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("path", ["why", "chart.svg", "embed"])
def test_a_page_over_its_time_budget_is_counted_and_logged_and_has_advice(
    make_client: MakeClient, send: Send, key: Any, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    assert_recorded(send(bodies.make_report()))
    client = make_client(answer_seconds=1e-9)
    answer = client.get(f"/{path}")
    told = check_page(answer, 503)
    assert "This takes too long" in told
    assert "Reload the page" not in told
    assert "months instead of days" in told and "by_reporter" not in told
    assert answer.headers["Retry-After"] == "30"
    assert '"event": "unavailable"' in capsys.readouterr().err
    counted = client.get("/metrics", headers=key("read")).get_data(as_text=True)
    assert 'casualty_refused_total{reason="costly",work="reading"} 1.0' in counted


# Wrong addresses.


@pytest.mark.parametrize(
    ("method", "path", "status", "up"),
    [
        ("GET", "/nope", 404, ""),
        ("GET", "/why/", 404, "../"),
        ("GET", "/a/b/c", 404, "../../"),
        ("POST", "/why", 405, ""),
        ("GET", "/docs/no/nope", 404, "../../"),
    ],
)
def test_a_browser_gets_an_error_page_for_an_unknown_address(
    client: FlaskClient, method: str, path: str, status: int, up: str
) -> None:
    answer = client.open(path, method=method, headers=BROWSER)
    told = check_page(answer, status)
    addresses = re.findall(r'(?:href|src)="(?!data:|#)([^"]+)"', told)
    assert len(addresses) > 5
    for address in addresses:
        page = r"reports|reporters|places|new|enter|method|find|suggest|docs|download"
        index = re.escape(up) or r"\./"
        assert re.fullmatch(rf"{index}|{re.escape(up)}({page}|assets/\w+/[\w./-]+)", address), (
            address
        )
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/problem+json"])
def test_a_client_that_is_no_browser_gets_a_problem(
    client: FlaskClient, accept: str | None
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    assert_problem(client.get("/nope", headers=headers), 404)
    assert_problem(client.post("/why", headers=headers), 405)


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
def test_a_script_of_a_page_gets_a_problem(
    app: Flask, client: FlaskClient, make_client: MakeClient, accept: str
) -> None:
    """With a 401 of pages, a browser would open a password dialog while one types."""
    headers = {"Accept": accept}
    assert_problem(client.get("/suggest?kind=report&words=a", headers=headers), 422, "kind")
    closed = make_client(reading="closed")
    refused = closed.get("/suggest?kind=place&words=a", headers=headers)
    assert_problem(refused, 401)
    assert "Basic" not in refused.headers["WWW-Authenticate"]
    assert "Basic" in closed.get("/suggest?kind=place&words=a").headers["WWW-Authenticate"]

    def fail() -> None:
        raise ZeroDivisionError

    app.view_functions["web.suggest_matches"] = fail
    assert_problem(client.get("/suggest?words=a", headers=headers), 500)


def test_the_api_answers_browsers_with_problems_too(client: FlaskClient) -> None:
    assert_problem(client.get("/v1/nope", headers=BROWSER), 404)
    assert_problem(client.get("/v1/places/nope", headers=BROWSER), 404)
    answer = client.delete("/v1/places", headers=BROWSER)
    assert_problem(answer, 405)
    assert answer.headers["Allow"]


# Who may keep what.


@pytest.mark.parametrize("path", ["", "why", "places", "find?words=a", "chart.svg", "embed"])
def test_a_cached_page_is_revalidated_and_varies_by_key(
    client: FlaskClient, send: Send, path: str
) -> None:
    assert_recorded(send(bodies.make_report()))
    answer = client.get(f"/{path}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Authorization" in answer.vary


def test_assets_do_not_vary_by_key(client: FlaskClient) -> None:
    with closing(client.get("/assets/any/page.css")) as answer:
        assert "Authorization" not in answer.vary
