"""Places, groups and reporters over HTTP."""

import csv
import io
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
    "division": None,
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


@pytest.fixture
def country(put: SendRequest) -> None:
    """A country of two regions, one with two towns, and a division beside them."""
    for place_id, fields in {
        "land": {"name": "Land", "aliases": ["The land", "Das Land"], "latitude": -1.5},
        "east": {"name": "East", "parent": "land"},
        "west": {"name": "West", "parent": "land"},
        "town": {"name": "=Town", "parent": "west"},
        "village": {"name": "Village, small", "parent": "west"},
        "basin": {"name": "Basin", "parent": "land", "division": "rivers"},
    }.items():
        assert put(f"/v1/places/{place_id}", fields).status_code == 201


def list_ids(client: FlaskClient, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_json()
    (entities,) = [value for value in answer.get_json().values() if isinstance(value, list)]
    return [each["id"] for each in entities]


def test_a_parent_lists_those_right_below_it(country: None, client: FlaskClient) -> None:
    assert list_ids(client, "/v1/places?parent=land") == ["basin", "east", "west"]
    assert list_ids(client, "/v1/places?parent=west&q=VILL") == ["village"]
    assert list_ids(client, "/v1/places?parent=town") == []
    problem = assert_problem(client.get("/v1/places?parent=wets"), 422, "parent")
    assert "west" in problem["detail"]
    assert_problem(client.get("/v1/places?parent="), 422, "parent")


def test_the_pages_of_a_parent_are_followed(country: None, client: FlaskClient) -> None:
    answer = client.get("/v1/places?parent=land&limit=2")
    assert [each["id"] for each in answer.get_json()["places"]] == ["basin", "east"]
    following = urljoin("/v1/places", answer.get_json()["next"])
    assert answer.headers["Link"] == f'<{answer.get_json()["next"]}>; rel="next"'
    assert list_ids(client, following) == ["west"]


def test_a_merged_parent_is_the_one_that_remains(
    country: None, client: FlaskClient, key: Callable[..., dict[str, str]]
) -> None:
    client.post("/v1/places/west/merge", json={"into": "east"}, headers=key("admin"))
    assert list_ids(client, "/v1/places?parent=west") == ["town", "village"]
    assert list_ids(client, "/v1/places?parent=east") == ["town", "village"]


def test_groups_are_listed_by_parent(put: SendRequest, client: FlaskClient) -> None:
    put("/v1/groups/army", {"name": "Army"})
    put("/v1/groups/brigade", {"name": "Brigade", "parent": "army"})
    assert list_ids(client, "/v1/groups?parent=everyone") == ["army"]
    assert list_ids(client, "/v1/groups?parent=army") == ["brigade"]
    assert_problem(client.get("/v1/reporters?parent=army"), 422, "parent")


def test_places_are_listed_as_csv(country: None, client: FlaskClient) -> None:
    answer = client.get("/v1/places?parent=west&format=csv")
    assert answer.mimetype == "text/csv"
    assert answer.get_data(as_text=True).splitlines() == [
        "id,name,parent,division,kind,aliases,latitude,longitude,geonames_id,pcode,wikidata,country",
        "town,'=Town,west,,,,,,,,,",
        'village,"Village, small",west,,,,,,,,,',
    ]
    by_accept = client.get("/v1/places?parent=west", headers={"Accept": "text/csv"})
    assert by_accept.get_data() == answer.get_data()
    again = client.get(
        "/v1/places?parent=west&format=csv", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_every_row_of_a_csv_has_what_the_json_has(country: None, client: FlaskClient) -> None:
    places = client.get("/v1/places").get_json()["places"]
    answer = client.get("/v1/places?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
    for place, row in zip(places, rows, strict=True):
        cells = {**place, "aliases": "; ".join(place["aliases"])}
        expected = {name: "" if value is None else str(value) for name, value in cells.items()}
        assert {**row, "name": row["name"].removeprefix("'")} == expected


def test_a_csv_of_entities_has_pages_and_a_byte_order_mark(
    country: None, client: FlaskClient
) -> None:
    answer = client.get("/v1/places?format=csv&limit=5&bom=true")
    assert answer.get_data().startswith(b"\xef\xbb\xbfid,name")
    following = answer.headers["Link"].partition(">")[0].removeprefix("<")
    rest = client.get(urljoin("/v1/places", following)).get_data(as_text=True).splitlines()
    assert [row.partition(",")[0] for row in rest] == ["\ufeffid", "west"]
    assert_problem(client.get("/v1/places?bom=true"), 422, "bom")


@pytest.mark.parametrize("kinds", ["groups", "reporters"])
def test_groups_and_reporters_are_listed_as_csv(
    put: SendRequest, client: FlaskClient, kinds: str
) -> None:
    put(f"/v1/{kinds}/one", {"name": "One", "aliases": ["Eins", "Un"], "kind": "first"})
    rows = client.get(f"/v1/{kinds}?format=csv&q=one").get_data(as_text=True).splitlines()
    columns = {
        "groups": ["id,name,parent,facet,kind,aliases,wikidata,country"],
        "reporters": ["id,name,kind,party,aliases,wikidata,country"],
    }[kinds]
    values = {
        "groups": "one,One,everyone,,first,Eins; Un,,",
        "reporters": "one,One,first,false,Eins; Un,,",
    }
    one = [row for row in rows if row.startswith("one,")]
    assert [rows[0]] == columns
    assert one == [values[kinds]]
