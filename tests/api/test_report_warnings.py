"""Warnings that a report gets: what may count people twice, not at all, or otherwise than meant."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

SKY = {"id": "sky", "name": "Sky"}
REGION = bodies.make_place("region")
VILLAGES = [bodies.make_place(each, parent="region") for each in ("east", "west", "north")]


def _codes_of(report: dict[str, Any]) -> list[str]:
    return [each["code"] for each in report["warnings"]]


def _find(report: dict[str, Any], code: str) -> dict[str, Any]:
    (warning,) = (each for each in report["warnings"] if each["code"] == code)
    return dict(warning)


def _make_killed(low: int | None, high: int | None = ..., **changes: Any) -> dict[str, Any]:  # type: ignore[assignment]
    """Return a figure of killed people: exactly ``low``, or from low to high."""
    ends = {"exactly": low} if high is ... else {"low": low, "high": high}
    return {"outcomes": ["killed"], **ends, **changes}


# Nested places


def test_a_place_inside_another_place_of_a_figure_is_a_warning(send: SendRequest) -> None:
    """The line above a village, listed beside it, makes the figure one of the whole country."""
    country = bodies.make_place("country")
    places = [country, bodies.make_place("region", parent="country"), VILLAGES[0]]
    report = assert_recorded(send(bodies.make_report(places=places)))
    assert _codes_of(report) == ["nested_places"]
    assert _find(report, "nested_places")["places"] == ["east"]
    assert _find(report, "nested_places")["figures"] == ["r1-1"]


def test_figures_with_the_same_nested_places_are_one_warning(send: SendRequest) -> None:
    other = _make_killed(3, places=["east", "west"])
    body = bodies.make_report(
        places=[REGION, *VILLAGES],
        figures=[bodies.make_figure(), _make_killed(1), other],
    )
    warning = _find(assert_recorded(send(body)), "nested_places")
    assert warning["figures"] == ["r1-1", "r1-2"]
    assert warning["places"] == ["east", "west", "north"]


def test_places_beside_each_other_are_not_nested(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[REGION])))
    assert _codes_of(assert_recorded(send(bodies.make_report(places=VILLAGES)))) == []


def test_a_village_and_the_basin_that_holds_it_are_not_nested(send: SendRequest) -> None:
    """Places of two divisions must both hold: the figure counts the village."""
    basin = bodies.make_place("basin", division="hydrography")
    village = bodies.make_place("village", parent="basin", division="administrative")
    assert _codes_of(assert_recorded(send(bodies.make_report(places=[basin, village])))) == []


def test_nested_places_are_found_under_a_merged_id(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report(places=[REGION, *VILLAGES, bodies.make_place("land")])))
    merged = client.post("/v1/places/land/merge", json={"into": "region"}, headers=key("admin"))
    assert merged.status_code == 201
    report = assert_recorded(send(bodies.make_report(places=["land", "east"])))
    assert _find(report, "nested_places")["places"] == ["east"]


# One place with two ids


@pytest.mark.parametrize(
    "codes",
    [
        {"geonames_id": 12345},
        {"pcode": "UA6320"},
        {"wikidata": "Q42"},
        {"latitude": 51.123456, "longitude": -0.0},
        {"latitude": 51.123461, "longitude": 0},
    ],
)
def test_two_ids_of_one_place_are_a_warning(send: SendRequest, codes: dict[str, Any]) -> None:
    first = bodies.make_place("plekhovo", **{**codes, "latitude": codes.get("latitude")})
    if "latitude" in codes:
        first |= {"latitude": 51.123456, "longitude": 0.0}
    assert _codes_of(assert_recorded(send(bodies.make_report(places=[first])))) == []
    second = bodies.make_place("pliekhovo", **codes)
    report = assert_recorded(send(bodies.make_report(places=[second])))
    assert _find(report, "same_place")["places"] == ["pliekhovo", "plekhovo"]


def test_two_ids_of_one_place_in_one_report_are_one_warning(send: SendRequest) -> None:
    places = [bodies.make_place(each, geonames_id=5, wikidata="Q5") for each in ("a", "b")]
    report = assert_recorded(send(bodies.make_report(places=places)))
    assert _codes_of(report) == ["same_place"]
    assert "GeoNames id and Wikidata id" in report["warnings"][0]["text"]


def test_a_described_place_may_be_the_same_as_a_named_one(
    send: SendRequest, put: SendRequest
) -> None:
    for place_id in ("a", "b"):
        put(f"/v1/places/{place_id}", {"name": place_id, "pcode": "X1"})
    put("/v1/places/c", {"name": "c", "pcode": "X2"})
    assert _codes_of(assert_recorded(send(bodies.make_report(places=["a"])))) == ["same_place"]
    assert _codes_of(assert_recorded(send(bodies.make_report(places=["c"])))) == []
    put("/v1/places/b", {"name": "b"})
    later = assert_recorded(
        send(bodies.make_report(places=["a"], period={"from": None, "to": "2025-01-01"}))
    )
    assert "same_place" not in _codes_of(later)


def test_places_that_were_merged_are_one(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    places = [bodies.make_place(each, geonames_id=5) for each in ("a", "b")]
    assert_recorded(send(bodies.make_report(places=places)))
    client.post("/v1/places/a/merge", json={"into": "b"}, headers=key("admin"))
    for place_id in ("a", "b"):
        report = assert_recorded(send(bodies.make_report(places=[place_id])))
        assert "same_place" not in _codes_of(report)


def test_a_district_may_have_the_coordinates_of_its_town(send: SendRequest) -> None:
    point = {"latitude": 51.5, "longitude": 35.25}
    district = bodies.make_place("district", **point)
    town = bodies.make_place("town", parent="district", **point)
    assert_recorded(send(bodies.make_report(places=[district])))
    assert _codes_of(assert_recorded(send(bodies.make_report(places=[town])))) == []
    twin = bodies.make_place("twin", parent="district", **point)
    report = assert_recorded(send(bodies.make_report(places=[twin])))
    assert _find(report, "same_place")["places"] == ["twin", "town"]


# Ambiguous names


def test_places_of_one_name_below_different_parents_are_not_ambiguous(send: SendRequest) -> None:
    """Ten villages are called Ivanovka, each in a district of its own."""
    for number in range(10):
        district = bodies.make_place(f"district-{number}")
        village = bodies.make_place(f"v-{number}", name="Ivanovka", parent=district)
        report = assert_recorded(send(bodies.make_report(places=[village])))
        assert "ambiguous_place" not in _codes_of(report)
    twin = bodies.make_place("twin", name="IVANOVKA", parent="district-3")
    report = assert_recorded(send(bodies.make_report(places=[twin])))
    assert _find(report, "ambiguous_place")["places"] == ["twin", "v-3"]


def test_a_place_is_ambiguous_where_its_parent_was_merged(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    for number in (1, 2):
        district = bodies.make_place(f"district-{number}")
        village = bodies.make_place(f"v-{number}", name="Ivanovka", parent=district)
        assert_recorded(send(bodies.make_report(places=[village])))
    client.post("/v1/places/district-1/merge", json={"into": "district-2"}, headers=key("admin"))
    report = assert_recorded(send(bodies.make_report(places=["v-2"])))
    assert _find(report, "ambiguous_place")["places"] == ["v-2", "v-1"]


def test_very_many_places_of_one_name_hide_none(send: SendRequest, put: SendRequest) -> None:
    put("/v1/places/a", {"name": "A"})
    put("/v1/places/z", {"name": "Z"})
    for number in range(25):
        put(f"/v1/places/v-{number:02}", {"name": "Ivanovka", "parent": "a"})
    put("/v1/places/z-1", {"name": "Ivanovka", "parent": "z"})
    twin = bodies.make_place("z-2", name="Ivanovka", parent="z")
    report = assert_recorded(send(bodies.make_report(places=[twin])))
    assert _find(report, "ambiguous_place")["places"] == ["z-2", "z-1"]


# Names


@pytest.mark.parametrize("name", ["PLEKHOVO", "Other", "plekhovo "])
def test_another_name_changes_nothing_and_is_a_warning(
    client: FlaskClient, send: SendRequest, name: str
) -> None:
    assert_recorded(send(bodies.make_report()))
    other = bodies.make_report(
        places=[bodies.make_place(name=name)],
        reporter={"id": "ua-hur", "name": "HUR"},
        groups=[{"id": "everyone", "name": "All"}],
    )
    report = assert_recorded(send(other))
    assert _codes_of(report) == ["name_differs"] * 3
    reporter, place, group = report["warnings"]
    assert (reporter["reporters"], place["places"], group["groups"]) == (
        ["ua-hur"],
        ["plekhovo"],
        ["everyone"],
    )
    assert "groups" not in place and "reporters" not in place
    assert client.get("/v1/places/plekhovo").get_json()["name"] == "Plekhovo"
    assert client.get("/v1/reports/r2").get_json()["warnings"] == report["warnings"]


def test_an_alias_is_no_other_name(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place(aliases=["Плехово", "P"])])))
    place = bodies.make_place(name="Плехово", aliases=["P"])
    assert _codes_of(assert_recorded(send(bodies.make_report(places=[place])))) == []


# Groups without a facet


def test_a_new_group_beside_others_needs_a_facet(send: SendRequest) -> None:
    first = {"id": "dprk", "name": "DPRK"}
    assert _codes_of(assert_recorded(send(bodies.make_report(groups=[first])))) == []
    second = {"id": "women", "name": "Women"}
    report = assert_recorded(send(bodies.make_report(groups=[second])))
    assert _find(report, "group_without_facet")["groups"] == ["women"]
    assert "dprk" in report["warnings"][0]["text"]
    assert _codes_of(assert_recorded(send(bodies.make_report(groups=["women"])))) == []


@pytest.mark.parametrize(
    "group",
    [{"facet": "sex"}, {"parent": "dprk"}, {"parent": {"id": "all", "name": "All", "facet": "x"}}],
)
def test_a_group_with_a_facet_of_its_own_or_its_parents_is_no_warning(
    send: SendRequest, group: dict[str, Any]
) -> None:
    assert_recorded(send(bodies.make_report(groups=[{"id": "dprk", "name": "DPRK"}])))
    report = assert_recorded(send(bodies.make_report(groups=[{"id": "g", "name": "G", **group}])))
    assert _codes_of(report) == []


def test_two_new_groups_of_one_report_are_beside_each_other(send: SendRequest) -> None:
    figures = [
        _make_killed(20, groups=[{"id": "soldiers", "name": "Soldiers"}]),
        _make_killed(10, groups=[{"id": "civilians", "name": "Civilians"}]),
    ]
    report = assert_recorded(send(bodies.make_report(figures=figures)))
    assert _find(report, "group_without_facet")["groups"] == ["soldiers", "civilians"]


# Words and numbers


@pytest.mark.parametrize(
    ("wording", "numbers", "is_asked"),
    [
        ("at least 300", {"exactly": 30}, True),
        ("at least 30", {"low": 30}, False),
        ("at least 30", {"low": 30, "high": 40}, True),
        ("30", {"exactly": 30}, False),
        ("30", {"low": 30}, True),
        ("more than 30", {"low": 30}, True),
        ("dozens", {"low": 24}, False),
        ("dozens", {"exactly": 24}, True),
        ("hundreds", {"low": 10, "high": 50}, True),
        ("about 30", {"low": 28, "high": 32}, False),
        ("about 30", {"exactly": 30}, True),
        ("about 30", {"low": 40, "high": 45}, True),
        ("30 killed", {"exactly": 30}, False),
        ("umpteen", {"exactly": 30}, False),
    ],
)
def test_words_that_differ_from_the_numbers_are_a_warning(
    send: SendRequest, wording: str, numbers: dict[str, int], is_asked: bool
) -> None:
    figures = [
        _make_killed(1, places=["region"]),
        {"outcomes": ["killed"], "wording": wording, **numbers},
    ]
    report = assert_recorded(
        send(bodies.make_report(places=[bodies.make_place(), REGION], figures=figures[1:]))
    )
    assert ("words_differ" in _codes_of(report)) == is_asked
    if is_asked:
        assert _find(report, "words_differ")["figures"] == ["r1-1"]


# Two accounts


@pytest.mark.parametrize(
    ("first", "second", "is_asked"),
    [
        ((3,), (12,), True),
        ((12,), (3,), True),
        ((3,), (3,), False),
        ((3, None), (12,), False),
        ((0, 5), (4, 9), False),
        ((0,), (30, None), True),
    ],
)
def test_another_account_of_the_same_scope_is_a_warning(
    send: SendRequest, first: Any, second: Any, is_asked: bool
) -> None:
    assert_recorded(send(bodies.make_report(figures=[_make_killed(*first)])))
    report = assert_recorded(
        send(bodies.make_report(reporter=SKY, figures=[_make_killed(*second)]))
    )
    assert _codes_of(report) == (["contradicts"] if is_asked else [])
    if is_asked:
        warning = _find(report, "contradicts")
        assert (warning["figures"], warning["reports"]) == (["r2-1"], ["r1"])


@pytest.mark.parametrize(
    "changes",
    [
        {"incident": "own"},
        {"period": {"from": "2024-12-14", "to": "2024-12-14"}},
        {"places": [bodies.make_place("elsewhere")]},
        {"groups": [{"id": "g", "name": "G"}]},
        {"figures": [{"outcomes": ["wounded"], "exactly": 12}]},
        {"relays": "r1"},
        {"reporter": bodies.REPORTER, "supersedes": "r1"},
    ],
)
def test_another_scope_is_no_other_account(send: SendRequest, changes: dict[str, Any]) -> None:
    assert_recorded(send(bodies.make_report(figures=[_make_killed(3)])))
    body = {**bodies.make_report(reporter=SKY, figures=[_make_killed(12)]), **changes}
    assert "contradicts" not in _codes_of(assert_recorded(send(body)))


def test_what_does_not_count_is_no_other_account(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report(figures=[_make_killed(3)])))
    client.post("/v1/reports/r1/retraction", json={"reason": "wrong"}, headers=key("report"))
    report = assert_recorded(send(bodies.make_report(reporter=SKY, figures=[_make_killed(12)])))
    assert _codes_of(report) == []


def test_two_accounts_of_one_incident_are_a_warning(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(figures=[_make_killed(3)], incident="ucdp:1")))
    for incident, codes in (("ucdp:1", ["contradicts"]), ("ucdp:2", []), ("acled:1", [])):
        body = bodies.make_report(reporter=SKY, figures=[_make_killed(12)], incident=incident)
        assert _codes_of(assert_recorded(send(body))) == codes


# Contradictions of three figures


def _make_own(exactly: int, **changes: Any) -> dict[str, Any]:
    return bodies.make_report(figures=[_make_killed(exactly)], places=["region"], **changes)


@pytest.mark.parametrize("last", [0, 1, 2])
@pytest.mark.parametrize("kind", ["places", "days", "outcomes", "groups", "incidents"])
def test_two_parts_that_are_more_than_the_whole_are_a_warning(
    send: SendRequest, kind: str, last: int
) -> None:
    """Region 10, east 6, west 5: each pair is possible; the third figure is asked about."""
    groups = [{"id": each, "name": each, "facet": "sex"} for each in ("women", "men")]
    assert_recorded(
        send(bodies.make_report(places=[REGION, *VILLAGES], groups=groups, reporter=SKY))
    )
    days = [{"from": f"2024-12-{day}", "to": f"2024-12-{day}"} for day in (14, 15)]
    joint = bodies.make_report(
        figures=[{"outcomes": ["killed", "wounded"], "exactly": 10}], places=["region"]
    )
    reports = {
        "places": [
            _make_own(10),
            {**_make_own(6), "places": ["east"]},
            {**_make_own(5), "places": ["west"]},
        ],
        "days": [_make_own(10), _make_own(6, period=days[0]), _make_own(5, period=days[1])],
        "outcomes": [
            joint,
            _make_own(6),
            {**_make_own(5), "figures": [{"outcomes": ["wounded"], "exactly": 5}]},
        ],
        "groups": [_make_own(10), _make_own(6, groups=["women"]), _make_own(5, groups=["men"])],
        "incidents": [
            _make_own(10),
            _make_own(6, incident="ucdp:1"),
            _make_own(5, incident="ucdp:2"),
        ],
    }[kind]
    order = [*(each for position, each in enumerate(reports) if position != last), reports[last]]
    codes = [_codes_of(assert_recorded(send(each))) for each in order]
    assert codes == [[], [], ["same_reporter_conflict"]]


@pytest.mark.parametrize("last", [0, 1, 2])
def test_two_parts_that_are_less_than_the_whole_are_a_warning(send: SendRequest, last: int) -> None:
    """At least 30 killed or wounded, exactly 10 killed, exactly 5 wounded."""
    figures = [
        {"outcomes": ["killed", "wounded"], "low": 30},
        {"outcomes": ["killed"], "exactly": 10},
        {"outcomes": ["wounded"], "exactly": 5},
    ]
    order = [*(each for position, each in enumerate(figures) if position != last), figures[last]]
    reports = [assert_recorded(send(bodies.make_report(figures=[each]))) for each in order]
    assert [_codes_of(each) for each in reports] == [[], [], ["same_reporter_conflict"]]
    warning = _find(reports[2], "same_reporter_conflict")
    assert (warning["figures"], sorted(warning["reports"])) == (["r3-1"], ["r1", "r2"])


def test_two_villages_that_are_less_than_both_together_are_a_warning(send: SendRequest) -> None:
    both = _make_killed(30, None, places=["east", "west"])
    assert_recorded(send(bodies.make_report(places=[REGION, *VILLAGES], reporter=SKY)))
    parts = [_make_killed(10, places=["east"]), _make_killed(5, places=["west"])]
    report = assert_recorded(send(bodies.make_report(places=["north"], figures=[both, *parts])))
    assert _codes_of(report) == ["same_reporter_conflict"]
    assert _find(report, "same_reporter_conflict")["figures"] == ["r2-3"]


@pytest.mark.parametrize(
    "groups",
    [
        [{"id": "women", "name": "Women"}, {"id": "civilians", "name": "Civilians"}],
        [
            {"id": "women", "name": "Women", "facet": "sex"},
            {"id": "civilians", "name": "Civilians", "facet": "status"},
        ],
    ],
)
def test_groups_that_may_share_people_do_not_add_up(
    send: SendRequest, groups: list[dict[str, str]]
) -> None:
    """10 killed, 6 women, 5 civilians: there can be civilian women."""
    assert_recorded(send(bodies.make_report(places=[REGION], groups=groups, reporter=SKY)))
    for report in (
        _make_own(10),
        _make_own(6, groups=["women"]),
        _make_own(5, groups=["civilians"]),
        _make_own(2, groups=["women", "civilians"]),
    ):
        assert _codes_of(assert_recorded(send(report))) == []


def test_a_figure_of_two_facets_is_within_each_of_them(send: SendRequest) -> None:
    """5 civilian women are more than 3 women; 5 women may be more than 3 civilian women."""
    groups = [{"id": each, "name": each} for each in ("women", "civilians")]
    assert_recorded(send(bodies.make_report(places=[REGION], groups=groups, reporter=SKY)))
    both = _make_own(3, groups=["women", "civilians"])
    assert _codes_of(assert_recorded(send(both))) == []
    assert _codes_of(assert_recorded(send(_make_own(5, groups=["women"])))) == []
    more = _make_own(7, groups=["women", "civilians"], incident="ucdp:1")
    assert _codes_of(assert_recorded(send(more))) == ["same_reporter_conflict"]


def test_three_figures_of_two_reporters_are_no_own_conflict(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[REGION, *VILLAGES])))
    assert_recorded(send(_make_own(10)))
    assert_recorded(send({**_make_own(6), "places": ["east"]}))
    other = {**_make_own(5, reporter=SKY), "places": ["west"]}
    assert _codes_of(assert_recorded(send(other))) == []


def test_a_preview_asks_what_the_report_would_be_asked(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    first = bodies.make_report(
        places=[bodies.make_place(geonames_id=5)],
        groups=[{"id": "dprk", "name": "DPRK"}],
        figures=[_make_killed(3)],
    )
    assert_recorded(send(first))
    body = bodies.make_report(
        reporter=SKY,
        places=[
            bodies.make_place(name="Other"),
            REGION,
            *VILLAGES,
            bodies.make_place("p", geonames_id=5),
        ],
        groups=[{"id": "women", "name": "Women"}],
        figures=[
            _make_killed(30, wording="at least 300"),
            _make_killed(12, groups=["dprk"], places=["plekhovo"]),
        ],
    )
    preview = client.post("/v1/reports/preview", json=body, headers=key("report")).get_json()
    recorded = assert_recorded(send(body))
    assert sorted(_codes_of(recorded)) == [
        "contradicts",
        "group_without_facet",
        "name_differs",
        "nested_places",
        "same_place",
        "words_differ",
    ]
    for warning in recorded["warnings"]:
        warning["figures"] = [each.replace("r2", "preview") for each in warning["figures"]]
    assert preview["warnings"] == recorded["warnings"]
