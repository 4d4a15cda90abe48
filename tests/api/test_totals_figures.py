"""The figures behind a total: bounded lists in the answer, all of them page by page."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
KILLED = "outcomes=killed"


def get_json(client: FlaskClient, address: str) -> dict[str, Any]:
    """Return the answer, which must be one."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def post_events(client: FlaskClient, headers: dict[str, str], first: int, count: int) -> None:
    """Post one report for each of so many events, each an incident of its own."""
    lines = [
        json.dumps(
            bodies.make_report(
                ref=f"e{number}",
                period={"from": "2024-12-14", "to": "2024-12-14"},
                published_at="2025-01-01",
                figures=[
                    {"outcomes": ["killed"], "exactly": number % 9 + 1, "incident": f"x:{number}"}
                ],
            )
        )
        for number in range(first, first + count)
    ]
    answer = client.post(
        "/v1/reports/batch",
        data="\n".join(lines),
        content_type="application/x-ndjson",
        headers=headers,
    )
    assert answer.status_code == 207
    assert {each["status"] for each in answer.get_json()["results"]} == {201}


def follow_pages(client: FlaskClient, link: str) -> list[dict[str, Any]]:
    """Return the figures of all pages from the link on, which is relative to /v1/totals."""
    figures, folder = [], "/v1/"
    address: str | None = folder + link
    while address is not None:
        page = get_json(client, address)
        figures += page["figures"]
        address = page["next"] and f"/v1/totals/{page['next']}"
    return figures


def test_the_size_of_an_answer_does_not_depend_on_the_number_of_figures(
    client: FlaskClient, key: MakeHeaders
) -> None:
    address = f"/v1/totals?{KILLED}&explain=true&by_reporter=true&by=place,month"
    sizes = []
    for first, count in ((0, 500), (500, 2_500)):
        post_events(client, key("report"), first, count)
        sizes.append(len(client.get(address).get_data()))
    assert max(sizes) < min(sizes) + 300
    answer = get_json(client, address)
    total = answer["totals"][0]
    assert (len(answer["used"]), answer["used_count"]) == (100, 3_000)
    assert (len(total["because"]["low"]), total["because"]["low_count"]) == (100, 3_000)
    assert {step["people"] for step in total["because"]["low"]} == {9}
    assert sum(each["adds"] for each in total["because"]["low_by_reporter"]) == total["low"]
    for caveat in answer["caveats"]:
        for name in ("figures", "reports", "reporters"):
            assert len(caveat[name]) == min(caveat[f"{name}_count"], 100)
    assert answer["coverage"]["published"] == "2025-01-01"
    figures = follow_pages(client, answer["figures"].replace("?", "?limit=1000&"))
    assert len({each["figure"] for each in figures}) == len(figures) == 3_000
    shares = [share for each in figures for share in each["proof"] if share["bound"] == "low"]
    assert sum(share["adds"] for share in shares) == total["low"]


def test_a_figure_has_its_words_scope_state_and_share(
    send: SendRequest, client: FlaskClient
) -> None:
    figure = {"outcomes": ["killed"], "wording": "at least 30"}
    assert_recorded(send(bodies.make_report(figures=[figure], published_at="2024-12-16")))
    relay = bodies.make_report(figures=[figure], reporter=SKY, relays="r1", places=["plekhovo"])
    assert_recorded(send(relay))
    answer = get_json(client, f"/v1/totals?{KILLED}&explain=true")
    counted, relayed = follow_pages(client, answer["figures"])
    assert counted == {
        "figure": "r1-1",
        "report": "r1",
        "reporter": "ua-hur",
        "reporter_name": "Defence Intelligence of Ukraine",
        "published_at": "2024-12-16",
        "wording": "at least 30",
        "low": 30,
        "high": None,
        "soft": [],
        "best": None,
        "scope": {
            "places": ["plekhovo"],
            "period": bodies.PERIOD,
            "outcomes": ["killed"],
            "groups": ["everyone"],
            "incident": None,
        },
        "state": "live",
        "counted": True,
        "reason": None,
        "proof": [
            {
                "outcomes": ["killed"],
                "bound": "low",
                "end": "low",
                "times": 1,
                "people": 30,
                "adds": 30,
            }
        ],
    }
    assert (relayed["state"], relayed["counted"], relayed["reason"]) == ("relay", False, "relay")
    assert relayed["proof"] == []


def test_figures_that_straddle_are_listed_as_such(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report()))
    query = f"{KILLED},wounded&to=2024-12-14&straddling=exclude"
    (figure,) = get_json(client, f"/v1/totals/figures?{query}")["figures"]
    assert (figure["state"], figure["reason"]) == ("live", "straddles")


def test_the_same_question_lists_the_same_figures(send: SendRequest, client: FlaskClient) -> None:
    for number in range(5):
        assert_recorded(
            send(
                bodies.make_report(ref=f"n{number}", places=["plekhovo"])
                if number
                else bodies.make_report(ref="n0")
            )
        )
    whole = get_json(client, "/v1/places/plekhovo/totals?by=month&explain=true&as_of=4")
    assert whole["figures"].startswith("../../totals/figures?")
    assert "as_of=4" in whole["figures"]
    page = get_json(client, f"/v1/{whole['figures'].removeprefix('../../')}")
    assert [each["figure"] for each in page["figures"]] == whole["used"]
    every = "by=place,month&facet=sex&explain=true&by_reporter=true&format=csv&bom=true&compare=1"
    same = get_json(client, f"/v1/totals/figures?{every.replace('&facet=sex', '')}&limit=2")
    assert (len(same["figures"]), same["used_count"], same["excluded_count"]) == (2, 5, 0)


