"""PostgreSQL stores no text with a zero byte, so that the service rejects it everywhere."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from service.store.postgresql.engine import PostgresStore
from service.usecases import api_keys
from tests.api.test_fuzz import FULL_REPORT, PATHS, _replace_at
from tests.conftest import START_TIME
from tests.support import bodies

ZEROS = ("\x00", "a\x00b", "2024-12-14\x00", "r1\x00", "\\u0000")
"""The last one is not a zero byte, but could become one if JSON were decoded twice."""

DESCRIBED = {
    "id": "x", "name": "x", "kind": "x", "parent": "plekhovo", "pcode": "x", "wikidata": "Q1",
    "country": "x", "aliases": ["x"],
}  # fmt: skip

PARAMETERS = (
    "place", "from", "to", "group", "reporter", "exclude_reporter", "state", "q", "limit", "after",
    "outcomes", "by", "as_of", "compare", "party", "straddling", "explain", "format", "since",
    "wait", "x", "x%00",
)  # fmt: skip

HEADERS = (
    "Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "Accept",
    "X-Request-ID",
)  # fmt: skip


@pytest.fixture
def client_and_headers(store: PostgresStore) -> tuple[FlaskClient, dict[str, str]]:
    """A service with one report, and the headers of an admin key."""
    client = create_app(Settings(database=store.url, log_level="error")).test_client()
    key = api_keys.create_key(store, name="k", scope="admin", now=START_TIME)
    headers = {"Authorization": f"Bearer {key}"}
    assert client.post("/v1/reports", json=bodies.make_report(), headers=headers).status_code == 201
    return client, headers


def _iterate_bodies() -> Iterator[tuple[str, str, Any]]:
    """Yield each body once for each of its texts, with a zero byte in that text."""
    for zero in ZEROS:
        for path in PATHS:
            yield "POST", "/v1/reports", _replace_at(FULL_REPORT, path, lambda _, zero=zero: zero)
        for kind in ("places", "groups", "reporters"):
            for name, value in DESCRIBED.items():
                changed = [zero] if isinstance(value, list) else zero
                yield "PUT", f"/v1/{kind}/x", {"name": "x", name: changed}
            yield "POST", f"/v1/{kind}/x/merge", {"into": zero}
            yield "PUT", f"/v1/{kind}/x%00", {"name": "x"}
        yield "POST", "/v1/reports/batch", {"reports": [bodies.make_report(note=zero)]}
        yield "POST", "/v1/reports/r/retraction", {"reason": zero}
        yield "POST", "/v1/reports/r/redaction", {"reason": "x", "fields": [zero]}
        yield "POST", "/v1/reports/r%00/redaction", {"reason": zero}
        yield "POST", "/v1/wording", {"text": zero}


def test_no_body_with_a_zero_byte_fails(client_and_headers: Any) -> None:
    client, headers = client_and_headers
    statuses = set()
    for method, address, body in _iterate_bodies():
        sent = {"data": json.dumps(body), "content_type": "application/json", "headers": headers}
        answer = client.open(address, method=method, **sent)
        assert answer.status_code < 500, (address, body)
        statuses.add(answer.status_code)
    assert {201, 404, 422} <= statuses


def test_no_address_with_a_zero_byte_fails(client_and_headers: Any) -> None:
    client, headers = client_and_headers
    for address in ("reports", "reports/r", "places", "places/plekhovo", "groups", "reporters",
                    "totals", "places/plekhovo/totals", "changes", "vocabulary"):  # fmt: skip
        for name in PARAMETERS:
            for value in ("%00", "a%00b", "1%00", "cmVwb3J0czoA", "ZW50cmllczoA"):
                answer = client.get(f"/v1/{address}?{name}={value}", headers=headers)
                assert answer.status_code < 500, (address, name, value)
        for path in ("%00", "a%00b"):
            assert client.get(f"/v1/{address}/{path}").status_code == 404


def test_no_header_with_a_zero_byte_fails(client_and_headers: Any) -> None:
    client, headers = client_and_headers
    for name in HEADERS:
        for value in ("\x00", "Bearer cas_\x00_x", "Bearer cas_a\x00", '"\x00"'):
            sent = {**headers, name: value}
            for address in ("/v1/reports", "/v1/places/plekhovo", "/v1/changes", "/v1/totals"):
                assert client.get(address, headers=sent).status_code < 500, (name, value)
            answer = client.post("/v1/reports", json=bodies.make_report(), headers=sent)
            assert answer.status_code < 500, (name, value)
