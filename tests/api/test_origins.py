"""Pages of other origins read where that was set, and do nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.settings import Settings
from tests import make
from tests.check import problem

PAGE = "https://example.org"
STRANGE = ["https://example.org:8443", "http://example.org", "https://evil.org", "null", ""]
ADDRESSES = ["/v1/totals", "/v1/places", "/v1/reports/nowhere", "/v1/openapi.json", "/v1/x?y=1"]

Shared = Callable[..., FlaskClient]


@pytest.fixture
def shared(settings: Settings) -> Shared:
    """Return a client of a service that lets these origins read."""

    def made(*origins: str, **changes: str) -> FlaskClient:
        return create_app(replace(settings, origins=origins, **changes)).test_client()

    return made


def _told(answer: TestResponse) -> dict[str, str]:
    """Return what browsers are told of other origins."""
    return {
        name.removeprefix("Access-Control-"): value
        for name, value in answer.headers.items()
        if name.startswith("Access-Control-")
    }


def _asked(client: FlaskClient, address: str, method: str, origin: str = PAGE) -> TestResponse:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return client.options(address, headers=headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_elsewhere_reads_unless_set(client: FlaskClient, address: str) -> None:
    answer = client.get(address, headers={"Origin": PAGE})
    assert not _told(answer)
    assert "Origin" not in answer.headers.get("Vary", "")
    assert not _told(_asked(client, address, "GET"))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_pages_of_a_set_origin_read_answers_and_problems(
    shared: Shared, address: str, method: str
) -> None:
    answer = shared("https://other.org", PAGE).open(
        address, method=method, headers={"Origin": PAGE}
    )
    told = _told(answer)
    assert told.pop("Allow-Origin") == PAGE
    assert "ETag" in told.pop("Expose-Headers")
    assert told == {}
    assert "Origin" in answer.headers["Vary"].split(", ")


@pytest.mark.parametrize("origin", STRANGE)
def test_pages_of_another_origin_do_not(shared: Shared, origin: str) -> None:
    client = shared(PAGE)
    answer = client.get("/v1/totals", headers={"Origin": origin})
    assert answer.status_code == 200
    assert not _told(answer)
    assert "Origin" in answer.headers["Vary"].split(", ")
    refused = _asked(client, "/v1/totals", "GET", origin)
    problem(refused, 403)
    assert not _told(refused)


def test_an_answer_without_an_origin_is_not_taken_for_all(shared: Shared) -> None:
    answer = shared(PAGE).get("/v1/totals")
    assert not _told(answer)
    assert answer.headers["Vary"] == "Accept, Authorization, Origin"


@pytest.mark.parametrize("origin", [PAGE, *STRANGE])
def test_a_star_lets_all_pages_read(shared: Shared, origin: str) -> None:
    client = shared("*")
    for answer in (client.get("/v1/places", headers={"Origin": origin}), client.get("/v1/places")):
        assert _told(answer)["Allow-Origin"] == "*"
        assert "Allow-Credentials" not in _told(answer)
    assert _told(_asked(client, "/v1/places", "GET", origin))["Allow-Origin"] == "*"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("address", ["/v1/reports?place=a", "/v1/totals?as_of=1", "/v1/places/a"])
def test_a_browser_that_asks_first_is_told_that_it_may_read(
    shared: Shared, address: str, method: str
) -> None:
    answer = _asked(shared(PAGE, reading="closed"), address, method)
    assert (answer.status_code, answer.get_data()) == (204, b"")
    told = _told(answer)
    assert (told["Allow-Origin"], told["Allow-Methods"]) == (PAGE, "GET, HEAD")
    assert "Authorization" in told["Allow-Headers"]
    assert "Allow-Credentials" not in told


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "get", "x"])
@pytest.mark.parametrize("origins", [(PAGE,), ("*",)])
def test_a_browser_that_would_write_is_refused(
    shared: Shared, method: str, origins: tuple[str, ...]
) -> None:
    answer = _asked(shared(*origins), "/v1/reports", method)
    problem(answer, 403)
    assert not _told(answer)


def test_who_writes_without_asking_cannot_read_the_answer(
    shared: Shared, key: Callable[..., dict[str, str]]
) -> None:
    headers = {"Origin": PAGE, **key("report")}
    answer = shared(PAGE).post("/v1/reports", json=make.report(), headers=headers)
    assert answer.status_code == 201
    assert not _told(answer)


@pytest.mark.parametrize("address", ["/docs", "/livez", "/readyz", "/nowhere"])
def test_only_what_is_below_v1_is_shared(shared: Shared, address: str) -> None:
    client = shared("*")
    assert not _told(client.get(address, headers={"Origin": PAGE}))
    assert not _told(_asked(client, address, "GET"))


def test_a_question_about_methods_is_answered_as_ever(shared: Shared) -> None:
    answer = shared(PAGE).options("/v1/reports", headers={"Origin": PAGE})
    assert "POST" in answer.headers["Allow"]
    assert not _told(answer)
