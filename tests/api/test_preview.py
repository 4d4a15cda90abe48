"""POST /v1/reports/preview: what would be recorded, and nothing that is."""

from typing import Any

from flask.testing import FlaskClient

from service.store import event_log
from service.store.interface import Store
from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

PREVIEW_PATH = "/v1/reports/preview"
OTHER_REPORTER = {"id": "us-dod", "name": "Department of Defense"}


def _read_preview(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def test_a_preview_has_the_report_as_it_would_be(client: FlaskClient, key: MakeHeaders) -> None:
    body = _read_preview(
        client.post(PREVIEW_PATH, json=bodies.make_report(), headers=key("report"))
    )
    assert list(body) == ["known", "report", "warnings", "new", "before", "after"]
    assert body["known"] is False
    report = body["report"]
    assert {"seq", "recorded_at"}.isdisjoint(report)
    assert (report["id"], report["state"], report["reporter"]) == ("preview", "live", "ua-hur")
    (figure,) = report["figures"]
    assert (figure["id"], figure["low"], figure["high"]) == ("preview-1", 30, None)
    assert [each["id"] for each in body["new"]["places"]] == ["plekhovo"]
    assert [each["id"] for each in body["new"]["reporters"]] == ["ua-hur"]
    assert body["new"]["groups"] == []
    assert body["after"]["query"]["places"] == ["plekhovo"]


def test_after_is_the_totals_once_the_report_is_posted(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report()))
    report = bodies.make_report(
        reporter=OTHER_REPORTER, figures=[bodies.make_figure(wording="about 40")]
    )
    after = _read_preview(client.post(PREVIEW_PATH, json=report, headers=key("report")))["after"]
    assert_recorded(send(report))
    totals = client.get(
        "/v1/totals?place=plekhovo&from=2024-12-14&to=2024-12-15&group=everyone"
    ).get_json()
    assert after["totals"] == totals["totals"]
    codes = [each["code"] for each in after["caveats"]]
    assert codes == [each["code"] for each in totals["caveats"]]


def test_a_preview_has_the_warnings_of_posting(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report(figures=[bodies.make_figure(wording="exactly 30")])))
    report = bodies.make_report(figures=[bodies.make_figure(wording="at least 40")])
    body = _read_preview(client.post(PREVIEW_PATH, json=report, headers=key("report")))
    (warning,) = body["warnings"]
    assert warning["code"] == "same_reporter_conflict"
    assert warning["figures"] == ["preview-1"]


def test_a_preview_records_nothing(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    headers = {**key("report"), "Idempotency-Key": "once"}
    _read_preview(client.post(PREVIEW_PATH, json=bodies.make_report(), headers=headers))
    assert client.get("/v1/changes?since=0").get_json()["last_seq"] == 0
    assert client.get("/v1/places").get_json()["places"] == []
    # The id that the next report gets is the first one, and the key is still free for any body.
    post_response = client.post("/v1/reports", json=bodies.make_report(note="n"), headers=headers)
    assert (assert_recorded(post_response)["id"], assert_recorded(post_response)["seq"]) == (
        "r1",
        3,
    )
    assert "Idempotent-Replayed" not in post_response.headers


def test_a_preview_of_a_known_ref_is_marked_as_known(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    answer = client.post(PREVIEW_PATH, json=bodies.make_report(ref="a"), headers=key("report"))
    body = _read_preview(answer)
    assert body["known"] is True
    assert body["report"]["id"] == "r1"
    assert body["before"]["totals"] == body["after"]["totals"]


def test_a_preview_is_refused_as_the_report_would_be(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    for body, status, pointer in (
        (bodies.make_report(places=["plekhov"]), 422, "/places/0"),
        (
            bodies.make_report(figures=[bodies.make_figure(wording="umpteen")]),
            422,
            "/figures/0/wording",
        ),
        (bodies.make_report(ref="a", note="n"), 409, "/ref"),
        (bodies.make_report(places=[bodies.make_place(kind="town")]), 409, "/places/0/kind"),
        (bodies.make_report(surprise=1), 422, "/surprise"),
    ):
        problem_body = assert_problem(
            client.post(PREVIEW_PATH, json=body, headers=key("report")), status, pointer
        )
        assert problem_body["errors"] == assert_problem(send(body), status, pointer)["errors"]


def test_a_preview_needs_a_key_that_may_report(client: FlaskClient, key: MakeHeaders) -> None:
    assert client.post(PREVIEW_PATH, json=bodies.make_report()).status_code == 401
    assert (
        client.post(PREVIEW_PATH, json=bodies.make_report(), headers=key("read")).status_code == 403
    )
    bound = key("report", reporters=["us-dod"])
    assert client.post(PREVIEW_PATH, json=bodies.make_report(), headers=bound).status_code == 403


def test_a_preview_is_answered_while_another_connection_writes(
    client: FlaskClient, key: MakeHeaders, store: Store
) -> None:
    headers = key("report")
    with store.write_transaction() as db:
        last_seq = event_log.last_seq(db)
        answer = client.post(PREVIEW_PATH, json=bodies.make_report(), headers=headers)
        assert _read_preview(answer)["known"] is False
        assert event_log.last_seq(db) == last_seq
