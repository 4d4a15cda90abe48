"""Relays, superseding, reclassifying, and the questions that posting raises."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}


def _warning_codes_of(body: dict) -> list[str]:
    return [warning["code"] for warning in body["warnings"]]


def test_a_relay_is_a_relay_of_the_first(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    second = assert_recorded(send(bodies.make_report(reporter=SKY, relays="r1")))
    third = assert_recorded(
        send(bodies.make_report(reporter={"id": "bbc", "name": "BBC"}, relays="r2"))
    )
    assert (second["state"], second["origin"]) == ("relay", "r1")
    assert (third["relays"], third["origin"]) == ("r2", "r1")


def test_a_relayed_report_must_exist(send: SendRequest) -> None:
    assert_problem(send(bodies.make_report(relays="r9")), 422, "/relays")


def test_a_superseded_report_names_its_successor(send: SendRequest, client: FlaskClient) -> None:
    before = send(bodies.make_report(ref="a"))
    after = assert_recorded(send(bodies.make_report(ref="a", note="corrected", supersedes="r1")))
    old = client.get("/v1/reports/r1")
    assert (old.get_json()["state"], old.get_json()["superseded_by"]) == ("superseded", "r2")
    assert (after["state"], after["supersedes"]) == ("live", "r1")
    assert old.headers["ETag"] != before.headers["ETag"]


def test_a_superseding_report_is_recognized_by_its_ref(send: SendRequest) -> None:
    body = bodies.make_report(ref="a", note="corrected", supersedes="r1")
    assert_recorded(send(bodies.make_report(ref="a")))
    assert send(body).status_code == 201
    assert send(body).status_code == 200
    assert send(bodies.make_report(ref="a")).get_json()["id"] == "r1"


def test_a_ref_passes_on_along_a_chain(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_recorded(send(bodies.make_report(ref="a", note="2", supersedes="r1")))
    third = assert_recorded(send(bodies.make_report(ref="a", note="3", supersedes="r2")))
    assert_problem(send(bodies.make_report(ref="a", note="4", supersedes="r1")), 409, "/ref")
    assert third["state"] == "live"


def test_a_superseded_report_must_exist(send: SendRequest) -> None:
    assert_problem(send(bodies.make_report(supersedes="r9")), 422, "/supersedes")


def test_only_its_reporter_supersedes_a_report(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    assert_problem(send(bodies.make_report(reporter=SKY, supersedes="r1")), 409, "/supersedes")


def test_a_report_is_superseded_once(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    assert_recorded(send(bodies.make_report(note="2", supersedes="r1")))
    problem_body = assert_problem(
        send(bodies.make_report(note="3", supersedes="r1")), 409, "/supersedes"
    )
    assert "r2" in problem_body["detail"]


def test_a_relay_that_is_superseded_is_superseded_first(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(bodies.make_report()))
    assert_recorded(send(bodies.make_report(reporter=SKY, relays="r1")))
    assert_recorded(send(bodies.make_report(reporter=SKY, relays="r1", note="2", supersedes="r2")))
    assert client.get("/v1/reports/r2").get_json()["state"] == "superseded"


def test_a_figure_reclassifies_an_outcome_that_the_other_has(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(figures=[bodies.make_figure(outcomes=["missing"])])))
    link = {"figure": "r1-1", "from": "missing"}
    figure = bodies.make_figure(outcomes=["killed"], wording="exactly 2", reclassifies=link)
    assert (
        assert_recorded(send(bodies.make_report(figures=[figure])))["figures"][0]["reclassifies"]
        == link
    )
    wrong = {**figure, "reclassifies": {"figure": "r1-1", "from": "captured"}}
    assert_problem(send(bodies.make_report(figures=[wrong])), 422, "/figures/0/reclassifies/from")


def test_a_contradiction_with_an_own_report_is_a_warning(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    second = assert_recorded(
        send(bodies.make_report(figures=[bodies.make_figure(wording="exactly 20")]))
    )
    assert _warning_codes_of(second) == ["same_reporter_conflict"]
    assert second["warnings"][0]["reports"] == ["r1"]
    assert second["warnings"][0]["figures"] == ["r2-1"]


def test_a_falling_running_total_is_a_warning(send: SendRequest) -> None:
    def make_running_total(day: str, people: int) -> dict[str, object]:
        period = {"from": None, "to": day}
        return bodies.make_report(
            period=period, figures=[bodies.make_figure(wording=f"exactly {people}")]
        )

    assert _warning_codes_of(assert_recorded(send(make_running_total("2024-12-14", 100)))) == []
    assert _warning_codes_of(assert_recorded(send(make_running_total("2024-12-15", 110)))) == []
    fallen = assert_recorded(send(make_running_total("2024-12-16", 105)))
    assert _warning_codes_of(fallen) == ["same_reporter_conflict"]
    assert fallen["warnings"][0]["reports"] == ["r2"]


def test_a_village_with_more_people_than_its_region_is_a_warning(send: SendRequest) -> None:
    region, village = bodies.make_place("region"), bodies.make_place("village", parent="region")
    whole = bodies.make_figure(wording="exactly 5", places=["region"])
    part = bodies.make_figure(wording="exactly 8", places=["village"])
    report = assert_recorded(
        send(bodies.make_report(places=[region, village], figures=[whole, part]))
    )
    assert _warning_codes_of(report) == ["same_reporter_conflict"]
    assert report["warnings"][0]["figures"] == ["r1-2"]
    other = bodies.make_figure(wording="exactly 9", groups=["everyone"], places=["elsewhere"])
    other_report = bodies.make_report(places=[bodies.make_place("elsewhere")], figures=[other])
    assert _warning_codes_of(assert_recorded(send(other_report))) == []


@pytest.mark.parametrize("first", ["region", "villages"])
def test_a_contradiction_is_found_among_many_figures_of_a_day(
    first: str, send: SendRequest
) -> None:
    """More of them than are looked at where they may not contradict each other."""
    region, village = bodies.make_place("region"), bodies.make_place("village", parent="region")
    assert_recorded(send(bodies.make_report(places=[region, village])))
    whole = [bodies.make_figure(wording="exactly 5", places=["region"], outcomes=["killed"])]
    part = [bodies.make_figure(wording="exactly 8", places=["village"], outcomes=["killed"])]
    other = [bodies.make_figure(exactly=count, outcomes=["captured"]) for count in range(1, 151)]
    for each in other:
        each.pop("wording", None)
        each["places"] = ["village"]
    early, late = (whole, part) if first == "region" else (part, whole)
    assert_recorded(send(bodies.make_report(places=["region", "village"], figures=early)))
    assert_recorded(send(bodies.make_report(places=["region", "village"], figures=other)))
    report = assert_recorded(send(bodies.make_report(places=["region", "village"], figures=late)))
    assert _warning_codes_of(report) == ["same_reporter_conflict"]


def test_a_warning_names_some_of_very_many_contradicted_figures(send: SendRequest) -> None:
    many = [bodies.make_figure(exactly=count) for count in range(1, 61)]
    for each in many:
        each.pop("wording", None)
    assert_recorded(send(bodies.make_report(figures=many)))
    report = assert_recorded(
        send(bodies.make_report(figures=[bodies.make_figure(wording="exactly 99")]))
    )
    assert _warning_codes_of(report) == ["same_reporter_conflict"]
    assert report["warnings"][0]["figures"] == ["r2-1"]


def test_a_contradiction_that_supersedes_is_no_warning(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    corrected = bodies.make_report(
        figures=[bodies.make_figure(wording="exactly 20")], supersedes="r1"
    )
    assert _warning_codes_of(assert_recorded(send(corrected))) == []


def test_two_incidents_do_not_contradict_each_other(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(incident="own")))
    other = bodies.make_report(incident="own", figures=[bodies.make_figure(wording="exactly 20")])
    assert _warning_codes_of(assert_recorded(send(other))) == []


def test_the_same_wording_of_another_reporter_is_a_warning(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    figure = bodies.make_figure(wording="At  least 30")
    second = assert_recorded(send(bodies.make_report(reporter=SKY, figures=[figure])))
    assert _warning_codes_of(second) == ["possible_relay"]
    assert second["warnings"][0]["reports"] == ["r1"]


def test_the_same_wording_of_places_in_another_order_is_a_warning(send: SendRequest) -> None:
    places = [bodies.make_place("b"), bodies.make_place("a")]
    assert_recorded(send(bodies.make_report(places=places)))
    second = assert_recorded(send(bodies.make_report(reporter=SKY, places=places)))
    assert _warning_codes_of(second) == ["possible_relay"]


def test_a_stated_relay_is_no_warning(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    assert (
        _warning_codes_of(assert_recorded(send(bodies.make_report(reporter=SKY, relays="r1"))))
        == []
    )


def test_other_days_or_wordings_are_no_relay(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    other_day = {"from": "2024-12-16", "to": "2024-12-16"}
    assert (
        _warning_codes_of(assert_recorded(send(bodies.make_report(reporter=SKY, period=other_day))))
        == []
    )
    others = bodies.make_report(reporter=SKY, figures=[bodies.make_figure(wording="30 or more")])
    assert _warning_codes_of(assert_recorded(send(others))) == []


def test_a_place_with_the_name_of_another_is_a_warning(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    second = assert_recorded(
        send(bodies.make_report(places=[bodies.make_place("plekhovo-2", name="PLEKHOVO")]))
    )
    assert _warning_codes_of(second) == ["ambiguous_place"]
    assert second["warnings"][0]["places"] == ["plekhovo-2", "plekhovo"]


def test_warnings_stay_with_the_report(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report()))
    second = assert_recorded(
        send(bodies.make_report(figures=[bodies.make_figure(wording="exactly 20")]))
    )
    assert client.get("/v1/reports/r2").get_json()["warnings"] == second["warnings"]
