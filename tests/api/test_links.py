"""Relays, superseding, reclassifying, and the questions that posting raises."""

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.check import problem, recorded
from tests.conftest import SendRequest

SKY = {"id": "sky", "name": "Sky"}


def _warning_codes_of(body: dict) -> list[str]:
    return [warning["code"] for warning in body["warnings"]]


def test_a_relay_is_a_relay_of_the_first(send: SendRequest) -> None:
    recorded(send(make.report()))
    second = recorded(send(make.report(reporter=SKY, relays="r1")))
    third = recorded(send(make.report(reporter={"id": "bbc", "name": "BBC"}, relays="r2")))
    assert (second["state"], second["origin"]) == ("relay", "r1")
    assert (third["relays"], third["origin"]) == ("r2", "r1")


def test_what_is_relayed_must_exist(send: SendRequest) -> None:
    problem(send(make.report(relays="r9")), 422, "/relays")


def test_a_superseded_report_says_so(send: SendRequest, client: FlaskClient) -> None:
    before = send(make.report(ref="a"))
    after = recorded(send(make.report(ref="a", note="corrected", supersedes="r1")))
    old = client.get("/v1/reports/r1")
    assert (old.get_json()["state"], old.get_json()["superseded_by"]) == ("superseded", "r2")
    assert (after["state"], after["supersedes"]) == ("live", "r1")
    assert old.headers["ETag"] != before.headers["ETag"]


def test_the_replacing_report_is_known_again_by_its_ref(send: SendRequest) -> None:
    body = make.report(ref="a", note="corrected", supersedes="r1")
    recorded(send(make.report(ref="a")))
    assert send(body).status_code == 201
    assert send(body).status_code == 200
    assert send(make.report(ref="a")).get_json()["id"] == "r1"


def test_a_ref_passes_on_along_a_chain(send: SendRequest) -> None:
    recorded(send(make.report(ref="a")))
    recorded(send(make.report(ref="a", note="2", supersedes="r1")))
    third = recorded(send(make.report(ref="a", note="3", supersedes="r2")))
    problem(send(make.report(ref="a", note="4", supersedes="r1")), 409, "/ref")
    assert third["state"] == "live"


def test_what_is_superseded_must_exist(send: SendRequest) -> None:
    problem(send(make.report(supersedes="r9")), 422, "/supersedes")


def test_only_its_reporter_supersedes_a_report(send: SendRequest) -> None:
    recorded(send(make.report()))
    problem(send(make.report(reporter=SKY, supersedes="r1")), 409, "/supersedes")


def test_a_report_is_superseded_once(send: SendRequest) -> None:
    recorded(send(make.report()))
    recorded(send(make.report(note="2", supersedes="r1")))
    problem_body = problem(send(make.report(note="3", supersedes="r1")), 409, "/supersedes")
    assert "r2" in problem_body["detail"]


def test_a_relay_that_is_superseded_is_superseded_first(
    send: SendRequest, client: FlaskClient
) -> None:
    recorded(send(make.report()))
    recorded(send(make.report(reporter=SKY, relays="r1")))
    recorded(send(make.report(reporter=SKY, relays="r1", note="2", supersedes="r2")))
    assert client.get("/v1/reports/r2").get_json()["state"] == "superseded"


def test_a_figure_reclassifies_an_outcome_that_the_other_has(send: SendRequest) -> None:
    recorded(send(make.report(figures=[make.figure(outcomes=["missing"])])))
    link = {"figure": "r1-1", "from": "missing"}
    figure = make.figure(outcomes=["killed"], wording="exactly 2", reclassifies=link)
    assert recorded(send(make.report(figures=[figure])))["figures"][0]["reclassifies"] == link
    wrong = {**figure, "reclassifies": {"figure": "r1-1", "from": "captured"}}
    problem(send(make.report(figures=[wrong])), 422, "/figures/0/reclassifies/from")


def test_own_contradictions_are_asked_about(send: SendRequest) -> None:
    recorded(send(make.report()))
    second = recorded(send(make.report(figures=[make.figure(wording="exactly 20")])))
    assert _warning_codes_of(second) == ["same_reporter_conflict"]
    assert second["warnings"][0]["reports"] == ["r1"]
    assert second["warnings"][0]["figures"] == ["r2-1"]


def test_a_running_total_that_falls_is_asked_about(send: SendRequest) -> None:
    def make_running_total(day: str, people: int) -> dict[str, object]:
        period = {"from": None, "to": day}
        return make.report(period=period, figures=[make.figure(wording=f"exactly {people}")])

    assert _warning_codes_of(recorded(send(make_running_total("2024-12-14", 100)))) == []
    assert _warning_codes_of(recorded(send(make_running_total("2024-12-15", 110)))) == []
    fallen = recorded(send(make_running_total("2024-12-16", 105)))
    assert _warning_codes_of(fallen) == ["same_reporter_conflict"]
    assert fallen["warnings"][0]["reports"] == ["r2"]