def test_pages_are_of_one_state_whatever_is_recorded_between_them(
    send: SendRequest, client: FlaskClient, key: MakeHeaders
) -> None:
    assert_recorded(send(bodies.make_report(ref="n0")))
    for number in range(1, 4):
        assert_recorded(send(bodies.make_report(ref=f"n{number}", places=["plekhovo"])))
    page = get_json(client, "/v1/totals/figures?limit=2")
    client.post("/v1/reports/r1/retraction", json={"reason": "x"}, headers=key("report"))
    rest = get_json(client, f"/v1/totals/{page['next']}")
    assert [each["figure"] for each in page["figures"] + rest["figures"]] == [
        "r1-1",
        "r2-1",
        "r3-1",
        "r4-1",
    ]
    after = page["next"].partition("after=")[2].partition("&")[0]
    alone = get_json(client, f"/v1/totals/figures?limit=2&after={after}")
    assert alone["figures"] == rest["figures"]
    now = get_json(client, "/v1/totals/figures")["figures"]
    assert [(each["figure"], each["reason"]) for each in now][-1] == ("r1-1", "retracted")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=x", "after"),
        ("place=nowhere", "place"),
        ("outcomes=dead", "outcomes"),
        ("cursor=1", "cursor"),
    ],
)
def test_wrong_parameters_are_refused(client: FlaskClient, query: str, parameter: str) -> None:
    assert_problem(client.get(f"/v1/totals/figures?{query}"), 422, parameter)


def test_coverage_says_what_the_counted_figures_are_about(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(bodies.make_report(published_at="2024-12-16")))
    other = {
        "reporter": SKY,
        "places": ["plekhovo"],
        "published_at": "2024-12-16T08:00:00Z",
        "period": {"from": "2024-12-01", "to": "2024-12-10"},
        "figures": [{"outcomes": ["killed"], "exactly": 1}, {"outcomes": ["wounded"], "low": 2}],
    }
    assert_recorded(send(bodies.make_report(**other)))
    coverage = get_json(client, "/v1/totals")["coverage"]
    assert (coverage["from"], coverage["to"]) == ("2024-12-01", "2024-12-15")
    assert coverage["published"].startswith("2024-12-16T08:00:00")
    assert (coverage["reports"], coverage["figures"]) == (2, 3)
    assert [(each["id"], each["party"], each["figures"]) for each in coverage["reporters"]] == [
        ("sky", False, 2),
        ("ua-hur", True, 1),
    ]
    assert get_json(client, "/v1/totals?reporter=ua-hur")["coverage"]["published"] == "2024-12-16"


def test_coverage_without_a_stated_beginning_is_open(
    send: SendRequest, client: FlaskClient
) -> None:
    empty = get_json(client, "/v1/totals")["coverage"]
    assert (empty["from"], empty["to"], empty["figures"], empty["reporters"]) == (None, None, 0, [])
    assert_recorded(send(bodies.make_report(period={"from": None, "to": "2024-12-14"})))
    coverage = get_json(client, "/v1/totals")["coverage"]
    assert (coverage["from"], coverage["to"]) == (None, "2024-12-14")


def test_the_largest_contributions_come_first_and_are_summed_by_reporter(
    send: SendRequest, client: FlaskClient
) -> None:
    places = [bodies.make_place(each) for each in "abc"]
    numbers = {"a": 2, "b": 1_000, "c": 30}
    figures = [
        {"outcomes": ["killed"], "exactly": number, "places": [place]}
        for place, number in numbers.items()
    ]
    assert_recorded(send(bodies.make_report(places=places, figures=figures[:2])))
    assert_recorded(send(bodies.make_report(places=["c"], figures=figures[2:], reporter=SKY)))
    because = get_json(client, f"/v1/totals?{KILLED}&explain=true&place=a,b,c")["totals"][0][
        "because"
    ]
    for end in ("low", "high"):
        assert [(step["adds"], step["reporter"]) for step in because[end]] == [
            (1_000, "ua-hur"),
            (30, "sky"),
            (2, "ua-hur"),
        ]
        assert because[f"{end}_by_reporter"] == [
            {"reporter": "ua-hur", "figures": 2, "adds": 1_002},
            {"reporter": "sky", "figures": 1, "adds": 30},
        ]


def test_a_contradiction_tells_by_how_many_people(send: SendRequest, client: FlaskClient) -> None:
    figure = {"outcomes": ["killed"], "exactly": 30}
    assert_recorded(send(bodies.make_report(figures=[figure])))
    assert get_json(client, f"/v1/totals?{KILLED}")["totals"][0]["contradiction"] is None
    other = {"reporter": SKY, "places": ["plekhovo"], "figures": [{**figure, "exactly": 40}]}
    assert_recorded(send(bodies.make_report(**other)))
    (total,) = get_json(client, f"/v1/totals?{KILLED}")["totals"]
    assert total["contradiction"] == 10
    assert total["set_aside_count"] == {"floors": 1, "ceilings": 1}
