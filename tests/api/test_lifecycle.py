"""What becomes of a report later: retraction, redaction, history, and what was known before."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.store import event_log
from service.store.interface import Store
from service.usecases import api_keys
from tests.conftest import START_TIME, MakeHeaders, SendRequest
from tests.support import bodies, engines
from tests.support.assertions import assert_problem, assert_recorded

NAME = "a name that must go"


def get_low(client: FlaskClient, **query: Any) -> int | None:
    parameters = {"outcomes": "killed,wounded", "place": "plekhovo", **query}
    answer = client.get("/v1/totals", query_string=parameters).get_json()
    value: int | None = answer["totals"][0]["low"]
    return value


def test_a_retracted_report_is_not_counted(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    report = assert_recorded(send(bodies.make_report()))
    answer = client.post(
        "/v1/reports/r1/retraction", json={"reason": "a mistake"}, headers=key("report")
    )
    assert answer.status_code == 201
    assert answer.get_json()["state"] == "retracted"
    assert answer.get_json()["retraction"]["reason"] == "a mistake"
    assert answer.get_json()["retraction"]["seq"] == report["seq"] + 1
    assert client.get("/v1/reports/r1").get_json() == answer.get_json()
    whole = client.get("/v1/totals").get_json()
    assert whole["excluded"] == [{"figure": "r1-1", "reason": "retracted"}]
    assert get_low(client) is None
    assert get_low(client, as_of=report["seq"]) == 30


def test_a_report_is_retracted_once(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report()))
    retract = {"json": {"reason": "a mistake"}, "headers": key("report")}
    assert client.post("/v1/reports/r1/retraction", **retract).status_code == 201
    assert_problem(client.post("/v1/reports/r1/retraction", **retract), 409)
    assert_problem(client.post("/v1/reports/r9/retraction", **retract), 404)


def test_only_a_key_that_may_report_for_the_reporter_retracts(
    client: FlaskClient, send: SendRequest, store: Store, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report()))
    other, own = (
        api_keys.create_key(
            store, name="k", scope="report", now=START_TIME, reporters=[reporter_id]
        )
        for reporter_id in ("somebody-else", "ua-hur")
    )
    for token, status in ((other, 403), (own, 201)):
        answer = client.post(
            "/v1/reports/r1/retraction",
            json={"reason": "x"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == status


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": None}, {"reason": 3}, {"why": "x"}]
)
def test_a_retraction_needs_a_reason(
    client: FlaskClient, send: SendRequest, key: MakeHeaders, body: dict[str, Any]
) -> None:
    assert_recorded(send(bodies.make_report()))
    answer = client.post("/v1/reports/r1/retraction", json=body, headers=key("report"))
    assert answer.status_code == 422
    assert client.get("/v1/reports/r1").get_json()["state"] == "live"


def test_a_report_is_shown_as_of_a_seq(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    first = assert_recorded(send(bodies.make_report(ref="a")))
    second = assert_recorded(send(bodies.make_report(ref="a", note="2", supersedes="r1")))
    client.post("/v1/reports/r2/retraction", json={"reason": "x"}, headers=key("report"))

    def read_states(seq: int) -> dict[str, str]:
        listed_reports = client.get("/v1/reports", query_string={"as_of": seq}).get_json()[
            "reports"
        ]
        single_reports = [
            client.get(f"/v1/reports/{each['id']}", query_string={"as_of": seq}).get_json()
            for each in listed_reports
        ]
        assert single_reports == listed_reports
        return {each["id"]: each["state"] for each in listed_reports}

    assert read_states(first["seq"]) == {"r1": "live"}
    assert read_states(second["seq"]) == {"r1": "superseded", "r2": "live"}
    assert read_states(second["seq"] + 1) == {"r1": "superseded", "r2": "retracted"}
    early = client.get("/v1/reports/r1", query_string={"as_of": first["seq"]}).get_json()
    assert early == {**first, "warnings": []}
    assert_problem(client.get("/v1/reports/r2", query_string={"as_of": first["seq"]}), 404)
    assert_problem(client.get("/v1/reports/r2?as_of=99"), 422, "as_of")
    assert_problem(client.get("/v1/reports?as_of=2999-01-01T00:00:00Z"), 422, "as_of")


def test_the_history_of_a_report_has_its_events_in_order(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    missing = bodies.make_figure(outcomes=["missing"], wording=..., low=3)
    assert_recorded(send(bodies.make_report(figures=[missing], quote="they said")))
    link = {"figure": "r1-1", "from": "missing"}
    dead = bodies.make_figure(outcomes=["killed"], wording=..., exactly=2, reclassifies=link)
    assert_recorded(send(bodies.make_report(figures=[dead])))
    assert_recorded(send(bodies.make_report(figures=[missing], supersedes="r1", note="better")))
    client.post("/v1/reports/r1/retraction", json={"reason": "x"}, headers=key("report"))
    client.post("/v1/reports/r1/redaction", json={"reason": "law"}, headers=key("admin"))
    history = client.get("/v1/reports/r1/history").get_json()["history"]
    assert [each["kind"] for each in history] == [
        "reported", "reclassified", "superseded", "retracted", "redacted"
    ]  # fmt: skip
    assert [each["seq"] for each in history] == sorted(each["seq"] for each in history)
    assert history[0]["data"]["report"]["state"] == "live"
    assert history[1]["data"] == {
        "figure": "r1-1", "from": "missing", "to": ["killed"], "by": "r2", "by_figure": "r2-1"
    }  # fmt: skip
    assert history[2]["data"] == {"by": "r3"}
    assert history[3]["data"] == {}  # Its reason was blanked with all other free text.
    assert history[4]["data"] == {"fields": ["/quote", "/retraction/reason"], "reason": "law"}
    assert {each["subject"] for each in history} == {"r1"}
    assert_problem(client.get("/v1/reports/r9/history"), 404)


@pytest.fixture
def report_with_name(send: SendRequest) -> dict[str, Any]:
    """A report with the same name in each of its free texts."""
    figure = bodies.make_figure(wording=f"at least 30 {NAME}", low=30, note=NAME)
    source = {"url": "https://example.org/a", "publisher": NAME, "title": NAME}
    return assert_recorded(
        send(
            bodies.make_report(
                ref="a",
                quote=NAME,
                note=NAME,
                source=source,
                figures=[figure],
                caveats=[NAME],
            )
        )
    )


def test_a_redaction_removes_the_text_everywhere_and_keeps_every_number(
    client: FlaskClient, store: Store, key: MakeHeaders, report_with_name: dict[str, Any]
) -> None:
    assert NAME.encode() in engines.read_everything_stored(store)
    before = get_low(client)
    answer = client.post("/v1/reports/r1/redaction", json={"reason": "law"}, headers=key("admin"))
    assert answer.status_code == 201
    report = answer.get_json()
    assert (report["quote"], report["note"], report["caveats"]) == (None, None, [])
    assert report["figures"][0] == {**report_with_name["figures"][0], "wording": None, "note": None}
    assert report["redacted"] == [
        "/caveats/0", "/figures/0/note", "/figures/0/wording", "/note", "/quote",
        "/source/publisher", "/source/title", "/source/url",
    ]  # fmt: skip
    assert get_low(client) == before == 30
    for path in ("", "?q=name", "/r1", "/r1/history", f"/r1?as_of={report_with_name['seq']}"):
        assert NAME not in client.get(f"/v1/reports{path}").get_data(as_text=True)
    assert client.get("/v1/reports?q=name").get_json()["reports"] == []
    assert NAME.encode() not in engines.read_everything_stored(store)
    with store.read_transaction() as db:
        before_hash = event_log.INITIAL_HASH
        for line, _ in event_log.iterate_stored_events(db):
            assert line.hash == line.compute_hash(before_hash)
            before_hash = line.hash


def test_a_redaction_may_name_its_fields(
    client: FlaskClient, key: MakeHeaders, report_with_name: dict[str, Any]
) -> None:
    headers = key("admin")
    body = {"reason": "law", "fields": ["/quote", "/figures/0/note"]}
    report = client.post("/v1/reports/r1/redaction", json=body, headers=headers).get_json()
    assert report["redacted"] == ["/figures/0/note", "/quote"]
    assert (report["quote"], report["note"]) == (None, NAME)
    wrong = {"reason": "law", "fields": ["/note", "/figures/0/low"]}
    answer = client.post("/v1/reports/r1/redaction", json=wrong, headers=headers)
    assert "/source/title" in assert_problem(answer, 422, "/fields/1")["detail"]
    again = client.post("/v1/reports/r1/redaction", json=body, headers=headers)
    assert_problem(again, 409)
    rest = client.post("/v1/reports/r1/redaction", json={"reason": "law"}, headers=headers)
    assert len(rest.get_json()["redacted"]) == 8
    assert_problem(client.post("/v1/reports/r9/redaction", json=body, headers=headers), 404)


def test_a_redacted_report_posted_again_is_a_new_one(
    client: FlaskClient, send: SendRequest, key: MakeHeaders, report_with_name: dict[str, Any]
) -> None:
    """The text that is gone cannot be compared with: its ref is taken, by other content."""
    client.post("/v1/reports/r1/redaction", json={"reason": "law"}, headers=key("admin"))
    assert_problem(send(bodies.make_report(ref="a", quote=NAME)), 409, "/ref")


def test_no_total_has_a_redacted_caveat(
    client: FlaskClient, key: MakeHeaders, report_with_name: dict[str, Any]
) -> None:
    parameters = {"place": "plekhovo", "as_of": report_with_name["seq"]}
    before = client.get("/v1/totals", query_string=parameters)
    assert NAME in before.get_data(as_text=True)
    client.post("/v1/reports/r1/redaction", json={"reason": "law"}, headers=key("admin"))
    headers = {"If-None-Match": before.headers["ETag"]}
    after = client.get("/v1/totals", query_string=parameters, headers=headers)
    assert after.status_code == 200
    assert NAME not in after.get_data(as_text=True)
