"""What goes wrong is told by a page to whoever reads pages, in plain words; else as a problem."""

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
from tests import make
from tests.check import problem, recorded

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
def test_a_picture_that_there_is_not_is_said_to_be_none(
    client: FlaskClient, send: Send, query: str
) -> None:
    recorded(send(make.report()))
    assert "There is no such picture" in check_page(client.get(f"/embed?{query}"), 200)


@pytest.mark.parametrize("chart", ["parts", "times", "map"])
def test_of_an_empty_record_there_is_no_picture(client: FlaskClient, chart: str) -> None:
    assert "There is no such picture" in check_page(client.get(f"/embed?chart={chart}"), 200)
    assert check_page(client.get(f"/chart.svg?chart={chart}"), 404)


# What nobody expected.


@pytest.mark.parametrize("path", ["embed", "proof", "find"])
def test_a_defect_of_a_page_is_told_by_a_page(
    app: Flask, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    app.view_functions[app.url_map.bind("").match(f"/{path}")[0]] = lambda: 1 // 0
    answer = app.test_client().get(f"/{path}", headers={"X-Request-ID": "abc"})
    told = check_page(answer, 500)
    assert "request id abc" in told
    assert "ZeroDivisionError" not in told
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_goes_wrong_in_a_frame_can_be_read_there(client: FlaskClient) -> None:
    for query in ("from=yesterday", "place=nowhere"):
        answer = client.get(f"/embed?{query}")
        assert '<base target="_blank">' in check_page(answer, 422)
        assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in answer.headers


# When to come back.


def test_whoever_asks_too_often_is_told_when_to_come_back(make_client: MakeClient) -> None:
    client = make_client(rate_limit=RateLimit(1, 60))
    check_page(client.get("/places"), 200)
    refused = client.get("/places")
    assert "Wait a moment" in check_page(refused, 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("path", ["proof", "chart.svg", "embed"])
def test_what_takes_too_long_is_counted_logged_and_says_what_to_do(
    make_client: MakeClient, send: Send, key: Any, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    recorded(send(make.report()))
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
        ("GET", "/proof/", 404, "../"),
        ("GET", "/a/b/c", 404, "../../"),
        ("POST", "/proof", 405, ""),
        ("GET", "/docs/static/nope", 404, "../../"),
    ],
)
def test_a_wrong_address_is_told_to_a_browser_by_a_page(
    client: FlaskClient, method: str, path: str, status: int, up: str
) -> None:
    answer = client.open(path, method=method, headers=BROWSER)
    told = check_page(answer, status)
    addresses = re.findall(r'(?:href|src)="(?!data:|#)([^"]+)"', told)
    assert len(addresses) > 5
    for address in addresses:
        assert re.fullmatch(rf"{re.escape(up)}(\./|enter|docs|assets/\w+/[\w.]+)", address), address
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/problem+json"])
def test_programs_are_told_as_before(client: FlaskClient, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    problem(client.get("/nope", headers=headers), 404)
    problem(client.post("/proof", headers=headers), 405)


def test_the_interface_speaks_as_it_always_does(client: FlaskClient) -> None:
    problem(client.get("/v1/nope", headers=BROWSER), 404)
    problem(client.get("/v1/places/nope", headers=BROWSER), 404)
    answer = client.delete("/v1/places", headers=BROWSER)
    problem(answer, 405)
    assert answer.headers["Allow"]


# Who may keep what.


@pytest.mark.parametrize("path", ["", "proof", "places", "find?words=a", "chart.svg", "embed"])
def test_no_page_is_kept_unasked_nor_for_another_key(
    client: FlaskClient, send: Send, path: str
) -> None:
    recorded(send(make.report()))
    answer = client.get(f"/{path}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Authorization" in answer.vary


def test_files_are_the_same_for_everybody(client: FlaskClient) -> None:
    with closing(client.get("/assets/any/page.css")) as answer:
        assert "Authorization" not in answer.vary
