"""Whom a figure is about: its incident, its groups and places, and what its words name."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
CHILDREN = {"id": "children", "name": "Children", "facet": "age"}
WOMEN = {"id": "women", "name": "Women", "facet": "sex"}
SOLDIERS = {"id": "soldiers", "name": "Soldiers", "facet": "status"}
CIVILIANS = {"id": "civilians", "name": "Civilians", "facet": "status"}
MILITIA = {"id": "militia", "name": "Militia", "parent": "civilians", "facet": "bearing"}


def ask_range(client: FlaskClient, outcomes: str = "killed", **query: Any) -> Any:
    """Return low and high of the one total; None if nothing was reported."""
    response = client.get("/v1/totals", query_string={"outcomes": outcomes, **query})
    assert response.status_code == 200, response.get_json()
    (total,) = response.get_json()["totals"]
    return (total["low"], total["high"]) if total["reported"] else None


def make_killed(wording: str = "12", **changes: Any) -> dict[str, Any]:
    return {"outcomes": ["killed"], "wording": wording, **changes}


def make_report(*figures: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return bodies.make_report(figures=list(figures), **changes)


# --- own incidents ---------------------------------------------------------------------------


def test_an_own_incident_of_a_report_is_one_event_for_its_figures(
    send: SendRequest, client: FlaskClient
) -> None:
    children = make_killed("3", groups=[CHILDREN])
    assert_recorded(send(make_report(make_killed(), children, incident="own")))
    assert ask_range(client) == (12, 12)
    assert ask_range(client, group="children") == (3, 3)


def test_own_incidents_of_two_reports_are_two_events(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(make_report(make_killed(), make_killed("12"), incident="own")))
    assert_recorded(send(make_report(make_killed("5"), incident="own")))
    assert ask_range(client) == (17, 17)


def test_an_own_incident_of_a_figure_is_its_alone(send: SendRequest, client: FlaskClient) -> None:
    alone = make_killed("3", incident="own")
    assert_recorded(send(make_report(make_killed(), alone, make_killed("12"), incident="own")))
    assert ask_range(client) == (15, 15)


def test_own_incidents_of_two_reporters_may_be_one_event(
    send: SendRequest, client: FlaskClient
) -> None:
    for reporter in (bodies.REPORTER, SKY):
        assert_recorded(send(make_report(make_killed("10"), reporter=reporter, incident="own")))
    assert ask_range(client) == (10, 20)


def test_own_incidents_of_merged_reporters_are_different_events(
    send: SendRequest, client: FlaskClient, key: MakeHeaders
) -> None:
    for reporter in (bodies.REPORTER, SKY):
        assert_recorded(send(make_report(make_killed("10"), reporter=reporter, incident="own")))
    seq = client.get("/v1/changes").get_json()["last_seq"]
    merged = client.post("/v1/reporters/sky/merge", json={"into": "ua-hur"}, headers=key("admin"))
    assert merged.status_code == 201
    assert ask_range(client) == (20, 20)
    assert ask_range(client, as_of=seq) == (10, 20)


def test_one_event_told_by_each_figure_is_other_content(send: SendRequest) -> None:
    figures = (make_killed(), make_killed("3", groups=[CHILDREN]))
    assert_recorded(send(make_report(*figures, incident="own", ref="a")))
    assert send(make_report(*figures, incident="own", ref="a")).status_code == 200
    alone = [{**figure, "incident": "own"} for figure in figures]
    assert_problem(send(make_report(*alone, ref="a")), 409, "/ref")
    assert_recorded(send(make_report(*alone, ref="b")))
    assert_problem(send(make_report(*figures, incident="own", ref="b")), 409, "/ref")


def test_the_preview_of_an_own_incident_counts_it_once(
    client: FlaskClient, key: MakeHeaders
) -> None:
    body = make_report(make_killed(), make_killed("3", groups=[CHILDREN]), incident="own")
    preview = client.post("/v1/reports/preview", json=body, headers=key("report")).get_json()
    (killed,) = [each for each in preview["after"]["totals"] if each["outcomes"] == ["killed"]]
    assert (killed["low"], killed["high"]) == (12, 12)


# --- words that name a kind of people --------------------------------------------------------


@pytest.mark.parametrize(
    "wording",
    ["4 civilians", "no children killed", "30 soldiers were killed", "dozens of women", "4 men"],
)
def test_a_figure_whose_words_name_a_kind_of_people_needs_groups(
    wording: str, send: SendRequest, client: FlaskClient
) -> None:
    figure = make_killed(wording)
    problem = assert_problem(send(make_report(figure)), 422, "/figures/0/groups")
    assert "everyone" in problem["detail"]
    assert client.get("/v1/reports").get_json()["reports"] == []
    assert_recorded(send(make_report({**figure, "groups": ["everyone"]})))
    assert_recorded(send(make_report(figure, groups=[WOMEN])))
    assert_recorded(send(make_report({**figure, "groups": [CIVILIANS]})))


@pytest.mark.parametrize(
    "wording",
    [
        "4 people", "4 persons", "4 individuals", "4 victims", "4 dead", "4 bodies",
        "4 lives lost", "4 inhabitants", "4 residents", "4", "nobody",
    ],
)  # fmt: skip
def test_neutral_words_are_about_everyone(wording: str, send: SendRequest) -> None:
    assert assert_recorded(send(make_report(make_killed(wording))))["figures"][0]["groups"] == [
        "everyone"
    ]


def test_neutral_words_of_losses_are_about_everyone(send: SendRequest) -> None:
    for wording in ("4 casualties", "4 losses", "heavy losses"):
        assert_recorded(send(make_report({"wording": wording})))


def test_words_beside_numbers_that_cannot_be_read_are_only_kept(send: SendRequest) -> None:
    figure = make_killed("some say umpteen soldiers", exactly=4)
    assert assert_recorded(send(make_report(figure)))["warnings"] == []


@pytest.mark.parametrize(
    ("figure", "difference"),
    [
        (make_killed("4 civilians", exactly=4), "a kind of people (civilians)"),
        (make_killed("30 casualties", exactly=30), "killed, wounded, and the figure counts only"),
    ],
    ids=str,
)
def test_words_beside_numbers_that_mean_others_give_a_warning(
    figure: dict[str, Any], difference: str, send: SendRequest
) -> None:
    report = assert_recorded(send(make_report(figure)))
    (warning,) = report["warnings"]
    assert (warning["code"], warning["figures"]) == ("words_differ", [report["figures"][0]["id"]])
    assert difference in warning["text"]
    (stored,) = report["figures"]
    assert (stored["low"], stored["high"]) == (figure["exactly"], figure["exactly"])


def test_words_beside_numbers_that_fit_give_no_warning(send: SendRequest) -> None:
    figure = make_killed("4 civilians killed", exactly=4, groups=[CIVILIANS])
    report = assert_recorded(send(make_report(figure)))
    assert "words_differ" not in {each["code"] for each in report["warnings"]}


@pytest.mark.parametrize(
    "figure",
    [
        make_killed("30 casualties"),
        make_killed("heavy losses"),
        make_killed("heavy casualties"),
        make_killed("30 killed or wounded"),
        make_killed("30 wounded"),
        {"outcomes": ["killed", "wounded"], "wording": "30 killed"},
        {"outcomes": ["killed", "wounded"], "wording": "suffered losses"},
    ],
    ids=str,
)
def test_the_outcomes_that_words_name_must_be_those_of_the_figure(
    figure: dict[str, Any], send: SendRequest
) -> None:
    assert_problem(send(make_report(figure)), 422, "/figures/0/outcomes")


def test_a_floor_of_one_outcome_is_a_floor_of_more(send: SendRequest, client: FlaskClient) -> None:
    figure = {"outcomes": ["killed", "wounded"], "wording": "at least 30 killed"}
    assert_recorded(send(make_report(figure)))
    assert ask_range(client, "killed,wounded") == (30, None)
    assert ask_range(client) == (0, None)


# --- scopes that nobody can be in ------------------------------------------------------------


def test_groups_that_nobody_can_be_in_are_refused(send: SendRequest) -> None:
    assert_recorded(send(make_report(make_killed(), groups=[SOLDIERS, CIVILIANS, MILITIA, WOMEN])))
    for impossible in (["soldiers", "militia"], ["women", "soldiers", "militia"]):
        figure = make_killed(groups=impossible)
        assert_problem(send(make_report(figure)), 422, "/figures/0/groups")
        assert_problem(send(make_report(make_killed(), groups=impossible)), 422, "/groups")
        assert_problem(send(bodies.make_stance(groups=impossible)), 422, "/groups")
    for possible in (["civilians", "soldiers"], ["civilians", "militia"], ["militia", "women"]):
        assert_recorded(send(make_report(make_killed(groups=possible))))


def test_places_that_nobody_can_be_in_are_refused(send: SendRequest) -> None:
    east, west = bodies.make_place("east"), bodies.make_place("west")
    basin = bodies.make_place("basin", parent="east", division="rivers")
    assert_recorded(send(make_report(make_killed(), places=[east, west, basin])))
    figure = make_killed(places=["west", "basin"])
    assert_problem(send(make_report(figure)), 422, "/figures/0/places")
    assert_problem(send(make_report(make_killed(), places=["basin", "west"])), 422, "/places")
    assert_problem(send(bodies.make_stance(places=["basin", "west"])), 422, "/places")
    assert_recorded(send(make_report(make_killed(places=["east", "basin"]))))


def test_a_query_about_nobody_is_refused(send: SendRequest, client: FlaskClient) -> None:
    east, west = bodies.make_place("east"), bodies.make_place("west")
    basin = bodies.make_place("basin", parent="east", division="rivers")
    groups = [SOLDIERS, CIVILIANS, MILITIA]
    places = [east, west, basin]
    assert_recorded(send(make_report(make_killed(), places=places, groups=groups)))
    assert_problem(client.get("/v1/totals?group=soldiers,militia"), 422, "group")
    assert_problem(client.get("/v1/totals?place=basin,west"), 422, "place")
    assert_problem(client.get("/v1/places/basin/totals?group=soldiers,militia"), 422, "group")
    assert ask_range(client, group="civilians,militia") is not None


# --- facets and divisions --------------------------------------------------------------------


def test_a_group_has_the_facet_of_its_parent_unless_it_names_one(
    send: SendRequest, client: FlaskClient
) -> None:
    """Siblings of one facet are different people; a group of another one may be of both."""
    officers = {"id": "officers", "name": "Officers", "parent": "soldiers"}
    privates = {"id": "privates", "name": "Privates", "parent": "soldiers"}
    wives = {"id": "servicewomen", "name": "Servicewomen", "parent": "soldiers", "facet": "sex"}
    groups = [SOLDIERS, officers, privates, wives]
    figures = [
        make_killed("10", groups=["soldiers"]),
        make_killed("4", groups=["officers"]),
        make_killed("6", groups=["privates"]),
    ]
    assert_recorded(send(make_report(*figures, groups=groups)))
    assert ask_range(client, group="officers") == (4, 4)
    assert ask_range(client, group="servicewomen") == (0, 10)
    assert client.get("/v1/groups/servicewomen").get_json()["facet"] == "sex"
    assert client.get("/v1/groups/soldiers").get_json()["facet"] == "status"


def test_a_place_of_another_division_may_be_anywhere(
    send: SendRequest, client: FlaskClient
) -> None:
    land = bodies.make_place("land")
    east, west = (bodies.make_place(name, parent="land") for name in ("east", "west"))
    basin = bodies.make_place("basin", parent="land", division="rivers")
    places = [land, east, west, basin]
    figures = [
        make_killed("30", places=["land"]),
        make_killed("20", places=["east"]),
        make_killed("10", places=["west"]),
    ]
    assert_recorded(send(make_report(*figures, places=places)))
    assert ask_range(client, place="basin") == (0, 30)
    assert_recorded(send(make_report(make_killed("7", places=["basin"]))))
    assert ask_range(client, place="land") == (30, 30)
    assert ask_range(client, place="basin") == (7, 7)


@pytest.mark.parametrize(
    ("kind", "name", "query", "first"),
    [("groups", "facet", "group", "sex"), ("places", "division", "place", "rivers")],
)
def test_another_facet_or_division_moves_the_figures(
    kind: str,
    name: str,
    query: str,
    first: str,
    send: SendRequest,
    put: SendRequest,
    client: FlaskClient,
) -> None:
    """Beside each other in one facet two are other people; in two facets they may be the same."""
    entities = [{"id": "one", "name": "One", name: "a"}, {"id": "two", "name": "Two", name: first}]
    figures = [make_killed("3", **{kind: ["one"]}), make_killed("4", **{kind: ["two"]})]
    assert_recorded(send(make_report(*figures, **{kind: entities})))
    assert ask_range(client) == (4, 7)
    seq = client.get("/v1/changes").get_json()["last_seq"]
    assert put(f"/v1/{kind}/two", {"name": "Two", name: "a"}).status_code == 200
    assert ask_range(client) == (7, 7)
    assert ask_range(client, as_of=seq) == (4, 7)
    last = client.get(f"/v1/changes?since={seq}").get_json()["changes"][0]
    assert (last["kind"], last["subject"], last["data"][name]) == (f"{query}_changed", "two", "a")


def test_a_scope_that_became_empty_counts_nobody_and_breaks_nothing(
    send: SendRequest, put: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(make_report(make_killed(), groups=[SOLDIERS, CIVILIANS, MILITIA, WOMEN])))
    assert_recorded(send(make_report(make_killed("2", groups=["women", "militia"]))))
    other = {"name": "Women", "parent": "soldiers", "facet": "sex"}
    assert put("/v1/groups/women", other).status_code == 200
    assert ask_range(client, group="militia") is None or ask_range(client, group="militia")[0] == 0
    assert client.get("/v1/totals").status_code == 200
    assert client.get("/v1/totals?by=reporter&explain=true").status_code == 200
    assert client.get("/").status_code == 200
