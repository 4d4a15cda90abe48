"""Places, groups and reporters inside a report: found, made, or refused."""

from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded


def test_an_unknown_id_is_refused_with_similar_ids(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    problem_body = assert_problem(send(bodies.make_report(places=["plekhova"])), 422, "/places/0")
    assert "plekhovo" in problem_body["detail"]


def test_all_unknown_ids_are_named_at_once(send: SendRequest) -> None:
    body = bodies.make_report(
        reporter="x", groups=["y"], figures=[bodies.make_figure(places=["z"])]
    )
    assert_problem(send(body), 422, "/reporter", "/figures/0/places/0", "/groups/0")


def test_a_new_entity_needs_a_name(send: SendRequest) -> None:
    assert_problem(send(bodies.make_report(places=[{"id": "plekhovo"}])), 422, "/places/0/name")


def test_a_known_entity_needs_its_id_alone(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    assert_recorded(
        send(bodies.make_report(places=[{"id": "plekhovo"}], reporter={"id": "ua-hur"}))
    )


def test_missing_fields_do_not_conflict(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(
        send(bodies.make_report(places=[bodies.make_place(latitude=51.1, aliases=["Плехово"])]))
    )
    assert_recorded(send(bodies.make_report()))
    assert client.get("/v1/places/plekhovo").get_json()["aliases"] == ["Плехово"]


def test_a_differing_field_is_a_conflict_and_changes_nothing(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(bodies.make_report()))
    problem_body = assert_problem(
        send(bodies.make_report(places=[bodies.make_place(kind="town")])), 409, "/places/0/kind"
    )
    assert "use another id" in problem_body["detail"]
    assert_problem(
        send(bodies.make_report(reporter={"id": "ua-hur", "party": False})), 409, "/reporter/party"
    )
    assert client.get("/v1/places/plekhovo").get_json()["kind"] is None


def test_a_name_in_another_form_of_unicode_is_the_same_name(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place(name="Caf\u00e9")])))
    assert_recorded(send(bodies.make_report(places=[bodies.make_place(name="Cafe\u0301")])))


def test_a_parent_may_come_earlier_in_the_same_report(
    send: SendRequest, client: FlaskClient
) -> None:
    places = [bodies.make_place("ru-kursk"), bodies.make_place(parent="ru-kursk")]
    figures = [
        bodies.make_figure(),
        bodies.make_figure(places=[bodies.make_place("kurilovka", parent="plekhovo")]),
    ]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    assert client.get("/v1/places/kurilovka").get_json()["parent"] == "plekhovo"


def test_a_parent_that_comes_later_is_unknown(send: SendRequest) -> None:
    places = [bodies.make_place(parent="ru-kursk"), bodies.make_place("ru-kursk")]
    assert_problem(send(bodies.make_report(places=places)), 422, "/places/0/parent")


def test_a_place_cannot_be_its_own_parent(send: SendRequest) -> None:
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place(parent="plekhovo")])),
        422,
        "/places/0/parent",
    )


def test_two_objects_for_one_id_may_not_differ(send: SendRequest) -> None:
    figure = bodies.make_figure(places=[bodies.make_place(kind="town")])
    assert_problem(send(bodies.make_report(figures=[figure])), 409, "/figures/0/places/0/kind")


def test_a_new_group_lies_below_everyone(send: SendRequest, client: FlaskClient) -> None:
    group = {"id": "dprk-forces", "name": "North Korean forces"}
    assert_recorded(send(bodies.make_report(groups=[group])))
    assert_recorded(send(bodies.make_report(groups=[{**group, "parent": None}])))
    assert client.get("/v1/groups/dprk-forces").get_json()["parent"] == "everyone"


def test_the_parent_of_a_group_is_compared_too(send: SendRequest) -> None:
    group = {"id": "a", "name": "A"}
    assert_recorded(send(bodies.make_report(groups=[group, {"id": "b", "name": "B"}])))
    assert_problem(
        send(bodies.make_report(groups=[{**group, "parent": "b"}])), 409, "/groups/0/parent"
    )


def test_similar_ids_are_looked_up_for_a_few_only(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    ids = [f"plekhovo-{number}" for number in range(5)]
    pointers = [f"/places/{number}" for number in range(5)]
    errors = assert_problem(send(bodies.make_report(places=ids)), 422, *pointers)["errors"]
    assert ["did you mean" in fault["detail"] for fault in errors] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_conflict_names_the_recorded_values(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place(aliases=["A", "B"])])))
    place = bodies.make_place(aliases=["C"], kind="village")
    pointers = ["/places/0/kind", "/places/0/aliases"]
    problem_body = assert_problem(send(bodies.make_report(places=[place])), 409, *pointers)
    details = [fault["detail"] for fault in problem_body["errors"]]
    assert "A, B" in details[1]
    assert "left empty" in details[0]
