"""Places, groups and reporters inside a report: found, made, or refused."""

from flask.testing import FlaskClient

from tests import make
from tests.check import problem, recorded
from tests.conftest import SendRequest


def test_an_unknown_id_is_refused_with_those_near_it(send: SendRequest) -> None:
    recorded(send(make.report()))
    problem_body = problem(send(make.report(places=["plekhova"])), 422, "/places/0")
    assert "plekhovo" in problem_body["detail"]


def test_all_unknown_ids_are_named_at_once(send: SendRequest) -> None:
    body = make.report(reporter="x", groups=["y"], figures=[make.figure(places=["z"])])
    problem(send(body), 422, "/reporter", "/figures/0/places/0", "/groups/0")


def test_a_new_entry_needs_a_name(send: SendRequest) -> None:
    problem(send(make.report(places=[{"id": "plekhovo"}])), 422, "/places/0/name")


def test_a_known_entry_needs_no_more_than_its_id(send: SendRequest) -> None:
    recorded(send(make.report()))
    recorded(send(make.report(places=[{"id": "plekhovo"}], reporter={"id": "ua-hur"})))


def test_fields_left_out_never_count_as_different(send: SendRequest, client: FlaskClient) -> None:
    recorded(send(make.report(places=[make.place(latitude=51.1, aliases=["Плехово"])])))
    recorded(send(make.report()))
    assert client.get("/v1/places/plekhovo").get_json()["aliases"] == ["Плехово"]


def test_a_differing_field_is_a_conflict_and_changes_nothing(
    send: SendRequest, client: FlaskClient
) -> None:
    recorded(send(make.report()))
    problem(send(make.report(places=[make.place(name="Other")])), 409, "/places/0/name")
    problem(send(make.report(reporter={"id": "ua-hur", "party": False})), 409, "/reporter/party")
    assert client.get("/v1/places/plekhovo").get_json()["name"] == "Plekhovo"


def test_a_name_in_another_form_of_unicode_is_the_same_name(send: SendRequest) -> None:
    recorded(send(make.report(places=[make.place(name="Caf\u00e9")])))
    recorded(send(make.report(places=[make.place(name="Cafe\u0301")])))


def test_a_parent_may_come_earlier_in_the_same_report(
    send: SendRequest, client: FlaskClient
) -> None:
    places = [make.place("ru-kursk"), make.place(parent="ru-kursk")]
    figures = [make.figure(), make.figure(places=[make.place("kurilovka", parent="plekhovo")])]
    recorded(send(make.report(places=places, figures=figures)))
    assert client.get("/v1/places/kurilovka").get_json()["parent"] == "plekhovo"


def test_a_parent_that_comes_later_is_unknown(send: SendRequest) -> None:
    places = [make.place(parent="ru-kursk"), make.place("ru-kursk")]
    problem(send(make.report(places=places)), 422, "/places/0/parent")


def test_a_place_cannot_be_its_own_parent(send: SendRequest) -> None:
    problem(send(make.report(places=[make.place(parent="plekhovo")])), 422, "/places/0/parent")


def test_two_objects_for_one_id_may_not_differ(send: SendRequest) -> None:
    figure = make.figure(places=[make.place(name="Other")])
    problem(send(make.report(figures=[figure])), 409, "/figures/0/places/0/name")


def test_a_new_group_lies_below_everyone(send: SendRequest, client: FlaskClient) -> None:
    group = {"id": "dprk-forces", "name": "North Korean forces"}
    recorded(send(make.report(groups=[group])))
    recorded(send(make.report(groups=[{**group, "parent": None}])))
    assert client.get("/v1/groups/dprk-forces").get_json()["parent"] == "everyone"


def test_the_parent_of_a_group_is_compared_too(send: SendRequest) -> None:
    group = {"id": "a", "name": "A"}
    recorded(send(make.report(groups=[group, {"id": "b", "name": "B"}])))
    problem(send(make.report(groups=[{**group, "parent": "b"}])), 409, "/groups/0/parent")


def test_near_ids_are_looked_up_for_a_few_only(send: SendRequest) -> None:
    recorded(send(make.report()))
    ids = [f"plekhovo-{number}" for number in range(5)]
    pointers = [f"/places/{number}" for number in range(5)]
    errors = problem(send(make.report(places=ids)), 422, *pointers)["errors"]
    assert ["did you mean" in fault["detail"] for fault in errors] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_conflict_says_what_is_recorded(send: SendRequest) -> None:
    recorded(send(make.report(places=[make.place(aliases=["A", "B"])])))
    place = make.place(aliases=["C"], kind="village")
    pointers = ["/places/0/kind", "/places/0/aliases"]
    problem_body = problem(send(make.report(places=[place])), 409, *pointers)
    details = [fault["detail"] for fault in problem_body["errors"]]
    assert "A, B" in details[1]
    assert "left empty" in details[0]
