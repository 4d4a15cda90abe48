"""Places, groups and reporters inside a report: found, made, or refused."""

from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
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


LINE = bodies.make_place(
    "village",
    parent=bodies.make_place(
        "district", parent=bodies.make_place("region", parent=bodies.make_place("country"))
    ),
)


def test_the_line_above_a_village_is_described_in_place(
    send: SendRequest, client: FlaskClient
) -> None:
    report = assert_recorded(send(bodies.make_report(places=[LINE])))
    assert (report["places"], report["warnings"]) == (["village"], [])
    parents = {
        place_id: client.get(f"/v1/places/{place_id}").get_json()["parent"]
        for place_id in ("village", "district", "region", "country")
    }
    assert parents == {
        "village": "district",
        "district": "region",
        "region": "country",
        "country": None,
    }
    again = assert_recorded(send(bodies.make_report(places=[LINE])))
    assert again["warnings"] == []


def test_a_line_may_end_with_an_id(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place("country")])))
    line = bodies.make_place("village", parent=bodies.make_place("region", parent="country"))
    figure = bodies.make_figure(places=[line])
    assert_recorded(send(bodies.make_report(figures=[figure])))
    assert client.get("/v1/places/region").get_json()["parent"] == "country"


def test_a_group_has_its_line_in_place(send: SendRequest, client: FlaskClient) -> None:
    civilians = {"id": "civilians", "name": "Civilians", "facet": "status"}
    militia = {"id": "militia", "name": "Militia", "facet": "bearing", "parent": civilians}
    assert_recorded(send(bodies.make_report(groups=[militia])))
    assert client.get("/v1/groups/militia").get_json()["parent"] == "civilians"
    assert client.get("/v1/groups/civilians").get_json()["parent"] == "everyone"


def test_the_fault_of_a_parent_is_found_where_it_is(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[LINE])))
    for parent, status, pointer in (
        ({"id": "nowhere"}, 422, "/places/0/parent/name"),
        (bodies.make_place("a", parent="nowhere"), 422, "/places/0/parent/parent"),
        (bodies.make_place("region", kind="oblast"), 409, "/places/0/parent/kind"),
        (bodies.make_place("region", parent="village"), 409, "/places/0/parent/parent"),
        ({"id": "No Id"}, 422, "/places/0/parent/id"),
        (7, 422, "/places/0/parent"),
        ([], 422, "/places/0/parent"),
        ("No Id", 422, "/places/0/parent"),
        ({"id": "a", "name": "A", "x": 1}, 422, "/places/0/parent/x"),
    ):
        place = bodies.make_place("new", parent=parent)
        assert_problem(send(bodies.make_report(places=[place])), status, pointer)


def test_another_parent_is_a_conflict(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[LINE])))
    place = bodies.make_place("village", parent=bodies.make_place("elsewhere"))
    problem_body = assert_problem(send(bodies.make_report(places=[place])), 409, "/places/0/parent")
    assert "use another id" in problem_body["detail"]


def test_a_place_cannot_be_above_itself(send: SendRequest, client: FlaskClient) -> None:
    for parent, pointer in (
        ({"id": "a"}, "/places/0/parent"),
        (bodies.make_place("b", parent="a"), "/places/0/parent/parent"),
        (bodies.make_place("b", parent=bodies.make_place("a")), "/places/0/parent/parent"),
        (bodies.make_place("b", parent=bodies.make_place("b")), "/places/0/parent/parent"),
    ):
        place = bodies.make_place("a", parent=parent)
        problem_body = assert_problem(send(bodies.make_report(places=[place])), 422, pointer)
        assert "above itself" in problem_body["detail"]
    assert client.get("/v1/places").get_json()["places"] == []


def test_a_line_has_at_most_eight_parents(send: SendRequest, client: FlaskClient) -> None:
    def make_line(parents: int) -> dict[str, object]:
        line = bodies.make_place("p0")
        for number in range(1, parents + 1):
            line = bodies.make_place(f"p{number}", parent=line)
        return line

    figure = bodies.make_figure(places=[make_line(8)])
    assert_recorded(send(bodies.make_report(places=..., figures=[figure])))
    problem_body = assert_problem(
        send(bodies.make_report(places=[make_line(9)])), 422, "/places/0/parent"
    )
    assert "at most 8" in problem_body["detail"]


def test_an_inherited_facet_or_division_does_not_differ(
    send: SendRequest, put: SendRequest
) -> None:
    put("/v1/groups/soldiers", {"name": "Soldiers", "facet": "status"})
    put("/v1/groups/conscripts", {"name": "Conscripts", "parent": "soldiers"})
    put("/v1/places/region", {"name": "Region"})
    put("/v1/places/village", {"name": "Village", "parent": "region"})
    groups = [{"id": "conscripts", "name": "Conscripts", "facet": "status"}]
    places = [bodies.make_place("village", division="administrative")]
    assert_recorded(send(bodies.make_report(groups=groups, places=places)))
    groups[0]["facet"], places[0]["division"] = "side", "hydrography"
    pointers = ("/places/0/division", "/groups/0/facet")
    problem_body = assert_problem(
        send(bodies.make_report(groups=groups, places=places)), 409, *pointers
    )
    details = [fault["detail"] for fault in problem_body["errors"]]
    assert "division administrative" in details[0]
    assert "facet status" in details[1]


def test_a_parent_that_was_merged_does_not_differ(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    places = [bodies.make_place("old"), bodies.make_place("new"), bodies.make_place(parent="old")]
    assert_recorded(send(bodies.make_report(places=places)))
    client.post("/v1/places/old/merge", json={"into": "new"}, headers=key("admin"))
    assert_recorded(send(bodies.make_report(places=[places[2]])))
