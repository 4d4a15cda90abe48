"""Pages of other origins read where that was set, and do nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.settings import Settings
from tests.support import bodies
from tests.support.assertions import assert_problem

ALLOWED_ORIGIN = "https://example.org"
OTHER_ORIGINS = ["https://example.org:8443", "http://example.org", "https://evil.org", "null", ""]
ADDRESSES = ["/v1/totals", "/v1/places", "/v1/reports/nowhere", "/v1/openapi.json", "/v1/x?y=1"]

MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def make_client(settings: Settings) -> MakeClient:
    """Return a client of a service that lets these origins read."""

    def create_client(*origins: str, **changes: str) -> FlaskClient:
        return create_app(replace(settings, origins=origins, **changes)).test_client()

    return create_client


def _cors_headers_of(answer: TestResponse) -> dict[str, str]:
    """Return the CORS headers of the response."""
    return {
        name.removeprefix("Access-Control-"): value
        for name, value in answer.headers.items()
        if name.startswith("Access-Control-")
    }


def _send_preflight(
    client: FlaskClient, address: str, method: str, origin: str = ALLOWED_ORIGIN
) -> TestResponse:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return client.options(address, headers=headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_there_are_no_cors_headers_unless_origins_are_set(
    client: FlaskClient, address: str
) -> None:
    answer = client.get(address, headers={"Origin": ALLOWED_ORIGIN})
    assert not _cors_headers_of(answer)
    assert "Origin" not in answer.headers.get("Vary", "")
    assert not _cors_headers_of(_send_preflight(client, address, "GET"))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_allowed_origin_reads_answers_and_problems(
    make_client: MakeClient, address: str, method: str
) -> None:
    answer = make_client("https://other.org", ALLOWED_ORIGIN).open(
        address, method=method, headers={"Origin": ALLOWED_ORIGIN}
    )
    cors_headers = _cors_headers_of(answer)
    assert cors_headers.pop("Allow-Origin") == ALLOWED_ORIGIN
    assert "ETag" in cors_headers.pop("Expose-Headers")
    assert cors_headers == {}
    assert "Origin" in answer.headers["Vary"].split(", ")


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
def test_another_origin_does_not_read(make_client: MakeClient, origin: str) -> None:
    client = make_client(ALLOWED_ORIGIN)
    answer = client.get("/v1/totals", headers={"Origin": origin})
    assert answer.status_code == 200
    assert not _cors_headers_of(answer)
    assert "Origin" in answer.headers["Vary"].split(", ")
    refused = _send_preflight(client, "/v1/totals", "GET", origin)
    assert_problem(refused, 403)
    assert not _cors_headers_of(refused)


def test_an_answer_without_an_origin_is_not_cached_for_all(make_client: MakeClient) -> None:
    answer = make_client(ALLOWED_ORIGIN).get("/v1/totals")
    assert not _cors_headers_of(answer)
    assert answer.headers["Vary"] == "Accept, Authorization, Origin"


@pytest.mark.parametrize("origin", [ALLOWED_ORIGIN, *OTHER_ORIGINS])
def test_a_star_allows_every_origin_to_read(make_client: MakeClient, origin: str) -> None:
    client = make_client("*")
    for answer in (client.get("/v1/places", headers={"Origin": origin}), client.get("/v1/places")):
        assert _cors_headers_of(answer)["Allow-Origin"] == "*"
        assert "Allow-Credentials" not in _cors_headers_of(answer)
    assert (
        _cors_headers_of(_send_preflight(client, "/v1/places", "GET", origin))["Allow-Origin"]
        == "*"
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("address", ["/v1/reports?place=a", "/v1/totals?as_of=1", "/v1/places/a"])
def test_a_preflight_of_a_read_is_allowed(
    make_client: MakeClient, address: str, method: str
) -> None:
    answer = _send_preflight(make_client(ALLOWED_ORIGIN, reading="closed"), address, method)
    assert (answer.status_code, answer.get_data()) == (204, b"")
    cors_headers = _cors_headers_of(answer)
    assert (cors_headers["Allow-Origin"], cors_headers["Allow-Methods"]) == (
        ALLOWED_ORIGIN,
        "GET, HEAD",
    )
    assert "Authorization" in cors_headers["Allow-Headers"]
    assert "Allow-Credentials" not in cors_headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "get", "x"])
@pytest.mark.parametrize("origins", [(ALLOWED_ORIGIN,), ("*",)])
def test_a_preflight_of_a_write_is_refused(
    make_client: MakeClient, method: str, origins: tuple[str, ...]
) -> None:
    answer = _send_preflight(make_client(*origins), "/v1/reports", method)
    assert_problem(answer, 403)
    assert not _cors_headers_of(answer)


def test_a_write_without_a_preflight_cannot_read_the_answer(
    make_client: MakeClient, key: Callable[..., dict[str, str]]
) -> None:
    headers = {"Origin": ALLOWED_ORIGIN, **key("report")}
    answer = make_client(ALLOWED_ORIGIN).post(
        "/v1/reports", json=bodies.make_report(), headers=headers
    )
    assert answer.status_code == 201
    assert not _cors_headers_of(answer)


@pytest.mark.parametrize("address", ["/docs", "/livez", "/readyz", "/nowhere"])
def test_cors_applies_below_v1_alone(make_client: MakeClient, address: str) -> None:
    client = make_client("*")
    assert not _cors_headers_of(client.get(address, headers={"Origin": ALLOWED_ORIGIN}))
    assert not _cors_headers_of(_send_preflight(client, address, "GET"))


def test_options_that_is_no_preflight_has_no_cors_headers(make_client: MakeClient) -> None:
    answer = make_client(ALLOWED_ORIGIN).options("/v1/reports", headers={"Origin": ALLOWED_ORIGIN})
    assert "POST" in answer.headers["Allow"]
    assert not _cors_headers_of(answer)
