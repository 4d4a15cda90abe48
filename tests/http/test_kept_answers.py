"""An answer that is sent again is the one that would be computed now, and counts like any other."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from schemas.report_in import ReportIn
from service import create_app
from service.domain.rate_limit import RateLimit
from service.http.context import get_services, install_services, services_of
from service.http.kept_answers import PER_REQUEST_HEADERS
from service.settings import Settings
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import api_keys
from service.usecases.reports import submit_report
from tests.conftest import START_TIME, SendRequest
from tests.support import bodies, engines
from tests.support.assertions import assert_problem, assert_recorded
from tests.support.prometheus_text import get_sample_value, parse_samples

MakeHeaders = Callable[..., dict[str, str]]
MakeClient = Callable[..., FlaskClient]

PATHS = (
    "/v1/totals",
    "/v1/totals?outcomes=killed&by=place&explain=true",
    "/v1/totals?by=outcome&format=csv&bom=true",
    "/v1/totals?by=place&format=geojson",
    "/v1/totals?as_of=1&compare=0",
    "/v1/places/plekhovo/totals",
    "/v1/totals/figures?limit=1",
    "/v1/reports",
    "/v1/reports?limit=1&format=ndjson",
    "/v1/reports/r1",
    "/v1/reports/r1?as_of=2026-01-05T10:00:00.5Z",
    "/v1/reports/r1/history",
    "/v1/places",
    "/v1/places?limit=1",
    "/v1/reporters?format=csv",
    "/v1/places/plekhovo",
    "/v1/totals?place=plekhovo&by=place&format=csv&about=true",
    "/chart.png?place=plekhovo",
    "/compare.png?place=plekhovo&compare=1",
)

REQUEST_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept": "text/csv"},
    {"If-None-Match": "*"},
    {"If-None-Match": '"other"'},
    {"If-Match": "*"},
    {"If-Match": '"other"'},
    {"Origin": "https://example.org"},
    {"Origin": "https://evil.example"},
    {"Casualty-Min-Seq": "1"},
    {"Casualty-Min-Seq": "x"},
    {"Range": "bytes=0-3"},
    {"Authorization": "Bearer nonsense"},
    {"X-Request-ID": "mine"},
)


@pytest.fixture
def make_client(settings: Settings, clock: Any) -> MakeClient:
    """Return a client of a service over the test's database."""

    def create_client(**changes: Any) -> FlaskClient:
        return create_app(replace(settings, **changes), clock).test_client()

    return create_client


@pytest.fixture
def record(send: SendRequest) -> None:
    """Record two reports of one place."""
    for number in (3, 8):
        assert_recorded(send(bodies.make_report(figures=[bodies.make_figure(wording=f"{number}")])))


def count_kept(client: FlaskClient) -> float:
    """Return how many answers of the service were kept ones."""
    text = client.get("/metrics").get_data(as_text=True)
    return get_sample_value(parse_samples(text), "casualty_kept_answers_total")


