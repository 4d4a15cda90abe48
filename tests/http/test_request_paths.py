"""Every resource has one path, and no answer contains a URL that is made of the Host header."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.assertions import assert_problem

KNOWN_PATHS = (
    "/", "/figures", "/docs", "/assets/0/page.css", "/metrics", "/livez", "/readyz",
    "/v1/openapi.json", "/v1/totals", "/v1/places", "/v1/places/a", "/v1/reports/r1/history",
)  # fmt: skip


@pytest.mark.parametrize("path", KNOWN_PATHS)
@pytest.mark.parametrize("slashes", ["//", "///", "/%2F", "%2F/"])
def test_a_path_with_adjacent_slashes_is_unknown(
    client: FlaskClient, path: str, slashes: str
) -> None:
    for index, character in enumerate(path):
        if character == "/":
            spelling = f"{path[:index]}{slashes}{path[index + 1 :]}"
            response = client.open(
                environ_overrides={"PATH_INFO": spelling.replace("%2F", "/")},
                headers={"Host": "elsewhere.example"},
            )
            problem = assert_problem(response, 404)
            assert "No part of its path may be empty" in problem["detail"], spelling
            assert "elsewhere" not in response.get_data(as_text=True) + str(response.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "HEAD", "DELETE"])
def test_other_methods_find_nothing_there_either(client: FlaskClient, method: str) -> None:
    response = client.open(method=method, environ_overrides={"PATH_INFO": "/v1//reports"})
    assert response.status_code == 404
    assert "Location" not in response.headers


@pytest.mark.parametrize("path", KNOWN_PATHS[1:])
def test_a_slash_at_the_end_is_not_redirected(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(f"{path}/"), 404)


@pytest.mark.parametrize(
    "path",
    ["/v1/./totals", "/v1/x/../totals", "/assets/0/./page.css", "/assets/0/x/../page.css",
     "/assets/0/..", "/.", "/metrics/."],
)  # fmt: skip
def test_a_path_with_dots_is_unknown(client: FlaskClient, path: str) -> None:
    assert_problem(client.open(environ_overrides={"PATH_INFO": path}), 404)


@pytest.mark.parametrize(("query", "location"), [("", "base/"), ("by=day", "base/?by=day")])
def test_the_path_of_the_service_alone_is_redirected_without_its_host(
    client: FlaskClient, query: str, location: str
) -> None:
    environ = {"SCRIPT_NAME": "/below/base", "PATH_INFO": "", "QUERY_STRING": query}
    response = client.open(environ_overrides=environ, headers={"Host": "elsewhere.example"})
    assert response.status_code == 308
    assert response.headers["Location"] == location
    assert "elsewhere" not in response.get_data(as_text=True)


def test_such_a_path_is_not_counted_for_the_route(app: Flask, client: FlaskClient) -> None:
    client.open(environ_overrides={"PATH_INFO": "//livez"})
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    counted = [line for line in lines if 'status="404"' in line and "_count" not in line]
    assert counted and not any('route="/livez"' in line for line in counted)
