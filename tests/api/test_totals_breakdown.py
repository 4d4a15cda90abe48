"""Totals by one or two kinds of part: which parts there are, and what is left over."""

import csv
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

LAND = {"id": "land", "name": "Land"}
EAST = {"id": "east", "name": "East", "parent": "land"}
WEST = {"id": "west", "name": "West", "parent": "land"}
BASIN = {"id": "basin", "name": "Basin", "parent": "land", "division": "rivers"}
WOMEN = {"id": "women", "name": "Women", "facet": "sex"}
MEN = {"id": "men", "name": "Men", "facet": "sex"}
CIVILIANS = {"id": "civilians", "name": "Civilians", "facet": "status"}
SOLDIERS = {"id": "soldiers", "name": "Soldiers", "facet": "status"}
DECEMBER = {"from": "2024-12-20", "to": "2024-12-22"}
JANUARY = {"from": "2025-01-02", "to": "2025-01-03"}


def make_killed(number: int, **scope: Any) -> dict[str, Any]:
    """Return a figure of exactly so many killed."""
    return {"outcomes": ["killed"], "exactly": number, **scope}


def get_answer(client: FlaskClient, query: str) -> dict[str, Any]:
    """Return the answer to a query about those killed."""
    answer = client.get(f"/v1/totals?outcomes=killed&{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def lows_of(answer: dict[str, Any]) -> dict[str, int | None]:
    """Return the low of each part by its key, or by its two keys."""
    return {
        " ".join([part["key"], *([part["key2"]] if "key2" in part else [])]): part["totals"][0][
            "low"
        ]
        for part in answer["parts"]
    }


def read_rows(client: FlaskClient, query: str) -> list[dict[str, str]]:
    """Return the rows of the table of a query about those killed."""
    text = client.get(f"/v1/totals?outcomes=killed&format=csv&{query}").get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def land(send: SendRequest) -> None:
    """In the east 20 in December, in the west 10 in January; 7 in a basin that is elsewhere."""
    assert_recorded(
        send(
            bodies.make_report(
                places=[LAND, EAST, WEST, BASIN],
                figures=[
                    make_killed(20, places=["east"], period=DECEMBER),
                    make_killed(10, places=["west"], period=JANUARY),
                    make_killed(7, places=["basin"], period=JANUARY),
                ],
            )
        )
    )


@pytest.fixture
def people(send: SendRequest) -> None:
    """Seven women, five civilians and four soldiers."""
    assert_recorded(
        send(
            bodies.make_report(
                groups=[WOMEN, MEN, CIVILIANS, SOLDIERS],
                figures=[
                    make_killed(7, groups=["women"]),
                    make_killed(5, groups=["civilians"]),
                    make_killed(4, groups=["soldiers"]),
                ],
            )
        )
    )


@pytest.mark.usefixtures("land")
def test_parts_are_the_children_of_the_places_own_division(client: FlaskClient) -> None:
    answer = get_answer(client, "place=land&by=place")
    assert lows_of(answer) == {"east": 20, "west": 10}
    assert answer["unplaced"] == [{"outcomes": ["killed"], "low": 0}]


@pytest.mark.usefixtures("land")
def test_a_place_without_children_is_its_own_part(client: FlaskClient) -> None:
    assert lows_of(get_answer(client, "place=east&by=place")) == {"east": 20}
    assert lows_of(get_answer(client, "place=basin&by=place")) == {"basin": 7}
    assert lows_of(get_answer(client, "place=east,west&by=place")) == {"east": 20, "west": 10}


@pytest.mark.usefixtures("land")
def test_without_places_the_parts_are_those_of_the_administrative_division(
    send: SendRequest, client: FlaskClient
) -> None:
    front = {"id": "front", "name": "Front", "division": "military"}
    assert_recorded(send(bodies.make_report(places=[front], figures=[make_killed(3)])))
    assert lows_of(get_answer(client, "by=place")) == {"land": 30}


@pytest.mark.usefixtures("land")
def test_places_of_two_divisions_are_narrowed_one_by_one_and_leave_nothing_unplaced(
    client: FlaskClient,
) -> None:
    answer = get_answer(client, "place=land,basin&by=place")
    assert [part["key"] for part in answer["parts"]] == ["east", "west", "basin"]
    assert "unplaced" not in answer
    whole = answer["totals"][0]
    assert all(part["totals"][0]["low"] <= whole["low"] for part in answer["parts"])


@pytest.mark.usefixtures("people")
def test_groups_of_everyone_are_those_of_one_facet(client: FlaskClient) -> None:
    body = assert_problem(client.get("/v1/totals?by=group"), 422, "facet")
    assert "sex, status" in body["errors"][0]["detail"]
    answer = get_answer(client, "by=group&facet=status")
    assert lows_of(answer) == {"civilians": 5, "soldiers": 4}
    assert answer["query"]["facet"] == "status"
    assert answer["unplaced"] == [{"outcomes": ["killed"], "low": answer["totals"][0]["low"] - 9}]
    body = assert_problem(client.get("/v1/totals?by=group&facet=age"), 422, "facet")
    assert "sex, status" in body["errors"][0]["detail"]
    assert_problem(client.get("/v1/totals?by=place&facet=sex"), 422, "facet")


@pytest.mark.usefixtures("people")
def test_another_facet_divides_a_group(client: FlaskClient) -> None:
    answer = get_answer(client, "group=civilians&by=group&facet=sex")
    parts = {part["key"]: part["totals"][0] for part in answer["parts"]}
    assert list(parts) == ["men", "women"]
    assert (parts["women"]["low"], parts["women"]["high"]) == (0, 5)


@pytest.mark.usefixtures("people")
def test_a_group_is_divided_into_those_of_its_own_facet(
    send: SendRequest, client: FlaskClient
) -> None:
    police = {"id": "police", "name": "Police", "parent": "civilians"}
    militia = {"id": "militia", "name": "Militia", "parent": "civilians", "facet": "bearing"}
    assert_recorded(
        send(bodies.make_report(groups=[police, militia], figures=[make_killed(1)], ref="x"))
    )
    assert list(lows_of(get_answer(client, "group=civilians&by=group"))) == ["police"]
    assert list(lows_of(get_answer(client, "group=soldiers&by=group"))) == ["soldiers"]


def test_groups_without_a_facet_are_facets_of_their_own(
    send: SendRequest, client: FlaskClient
) -> None:
    groups = [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]
    figures = [make_killed(2, groups=["a"]), make_killed(3, groups=["b"])]
    assert_recorded(send(bodies.make_report(groups=groups, figures=figures)))
    body = assert_problem(client.get("/v1/totals?by=group"), 422, "facet")
    assert "own:a, own:b" in body["errors"][0]["detail"]
    assert lows_of(get_answer(client, "by=group&facet=own:b")) == {"b": 3}


@pytest.mark.usefixtures("land")
def test_two_kinds_make_a_part_for_each_pair(client: FlaskClient) -> None:
    answer = get_answer(client, "place=land&by=place,month")
    assert lows_of(answer) == {
        "east 2024-12": 20,
        "east 2025-01": 0,
        "west 2024-12": None,
        "west 2025-01": 10,
    }
    assert answer["query"]["by"] == "place,month"
    first = answer["parts"][0]
    assert {name: first[name] for name in ("name", "name2", "from", "to")} == {
        "name": "East",
        "name2": "2024-12",
        "from": "2024-12-20",
        "to": "2024-12-31",
    }
    assert answer["parts"][1]["to"] == "2025-01-03"
    assert answer["unplaced"] == [{"outcomes": ["killed"], "low": 0}]
    assert answer == {
        **get_answer(client, "place=land&by=place&by=month"),
        "figures": answer["figures"],
    }
    swapped = lows_of(get_answer(client, "place=land&by=month,place"))
    assert swapped["2025-01 west"] == 10


@pytest.mark.usefixtures("land")
@pytest.mark.parametrize("kinds", ["place,reporter", "outcome,month", "month,week", "year,day"])
def test_any_two_kinds_may_be_paired(client: FlaskClient, kinds: str) -> None:
    answer = get_answer(client, f"place=land&by={kinds}")
    assert answer["parts"]
    assert ("unplaced" in answer) == ("reporter" not in kinds)
    lows = [low or 0 for low in lows_of(answer).values()]
    if "reporter" not in kinds:
        assert sum(lows) + answer["unplaced"][0]["low"] == 30


@pytest.mark.usefixtures("land")
def test_pairs_of_units_of_time_are_those_that_have_a_day_in_common(client: FlaskClient) -> None:
    parts = get_answer(client, "place=land&by=month,week")["parts"]
    assert [(part["key"], part["key2"], part["from"], part["to"]) for part in parts] == [
        ("2024-12", "2024-W51", "2024-12-20", "2024-12-22"),
        ("2024-12", "2024-W52", "2024-12-23", "2024-12-29"),
        ("2024-12", "2025-W01", "2024-12-30", "2024-12-31"),
        ("2025-01", "2025-W01", "2025-01-01", "2025-01-03"),
    ]


@pytest.mark.parametrize("by", ["place,place", "place,month,outcome", "place,village", "place,"])
def test_other_breakdowns_are_refused(client: FlaskClient, by: str) -> None:
    assert_problem(client.get(f"/v1/totals?by={by}"), 422, "by")


@pytest.mark.usefixtures("land")
def test_a_period_is_by_default_that_of_the_counted_figures(client: FlaskClient) -> None:
    months = get_answer(client, "place=land&by=month")["parts"]
    assert [(part["key"], part["from"], part["to"]) for part in months] == [
        ("2024-12", "2024-12-20", "2024-12-31"),
        ("2025-01", "2025-01-01", "2025-01-03"),
    ]
    from_given = get_answer(client, "place=land&by=month&from=2024-12-21")["parts"]
    assert [part["from"] for part in from_given] == ["2024-12-21", "2025-01-01"]
    to_given = get_answer(client, "place=land&by=day&to=2024-12-20")["parts"]
    assert [part["key"] for part in to_given] == ["2024-12-20"]
    only_west = get_answer(client, "place=west&by=day")["parts"]
    assert [part["key"] for part in only_west] == ["2025-01-02", "2025-01-03"]


def test_a_beginning_that_is_not_stated_begins_no_series(
    send: SendRequest, client: FlaskClient
) -> None:
    figures = [
        make_killed(3, period={"from": None, "to": "2024-12-14"}),
        make_killed(4, period={"from": None, "to": "2024-12-16"}),
    ]
    assert_recorded(send(bodies.make_report(figures=figures)))
    days = [part["key"] for part in get_answer(client, "by=day")["parts"]]
    assert days == ["2024-12-14", "2024-12-15", "2024-12-16"]
    assert [part["key"] for part in get_answer(client, "by=day&to=2024-12-10")["parts"]] == [
        "2024-12-10"
    ]


@pytest.mark.parametrize("by", ["day", "week", "month", "year", "place,month"])
def test_without_figures_an_open_period_has_no_parts(client: FlaskClient, by: str) -> None:
    answer = get_answer(client, f"by={by}")
    assert (answer["parts"], answer["unplaced"]) == ([], [{"outcomes": ["killed"], "low": 0}])


@pytest.mark.usefixtures("land")
def test_ten_thousand_pairs_are_the_most(client: FlaskClient) -> None:
    days = "from=2010-01-01&to=2023-09-10"
    body = assert_problem(client.get(f"/v1/totals?place=land&by=place,day&{days}"), 422, "by")
    assert "10,000" in body["errors"][0]["detail"]
    assert_problem(client.get(f"/v1/totals?place=land&by=place&by=day&{days}"), 422, "by")
    assert_problem(client.get("/v1/totals?by=day,outcome&from=0001-01-01&to=9999-12-31"), 422, "by")


@pytest.mark.usefixtures("land")
def test_repetition_and_commas_are_the_same(client: FlaskClient) -> None:
    one, other = (
        get_answer(client, query) for query in ("place=east,west", "place=east&place=west")
    )
    assert one["totals"][0]["low"] == other["totals"][0]["low"] == 30
    assert other["query"]["places"] == ["east", "west"]
    for name, value in (("group", "everyone"), ("reporter", "ua-hur"), ("place", "east")):
        assert_problem(client.get(f"/v1/totals?{name}={value}&{name}={value}"), 422, name)
    for parameter in (
        "straddling=include",
        "format=json",
        "facet=sex",
        "bom=true",
        "to=2024-12-14",
    ):
        name = parameter.partition("=")[0]
        assert_problem(client.get(f"/v1/totals?{parameter}&{parameter}"), 422, name)


@pytest.mark.usefixtures("land")
def test_the_next_page_of_a_list_keeps_repeated_parameters(
    send: SendRequest, client: FlaskClient
) -> None:
    query = "place=east&place=west&reporter=ua-hur&limit=1"
    assert client.get(f"/v1/reports?{query}").get_json()["next"] is None
    assert_recorded(send(bodies.make_report(places=["west"], figures=[make_killed(1)])))
    link = client.get(f"/v1/reports?{query}").get_json()["next"]
    assert "place=east&place=west" in link
    following = client.get(f"/v1/{link}").get_json()["reports"]
    assert [each["id"] for each in following] == ["r2"]
    page = client.get(f"/v1/totals/figures?outcomes=killed&{query}").get_json()
    assert "place=east&place=west" in page["next"]
    following = client.get(f"/v1/totals/{page['next']}").get_json()
    assert [each["figure"] for each in page["figures"] + following["figures"]] == ["r1-1", "r1-2"]
    last = client.get(f"/v1/totals/{following['next']}").get_json()
    assert [each["figure"] for each in last["figures"]] == ["r1-3"]


@pytest.mark.usefixtures("people")
def test_places_and_groups_in_which_nobody_can_be_are_refused(
    send: SendRequest, client: FlaskClient
) -> None:
    militia = {"id": "militia", "name": "Militia", "parent": "civilians", "facet": "bearing"}
    assert_recorded(send(bodies.make_report(groups=[militia], figures=[make_killed(1)], ref="x")))
    assert_problem(client.get("/v1/totals?group=militia,soldiers"), 422, "group")


@pytest.mark.usefixtures("land")
def test_a_csv_of_pairs_has_two_keys_and_the_whole(client: FlaskClient) -> None:
    rows = read_rows(client, "place=land&by=place,month")
    assert list(rows[0])[:7] == ["row", "key", "name", "key2", "name2", "from", "to"]
    assert [(row["row"], row["key"], row["key2"], row["low"], row["shape"]) for row in rows] == [
        ("part", "east", "2024-12", "20", "exactly"),
        ("part", "east", "2025-01", "0", "up_to"),
        ("part", "west", "2024-12", "", "not_reported"),
        ("part", "west", "2025-01", "10", "exactly"),
        ("whole", "land", "", "30", "range"),
        ("unplaced", "", "", "0", "unknown"),
    ]


@pytest.mark.parametrize(
    ("figure", "shape", "low", "high"),
    [
        ({"low": 4}, "at_least", "4", ""),
        ({"high": 4}, "up_to", "0", "4"),
        ({"low": 2, "high": 4}, "range", "2", "4"),
        ({"exactly": 4}, "exactly", "4", "4"),
        ({"exactly": 0}, "exactly", "0", "0"),
        ({"low": 0}, "unknown", "0", ""),
    ],
)
def test_the_shape_says_how_a_range_is_drawn(
    send: SendRequest, client: FlaskClient, figure: dict[str, Any], shape: str, low: str, high: str
) -> None:
    assert_recorded(send(bodies.make_report(figures=[{"outcomes": ["killed"], **figure}])))
    (row,) = read_rows(client, "")
    assert (row["row"], row["shape"], row["low"], row["high"]) == ("whole", shape, low, high)
    assert (row["placed_low"], row["placed_high"]) == (low, high)


def test_a_csv_never_loses_the_people_in_no_one_part(
    send: SendRequest, client: FlaskClient
) -> None:
    figure = make_killed(30, places=["east", "west"])
    assert_recorded(send(bodies.make_report(places=[LAND, EAST, WEST], figures=[figure])))
    rows = read_rows(client, "place=land&by=place")
    assert [(row["row"], row["low"]) for row in rows] == [
        ("part", "0"),
        ("part", "0"),
        ("whole", "30"),
        ("unplaced", "30"),
    ]
    assert rows[-1]["text"] == "at least 30 killed, in no one part"
    assert [row["shape"] for row in rows] == ["up_to", "up_to", "exactly", "at_least"]


def test_a_csv_begins_with_a_byte_order_mark_if_asked(client: FlaskClient) -> None:
    marked = client.get("/v1/totals?format=csv&bom=true")
    plain = client.get("/v1/totals?format=csv&bom=false")
    assert marked.get_data() == b"\xef\xbb\xbf" + plain.get_data()
    assert marked.headers["ETag"] != plain.headers["ETag"]
    assert_problem(client.get("/v1/totals?bom=true"), 422, "bom")


@pytest.mark.usefixtures("land")
def test_geojson_has_what_is_placed_and_the_rest_beside_the_features(client: FlaskClient) -> None:
    answer = client.get("/v1/totals?outcomes=killed&place=land&by=month,place&format=geojson")
    collection = json.loads(answer.get_data())
    ids = [feature["id"] for feature in collection["features"]]
    assert ids == ["2024-12 east", "2024-12 west", "2025-01 east", "2025-01 west"]
    assert collection["features"][0]["properties"]["totals"][0]["placed"]["low"] == 20
    assert collection["totals"][0]["low"] == 30
    assert collection["unplaced"] == [{"outcomes": ["killed"], "low": 0}]


@pytest.mark.usefixtures("land")
def test_pairs_are_compared_each_with_its_own_past(send: SendRequest, client: FlaskClient) -> None:
    seq = get_answer(client, "")["as_of"]["seq"]
    more = make_killed(5, places=["west"], period=DECEMBER)
    assert_recorded(send(bodies.make_report(places=["west"], figures=[more])))
    parts = get_answer(client, f"place=land&by=place,month&compare={seq}")["parts"]
    changed = {
        (part["key"], part["key2"]): (part["totals"][0]["then"]["low"], part["totals"][0]["low"])
        for part in parts
        if part["totals"][0]["events"]
    }
    assert changed[("west", "2024-12")] == (None, 5)
    assert ("east", "2025-01") not in changed


@pytest.mark.usefixtures("people")
def test_a_changed_facet_is_an_event_of_the_totals_that_it_moves(
    send: SendRequest, client: FlaskClient, put: SendRequest
) -> None:
    before = client.get("/v1/totals?outcomes=killed")
    seq = before.get_json()["as_of"]["seq"]
    (total,) = before.get_json()["totals"]
    assert total["low"] == 9
    assert put("/v1/groups/women", {"name": "Women", "facet": "status"}).status_code == 200
    again = client.get(
        "/v1/totals?outcomes=killed", headers={"If-None-Match": before.headers["ETag"]}
    )
    assert again.status_code == 200
    (total,) = get_answer(client, f"compare={seq}")["totals"]
    assert (total["then"]["low"], total["low"]) == (9, 16)
    assert [event["kind"] for event in total["events"]] == ["group_changed"]


@pytest.mark.usefixtures("people")
def test_a_group_of_another_facet_is_no_event_of_a_group(
    client: FlaskClient, put: SendRequest
) -> None:
    seq = get_answer(client, "")["as_of"]["seq"]
    assert put("/v1/groups/men", {"name": "Boys", "facet": "sex"}).status_code == 200
    (total,) = get_answer(client, f"group=women&compare={seq}")["totals"]
    assert total["events"] == []
