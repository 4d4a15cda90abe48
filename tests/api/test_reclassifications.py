"""Reclassifications over HTTP: people of an earlier figure who were of another outcome."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
BBC = {"id": "bbc", "name": "BBC"}
DECEMBER = {"from": "2024-12-01", "to": "2024-12-31"}
MARCH = {"from": "2025-03-01", "to": "2025-03-31"}
KURSK = [bodies.make_place("kursk"), bodies.make_place("plekhovo", parent="kursk")]
FORCES = [
    {"id": "forces", "name": "Forces", "facet": "side"},
    {"id": "marines", "name": "Marines", "parent": "forces"},
]


def make_missing(people: str = "at least 3", **changes: Any) -> dict[str, Any]:
    """Return a report of people missing in December; they may be of any place of the region."""
    figure = {"outcomes": ["missing"], "wording": people, "places": ["kursk"], "groups": ["forces"]}
    defaults = {"period": DECEMBER, "places": KURSK, "groups": FORCES, "figures": [figure]}
    return bodies.make_report(**{**defaults, **changes})


def make_found(earlier: str = "r1-1", people: str = "2", **changes: Any) -> dict[str, Any]:
    """Return a report that some of the missing were found dead, with nothing of its own scope."""
    report_changes = {
        name: changes.pop(name)
        for name in ("reporter", "period", "places", "groups", "incident", "supersedes", "relays")
        if name in changes and name != "figure"
    }
    figure = {
        "outcomes": ["killed"],
        "wording": people,
        "reclassifies": {"figure": earlier, "from": "missing"},
        **changes,
    }
    report = {"period": ..., "places": ..., "figures": [figure], "published_at": "2025-03-05"}
    return bodies.make_report(**{**report, **report_changes})


@pytest.fixture
def total(client: FlaskClient) -> Any:
    """Return the range of a total, with whether it is disputed; None if nothing was reported."""

    def ask(outcomes: str = "killed,wounded,missing,captured", **query: Any) -> Any:
        response = client.get("/v1/totals", query_string={"outcomes": outcomes, **query})
        assert response.status_code == 200, response.get_json()
        (answer,) = response.get_json()["totals"]
        if not answer["reported"]:
            return None
        assert not answer["disputed"]
        return answer["low"], answer["high"]

    return ask


def test_people_found_dead_in_march_are_a_loss_of_december(send: SendRequest, total: Any) -> None:
    assert_recorded(send(make_missing()))
    found = assert_recorded(send(make_found()))
    (figure,) = found["figures"]
    assert figure["period"] == DECEMBER
    assert (figure["places"], figure["groups"]) == (["kursk"], ["forces"])
    december = {"from": "2024-12-01", "to": "2024-12-31"}
    assert total(**december) == (3, None)
    assert total("killed", **december) == (2, 2)
    assert total("missing", **december) == (1, None)
    assert total(**{"from": "2025-03-01", "to": "2025-03-31"}) is None


def test_an_as_of_before_the_reclassification_does_not_know_it(
    send: SendRequest, total: Any
) -> None:
    missing = assert_recorded(send(make_missing()))
    assert_recorded(send(make_found()))
    assert total("missing", as_of=missing["seq"]) == (3, None)
    assert total("killed", as_of=missing["seq"]) is None


def test_people_found_dead_are_among_the_dead_of_another_reporter(
    send: SendRequest, total: Any
) -> None:
    assert_recorded(send(make_missing()))
    assert_recorded(send(make_found()))
    other = {"outcomes": ["killed"], "exactly": 5, "places": ["kursk"], "groups": ["forces"]}
    assert_recorded(send(make_missing(reporter=SKY, figures=[other])))
    assert total("killed") == (5, 5)
    assert total() == (6, None)


@pytest.mark.parametrize("reporter", [SKY, bodies.REPORTER], ids=["another", "the same"])
def test_two_reports_of_people_found_dead_may_be_about_the_same_people(
    reporter: dict[str, Any], send: SendRequest, total: Any
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(reporter=BBC)))
    assert_recorded(send(make_found(reporter=reporter)))
    assert total("killed") == (2, 4)
    assert total("missing") == (6, 8)
    assert total() == (10, 10)


def test_a_chain_of_reclassifications_widens_every_earlier_figure(
    send: SendRequest, total: Any
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    wounded = {"outcomes": ["wounded"], "wording": "exactly 4"}
    assert_recorded(send(make_found(**wounded)))
    died = {"outcomes": ["killed"], "reclassifies": {"figure": "r2-1", "from": "wounded"}}
    assert_recorded(send(make_found(people="exactly 1", **died)))
    assert (total(), total("missing"), total("wounded"), total("killed")) == (
        (10, 10), (6, 6), (3, 3), (1, 1)
    )  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"period": {"from": "2024-12-10", "to": "2024-12-11"}},
        {"places": ["plekhovo"]},
        {"groups": ["marines"]},
        {"period": DECEMBER, "places": ["kursk"], "groups": ["forces"]},
        {"incident": "ucdp:7"},
        {"incident": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("is_of_report", [True, False])
def test_a_scope_that_is_given_may_be_narrower(
    given: dict[str, Any], is_of_report: bool, send: SendRequest, total: Any
) -> None:
    if is_of_report and given == {"incident": None}:
        given = {}
    assert_recorded(send(make_missing()))
    body = make_found() if is_of_report else make_found(**{"figure": 1})
    target = body if is_of_report else body["figures"][0]
    body["figures"][0].pop("figure", None)
    target.update(given)
    (figure,) = assert_recorded(send(body))["figures"]
    assert {name: figure[name] for name in given} == given
    assert (total(), total("killed"), total("missing")) == ((3, None), (2, 2), (1, None))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("period", MARCH),
        ("period", {"from": None, "to": "2024-12-31"}),
        ("period", {"from": "2024-12-31", "to": "2025-01-01"}),
        ("places", [bodies.make_place("kyiv")]),
        ("places", [bodies.make_place("russia")]),
        ("places", ["plekhovo", bodies.make_place("kyiv")]),
        ("groups", ["everyone"]),
        ("groups", [{"id": "women", "name": "Women", "facet": "sex"}]),
        ("incident", "ucdp:7"),
        ("incident", "own"),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_of_report", [True, False])
def test_a_scope_that_leaves_that_of_the_earlier_figure_is_refused(
    name: str, value: Any, is_of_report: bool, send: SendRequest
) -> None:
    assert_recorded(send(make_missing(incident="ucdp:1")))
    body = make_found()
    (body if is_of_report else body["figures"][0])[name] = value
    prefix = "/figures/0/" if not is_of_report or name == "incident" else "/"
    assert_problem(send(body), 422, f"{prefix}{name}")


def test_a_narrower_group_of_another_facet_is_within_the_earlier_figure(
    send: SendRequest,
) -> None:
    assert_recorded(send(make_missing()))
    women = {"id": "women", "name": "Women", "facet": "sex"}
    found = assert_recorded(send(make_found(groups=["forces", women])))
    assert sorted(found["figures"][0]["groups"]) == ["forces", "women"]


def test_the_incident_is_that_of_the_earlier_figure(send: SendRequest, total: Any) -> None:
    assert_recorded(send(make_missing("exactly 10", incident="ucdp:1")))
    found = assert_recorded(send(make_found()))
    assert found["figures"][0]["incident"] == "ucdp:1"
    assert (total(), total("killed"), total("missing")) == ((10, 10), (2, 2), (8, 8))


def test_a_figure_of_a_relay_cannot_be_reclassified(send: SendRequest, total: Any) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_missing("exactly 10", reporter=SKY, relays="r1")))
    assert_recorded(send(make_missing("exactly 10", reporter=BBC, relays="r2")))
    for relay in ("r2-1", "r3-1"):
        problem = assert_problem(send(make_found(relay)), 422, "/figures/0/reclassifies/figure")
        assert "r1-1" in problem["detail"]
    assert total() == (10, 10)


def test_a_figure_of_a_superseded_report_cannot_be_reclassified(send: SendRequest) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_missing("exactly 12", supersedes="r1")))
    assert_recorded(send(make_missing("exactly 13", supersedes="r2")))
    problem = assert_problem(send(make_found()), 422, "/figures/0/reclassifies/figure")
    assert "r3-1" in problem["detail"]


def test_a_reclassification_moves_to_the_superseding_report(
    send: SendRequest, total: Any, client: FlaskClient
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    found = assert_recorded(send(make_found(people="exactly 4", reporter=SKY)))
    before = client.get("/v1/changes").get_json()["last_seq"]
    corrected = assert_recorded(send(make_missing("exactly 12", supersedes="r1")))
    assert corrected["state"] == "live"
    assert (total(), total("killed"), total("missing")) == ((12, 12), (4, 4), (8, 8))
    assert (total(as_of=before), total("missing", as_of=before)) == ((10, 10), (6, 6))
    moved = client.get(f"/v1/reports/{found['id']}").get_json()["figures"][0]
    assert moved["reclassifies"] == {"figure": "r3-1", "from": "missing"}
    then = client.get(f"/v1/reports/{found['id']}", query_string={"as_of": before}).get_json()
    assert then["figures"][0]["reclassifies"] == {"figure": "r1-1", "from": "missing"}
    last = client.get(f"/v1/reports/{corrected['id']}/history").get_json()["history"][-1]
    assert last["kind"] == "reclassified"
    assert (last["data"]["figure"], last["data"]["instead_of"]) == ("r3-1", "r1-1")


def test_a_moved_reclassification_moves_again(send: SendRequest, total: Any) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(people="exactly 4")))
    assert_recorded(send(make_missing("exactly 12", supersedes="r1")))
    assert_recorded(send(make_missing("exactly 13", supersedes="r3")))
    assert (total(), total("killed"), total("missing")) == ((13, 13), (4, 4), (9, 9))


def test_a_moved_reclassification_has_the_scope_of_the_new_figure(
    send: SendRequest, total: Any
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(people="exactly 4", places=["plekhovo"])))
    last = {"outcomes": ["wounded"], "reclassifies": {"figure": "r2-1", "from": "killed"}}
    assert_recorded(send(make_found(people="exactly 1", **last)))
    january = {"from": "2025-01-01", "to": "2025-01-31"}
    assert_recorded(send(make_missing("exactly 12", supersedes="r1", period=january)))
    assert total(**DECEMBER) is None
    assert (total(**january), total("missing", **january)) == ((12, 12), (8, 8))
    assert (total("killed", **january), total("wounded", place="plekhovo", **january)) == (
        (3, 3), (1, 1)
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"figures": [{"outcomes": ["killed"], "exactly": 4}]},
        {"figures": [{"outcomes": ["missing"], "exactly": 3}] * 2},
        {
            "figures": [
                {"outcomes": ["missing"], "exactly": 3},
                {"outcomes": ["missing", "captured"], "exactly": 6},
            ]
        },
        {"figures": ..., "stance": "acknowledges"},
    ],
    ids=["none", "two alike", "two", "a stance"],
)
def test_a_superseding_report_without_just_one_figure_for_a_link_is_refused(
    changes: dict[str, Any], send: SendRequest, total: Any
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(people="exactly 4")))
    problem = assert_problem(send(make_missing(supersedes="r1", **changes)), 422, "/figures")
    assert "r2-1" in problem["detail"]
    assert total() == (10, 10)


def test_a_relay_cannot_supersede_a_report_with_reclassified_figures(send: SendRequest) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(people="exactly 4")))
    assert_recorded(send(make_missing("exactly 10", reporter=SKY)))
    assert_problem(send(make_missing("exactly 10", supersedes="r1", relays="r3")), 422, "/relays")


def test_links_of_several_figures_move_to_those_of_the_same_scope(
    send: SendRequest, total: Any
) -> None:
    def make_figures(*people: int) -> list[dict[str, Any]]:
        places = [["kursk"], [bodies.make_place("kyiv")]]
        return [
            {"outcomes": ["missing"], "exactly": number, "places": place}
            for number, place in zip(people, places, strict=True)
        ]

    assert_recorded(send(make_missing(figures=make_figures(10, 20))))
    assert_recorded(send(make_found("r1-1", "1")))
    assert_recorded(send(make_found("r1-2", "2")))
    assert_recorded(send(make_missing(figures=make_figures(11, 22), supersedes="r1")))
    assert (total("missing", place="kursk"), total("missing", place="kyiv")) == ((10, 10), (20, 20))
    assert total() == (33, 33)


def test_a_narrower_scope_must_stay_within_the_new_figure(send: SendRequest) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    early = {"from": "2024-12-01", "to": "2024-12-02"}
    assert_recorded(send(make_found(people="exactly 4", period=early)))
    late = {"from": "2024-12-03", "to": "2024-12-31"}
    problem = assert_problem(
        send(make_missing("exactly 12", supersedes="r1", period=late)), 422, "/figures"
    )
    assert "r2-1" in problem["detail"]


def test_a_report_that_supersedes_may_reclassify_its_own_people(
    send: SendRequest, total: Any
) -> None:
    """It can name only the figure that it replaces, and its link is to the figure that replaces."""
    assert_recorded(send(make_missing("exactly 10")))
    body = make_missing("exactly 10", supersedes="r1", ref="b")
    body["figures"] += make_found(people="exactly 4")["figures"]
    second = assert_recorded(send(body))
    assert second["figures"][1]["reclassifies"] == {"figure": "r2-1", "from": "missing"}
    assert (total(), total("killed"), total("missing")) == ((10, 10), (4, 4), (6, 6))
    assert send(body).status_code == 200


def test_two_figures_never_reclassify_each_other(send: SendRequest) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(reporter=SKY, people="exactly 4")))
    again = {"outcomes": ["missing"], "reclassifies": {"figure": "r2-1", "from": "killed"}}
    assert_problem(send(make_found(people="exactly 1", supersedes="r1", **again)), 422, "/figures")


def test_a_link_that_no_live_report_makes_needs_no_figure(
    send: SendRequest, total: Any, client: FlaskClient, key: MakeHeaders
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(people="exactly 4")))
    retraction = client.post(
        "/v1/reports/r2/retraction", json={"reason": "wrong"}, headers=key("admin")
    )
    assert retraction.status_code == 201
    assert "notice" not in retraction.get_json()
    killed = [{"outcomes": ["killed"], "exactly": 5}]
    assert_recorded(send(make_missing(figures=killed, supersedes="r1")))
    assert (total(), total("killed"), total("missing")) == ((5, 5), (5, 5), None)


def test_a_retraction_of_a_superseding_report_does_not_bring_the_earlier_one_back(
    send: SendRequest, client: FlaskClient, key: MakeHeaders, total: Any
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_missing("exactly 12", supersedes="r1")))
    body = client.post(
        "/v1/reports/r2/retraction", json={"reason": "wrong"}, headers=key("admin")
    ).get_json()
    assert "r1" in body["notice"]
    assert client.get("/v1/reports/r1").get_json()["state"] == "superseded"
    assert total() is None


def test_a_reclassification_stays_an_incident_without_the_earlier_figure(
    send: SendRequest, client: FlaskClient, key: MakeHeaders, total: Any
) -> None:
    """Four of the missing were found dead beside the five who are the count of the place."""
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(reporter=SKY, people="exactly 4")))
    assert_recorded(send(make_found(reporter=BBC, people="exactly 3")))
    killed = [{"outcomes": ["killed"], "wording": "at least 2", "places": ["plekhovo"]}]
    assert_recorded(send(make_missing(reporter=SKY, figures=killed)))
    assert total("killed", exclude_reporter="ua-hur") == (4, None)
    assert total("killed", reporter="bbc") == (3, 3)
    retraction = {"json": {"reason": "wrong"}, "headers": key("admin")}
    assert client.post("/v1/reports/r1/retraction", **retraction).status_code == 201
    assert total("killed") == (4, None)
    assert total("missing") is None


def test_a_reclassification_counts_only_while_its_report_is_live(
    send: SendRequest, client: FlaskClient, key: MakeHeaders, total: Any
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    assert_recorded(send(make_found(people="exactly 4")))
    retraction = {"json": {"reason": "wrong"}, "headers": key("admin")}
    assert client.post("/v1/reports/r2/retraction", **retraction).status_code == 201
    assert (total("missing"), total("killed")) == ((10, 10), None)


def test_the_same_reclassification_again_is_known_after_its_link_has_moved(
    send: SendRequest,
) -> None:
    assert_recorded(send(make_missing("exactly 10")))
    found = {**make_found(reporter=SKY), "ref": "found"}
    assert_recorded(send(found))
    assert_recorded(send(make_missing("exactly 12", supersedes="r1")))
    answer = send(found)
    assert (answer.status_code, answer.get_json()["id"]) == (200, "r2")


def test_the_words_of_a_reclassification_may_name_the_people_of_the_earlier_figure(
    send: SendRequest,
) -> None:
    assert_recorded(send(make_missing()))
    assert_recorded(send(make_found(people="2 soldiers")))
    everyone = {"outcomes": ["missing"], "wording": "at least 3"}
    assert_recorded(send(make_missing(groups=..., figures=[everyone])))
    assert_problem(send(make_found("r3-1", "2 soldiers")), 422, "/figures/0/groups")
    assert_recorded(send(make_found("r3-1", "2 soldiers", groups=["everyone"])))


def test_a_batch_moves_no_link_of_a_report_that_it_superseded_before(
    client: FlaskClient, send: SendRequest, key: MakeHeaders
) -> None:
    assert_recorded(send(make_missing()))
    assert_recorded(send(make_found()))
    other = bodies.make_report(supersedes="r2", note="The number is withdrawn.")
    replacement = make_missing("at least 5", supersedes="r1")
    batch = {"reports": [other, replacement]}
    answer = client.post("/v1/reports/batch", json=batch, headers=key("report"))
    assert [each["status"] for each in answer.get_json()["results"]] == [201, 201]
    found = client.get("/v1/reports/r2").get_json()
    assert found["state"] == "superseded"
    assert found["figures"][0]["reclassifies"] == {"figure": "r1-1", "from": "missing"}
