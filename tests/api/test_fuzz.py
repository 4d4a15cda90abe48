"""Whatever is sent, the service answers; it never fails."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import create_app
from service.http.context import get_services
from service.settings import Settings
from service.usecases import api_keys
from tests.conftest import START_TIME
from tests.support import bodies, engines

fuzz_settings = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

TEXT = st.one_of(st.text(), st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "Nd"])))
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-2, 40),
    st.sampled_from([2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(2**63), -0.0, 30.5, 1e308]),
    st.floats(allow_nan=True),
)
WORDS = st.sampled_from(
    ["killed", "missing", "own", "asserts", "ua-hur", "plekhovo", "everyone", "r1", "r1-1", "live",
     "2024-12-14", "0001-01-01", "9999-12-31", "at least 30 killed", "ucdp:1", "place", "null",
     "/quote"]
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT, WORDS)
NAMES = st.one_of(
    TEXT,
    st.sampled_from(
        ["id", "name", "from", "to", "figures", "low", "high", "exactly", "best", "wording",
         "reports", "reason", "fields", "into",
         "outcomes", "places", "groups", "period", "reporter", "stance", "relays", "supersedes",
         "incident", "reclassifies", "figure", "source", "caveats", "quote", "parent", "text"]
    ),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def client_and_headers(tmp_path_factory: Any) -> Iterator[tuple[FlaskClient, dict[str, str]]]:
    """One service for all examples, with a report in it, and the headers of an admin."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    numbers = count(1)
    with engines.temporary_database(folder) as database:
        fast_settings = Settings(database=database, log_level="error", solver_seconds=0.2)
        app = create_app(fast_settings, None, lambda: f"r{next(numbers)}")
        with app.app_context():
            store = get_services().store
        key = api_keys.create_key(store, name="fuzz", scope="admin", now=START_TIME)
        client, headers = app.test_client(), {"Authorization": f"Bearer {key}"}
        assert (
            client.post("/v1/reports", json=bodies.make_report(), headers=headers).status_code
            == 201
        )
        yield client, headers
        store.close()


def _check_response(answer: Any) -> None:
    text = answer.get_data()
    assert answer.status_code < 500, text
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"
    if (answer.mimetype or "").endswith("json"):  # A 304 has no type.
        lines = text.splitlines() if answer.mimetype == "application/x-ndjson" else [text]
        for line in lines:
            json.loads(line.decode("utf-8"))


def _send_and_check(client_and_headers: Any, method: str, address: str, data: bytes) -> None:
    client, headers = client_and_headers
    _check_response(
        client.open(
            address, method=method, data=data, headers=headers, content_type="application/json"
        )
    )


ADDRESSES = st.sampled_from(
    [
        ("POST", "/v1/reports"),
        ("POST", "/v1/wording"),
        ("PUT", "/v1/places/plekhovo"),
        ("PUT", "/v1/groups/new"),
        ("PUT", "/v1/reporters/new"),
        ("POST", "/v1/reports/batch"),
        ("POST", "/v1/reports/batch?atomic=true"),
        ("POST", "/v1/reports/r1/retraction"),
        ("POST", "/v1/reports/r1/redaction"),
        ("POST", "/v1/places/plekhovo/merge"),
        ("POST", "/v1/groups/everyone/merge"),
        ("POST", "/v1/reporters/ua-hur/merge"),
    ]
)


@fuzz_settings
@given(ADDRESSES, JSON)
def test_any_json_is_answered(client_and_headers: Any, address: tuple[str, str], body: Any) -> None:
    _send_and_check(client_and_headers, *address, json.dumps(body).encode())


@fuzz_settings
@given(ADDRESSES, st.binary(max_size=200))
def test_any_bytes_are_answered(
    client_and_headers: Any, address: tuple[str, str], body: bytes
) -> None:
    _send_and_check(client_and_headers, *address, body)


def _iterate_paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _iterate_paths(inner, (*path, key))


def _replace_at(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _replace_at(changed[path[0]], path[1:], change)
    return changed


FULL_REPORT = bodies.make_report(
    ref="a",
    published_at="2024-12-16",
    source={"url": "https://example.org", "publisher": "p", "title": "t", "language": "en"},
    quote="q",
    groups=["everyone", {"id": "g", "name": "G", "parent": "everyone"}],
    places=["plekhovo", bodies.make_place("b", parent="plekhovo", latitude=1.5, aliases=["B"])],
    figures=[
        bodies.make_figure(period={"from": None, "to": "2024-12-15"}, places=["plekhovo"]),
        bodies.make_figure(wording=..., low=1, high=4, best=2, note="n", incident="own"),
        bodies.make_figure(wording=..., exactly=3, incident="ucdp:1"),
    ],
    caveats=["preliminary"],
    incident=None,
)
PATHS = sorted(_iterate_paths(FULL_REPORT), key=str)


@fuzz_settings
@given(st.lists(st.tuples(st.sampled_from(PATHS), JSON), min_size=1, max_size=3))
def test_a_report_with_anything_changed_is_answered(client_and_headers: Any, changes: Any) -> None:
    body: Any = FULL_REPORT
    for path, value in changes:
        try:
            body = _replace_at(body, path, lambda _, value=value: value)
        except (KeyError, IndexError, TypeError):
            continue  # An earlier change took the part away.
    _send_and_check(client_and_headers, "POST", "/v1/reports", json.dumps(body).encode())


PARAMETERS = st.sampled_from(
    ["place", "from", "to", "group", "reporter", "state", "q", "limit", "after", "outcomes", "by",
     "as_of", "compare", "party", "straddling", "explain", "by_reporter", "exclude_reporter",
     "format", "since", "x"]
)  # fmt: skip
READ_PATHS = st.sampled_from(
    ["/v1/reports", "/v1/reports/r1", "/v1/places", "/v1/places/plekhovo", "/v1/groups",
     "/v1/reporters", "/v1/vocabulary", "/v1/totals", "/v1/places/plekhovo/totals",
     "/v1/openapi.json", "/readyz", "/v1/changes", "/v1/reports/r1/history", "/metrics"]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=12).map(quote_from_bytes),
    WORDS,
    st.sampled_from(
        ["day", "week", "month", "year", "place", "group", "outcome", "reporter", "true", "0",
         "1000", "killed,wounded", "include", "exclude", "csv", "json", "ndjson", "geojson",
         "2026-01-05T10:00:00Z"]
    ),
)  # fmt: skip


