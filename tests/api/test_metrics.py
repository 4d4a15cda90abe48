"""What is counted, under which names, and that nobody can make the names grow without end."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.api.parts import parts
from service.release import RELEASE
from tests import engines, make
from tests.metered import Samples, families, samples, value

REQUESTS = "casualty_http_requests_total"
SECONDS = "casualty_http_request_duration_seconds"


def _scraped(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return samples(answer.get_data(as_text=True))


def _label_values(found: Samples, label: str) -> set[str]:
    return {value for _, labels in found for name, value in labels if name == label}


def test_requests_are_counted_by_the_template_of_their_route(client: FlaskClient) -> None:
    for id in ("a", "b"):
        client.get(f"/v1/places/{id}")
    labels = {"route": "/v1/places/<id>", "method": "GET", "status": 404}
    found = _scraped(client)
    assert value(found, REQUESTS, **labels) == 2
    assert value(found, f"{SECONDS}_count", **labels) == 2
    assert value(found, f"{SECONDS}_bucket", **labels, le="+Inf") == 2
    assert 0 < value(found, f"{SECONDS}_sum", **labels) < 60


def test_paths_and_methods_that_do_not_exist_share_one_name(client: FlaskClient) -> None:
    for each in range(3):
        client.get(f"/nowhere/{each}")
        client.open("/livez", method=f"LOOK{each}")
    found = _scraped(client)
    assert value(found, REQUESTS, route="unmatched", method="GET", status=404) == 3
    assert value(found, REQUESTS, route="unmatched", method="other", status=405) == 3
    assert _label_values(found, "route") == {"unmatched"}
    assert _label_values(found, "method") == {"GET", "other"}


def test_a_defect_is_counted_as_what_it_was_answered_with(app: Flask) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError

    client = app.test_client()
    client.get("/broken")
    labels = {"route": "/broken", "method": "GET", "status": 500}
    assert value(_scraped(client), REQUESTS, **labels) == 1


def test_totals_are_counted_once_each_with_what_a_keeper_should_know(
    client: FlaskClient, send: Any
) -> None:
    send(make.report())
    send(make.report(reporter={"id": "b", "name": "B"}, figures=[make.figure(wording="10")]))
    asked = "/v1/totals?outcomes=killed,wounded&outcomes=captured"
    tag = client.get(asked).headers["ETag"]
    assert client.get(asked, headers={"If-None-Match": tag}).status_code == 304
    found = _scraped(client)
    assert value(found, "casualty_totals_answered_total") == 2
    assert value(found, "casualty_totals_disputed_total") == 1
    assert value(found, "casualty_totals_inexact_total") == 0
    assert value(found, "casualty_solver_seconds_count") == 1
    assert 0 < value(found, "casualty_solver_seconds_sum") < 60


def test_the_record_and_the_release_are_told_as_they_are_now(
    app: Flask, client: FlaskClient, send: Any
) -> None:
    before = _scraped(client)
    assert value(before, "casualty_ledger_seq") == 0
    assert value(before, "casualty_build_info", release=RELEASE) == 1
    seq = send(make.report()).get_json()["seq"]
    assert value(_scraped(client), "casualty_ledger_seq") == seq
    with app.app_context():
        size = parts().store.size()
    assert size > 50_000
    assert value(_scraped(client), "casualty_database_bytes") == pytest.approx(size, rel=0.2)


def test_the_counts_are_told_though_the_database_is_lost(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        store = parts().store
    engines.lose(store)
    client.get("/livez")
    text = client.get("/metrics").get_data(as_text=True)
    assert value(samples(text), REQUESTS, route="/livez", method="GET", status=200) == 1
    assert not {"casualty_ledger_seq", "casualty_database_bytes"} & families(text)


def test_no_cache_keeps_it(client: FlaskClient) -> None:
    assert client.get("/metrics").headers["Cache-Control"] == "no-store"
