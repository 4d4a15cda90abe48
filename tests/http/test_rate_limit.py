"""How often one may ask: off unless set, by key or address, and never a reason to fail."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.domain.rate_limit import RateLimit
from service.settings import Settings
from service.store.sqlite.rate_counters import FILE_SUFFIX
from tests.support.assertions import assert_problem

MakeHeaders = Callable[..., dict[str, str]]
MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def make_client(settings: Settings, clock: Any) -> MakeClient:
    """Return a client of a service that answers two requests a minute, its clock ticking."""

    def create_client(**changes: Any) -> FlaskClient:
        changed_settings = replace(settings, **{"rate_limit": RateLimit(2, 60), **changes})
        return create_app(changed_settings, clock).test_client()

    return create_client


def _get_from(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    return client.get("/v1/places", environ_base={"REMOTE_ADDR": address}, headers=headers)


def test_there_is_no_limit_unless_set(client: FlaskClient, settings: Settings) -> None:
    answer = client.get("/v1/places")
    assert not [name for name in answer.headers.keys() if name.startswith("RateLimit")]
    database = settings.database
    assert isinstance(database, str) or not database.with_name(database.name + FILE_SUFFIX).exists()


def test_a_client_over_the_limit_gets_429_with_retry_after(
    make_client: MakeClient, key: MakeHeaders
) -> None:
    client, headers = make_client(), key("read")
    first = client.get("/v1/places", headers=headers)
    assert first.headers["RateLimit-Policy"] == '"default";q=2;w=60'
    assert first.headers["RateLimit"] == '"default";r=1;t=60'
    assert client.get("/v1/totals", headers=headers).status_code == 200
    refused = client.get("/v1/places", headers=headers)
    problem_body = assert_problem(refused, 429)
    assert 0 < int(refused.headers["Retry-After"]) < 60
    assert refused.headers["RateLimit"].startswith('"default";r=0;t=')
    assert problem_body["detail"].startswith(
        "At most 2 requests per minute are answered; try again in "
    )


def test_the_next_window_is_a_new_one(make_client: MakeClient, key: MakeHeaders) -> None:
    client, headers = make_client(rate_limit=RateLimit(2, 1)), key("read")
    for _ in range(5):  # Each request looks at the clock, which ticks by a second.
        assert client.get("/v1/places", headers=headers).status_code == 200


def test_each_key_is_counted_separately_from_any_address(
    make_client: MakeClient, key: MakeHeaders
) -> None:
    client, one, other = make_client(), key("read"), key("read")
    for address in ("192.0.2.1", "192.0.2.2"):
        assert _get_from(client, address, **one).status_code == 200
    assert_problem(_get_from(client, "192.0.2.3", **one), 429)
    assert _get_from(client, "192.0.2.1", **other).status_code == 200
    assert _get_from(client, "192.0.2.1").status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::2:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "not an address", True),
    ],
)
def test_requests_without_a_key_are_counted_by_address(
    make_client: MakeClient, first: str, second: str, same: bool
) -> None:
    client = make_client(rate_limit=RateLimit(1, 60))
    assert _get_from(client, first).status_code == 200
    assert _get_from(client, second).status_code == (429 if same else 200)


def test_requests_with_a_wrong_key_are_counted_by_address(make_client: MakeClient) -> None:
    client = make_client()
    for _ in range(2):
        assert_problem(_get_from(client, "192.0.2.1", Authorization="Bearer cas_0_0"), 401)
    assert_problem(_get_from(client, "192.0.2.1", Authorization="Bearer cas_0_1"), 429)


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [200, 429]), (1, [200, 200])])
def test_a_forwarded_address_is_taken_from_configured_proxies_alone(
    make_client: MakeClient, proxies: int, statuses: list[int]
) -> None:
    client = make_client(rate_limit=RateLimit(1, 60), proxies=proxies)
    forwarded = ["192.0.2.7, 192.0.2.1", "192.0.2.7, 192.0.2.2"]
    answers = [_get_from(client, "127.0.0.1", **{"X-Forwarded-For": each}) for each in forwarded]
    assert [answer.status_code for answer in answers] == statuses


def test_health_and_documents_are_not_counted(make_client: MakeClient) -> None:
    client = make_client(rate_limit=RateLimit(1, 60))
    for address in ("/livez", "/readyz", "/docs", "/v1/openapi.json", "/livez"):
        assert client.get(address).status_code == 200


@pytest.mark.sqlite
def test_requests_are_answered_where_they_cannot_be_counted(
    make_client: MakeClient, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.database.with_name(settings.database.name + FILE_SUFFIX).mkdir()
    client = make_client(rate_limit=RateLimit(1, 60), log_level="warning")
    for _ in range(3):
        assert client.get("/v1/places").status_code == 200
    (line,) = capsys.readouterr().err.splitlines()
    assert '"event": "uncounted"' in line
    assert '"level": "warning"' in line