def test_a_village_that_outnumbers_its_region_is_asked_about(send: SendRequest) -> None:
    region, village = make.place("region"), make.place("village", parent="region")
    whole = make.figure(wording="exactly 5", places=["region"])
    part = make.figure(wording="exactly 8", places=["village"])
    report = recorded(send(make.report(places=[region, village], figures=[whole, part])))
    assert _warning_codes_of(report) == ["same_reporter_conflict"]
    assert report["warnings"][0]["figures"] == ["r1-2"]
    other = make.figure(wording="exactly 9", groups=["everyone"], places=["elsewhere"])
    other_report = make.report(places=[make.place("elsewhere")], figures=[other])
    assert _warning_codes_of(recorded(send(other_report))) == []


@pytest.mark.parametrize("first", ["region", "villages"])
def test_a_contradiction_is_found_among_many_figures_of_a_day(
    first: str, send: SendRequest
) -> None:
    """More of them than are looked at where they may not contradict each other."""
    region, village = make.place("region"), make.place("village", parent="region")
    recorded(send(make.report(places=[region, village])))
    whole = [make.figure(wording="exactly 5", places=["region"], outcomes=["killed"])]
    part = [make.figure(wording="exactly 8", places=["village"], outcomes=["killed"])]
    other = [make.figure(exactly=count, outcomes=["captured"]) for count in range(1, 151)]
    for each in other:
        each.pop("wording", None)
        each["places"] = ["village"]
    early, late = (whole, part) if first == "region" else (part, whole)
    recorded(send(make.report(places=["region", "village"], figures=early)))
    recorded(send(make.report(places=["region", "village"], figures=other)))
    report = recorded(send(make.report(places=["region", "village"], figures=late)))
    assert _warning_codes_of(report) == ["same_reporter_conflict"]


def test_of_a_figure_that_contradicts_very_many_some_are_named(send: SendRequest) -> None:
    many = [make.figure(exactly=count) for count in range(1, 61)]
    for each in many:
        each.pop("wording", None)
    recorded(send(make.report(figures=many)))
    report = recorded(send(make.report(figures=[make.figure(wording="exactly 99")])))
    assert _warning_codes_of(report) == ["same_reporter_conflict"]
    assert report["warnings"][0]["figures"] == ["r2-1"]


def test_a_contradiction_that_is_a_correction_is_not_asked_about(send: SendRequest) -> None:
    recorded(send(make.report()))
    corrected = make.report(figures=[make.figure(wording="exactly 20")], supersedes="r1")
    assert _warning_codes_of(recorded(send(corrected))) == []


def test_two_incidents_do_not_contradict_each_other(send: SendRequest) -> None:
    recorded(send(make.report(incident="own")))
    other = make.report(incident="own", figures=[make.figure(wording="exactly 20")])
    assert _warning_codes_of(recorded(send(other))) == []


def test_the_same_words_of_another_reporter_are_asked_about(send: SendRequest) -> None:
    recorded(send(make.report()))
    figure = make.figure(wording="At  least 30")
    second = recorded(send(make.report(reporter=SKY, figures=[figure])))
    assert _warning_codes_of(second) == ["possible_relay"]
    assert second["warnings"][0]["reports"] == ["r1"]


def test_a_stated_relay_is_not_asked_about(send: SendRequest) -> None:
    recorded(send(make.report()))
    assert _warning_codes_of(recorded(send(make.report(reporter=SKY, relays="r1")))) == []


def test_other_days_or_words_are_no_relay(send: SendRequest) -> None:
    recorded(send(make.report()))
    other_day = {"from": "2024-12-16", "to": "2024-12-16"}
    assert _warning_codes_of(recorded(send(make.report(reporter=SKY, period=other_day)))) == []
    others = make.report(reporter=SKY, figures=[make.figure(wording="30 or more")])
    assert _warning_codes_of(recorded(send(others))) == []


def test_a_place_with_a_namesake_is_asked_about(send: SendRequest) -> None:
    recorded(send(make.report()))
    second = recorded(send(make.report(places=[make.place("plekhovo-2", name="PLEKHOVO")])))
    assert _warning_codes_of(second) == ["ambiguous_place"]
    assert second["warnings"][0]["places"] == ["plekhovo-2", "plekhovo"]


def test_warnings_stay_with_the_report(send: SendRequest, client: FlaskClient) -> None:
    recorded(send(make.report()))
    second = recorded(send(make.report(figures=[make.figure(wording="exactly 20")])))
    assert client.get("/v1/reports/r2").get_json()["warnings"] == second["warnings"]