@fuzz_settings
@given(READ_PATHS, st.lists(st.tuples(PARAMETERS, VALUES), max_size=4))
def test_any_query_is_answered(
    client_and_headers: Any, address: str, query: list[tuple[str, str]]
) -> None:
    client, _ = client_and_headers
    _check_response(client.get(f"{address}?{'&'.join(f'{name}={value}' for name, value in query)}"))


PAGES = st.sampled_from(
    ["/", "/place/plekhovo", "/place", "/why", "/figures", "/reports", "/reporters", "/places",
     "/reporter/ua-hur", "/report/r1", "/incident/x:1", "/find", "/suggest", "/new", "/new.atom",
     "/compare", "/embed", "/chart.svg", "/enter", "/docs", "/method", "/embed/code", "/index.csv",
     "/figures.csv", "/reporters.csv", "/reporter/ua-hur.csv", "/new.csv", "/compare.csv",
     "/compare.svg"]
)  # fmt: skip
PAGE_PARAMETERS = st.one_of(
    PARAMETERS,
    st.sampled_from(["words", "find", "unit", "chart", "start", "facet", "other_place", "bom"]),
)


@fuzz_settings
@given(PAGES, st.lists(st.tuples(PAGE_PARAMETERS, VALUES), max_size=4))
def test_any_query_of_a_page_is_answered(
    client_and_headers: Any, address: str, query: list[tuple[str, str]]
) -> None:
    client, _ = client_and_headers
    joined = "&".join(f"{name}={value}" for name, value in query)
    with client.get(f"{address}?{joined}") as answer:
        assert answer.status_code in (200, 302, 303, 400, 404, 422), answer.get_data(as_text=True)
        assert answer.status_code != 200 or b"The rest of this page" not in answer.get_data()


@fuzz_settings
@given(st.binary(max_size=20).map(quote_from_bytes), st.binary(max_size=20).map(quote_from_bytes))
def test_any_address_is_answered(client_and_headers: Any, path: str, query: str) -> None:
    client, headers = client_and_headers
    for start in ("/x", "/v1/reports/", "/v1/places/", "/assets/"):
        answer = client.get(f"{start}{path}?{query}", headers=headers)
        _check_response(answer)
        answer.close()


HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "Authorization", "Content-Type", "Content-Encoding", "If-Match",
                     "If-None-Match", "If-Modified-Since", "Range", "X-Request-ID",
                     "Idempotency-Key", "Last-Event-ID"]),
    st.one_of(
        st.text(alphabet=st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20),
        st.sampled_from(["*", '"a"', 'W/"a"', '"a", "b', "key", "bytes=0-"]),
    ),
)  # fmt: skip


@fuzz_settings
@given(HEADERS)
def test_any_header_is_answered(client_and_headers: Any, headers: dict[str, str]) -> None:
    client, _ = client_and_headers
    for address in ("/v1/reports", "/v1/totals", "/v1/places/plekhovo", "/v1/changes"):
        _check_response(client.get(address, headers=headers))
    _check_response(client.post("/v1/reports", data=b"{}", headers=headers))


@fuzz_settings
@given(ADDRESSES, HEADERS, st.one_of(JSON, st.just(bodies.make_report())))
def test_any_header_of_a_writer_is_answered(
    client_and_headers: Any, address: tuple[str, str], headers: dict[str, str], body: Any
) -> None:
    client, admin_headers = client_and_headers
    method, path = address
    sent_headers = {"Content-Type": "application/json", **headers, **admin_headers}
    _check_response(client.open(path, method=method, data=json.dumps(body), headers=sent_headers))


LINES = st.lists(st.one_of(JSON.map(json.dumps), st.just(json.dumps(bodies.make_report())), TEXT))


@fuzz_settings
@given(LINES, st.sampled_from(["", "?atomic=true"]))
def test_any_lines_are_answered(client_and_headers: Any, lines: list[str], query: str) -> None:
    client, headers = client_and_headers
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    kind = "application/x-ndjson"
    answer = client.post(f"/v1/reports/batch{query}", data=data, headers=headers, content_type=kind)
    _check_response(answer)
    if answer.status_code == 207:
        assert all(result["status"] < 500 for result in answer.get_json()["results"])
