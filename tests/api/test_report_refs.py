"""Refs: links to reports by the reporter's own ids, files that are sent again, and their lists."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
NDJSON = "application/x-ndjson"


@pytest.fixture
def send_known(client: FlaskClient, key: MakeHeaders) -> SendRequest:
    """Post a report that may supersede the one with its ref."""
    headers = key("report")
    return lambda body, **options: client.post(
        "/v1/reports?known=supersede", **{"json": body, "headers": headers, **options}
    )


@pytest.fixture
def send_batch(client: FlaskClient, key: MakeHeaders) -> SendRequest:
    """Post a batch with the query."""
    headers = key("report")
    return lambda items, query="", **options: client.post(
        f"/v1/reports/batch{query}",
        **{"json": {"reports": items}, "headers": headers, **options},
    )


def _states_of(client: FlaskClient, query: str = "") -> dict[str, str]:
    listed = client.get(f"/v1/reports?{query}").get_json()["reports"]
    return {each["id"]: each["state"] for each in listed}


def _make_count(people: int, **changes: Any) -> dict[str, Any]:
    return bodies.make_report(figures=[bodies.make_figure(wording=f"exactly {people}")], **changes)


def test_a_report_supersedes_the_one_with_the_ref(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    after = assert_recorded(send(bodies.make_report(ref="b", note="2", supersedes={"ref": "a"})))
    assert after["supersedes"] == "r1"
    assert _states_of(client) == {"r1": "superseded", "r2": "live"}


def test_a_report_relays_the_one_with_the_ref(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_recorded(send(bodies.make_report(ref="b", reporter=SKY)))
    link = {"reporter": "ua-hur", "ref": "a"}
    other = assert_recorded(send(bodies.make_report(reporter=SKY, relays=link)))
    own = assert_recorded(send(bodies.make_report(reporter=SKY, relays={"ref": "b"})))
    assert (other["relays"], other["state"]) == ("r1", "relay")
    assert (own["relays"], own["origin"]) == ("r2", "r2")


@pytest.mark.parametrize(
    ("link", "pointer"),
    [
        ({"relays": {"ref": "z"}}, "/relays"),
        ({"relays": {"ref": "a", "reporter": "nobody"}}, "/relays"),
        ({"relays": {"ref": "a"}, "reporter": SKY}, "/relays"),
        ({"relays": {"reporter": "ua-hur"}}, "/relays/ref"),
        ({"relays": {"ref": ""}}, "/relays/ref"),
        ({"relays": 7}, "/relays"),
        ({"relays": "No Id"}, "/relays"),
        ({"supersedes": {"ref": "z"}}, "/supersedes"),
        ({"supersedes": {"ref": "a"}, "reporter": SKY}, "/supersedes"),
        ({"supersedes": {"ref": "a", "reporter": "ua-hur"}}, "/supersedes/reporter"),
        ({"supersedes": {"ref": "a", "id": "r1"}}, "/supersedes/id"),
    ],
)
def test_a_link_to_nothing_is_refused(
    send: SendRequest, client: FlaskClient, link: dict[str, Any], pointer: str
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_problem(send(bodies.make_report(**link)), 422, pointer)
    assert list(_states_of(client)) == ["r1"]


def test_both_links_to_nothing_are_named(send: SendRequest) -> None:
    links = {"relays": {"ref": "y"}, "supersedes": {"ref": "z"}}
    assert_problem(send(bodies.make_report(**links)), 422, "/relays", "/supersedes")


def test_a_report_that_supersedes_by_ref_is_recognized(
    send: SendRequest, client: FlaskClient
) -> None:
    """Its own ref is the one of the link, and by now it is the report that has it."""
    assert_recorded(send(bodies.make_report(ref="a")))
    body = bodies.make_report(ref="a", note="2", supersedes={"ref": "a"})
    assert assert_recorded(send(body))["supersedes"] == "r1"
    assert send(body).status_code == 200
    again = assert_recorded(send({**body, "note": "3"}))
    assert again["supersedes"] == "r2"
    assert _states_of(client) == {"r1": "superseded", "r2": "superseded", "r4": "live"}


def test_a_relay_by_ref_is_recognized_after_its_origin_was_corrected(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    body = bodies.make_report(reporter=SKY, ref="n", relays={"reporter": "ua-hur", "ref": "a"})
    assert assert_recorded(send(body))["relays"] == "r1"
    assert_recorded(send(bodies.make_report(ref="a", note="2", supersedes="r1")))
    known = send(body)
    assert (known.status_code, known.get_json()["relays"]) == (200, "r1")


def test_a_conflict_about_a_ref_names_the_report(
    send: SendRequest, send_batch: SendRequest
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    body = bodies.make_report(ref="a", note="other")
    problem_body = assert_problem(send(body), 409, "/ref")
    assert problem_body["errors"][0]["report"] == "r1"
    (result,) = send_batch([body]).get_json()["results"]
    assert result["problem"]["errors"][0]["report"] == "r1"


def test_a_repeated_batch_names_the_report_of_a_conflict_again(
    send: SendRequest, send_batch: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    headers = {**key("report"), "Idempotency-Key": "k"}
    items = [bodies.make_report(ref="a", note="other"), bodies.make_report(ref="b")]
    first = send_batch(items, headers=headers)
    again = send_batch(items, headers=headers)
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_conflict_about_a_superseded_report_names_its_successor(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_recorded(send(bodies.make_report(ref="b", supersedes="r1", note="2")))
    problem_body = assert_problem(
        send(bodies.make_report(supersedes={"ref": "a"})), 409, "/supersedes"
    )
    assert problem_body["errors"][0]["report"] == "r2"


def test_a_corrected_file_is_sent_again(client: FlaskClient, send_known: SendRequest) -> None:
    first = assert_recorded(send_known(_make_count(30, ref="a")))
    assert send_known(_make_count(30, ref="a")).status_code == 200
    corrected = assert_recorded(send_known(_make_count(20, ref="a")))
    assert (first["supersedes"], corrected["supersedes"]) == (None, "r1")
    assert send_known(_make_count(20, ref="a")).status_code == 200
    total = client.get("/v1/totals?outcomes=killed,wounded").get_json()["totals"][0]
    assert (total["low"], total["high"]) == (20, 20)


def test_a_file_that_is_corrected_back_is_recorded(
    client: FlaskClient, send_known: SendRequest
) -> None:
    """The first content counts again: the ref bears the second by now."""
    for people in (30, 20, 30):
        assert_recorded(send_known(_make_count(people, ref="a")))
    assert _states_of(client, "ref=a&state=live") == {"r3": "live"}
    total = client.get("/v1/totals?outcomes=killed,wounded").get_json()["totals"][0]
    assert (total["low"], total["high"]) == (30, 30)


def test_a_corrected_report_is_known_without_the_parameter(
    send: SendRequest, send_known: SendRequest
) -> None:
    assert_recorded(send(_make_count(30, ref="a")))
    assert_recorded(send_known(_make_count(20, ref="a")))
    known = send(_make_count(20, ref="a"))
    assert (known.status_code, known.get_json()["id"]) == (200, "r2")


def test_a_report_without_ref_supersedes_nothing(
    client: FlaskClient, send_known: SendRequest
) -> None:
    assert_recorded(send_known(_make_count(30)))
    assert_recorded(send_known(_make_count(20)))
    assert set(_states_of(client).values()) == {"live"}


def test_a_ref_of_another_reporter_is_not_superseded(
    client: FlaskClient, send_known: SendRequest
) -> None:
    assert_recorded(send_known(_make_count(30, ref="a")))
    assert_recorded(send_known(_make_count(20, ref="a", reporter=SKY)))
    assert set(_states_of(client).values()) == {"live"}


def test_a_known_ref_that_went_over_to_another_is_a_conflict(
    send: SendRequest, send_known: SendRequest
) -> None:
    assert_recorded(send(_make_count(30, ref="a")))
    assert_recorded(send(_make_count(20, ref="b", supersedes="r1")))
    problem_body = assert_problem(send_known(_make_count(10, ref="a")), 409, "/ref")
    assert problem_body["errors"][0]["report"] == "r2"


def test_a_refused_correction_changes_nothing(client: FlaskClient, send_known: SendRequest) -> None:
    assert_recorded(send_known(_make_count(30, ref="a")))
    assert_problem(send_known(_make_count(20, ref="a", groups=["nobody"])), 422, "/groups/0")
    assert _states_of(client) == {"r1": "live"}


@pytest.mark.parametrize("query", ["known=x", "known=", "known=supersede&known=supersede", "x=1"])
@pytest.mark.parametrize("path", ["/v1/reports", "/v1/reports/preview", "/v1/reports/batch"])
def test_another_way_to_treat_a_known_ref_is_refused(
    client: FlaskClient, key: MakeHeaders, path: str, query: str
) -> None:
    body = {"reports": []} if path.endswith("batch") else bodies.make_report()
    response = client.post(f"{path}?{query}", json=body, headers=key("report"))
    assert_problem(response, 422, query.partition("=")[0])


def test_a_preview_supersedes_as_the_report_would(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(_make_count(30, ref="a")))
    body = _make_count(20, ref="a")
    path = "/v1/reports/preview"
    assert_problem(client.post(path, json=body, headers=key("report")), 409, "/ref")
    preview = client.post(f"{path}?known=supersede", json=body, headers=key("report")).get_json()
    assert preview["report"]["supersedes"] == "r1"
    assert preview["warnings"] == []
    (before, after) = (preview[name]["totals"] for name in ("before", "after"))
    assert (before[-1]["low"], after[-1]["low"]) == (30, 20)


def test_a_corrected_batch_is_sent_again(client: FlaskClient, send_batch: SendRequest) -> None:
    rows = [_make_count(10, ref="1", incident="own"), _make_count(20, ref="2", incident="own")]
    send_batch(rows)
    rows[1] = _make_count(25, ref="2", incident="own")
    refused = send_batch(rows).get_json()
    assert [each["status"] for each in refused["results"]] == [200, 409]
    body = send_batch(rows, "?known=supersede").get_json()
    assert [each["status"] for each in body["results"]] == [200, 201]
    assert body["summary"] == {"recorded": 1, "known": 1, "refused": 0, "warnings": {}}
    assert send_batch(rows, "?known=supersede").get_json()["summary"]["known"] == 2


def test_a_batch_refers_to_earlier_items_by_ref(
    client: FlaskClient, send_batch: SendRequest
) -> None:
    rows = [
        bodies.make_report(ref="a"),
        bodies.make_report(ref="a", note="2", supersedes={"ref": "a"}),
        bodies.make_report(reporter=SKY, relays={"reporter": "ua-hur", "ref": "a"}),
    ]
    summary = send_batch(rows).get_json()["summary"]
    assert summary["recorded"] == 3
    assert list(_states_of(client).values()) == ["superseded", "live", "relay"]


def test_a_batch_ends_with_a_summary(send_batch: SendRequest) -> None:
    rows = [
        bodies.make_report(ref="a"),
        bodies.make_report(ref="a"),
        bodies.make_report(ref="a", note="other"),
        bodies.make_report(places=["nowhere"]),
        bodies.make_report(places=[bodies.make_place(name="PLEKHOVO")]),
        bodies.make_report(reporter=SKY),
        7,
    ]
    body = send_batch(rows).get_json()
    assert list(body)[-1] == "summary"
    assert [each["status"] for each in body["results"]] == [201, 200, 409, 422, 201, 201, 422]
    assert body["summary"] == {
        "recorded": 3,
        "known": 1,
        "refused": 3,
        "warnings": {"name_differs": 1, "possible_relay": 2},
    }


def test_all_reports_of_a_failed_atomic_batch_are_refused(send_batch: SendRequest) -> None:
    rows = [bodies.make_report(), bodies.make_report(places=["nowhere"])]
    body = send_batch(rows, "?atomic=true").get_json()
    assert body["summary"] == {"recorded": 0, "known": 0, "refused": 2, "warnings": {}}
    assert send_batch([]).get_json()["summary"]["refused"] == 0


def test_reports_are_listed_by_ref(client: FlaskClient, send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(ref="a,1")))
    assert_recorded(send(bodies.make_report(ref="a,1", reporter=SKY)))
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_recorded(send(bodies.make_report(ref="a,1", note="2", supersedes={"ref": "a,1"})))
    assert list(_states_of(client, "ref=a%2C1")) == ["r1", "r2", "r4"]
    assert list(_states_of(client, "ref=a%2C1&reporter=ua-hur&state=live")) == ["r4"]
    assert _states_of(client, "ref=nothing") == {}
    assert_problem(client.get("/v1/reports?ref=a&ref=b"), 422, "ref")


def test_reports_are_listed_by_incident(client: FlaskClient, send: SendRequest) -> None:
    """The incident of the report, or of any figure; of a stance without figures, too."""
    own = bodies.make_figure(incident="own")
    assert_recorded(send(bodies.make_report(incident="ucdp:1")))
    assert_recorded(send(bodies.make_report(figures=[own, bodies.make_figure(incident="ucdp:1")])))
    assert_recorded(send(bodies.make_report(incident="ucdp:12", figures=[own])))
    assert_recorded(send(bodies.make_stance("declines_to_say", incident="ucdp:1")))
    assert list(_states_of(client, "incident=ucdp:1")) == ["r1", "r2", "r4"]
    assert _states_of(client, "incident=ucdp:12") == {}
    for incident in ("own", "ucdp", "ucdp:1:", "a%20b:1"):
        expected = 200 if incident == "ucdp:1:" else 422
        assert client.get(f"/v1/reports?incident={incident}").status_code == expected


def test_reports_are_listed_newest_first(client: FlaskClient, send: SendRequest) -> None:
    for number in range(5):
        assert_recorded(send(bodies.make_report(note=str(number))))
    pages, address = [], "/v1/reports?order=newest&limit=2"
    while address:
        body = client.get(address).get_json()
        pages.append([each["id"] for each in body["reports"]])
        # What is recorded meanwhile comes before the first page.
        assert_recorded(send(bodies.make_report()))
        address = f"/v1/reports{body['next'].partition('reports')[2]}" if body["next"] else None
    assert pages == [["r5", "r4"], ["r3", "r2"], ["r1"]]
    assert list(_states_of(client, "order=oldest&limit=1")) == ["r1"]
    assert_problem(client.get("/v1/reports?order=best"), 422, "order")
