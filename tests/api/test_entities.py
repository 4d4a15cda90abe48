"""Places, groups and reporters over HTTP."""

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

FULL_PLACE = {
    "name": "Plekhovo",
    "parent": "ru-kursk",
    "kind": "village",
    "aliases": ["Плехово", "Plekhove"],
    "latitude": 51.1,
    "longitude": 35,
    "geonames_id": 511330,
    "pcode": "RU-1",
    "wikidata": "Q4365231",
    "country": "ru",
}


def test_a_put_place_has_every_field(put: SendRequest, client: FlaskClient) -> None:
    assert put("/v1/places/ru-kursk", {"name": "Kursk Oblast"}).status_code == 201
    answer = put("/v1/places/plekhovo", {"division": "rivers", **FULL_PLACE})
    expected = {"id": "plekhovo", "division": "rivers", **FULL_PLACE}
    assert (answer.status_code, answer.get_json()) == (201, expected)
    assert client.get("/v1/places/plekhovo").get_json() == expected


def test_put_clears_missing_fields(put: SendRequest, client: FlaskClient) -> None:
    put("/v1/places/ru-kursk", {"name": "Kursk Oblast"})
    put("/v1/places/plekhovo", FULL_PLACE)
    assert put("/v1/places/plekhovo", {"name": "Plekhovo"}).status_code == 200
    place = client.get("/v1/places/plekhovo").get_json()
    assert (place["parent"], place["aliases"], place["latitude"]) == (None, [], None)


@pytest.mark.parametrize("kinds", ["places", "groups", "reporters"])
def test_every_kind_of_entity_is_put_got_and_listed(
    put: SendRequest, client: FlaskClient, kinds: str
) -> None:
    put_answer = put(f"/v1/{kinds}/one", {"name": "One", "aliases": ["Eins"]})
    assert put_answer.status_code == 201
    assert client.get(f"/v1/{kinds}/one").get_json() == put_answer.get_json()
    assert client.get(f"/v1/{kinds}?q=EIN").get_json() == {
        kinds: [put_answer.get_json()],
        "next": None,
    }
    assert_problem(client.get(f"/v1/{kinds}/two"), 404)


def test_the_body_of_a_get_can_be_put(put: SendRequest, client: FlaskClient) -> None:
    put("/v1/reporters/sky", {"name": "Sky", "party": True, "kind": "newspaper"})
    reporter = client.get("/v1/reporters/sky").get_json()
    again = put("/v1/reporters/sky", reporter)
    assert (again.status_code, again.get_json()) == (200, reporter)


def test_a_cycle_is_refused(put: SendRequest) -> None:
    put("/v1/places/a", {"name": "A"})
    put("/v1/places/b", {"name": "B", "parent": "a"})
    put("/v1/places/c", {"name": "C", "parent": "b"})
    assert_problem(put("/v1/places/a", {"name": "A", "parent": "c"}), 422, "/parent")
    assert_problem(put("/v1/places/a", {"name": "A", "parent": "a"}), 422, "/parent")
    assert_problem(put("/v1/places/d", {"name": "D", "parent": "d"}), 422, "/parent")


def test_an_unknown_parent_is_refused(put: SendRequest) -> None:
    assert_problem(put("/v1/places/a", {"name": "A", "parent": "b"}), 422, "/parent")
    assert (
        "everyone"
        in assert_problem(put("/v1/groups/a", {"name": "A", "parent": "everyon"}), 422, "/parent")[
            "detail"
        ]
    )


def test_groups_are_one_tree_below_everyone(put: SendRequest) -> None:
    assert put("/v1/groups/a", {"name": "A"}).get_json()["parent"] == "everyone"
    assert_problem(put("/v1/groups/everyone", {"name": "All", "parent": "a"}), 422, "/parent")
    assert put("/v1/groups/everyone", {"name": "All"}).get_json()["parent"] is None


def test_a_place_moves_with_its_reports(
    put: SendRequest, send: SendRequest, client: FlaskClient
) -> None:
    places = [bodies.make_place("ru"), bodies.make_place("ua"), bodies.make_place(parent="ru")]
    assert_recorded(
        send(bodies.make_report(places=places, figures=[bodies.make_figure(places=["plekhovo"])]))
    )
    put("/v1/places/plekhovo", {"name": "Plekhovo", "parent": "ua"})
    assert len(client.get("/v1/reports?place=ua").get_json()["reports"]) == 1
    assert client.get("/v1/reports?place=ru").get_json()["reports"] == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ...}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "a\u202eb"}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"id": "other"}, "/id"),
        ({"aliases": ["a", "a"]}, "/aliases/1"),
        ({"aliases": "a"}, "/aliases"),
        ({"latitude": 91}, "/latitude"),
        ({"latitude": "51"}, "/latitude"),
        ({"latitude": True}, "/latitude"),
        ({"longitude": 10**400}, "/longitude"),
        ({"geonames_id": 1.5}, "/geonames_id"),
        ({"wikidata": "5838"}, "/wikidata"),
        ({"parent": "Ru"}, "/parent"),
        ({"party": True}, "/party"),
    ],
)
def test_a_wrong_field_is_named(put: SendRequest, changes: dict, pointer: str) -> None:
    body = {name: value for name, value in {"name": "A", **changes}.items() if value is not ...}
    assert_problem(put("/v1/places/a", body), 422, pointer)


@pytest.mark.parametrize("place_id", ["A", "-a", "a-", "a.b", "%20", "x" * 101, "%F0%9F%92%80"])
def test_an_id_in_the_address_is_a_slug(put: SendRequest, place_id: str) -> None:
    assert_problem(put(f"/v1/places/{place_id}", {"name": "A"}), 422, "id")


def test_an_address_with_a_zero_byte_is_not_found(put: SendRequest, client: FlaskClient) -> None:
    assert_problem(put("/v1/places/a%00", {"name": "A"}), 404)
    assert_problem(client.get("/v1/places/a%00"), 404)


def test_pages_are_in_the_order_of_ids(put: SendRequest, client: FlaskClient) -> None:
    for place_id in ("c", "a", "b"):
        put(f"/v1/places/{place_id}", {"name": "N"})
    first = client.get("/v1/places?limit=2&q=n").get_json()
    second = client.get(urljoin("/v1/places", first["next"])).get_json()
    ids = [[place["id"] for place in page["places"]] for page in (first, second)]
    assert (ids, second["next"]) == ([["a", "b"], ["c"]], None)


def test_only_an_admin_changes_what_exists(
    client: FlaskClient, key: Callable[[str], dict[str, str]]
) -> None:
    address, headers = "/v1/places/a", key("report")
    assert client.put(address, json={"name": "A"}, headers=headers).status_code == 201
    assert client.put(address, json={"name": "A"}, headers=headers).status_code == 200
    assert_problem(client.put(address, json={"name": "B"}, headers=headers), 403)
    assert client.put(address, json={"name": "B"}, headers=key("admin")).status_code == 200
