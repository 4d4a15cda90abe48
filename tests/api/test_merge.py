"""Two ids that turn out to name one thing: places, groups and reporters."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded


@pytest.fixture
def merge(client: FlaskClient, key: MakeHeaders) -> SendRequest:
    """Merge one entry into another, with an admin's key."""
    headers = key("admin")

    def post_merge(kind: str, entity_id: str, into: str) -> TestResponse:
        return client.post(f"/v1/{kind}/{entity_id}/merge", json={"into": into}, headers=headers)

    return post_merge


def get_total(client: FlaskClient, **query: Any) -> dict[str, Any]:
    parameters = {"outcomes": "killed,wounded", **query}
    answer = client.get("/v1/totals", query_string=parameters).get_json()
    return {**answer["totals"][0], "query": answer["query"], "as_of": answer["as_of"]}


@pytest.fixture
def twins(send: SendRequest) -> None:
    """One village under two ids, each with a hamlet below it and a figure of its own."""
    for number, place_id in ((30, "plekhovo"), (8, "plekhove")):
        places = [
            bodies.make_place(place_id),
            bodies.make_place(f"{place_id}-east", parent=place_id),
        ]
        figure = bodies.make_figure(wording=f"at least {number}", places=[f"{place_id}-east"])
        assert_recorded(send(bodies.make_report(places=places, figures=[figure])))


def test_merged_ids_name_one_place(client: FlaskClient, twins: None, merge: SendRequest) -> None:
    assert get_total(client, place="plekhovo")["low"] == 30
    before = get_total(client, place="plekhove")
    answer = merge("places", "plekhove", "plekhovo")
    assert answer.status_code == 201
    assert answer.get_json()["aliases"] == ["Plekhove"]
    for place_id in ("plekhovo", "plekhove", "plekhovo,plekhove"):
        merged_total = get_total(client, place=place_id)
        assert (merged_total["low"], merged_total["figures"]) == (38, 2)
        assert merged_total["query"]["places"] == ["plekhovo"]
    then = get_total(client, place="plekhove", as_of=before["as_of"]["seq"])
    assert {**then, "query": {}} == {**before, "query": {}}
    assert then["query"]["places"] == ["plekhove"]
    assert client.get("/v1/places/plekhove").get_json() == answer.get_json()
    assert client.get("/v1/places/plekhove-east").get_json()["parent"] == "plekhovo"
    listed_places = client.get("/v1/places").get_json()["places"]
    assert "plekhove" not in [each["id"] for each in listed_places]
    for place_id in ("plekhovo", "plekhove"):
        assert len(client.get(f"/v1/reports?place={place_id}").get_json()["reports"]) == 2


def test_a_merged_id_may_still_be_sent(
    client: FlaskClient, send: SendRequest, twins: None, merge: SendRequest
) -> None:
    merge("places", "plekhove", "plekhovo")
    places = [bodies.make_place("plekhove"), bodies.make_place("new", parent="plekhove")]
    more = bodies.make_figure(wording="at least two", places=["new"])
    report = assert_recorded(send(bodies.make_report(places=places, figures=[more])))
    assert report["places"] == ["plekhove", "new"]
    assert client.get("/v1/places/new").get_json()["parent"] == "plekhovo"
    assert get_total(client, place="plekhovo")["low"] == 40
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place("plekhove", kind="town")])),
        409,
        "/places/0/kind",
    )


def test_a_chain_of_merges_leads_to_its_end(
    client: FlaskClient, put: SendRequest, twins: None, merge: SendRequest
) -> None:
    put("/v1/places/third", {"name": "Third"})
    assert merge("places", "plekhove", "plekhovo").status_code == 201
    assert merge("places", "plekhovo", "third").status_code == 201
    assert get_total(client, place="plekhove")["query"]["places"] == ["third"]
    assert get_total(client, place="third")["low"] == 38
    assert client.get("/v1/places/plekhove").get_json()["id"] == "third"
    assert len(client.get("/v1/reports?place=plekhove").get_json()["reports"]) == 2


def test_what_cannot_be_merged_is_refused(
    client: FlaskClient, put: SendRequest, twins: None, merge: SendRequest, key: MakeHeaders
) -> None:
    assert_problem(merge("places", "nowhere", "plekhovo"), 404)
    assert_problem(merge("places", "plekhovo", "nowhere"), 422, "/into")
    assert_problem(merge("places", "plekhovo", "plekhovo"), 422, "/into")
    assert_problem(merge("places", "plekhovo", "plekhovo-east"), 422, "/into")
    assert_problem(merge("groups", "everyone", "everyone"), 422, "/into")
    put("/v1/groups/g", {"name": "G"})
    assert_problem(merge("groups", "everyone", "g"), 422, "/into")
    assert merge("places", "plekhove", "plekhovo").status_code == 201
    assert_problem(merge("places", "plekhove", "plekhovo-east"), 409)
    assert_problem(merge("places", "plekhovo", "plekhove"), 422, "/into")
    assert_problem(put("/v1/places/plekhove", {"name": "Plekhove"}), 409)
    assert_problem(
        client.post("/v1/places/plekhovo/merge", json={"into": "x"}, headers=key("report")), 403
    )


def test_a_part_merged_into_the_whole_resolves_to_the_whole(
    client: FlaskClient, twins: None, merge: SendRequest
) -> None:
    assert merge("places", "plekhovo-east", "plekhovo").status_code == 201
    assert get_total(client, place="plekhovo-east")["low"] == 30


def test_merged_reporters_are_one_reporter(
    client: FlaskClient, send: SendRequest, merge: SendRequest
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    other = {"id": "hur", "name": "HUR"}
    assert_recorded(send(bodies.make_report(reporter=other, ref="b")))
    merge("reporters", "hur", "ua-hur")
    for reporter_id in ("hur", "ua-hur"):
        merged_total = get_total(client, reporter=reporter_id)
        assert (merged_total["figures"], merged_total["reporters"]) == (2, 1)
        assert len(client.get(f"/v1/reports?reporter={reporter_id}").get_json()["reports"]) == 2
    assert_problem(send(bodies.make_report(reporter="hur", ref="a", note="other")), 409, "/ref")
    newer = assert_recorded(
        send(bodies.make_report(reporter="hur", ref="a", note="2", supersedes="r1"))
    )
    assert newer["reporter"] == "hur"


def test_merged_groups_are_one(client: FlaskClient, send: SendRequest, merge: SendRequest) -> None:
    for group_id in ("dprk", "kpa"):
        group = {"id": group_id, "name": group_id, "facet": "side"}
        assert_recorded(send(bodies.make_report(groups=[group])))
    assert get_total(client, group="kpa")["figures"] == 1
    merge("groups", "kpa", "dprk")
    assert get_total(client, group="kpa")["figures"] == 2
    assert get_total(client, group="kpa")["query"]["groups"] == ["dprk"]


def test_a_ref_used_by_both_merged_reporters_can_be_superseded(
    send: SendRequest, merge: SendRequest
) -> None:
    for reporter_id in ("one", "other"):
        assert_recorded(
            send(
                bodies.make_report(
                    reporter={"id": reporter_id, "name": reporter_id}, ref="a", note=reporter_id
                )
            )
        )
    assert merge("reporters", "other", "one").status_code == 201
    newer = bodies.make_report(reporter="one", ref="a", note="both", supersedes="r2")
    assert_recorded(send(newer))
    assert send(newer).status_code == 200