def show(answer: TestResponse) -> tuple[int, dict[str, str], bytes]:
    """Return what a client sees, without what differs for each request."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("Date", "X-Request-ID")
    }
    return answer.status_code, headers, answer.get_data()


def test_answers_that_are_sent_again_are_the_same(record: None, make_client: MakeClient) -> None:
    """Whatever the headers; a service that can keep nothing is compared with."""
    origins = ("https://example.org",)
    client, plain = make_client(origins=origins), make_client(origins=origins)
    services_of(plain.application).state_cache.cache.max_bytes = 0
    for number, path in enumerate(PATHS, 1):
        first = client.get(path)
        assert first.status_code == 200
        assert show(client.get(path)) == show(first) == show(plain.get(path))
        assert count_kept(client) == number
    for path in PATHS:
        etag = client.get(path).headers["ETag"]
        for headers in (*REQUEST_HEADERS, {"If-None-Match": etag}):
            expected = show(plain.get(path, headers=headers))
            for _ in range(2):
                assert show(client.get(path, headers=headers)) == expected, (path, headers)
        assert show(client.head(path)) == show(plain.head(path))
    assert count_kept(plain) == 0


@pytest.mark.parametrize("path", ["/v1/reports?format=csv&about=true", "/chart.png?chart=card"])
def test_an_answer_that_names_its_address_is_kept_for_each_host(
    record: None, make_client: MakeClient, path: str
) -> None:
    client, plain = make_client(), make_client()
    services_of(plain.application).state_cache.cache.max_bytes = 0
    bases = ("http://one.example", "http://two.example", "https://one.example")
    bodies_by_base = {base: client.get(path, base_url=base).get_data() for base in bases}
    assert len(set(bodies_by_base.values())) == len(bases)
    for base, body in bodies_by_base.items():
        assert client.get(path, base_url=base).get_data() == body
        assert plain.get(path, base_url=base).get_data() == body
    assert count_kept(client) == len(bases)


def test_a_picture_is_drawn_again_once_the_record_has_changed(
    record: None, make_client: MakeClient, send: SendRequest
) -> None:
    client = make_client()
    path = "/chart.png?place=plekhovo&chart=card"
    first = client.get(path)
    for number in range(1, 4):
        assert client.get(path).get_data() == first.get_data()
        assert count_kept(client) == number
    held = {"If-None-Match": first.headers["ETag"]}
    assert client.get(path, headers=held).status_code == 304
    assert_recorded(send(bodies.make_report(figures=[bodies.make_figure(wording="90")])))
    later = client.get(path, headers=held)
    assert later.status_code == 200 and later.get_data() != first.get_data()
    assert count_kept(client) == 4


def test_a_picture_of_today_by_its_date_is_not_kept(record: None, make_client: MakeClient) -> None:
    """Tomorrow it is one of an earlier day, and says so."""
    client = make_client()
    for _ in range(2):
        answer = client.get(f"/chart.png?place=plekhovo&as_of={START_TIME.date()}")
        assert answer.status_code == 200 and "ETag" not in answer.headers
    assert count_kept(client) == 0


def test_a_picture_without_time_for_its_totals_is_not_kept(
    make_client: MakeClient, send: SendRequest
) -> None:
    """It may be narrower in the next answer."""
    assert_recorded(send(bodies.make_interlocked_report()))
    client = make_client(solver_seconds=0.0)
    for _ in range(2):
        assert "ETag" not in client.get("/chart.png?place=a&chart=card").headers
    assert count_kept(client) == 0


def test_every_header_that_is_not_kept_is_made_for_each_request(
    record: None, make_client: MakeClient, key: MakeHeaders
) -> None:
    client = make_client(origins=("*",), rate_limit=RateLimit(100, 60))
    answers = [
        client.get("/v1/totals", headers={"X-Request-ID": name, "Origin": "https://a.org"})
        for name in ("one", "two")
    ]
    assert count_kept(client) == 1
    sent = {name.lower() for name in answers[1].headers.keys()}
    assert sent >= PER_REQUEST_HEADERS - {"date"}
    assert [each.headers["X-Request-ID"] for each in answers] == ["one", "two"]
    assert [each.headers["RateLimit"].split(";")[1] for each in answers] == ["r=99", "r=98"]


def test_a_kept_answer_is_not_sent_to_whoever_needs_a_later_state(
    record: None, make_client: MakeClient
) -> None:
    client = make_client()
    seq = int(client.get("/v1/places").headers["Casualty-Seq"])
    for demanded, status in ((seq, 200), (seq + 1, 503)):
        headers = {"Casualty-Min-Seq": str(demanded)}
        assert client.get("/v1/places", headers=headers).status_code == status
    assert count_kept(client) == 1


def test_a_304_is_kept_without_a_body(record: None, make_client: MakeClient) -> None:
    client, other = make_client(), make_client()
    etag = client.get("/v1/totals").headers["ETag"]
    answers = [other.get("/v1/totals", headers={"If-None-Match": f"W/{etag}"}) for _ in range(2)]
    assert [(each.status_code, each.get_data()) for each in answers] == [(304, b"")] * 2
    assert count_kept(other) == 1
    assert other.get("/v1/totals").get_data() == client.get("/v1/totals").get_data()
    assert count_kept(other) == 1
    assert other.get("/v1/totals").status_code == 200
    assert count_kept(other) == 2


def test_no_process_sends_an_answer_after_a_report_of_another_one(
    record: None, make_client: MakeClient, send: SendRequest
) -> None:
    """``send`` posts to a service of its own over the same database."""
    clients = make_client(), make_client()
    for number in range(20, 26):
        before = [client.get("/v1/totals?outcomes=killed").json for client in clients]
        recorded = send(bodies.make_report(figures=[bodies.make_figure(wording=f"{number}")]))
        for client, earlier in zip(clients, before, strict=True):
            answer = client.get("/v1/totals?outcomes=killed")
            assert answer.json["as_of"]["seq"] == recorded.json["seq"] > earlier["as_of"]["seq"]
            assert int(answer.headers["Casualty-Seq"]) == recorded.json["seq"]


def test_erased_text_is_not_sent_again(
    client: FlaskClient, make_client: MakeClient, key: MakeHeaders, send: SendRequest
) -> None:
    assert_recorded(send(bodies.make_report(quote="the name of a person")))
    other = make_client()
    paths = ("/v1/reports/r1", "/v1/reports", "/v1/reports/r1/history")
    for path in paths * 2:
        other.get(path)
    assert "name of a person" in other.get("/v1/reports/r1").get_data(as_text=True)
    redaction = {"reason": "law", "fields": ["/quote"]}
    answer = client.post("/v1/reports/r1/redaction", json=redaction, headers=key("admin"))
    assert answer.status_code == 201
    for path in paths:
        assert "name of a person" not in other.get(path).get_data(as_text=True)


def replace_database(client: FlaskClient, store: Store) -> None:
    """Let the service read another database from now on."""
    with client.application.app_context():
        install_services(client.application, replace(get_services(), read_store=store))


def test_another_record_with_as_many_events_gets_no_kept_answer(
    record: None, client: FlaskClient, tmp_path: Path
) -> None:
    kept = [client.get("/v1/reports") for _ in range(2)][1]
    with engines.temporary_database(tmp_path / "other") as database:
        services = services_of(create_app(Settings(database=database)))
        for name in ("a", "b"):
            body = bodies.make_report(figures=[bodies.make_figure(wording="99")])
            submit_report(
                services.store,
                ReportIn().load(body),
                actor="k",
                now=START_TIME,
                new_id=lambda name=name: name,  # type: ignore[misc]
            )
        replace_database(client, services.store)
        answer = client.get("/v1/reports")
        assert answer.headers["Casualty-Seq"] == kept.headers["Casualty-Seq"]
        assert [each["id"] for each in answer.json["reports"]] == ["a", "b"]
        services.store.close()


def test_a_database_that_is_out_of_reach_is_no_reason_to_send_what_is_kept(
    record: None, client: FlaskClient, tmp_path: Path
) -> None:
    assert [client.get("/v1/places").status_code for _ in range(2)] == [200, 200]
    replace_database(client, open_store("postgresql://127.0.0.1:1/nothing", 1.0))
    assert_problem(client.get("/v1/places"), 503)


def test_closed_reading_checks_the_key_of_each_request(
    record: None, make_client: MakeClient, key: MakeHeaders, store: Store
) -> None:
    client, headers, other = make_client(reading="closed"), key("read"), key("report")
    for each in (headers, other, headers):
        assert client.get("/v1/totals", headers=each).status_code == 200
    metrics = client.get("/metrics", headers=headers).get_data(as_text=True)
    assert get_sample_value(parse_samples(metrics), "casualty_kept_answers_total") == 2
    assert_problem(client.get("/v1/totals"), 401)
    assert_problem(client.get("/v1/totals", headers={"Authorization": "Bearer x"}), 401)
    key_id = headers["Authorization"].split("_")[1]
    api_keys.revoke_key(store, key_id, now=START_TIME + timedelta(minutes=1))
    assert_problem(client.get("/v1/totals", headers=headers), 401)
    assert client.get("/v1/totals", headers=other).status_code == 200


def test_a_kept_answer_counts_for_the_rate_limit_once(
    record: None, make_client: MakeClient, key: MakeHeaders
) -> None:
    client, headers = make_client(rate_limit=RateLimit(3, 3600)), key("read")
    answers = [client.get("/v1/totals", headers=headers) for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    remaining = [each.headers["RateLimit"].split(";")[1] for each in answers]
    assert remaining == ["r=2", "r=1", "r=0", "r=0", "r=0"]
    assert client.get("/v1/totals").status_code == 200  # Another client.


def test_kept_answers_are_logged_and_counted_like_others(
    record: None, make_client: MakeClient, key: MakeHeaders, capsys: pytest.CaptureFixture[str]
) -> None:
    client, headers = make_client(log_level="info"), key("read")
    etag = client.get("/v1/totals?outcomes=killed", headers=headers).headers["ETag"]
    client.get("/v1/totals?outcomes=killed", headers=headers)
    client.get("/v1/totals?outcomes=killed", headers={**headers, "If-None-Match": etag})
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    lines = [each for each in logged if "path" in each]  # A busy machine can add others.
    shown = [(each["path"], each["status"], each["key"] is not None) for each in lines]
    assert shown == [("/v1/totals", status, True) for status in (200, 200, 304)]
    assert len({each["request_id"] for each in lines}) == 3
    assert {frozenset(each) for each in lines} == {frozenset(lines[0])}
    samples = parse_samples(client.get("/metrics").get_data(as_text=True))
    labels = {"route": "/v1/totals", "method": "GET"}
    for status, count in (("200", 2), ("304", 1)):
        for name in ("requests_total", "request_duration_seconds_count"):
            value = get_sample_value(samples, f"casualty_http_{name}", status=status, **labels)
            assert value == count


def test_what_ran_out_of_time_or_waits_for_events_is_not_kept(
    record: None, make_client: MakeClient, send: SendRequest
) -> None:
    places = [bodies.make_place(each) for each in "abc"]
    figures = [
        {"outcomes": ["killed"], "exactly": number, "places": pair}
        for number, pair in ((3, ["a", "b"]), (3, ["b", "c"]), (4, ["a", "c"]))
    ]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    client = make_client(solver_seconds=1e-9, answer_seconds=600.0)
    for path in ("/v1/totals?outcomes=killed", "/v1/totals/figures?outcomes=killed"):
        for _ in range(2):
            assert client.get(path).status_code == 200
    for _ in range(2):
        client.get("/v1/changes?since=0")
        client.get("/v1/totals?outcomes=unheard")
        client.get("/v1/reports/nowhere")
    assert count_kept(client) == 0
