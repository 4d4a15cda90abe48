"""The metrics, their labels, and that clients cannot create labels without limit."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import create_app
from service.domain.errors import DomainError
from service.domain.rate_limit import RateLimit
from service.http import metrics, problems
from service.http.context import get_services, install_services
from service.settings import Settings
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import copy_store
from service.version import __version__
from tests.conftest import START_TIME, MakeHeaders, SendRequest
from tests.support import bodies, engines
from tests.support.assertions import assert_problem, assert_recorded
from tests.support.prometheus_text import (
    Samples,
    get_sample_value,
    parse_metric_names,
    parse_samples,
)

REQUESTS_METRIC = "casualty_http_requests_total"
SECONDS_METRIC = "casualty_http_request_duration_seconds"


def _scrape(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return parse_samples(answer.get_data(as_text=True))


def _find_label_values(sample_values: Samples, label: str) -> set[str]:
    return {value for _, labels in sample_values for name, value in labels if name == label}


def test_requests_are_counted_by_the_template_of_their_route(client: FlaskClient) -> None:
    for place_id in ("a", "b"):
        client.get(f"/v1/places/{place_id}")
    labels = {"route": "/v1/places/<id>", "method": "GET", "status": 404}
    sample_values = _scrape(client)
    assert get_sample_value(sample_values, REQUESTS_METRIC, **labels) == 2
    assert get_sample_value(sample_values, f"{SECONDS_METRIC}_count", **labels) == 2
    assert get_sample_value(sample_values, f"{SECONDS_METRIC}_bucket", **labels, le="+Inf") == 2
    assert 0 < get_sample_value(sample_values, f"{SECONDS_METRIC}_sum", **labels) < 60


def test_unknown_paths_and_methods_share_one_label(client: FlaskClient) -> None:
    for each in range(3):
        client.get(f"/nowhere/{each}")
        client.open("/livez", method=f"LOOK{each}")
    sample_values = _scrape(client)
    assert (
        get_sample_value(
            sample_values, REQUESTS_METRIC, route="unmatched", method="GET", status=404
        )
        == 3
    )
    assert (
        get_sample_value(
            sample_values, REQUESTS_METRIC, route="unmatched", method="other", status=405
        )
        == 3
    )
    assert _find_label_values(sample_values, "route") == {"unmatched"}
    assert _find_label_values(sample_values, "method") == {"GET", "other"}


def test_a_defect_is_counted_with_its_status(app: Flask) -> None:
    @app.get("/broken")
    def fail() -> None:
        raise RuntimeError

    client = app.test_client()
    client.get("/broken")
    labels = {"route": "/broken", "method": "GET", "status": 500}
    assert get_sample_value(_scrape(client), REQUESTS_METRIC, **labels) == 1


def test_each_total_is_counted_once_as_disputed_inexact_and_by_figures(
    client: FlaskClient, send: Any
) -> None:
    send(bodies.make_report())
    send(
        bodies.make_report(
            reporter={"id": "b", "name": "B"}, figures=[bodies.make_figure(wording="10")]
        )
    )
    url = "/v1/totals?outcomes=killed,wounded&outcomes=captured"
    tag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    sample_values = _scrape(client)
    assert get_sample_value(sample_values, "casualty_totals_answered_total") == 2
    assert get_sample_value(sample_values, "casualty_totals_disputed_total") == 1
    assert get_sample_value(sample_values, "casualty_totals_inexact_total") == 0
    assert get_sample_value(sample_values, "casualty_totals_figures_count") == 2
    assert get_sample_value(sample_values, "casualty_totals_figures_sum") == 2
    assert get_sample_value(sample_values, "casualty_totals_figures_bucket", le="1.0") == 1


@pytest.fixture
def make_client(settings: Settings, send: SendRequest) -> Callable[..., FlaskClient]:
    """Record what needs a solver; return a maker of services with other settings."""
    assert_recorded(send(bodies.make_interlocked_report()))
    return lambda **changes: create_app(replace(settings, **changes)).test_client()


def test_solver_effort_is_counted_for_each_total_that_needs_it(make_client: Any) -> None:
    client = make_client(solver_seconds=60.0, answer_seconds=60.0)
    client.get("/v1/totals?place=a&outcomes=captured")
    assert get_sample_value(_scrape(client), "casualty_solver_seconds_count") == 0
    client.get("/v1/totals?place=a&outcomes=killed&outcomes=wounded")
    client.get("/v1/totals?place=b&outcomes=killed")
    sample_values = _scrape(client)
    assert get_sample_value(sample_values, "casualty_totals_answered_total") == 4
    assert get_sample_value(sample_values, "casualty_solver_seconds_count") == 2
    assert 0 < get_sample_value(sample_values, "casualty_solver_seconds_sum") < 60
    assert get_sample_value(sample_values, "casualty_solver_columns_count") == 2
    assert get_sample_value(sample_values, "casualty_solver_columns_sum") >= 6


def test_totals_that_ran_out_of_time_are_counted(make_client: Any) -> None:
    client = make_client(solver_seconds=1e-9)
    answer = client.get("/v1/totals?place=a&outcomes=killed")
    assert answer.get_json()["totals"][0]["exact"] is False
    sample_values = _scrape(client)
    assert get_sample_value(sample_values, "casualty_totals_inexact_total") == 1


REFUSED_METRIC = "casualty_refused_total"


def test_every_reason_to_refuse_begins_at_zero(client: FlaskClient) -> None:
    refusals = [
        (dict(labels), value)
        for (name, labels), value in _scrape(client).items()
        if name == REFUSED_METRIC
    ]
    assert len(refusals) == 10
    assert {value for _, value in refusals} == {0}


UNAVAILABLE_ERRORS = [kind for kind, status in problems.STATUS_BY_ERROR.items() if status == 503]


@pytest.mark.parametrize("error_type", UNAVAILABLE_ERRORS, ids=lambda kind: kind.__name__)
def test_every_503_is_counted_with_its_reason(app: Flask, error_type: type[DomainError]) -> None:
    @app.get("/refused")
    def refuse() -> None:
        raise error_type("Not now.")

    client = app.test_client()
    assert_problem(client.get("/refused"), 503)
    sample_values = _scrape(client)
    reason = metrics.REFUSAL_REASONS[error_type]
    assert get_sample_value(sample_values, REFUSED_METRIC, reason=reason, work="reading") == 1
    assert sum(number for (name, _), number in sample_values.items() if name == REFUSED_METRIC) == 1


def test_answers_over_their_time_budget_are_counted(make_client: Any) -> None:
    client = make_client(answer_seconds=1e-9)
    assert_problem(client.get("/v1/totals?place=a&outcomes=killed"), 503)
    sample_values = _scrape(client)
    assert get_sample_value(sample_values, REFUSED_METRIC, reason="costly", work="reading") == 1
    assert get_sample_value(sample_values, "casualty_totals_answered_total") == 0


def test_requests_over_the_rate_limit_are_counted(settings: Settings) -> None:
    app = create_app(replace(settings, rate_limit=RateLimit(1, 3600)))
    client = app.test_client()
    assert [client.get("/v1/places").status_code for _ in range(3)] == [200, 429, 429]
    with app.app_context():
        text = (
            app.extensions["metrics"]
            .render(get_services().store, get_services().read_store)
            .decode()
        )
    assert get_sample_value(parse_samples(text), REFUSED_METRIC, reason="rate", work="reading") == 2


def test_writes_that_get_a_lock_timeout_are_counted(
    settings: Settings, store: Store, key: MakeHeaders
) -> None:
    client = create_app(replace(settings, busy_seconds=0.1)).test_client()
    headers = key("report")
    with store.write_transaction():
        answer = client.post("/v1/reports", json=bodies.make_report(), headers=headers)
    assert_problem(answer, 503)
    sample_values = _scrape(client)
    assert get_sample_value(sample_values, REFUSED_METRIC, reason="busy", work="writing") == 1


def test_an_invalid_request_is_no_refusal(client: FlaskClient, send: SendRequest) -> None:
    assert client.get("/v1/totals?place=nowhere").status_code == 422
    assert send(bodies.make_report(figures=[])).status_code == 422
    sample_values = _scrape(client)
    assert sum(number for (name, _), number in sample_values.items() if name == REFUSED_METRIC) == 0


def test_the_pending_events_of_feed_readers_are_measured(
    client: FlaskClient, send: SendRequest
) -> None:
    assert_recorded(send(bodies.make_report()))
    for since, limit in ((0, 1), (1, 1), (2, 100), (3, 100)):
        assert client.get(f"/v1/changes?since={since}&limit={limit}").status_code == 200
    sample_values = _scrape(client)
    pending = "casualty_feed_pending_entries"
    assert get_sample_value(sample_values, f"{pending}_count") == 4
    assert get_sample_value(sample_values, f"{pending}_sum") == 2 + 1 + 0 + 0
    assert get_sample_value(sample_values, f"{pending}_bucket", le="0.0") == 2


def test_the_pending_events_and_the_busy_thread_of_a_stream_are_measured(
    client: FlaskClient, send: SendRequest
) -> None:
    assert_recorded(send(bodies.make_report()))
    assert get_sample_value(_scrape(client), "casualty_threads_busy") == 1
    headers = {"Accept": "text/event-stream"}
    with client.get("/v1/changes?since=0", headers=headers, buffered=False) as stream:
        events = iter(stream.response)
        assert b"retry" in next(events)
        assert b"id: 1" in next(events)
        sample_values = _scrape(client)
        assert get_sample_value(sample_values, "casualty_feed_pending_entries_count") == 1
        assert get_sample_value(sample_values, "casualty_threads_busy") == 2
    assert get_sample_value(_scrape(client), "casualty_threads_busy") == 1


def test_the_record_and_the_release_are_measured_at_each_scrape(
    app: Flask, client: FlaskClient, send: Any
) -> None:
    before = _scrape(client)
    timestamp_metric = "casualty_ledger_last_entry_timestamp_seconds"
    assert get_sample_value(before, "casualty_ledger_seq") == 0
    assert timestamp_metric not in {name for name, _ in before}
    assert get_sample_value(before, "casualty_build_info", release=__version__) == 1
    assert get_sample_value(before, "casualty_draining") == 0
    report = send(bodies.make_report()).get_json()
    after = _scrape(client)
    assert get_sample_value(after, "casualty_ledger_seq") == report["seq"]
    assert 0 <= get_sample_value(after, timestamp_metric) - START_TIME.timestamp() < 60
    with app.app_context():
        size, free = get_services().store.size(), get_services().store.free_space()
    assert ("casualty_database_free_bytes" in {name for name, _ in after}) == (free is not None)
    assert size > 50_000
    assert get_sample_value(_scrape(client), "casualty_database_bytes") == pytest.approx(
        size, rel=0.2
    )


def test_request_counts_are_exposed_though_the_database_is_unreachable(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context():
        store = get_services().store
    engines.make_unreachable(store)
    client.get("/livez")
    text = client.get("/metrics").get_data(as_text=True)
    assert (
        get_sample_value(
            parse_samples(text), REQUESTS_METRIC, route="/livez", method="GET", status=200
        )
        == 1
    )
    lost = {each for each in parse_metric_names(text) if "ledger" in each or "database" in each}
    assert lost == set()


READERS_METRIC = "casualty_readers_ledger_seq"


@pytest.fixture
def copy(app: Flask, tmp_path: Path) -> Iterator[Store]:
    """A database of their own for the readers, as a standby is: it holds what is copied into it."""
    (tmp_path / "copy").mkdir()
    with engines.temporary_database(tmp_path / "copy") as address:
        read_store = open_store(address, 10.0)
        read_store.migrate()
        with app.app_context():
            install_services(app, replace(get_services(), read_store=read_store))
        yield read_store
        read_store.close()


def test_the_seq_of_the_read_database_is_exposed_beside_that_of_the_record(
    client: FlaskClient, send: SendRequest, store: Store, copy: Store
) -> None:
    assert_recorded(send(bodies.make_report()))
    copy_store.copy_store(store, copy, lambda done, whole: None)
    copied_seq = get_sample_value(_scrape(client), "casualty_ledger_seq")
    assert_recorded(send(bodies.make_report(note="2")))
    sample_values = _scrape(client)
    assert get_sample_value(sample_values, READERS_METRIC) == copied_seq > 0
    assert get_sample_value(sample_values, "casualty_ledger_seq") == copied_seq + 1


@pytest.mark.parametrize("lost", [READERS_METRIC, "casualty_ledger_seq"])
def test_of_two_databases_the_reachable_one_is_exposed(
    app: Flask, client: FlaskClient, copy: Store, lost: str
) -> None:
    with app.app_context():
        engines.make_unreachable(copy if lost == READERS_METRIC else get_services().store)
    metric_names = {name for name, _ in _scrape(client)} & {READERS_METRIC, "casualty_ledger_seq"}
    assert metric_names == {READERS_METRIC, "casualty_ledger_seq"} - {lost}


def test_without_a_read_database_its_seq_is_not_exposed(client: FlaskClient) -> None:
    assert READERS_METRIC not in {name for name, _ in _scrape(client)}


def test_metrics_are_not_cached(client: FlaskClient) -> None:
    assert client.get("/metrics").headers["Cache-Control"] == "no-store"
