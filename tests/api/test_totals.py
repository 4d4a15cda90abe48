"""Totals over HTTP: every parameter, what is answered, and what is refused."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
BBC = {"id": "bbc", "name": "BBC"}
REGION = {"id": "ru-kursk", "name": "Kursk"}
VILLAGE = bodies.make_place(parent="ru-kursk")
OTHER = bodies.make_place("vorozhba", parent="ru-kursk")
DPRK = {"id": "dprk-forces", "name": "North Korean (DPRK) forces"}
ALL_OUTCOMES = "killed,wounded,missing,captured"


def get_answer(client: FlaskClient, query: str = "", path: str = "/v1/totals") -> dict[str, Any]:
    """Return the answer to a question, which must be one."""
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def get_only_total(client: FlaskClient, query: str = "") -> dict[str, Any]:
    """Return the only total of the answer."""
    (total,) = get_answer(client, query)["totals"]
    return dict(total)


def get_range(client: FlaskClient, query: str = "outcomes=killed") -> tuple[int | None, int | None]:
    """Return low and high of the only total."""
    total = get_only_total(client, query)
    return total["low"], total["high"]


def make_killed_report(number: int, **changes: Any) -> dict[str, Any]:
    """Return a report of exactly so many killed in a village."""
    figure = {"outcomes": ["killed"], "exactly": number}
    return bodies.make_report(
        **{"places": [REGION, VILLAGE], "figures": [move_to_village(figure)], **changes}
    )


def move_to_village(figure: dict[str, Any]) -> dict[str, Any]:
    """Return the figure, of the village alone."""
    return {**figure, "places": ["plekhovo"]}


def read_rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a table by column."""
    return list(csv.DictReader(io.StringIO(text)))


def test_an_answer_has_the_shape_of_the_contract(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report()))
    answer = get_answer(client, "outcomes=killed,wounded&explain=true")
    caveats = answer.pop("caveats")
    assert answer == {
        "query": {
            "places": [],
            "from": None,
            "to": None,
            "outcomes": [["killed", "wounded"]],
            "groups": ["everyone"],
            "reporters": [],
            "exclude_reporters": [],
            "party": "include",
            "straddling": "include",
            "as_of": None,
            "compare": None,
            "by": None,
            "facet": None,
        },
        "as_of": {"seq": 3, "recorded_at": "2026-01-05T10:00:00.000000Z"},
        "totals": [
            {
                "outcomes": ["killed", "wounded"],
                "reported": True,
                "low": 30,
                "high": None,
                "text": "at least 30 killed or wounded",
                "placed": {
                    "reported": True,
                    "low": 30,
                    "high": None,
                    "text": "at least 30 killed or wounded",
                },
                "best": None,
                "disputed": False,
                "nearest": None,
                "contradiction": None,
                "set_aside": {"floors": [], "ceilings": []},
                "set_aside_count": {"floors": 0, "ceilings": 0},
                "exact": True,
                "figures": 1,
                "reporters": 1,
                "because": {
                    "low": [
                        {
                            "figure": "r1-1",
                            "times": 1,
                            "end": "low",
                            "people": 30,
                            "adds": 30,
                            "reporter": "ua-hur",
                        }
                    ],
                    "low_roundings": [],
                    "low_roundings_count": 0,
                    "low_count": 1,
                    "low_by_reporter": [{"reporter": "ua-hur", "figures": 1, "adds": 30}],
                    "high": [],
                    "high_roundings": [],
                    "high_roundings_count": 0,
                    "high_count": 0,
                    "high_by_reporter": [],
                },
            }
        ],
        "coverage": {
            "from": "2024-12-14",
            "to": "2024-12-15",
            "published": None,
            "reports": 1,
            "figures": 1,
            "reporters": [
                {
                    "id": "ua-hur",
                    "name": "Defence Intelligence of Ukraine",
                    "party": True,
                    "figures": 1,
                }
            ],
        },
        "used": ["r1-1"],
        "used_count": 1,
        "excluded": [],
        "excluded_count": 0,
        "figures": "totals/figures?outcomes=killed,wounded&as_of=3",
    }
    (open_above,) = [each for each in caveats if each["code"] == "open_above"]
    assert open_above.pop("text")
    assert open_above == {
        "code": "open_above",
        "outcomes": ["killed", "wounded"],
        "figures": ["r1-1"],
        "figures_count": 1,
        "reports": ["r1"],
        "reports_count": 1,
        "reporters": ["ua-hur"],
        "reporters_count": 1,
    }


def test_nothing_reported_is_not_zero(client: FlaskClient) -> None:
    totals = get_answer(client)["totals"]
    assert [total["outcomes"] for total in totals] == [
        ["killed"],
        ["wounded"],
        ["missing"],
        ["captured"],
        ["killed", "wounded", "missing", "captured"],
    ]
    for total in totals:
        assert (total["reported"], total["low"], total["high"]) == (False, None, None)
        assert total["text"] == "no figure reported"


def test_joint_sets_in_use_stand_between_the_single_and_all(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(bodies.make_report()))
    sets = [",".join(total["outcomes"]) for total in get_answer(client)["totals"]]
    assert sets == ["killed", "wounded", "missing", "captured", "killed,wounded", ALL_OUTCOMES]


def test_outcomes_are_one_joint_set_and_may_be_repeated(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(bodies.make_report()))
    totals = get_answer(client, "outcomes=wounded,killed&outcomes=killed")["totals"]
    assert [(total["outcomes"], total["low"]) for total in totals] == [
        (["killed", "wounded"], 30),
        (["killed"], 0),
    ]


def test_the_same_outcomes_twice_are_refused(client: FlaskClient) -> None:
    assert_problem(
        client.get("/v1/totals?outcomes=killed,wounded&outcomes=wounded,killed"), 422, "outcomes"
    )
    assert_problem(client.get("/v1/totals?outcomes=killed,killed"), 422, "outcomes")


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ({"exactly": 4}, "4 killed"),
        ({"exactly": 0}, "nobody killed"),
        ({"low": 4}, "at least 4 killed"),
        ({"low": 0}, "reported, number not known"),
        ({"high": 4}, "up to 4 killed"),
        ({"low": 2, "high": 1_400}, "between 2 and 1,400 killed"),
    ],
)
def test_a_total_is_put_into_words(
    send: SendRequest, client: FlaskClient, figure: dict[str, Any], text: str
) -> None:
    assert_recorded(send(bodies.make_report(figures=[{"outcomes": ["killed"], **figure}])))
    assert get_only_total(client, "outcomes=killed")["text"] == text


def test_a_dispute_names_both_sides(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(30)))
    assert_recorded(send(make_killed_report(40, reporter=SKY)))
    total = get_only_total(client, "outcomes=killed")
    assert (total["low"], total["high"], total["disputed"]) == (30, 40, True)
    assert total["nearest"] == {"low": 30, "high": 40}
    assert total["set_aside"] == {"floors": ["r2-1"], "ceilings": ["r1-1"]}
    assert total["text"] == "between 30 and 40 killed, disputed"
    assert (total["figures"], total["reporters"]) == (2, 2)
    (caveat,) = [
        each
        for each in get_answer(client, "outcomes=killed")["caveats"]
        if each["code"] == "disputed"
    ]
    assert (caveat["figures"], caveat["reports"]) == (["r2-1", "r1-1"], ["r2", "r1"])


def test_half_of_an_end_is_a_fraction_in_the_terms(send: SendRequest, client: FlaskClient) -> None:
    places = [bodies.make_place("x"), bodies.make_place("y"), bodies.make_place("z")]
    pairs = [["x", "y"], ["y", "z"], ["x", "z"]]
    figures = [{"outcomes": ["killed"], "low": 1, "places": pair} for pair in pairs]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    total = get_only_total(client, "outcomes=killed&explain=true")
    assert (total["low"], total["exact"]) == (2, True)
    because = total["because"]
    assert [term["times"] for term in because["low"]] == [0.5, 0.5, 0.5]
    (rounding,) = because["low_roundings"]
    assert (rounding["sum"], rounding["people"], rounding["search"]) == (1.5, 2, False)
    assert (rounding["terms_count"], rounding["terms"]) == (3, because["low"])


def test_a_total_that_ran_out_of_time_is_not_exact_and_may_differ_the_next_time(
    send: SendRequest, client: FlaskClient, settings: Settings
) -> None:
    places = [bodies.make_place("x"), bodies.make_place("y"), bodies.make_place("z")]
    pairs = [["x", "y"], ["y", "z"], ["x", "z"]]
    figures = [{"outcomes": ["killed"], "exactly": 2, "places": pair} for pair in pairs]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    hurried = create_app(replace(settings, solver_seconds=1e-9)).test_client()
    short = hurried.get("/v1/totals?place=x&outcomes=killed")
    (total,) = short.get_json()["totals"]
    assert (total["low"], total["high"], total["exact"]) == (0, None, False)
    assert "not_exact" in [caveat["code"] for caveat in short.get_json()["caveats"]]
    whole = client.get("/v1/totals?place=x&outcomes=killed")
    assert whole.get_json()["totals"][0]["low"] == 1
    assert whole.headers["ETag"] != short.headers["ETag"]


def test_a_place_includes_its_descendants(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    assert get_range(client, "place=ru-kursk&outcomes=killed") == (4, 4)
    assert get_range(client, "place=plekhovo,ru-kursk&outcomes=killed") == (4, 4)


def test_the_address_of_a_place_sets_the_place(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    answer = get_answer(client, "outcomes=killed", path="/v1/places/ru-kursk/totals")
    same = get_answer(client, "outcomes=killed&place=ru-kursk")
    assert answer.pop("figures") == "../../totals/figures?outcomes=killed&place=ru-kursk&as_of=4"
    assert same.pop("figures") == "totals/figures?outcomes=killed&place=ru-kursk&as_of=4"
    assert answer == same
    assert_problem(client.get("/v1/places/ru-kursk/totals?place=plekhovo"), 422, "place")


def test_the_address_of_an_unknown_place_is_not_found(client: FlaskClient) -> None:
    assert_problem(client.get("/v1/places/nowhere/totals"), 404)


def test_days_are_both_included(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4, period={"from": "2024-12-14", "to": "2024-12-15"})))
    assert get_range(client, "outcomes=killed&from=2024-12-14&to=2024-12-15") == (4, 4)
    assert get_range(client, "outcomes=killed&from=2024-12-15") == (0, 4)
    assert get_range(client, "outcomes=killed&to=2024-12-14") == (0, 4)
    assert get_range(client, "outcomes=killed&to=2024-12-13") == (None, None)


def test_a_period_that_ends_before_it_begins_is_refused(client: FlaskClient) -> None:
    assert_problem(client.get("/v1/totals?from=2024-12-15&to=2024-12-14"), 422, "to")


@pytest.mark.parametrize("day", ["2024-12-32", "14.12.2024", "2024-12", "today", ""])
def test_an_invalid_day_is_refused(client: FlaskClient, day: str) -> None:
    assert_problem(client.get("/v1/totals", query_string={"from": day}), 422, "from")


def test_a_group_includes_its_descendants(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4, groups=[DPRK])))
    assert get_range(client, "outcomes=killed&group=dprk-forces") == (4, 4)
    assert get_range(client, "outcomes=killed&group=everyone") == (4, 4)
    assert get_answer(client, "group=dprk-forces")["query"]["groups"] == ["dprk-forces"]


def test_reporters_may_be_chosen_and_left_out(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(30)))
    assert_recorded(send(make_killed_report(40, reporter=SKY)))
    assert get_range(client, "outcomes=killed&reporter=sky") == (40, 40)
    assert get_range(client, "outcomes=killed&reporter=sky,ua-hur") == (30, 40)
    assert get_range(client, "outcomes=killed&exclude_reporter=sky") == (30, 30)
    assert get_range(client, "outcomes=killed&party=exclude") == (40, 40)
    assert get_answer(client, "party=exclude")["excluded"] == []


@pytest.mark.parametrize(
    "query",
    [
        "party=include",
        "straddling=yes",
        "by=village",
        "by_reporter=1",
        "explain=yes",
        "format=xml",
        "outcomes=dead",
        "outcomes=",
        "place=",
        "place=Ru-Kursk",
        "place=a,,b",
        "place=a,a",
        "group=%20",
        "reporter=a,a",
        "exclude_reporter=!",
        "as_of=-1",
        "as_of=yesterday",
        "as_of=2026-01-05",
        "as_of=2026-01-05T10:00:00",
        "as_of=2026-01-05T10:00:00%2B02:00",
        "as_of=1e3",
        "as_of=",
    ],
)
def test_wrong_values_are_refused_by_their_parameter(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"/v1/totals?{query}"), 422, query.partition("=")[0])


@pytest.mark.parametrize(
    "query", ["places=a", "Place=a", "from=2024-01-01&from=2024-01-01", "as_of=0&as_of=0"]
)
def test_unknown_and_repeated_parameters_are_refused(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"/v1/totals?{query}"), 422, query.partition("=")[0])


@pytest.mark.parametrize("parameter", ["place", "group", "reporter", "exclude_reporter"])
def test_unknown_ids_are_refused_with_similar_ids(
    send: SendRequest, client: FlaskClient, parameter: str
) -> None:
    assert_recorded(send(make_killed_report(4, groups=[DPRK])))
    similar_id = {"place": "plekhovo", "group": "dprk-forces"}.get(parameter, "ua-hur")
    body = assert_problem(
        client.get(f"/v1/totals?{parameter}={similar_id}x,zzz"), 422, parameter, parameter
    )
    assert f"did you mean {similar_id}?" in body["errors"][0]["detail"]
    assert "did you mean" not in body["errors"][1]["detail"]


def test_straddling_figures_can_be_excluded(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    assert_recorded(send(bodies.make_report(places=["ru-kursk"], reporter=SKY)))
    answer = get_answer(client, "place=plekhovo&straddling=exclude&outcomes=killed")
    assert (answer["used"], answer["excluded"]) == (
        ["r1-1"],
        [{"figure": "r2-1", "reason": "straddles"}],
    )
    assert answer["totals"][0]["text"] == "4 killed"
    assert get_answer(client, "place=plekhovo&straddling=include")["excluded"] == []


def test_a_relay_and_the_relay_of_a_relay_are_not_counted(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(make_killed_report(4)))
    assert_recorded(send(make_killed_report(5, reporter=SKY, relays="r1", places=["plekhovo"])))
    assert_recorded(send(make_killed_report(6, reporter=BBC, relays="r2", places=["plekhovo"])))
    answer = get_answer(client, "outcomes=killed")
    assert (answer["totals"][0]["low"], answer["totals"][0]["high"]) == (4, 4)
    assert answer["used"] == ["r1-1"]
    assert answer["excluded"] == [
        {"figure": "r2-1", "reason": "relay"},
        {"figure": "r3-1", "reason": "relay"},
    ]
    (caveat,) = [each for each in answer["caveats"] if each["code"] == "relayed"]
    assert caveat["reports"] == ["r2", "r3"]


def test_a_relay_is_not_counted_alone_either(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    assert_recorded(send(make_killed_report(5, reporter=SKY, relays="r1", places=["plekhovo"])))
    answer = get_answer(client, "outcomes=killed&reporter=sky")
    assert not answer["totals"][0]["reported"]
    assert [caveat["code"] for caveat in answer["caveats"]] == ["relayed"]


def test_a_superseded_report_is_not_counted(send: SendRequest, client: FlaskClient) -> None:
    seq = assert_recorded(send(make_killed_report(4)))["seq"]
    assert_recorded(send(make_killed_report(6, supersedes="r1", places=["plekhovo"])))
    answer = get_answer(client, "outcomes=killed")
    assert (answer["used"], answer["excluded"]) == (
        ["r2-1"],
        [{"figure": "r1-1", "reason": "superseded"}],
    )
    assert get_range(client) == (6, 6)
    assert get_range(client, f"outcomes=killed&as_of={seq}") == (4, 4)
    assert get_answer(client, f"outcomes=killed&as_of={seq}")["excluded"] == []


@pytest.mark.parametrize(
    ("stance", "code"),
    [
        ("does_not_acknowledge", "not_acknowledged"),
        ("declines_to_say", "declined"),
        ("acknowledges", "undisclosed"),
    ],
)
def test_a_stance_is_a_caveat_and_never_a_zero(
    send: SendRequest, client: FlaskClient, stance: str, code: str
) -> None:
    assert_recorded(send(bodies.make_stance(stance)))
    answer = get_answer(client, "outcomes=killed")
    assert answer["totals"][0]["reported"] is False
    assert (answer["used"], answer["excluded"]) == ([], [])
    (caveat,) = answer["caveats"]
    assert (caveat["code"], caveat["reports"], caveat["reporters"]) == (code, ["r1"], ["ua-hur"])
    assert caveat["figures"] == []


def test_a_stance_changes_no_number(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    assert_recorded(send(bodies.make_stance(reporter=SKY, places=["plekhovo"])))
    assert get_range(client) == (4, 4)


def test_best_is_the_reporters_own_estimate(send: SendRequest, client: FlaskClient) -> None:
    figure = {"outcomes": ["killed"], "low": 2, "high": 9, "best": 5}
    assert_recorded(send(bodies.make_report(figures=[figure])))
    assert get_only_total(client, "outcomes=killed")["best"] == 5
    assert get_only_total(client, f"outcomes={ALL_OUTCOMES}")["best"] == 5
    assert get_only_total(client, "outcomes=killed&from=2024-12-15")["best"] is None


def test_as_of_a_seq_gives_the_answer_of_then(send: SendRequest, client: FlaskClient) -> None:
    seq = assert_recorded(send(make_killed_report(4)))["seq"]
    before = get_answer(client, "outcomes=killed")
    assert_recorded(send(make_killed_report(6, reporter=SKY, places=["plekhovo"])))
    then = get_answer(client, f"outcomes=killed&as_of={seq}")
    assert then["query"].pop("as_of") == seq
    before["query"].pop("as_of")
    assert then == before


def test_as_of_inside_a_request_is_as_of_its_end(send: SendRequest, client: FlaskClient) -> None:
    last = assert_recorded(send(make_killed_report(4)))["seq"]
    for seq in range(1, last):
        assert get_answer(client, f"as_of={seq}")["as_of"]["seq"] == last


def test_as_of_a_timestamp_is_as_of_the_last_event_by_then(
    send: SendRequest, client: FlaskClient
) -> None:
    first = assert_recorded(send(make_killed_report(4)))
    second = assert_recorded(send(make_killed_report(6, reporter=SKY, places=["plekhovo"])))
    answer = get_answer(client, f"outcomes=killed&as_of={first['recorded_at']}")
    assert answer["as_of"] == {"seq": first["seq"], "recorded_at": first["recorded_at"]}
    assert answer["query"]["as_of"] == first["recorded_at"]
    between = first["recorded_at"].replace(".000000Z", ".5Z")
    assert get_answer(client, f"as_of={between}")["as_of"]["seq"] == first["seq"]
    assert get_answer(client, f"as_of={second['recorded_at']}")["as_of"]["seq"] == second["seq"]


def test_as_of_before_everything_nothing_is_reported(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(make_killed_report(4)))
    for timestamp in ("0", "2026-01-05T09:59:59Z"):
        answer = get_answer(client, f"as_of={timestamp}")
        assert answer["as_of"] == {"seq": 0, "recorded_at": None}
        assert not any(total["reported"] for total in answer["totals"])
        assert (answer["caveats"], answer["used"], answer["excluded"]) == ([], [], [])


def test_as_of_the_future_is_refused(send: SendRequest, client: FlaskClient) -> None:
    seq = assert_recorded(send(make_killed_report(4)))["seq"]
    for timestamp in (str(seq + 1), "2026-01-06T00:00:00Z", "999999999999999"):
        assert_problem(client.get(f"/v1/totals?as_of={timestamp}"), 422, "as_of")


def test_a_place_is_unknown_before_it_was_added(send: SendRequest, client: FlaskClient) -> None:
    seq = assert_recorded(send(bodies.make_report()))["seq"]
    assert_recorded(
        send(
            make_killed_report(
                4, places=[REGION, OTHER], figures=[{"outcomes": ["killed"], "exactly": 4}]
            )
        )
    )
    assert_problem(client.get(f"/v1/totals?place=vorozhba&as_of={seq}"), 422, "place")


@pytest.fixture
def nested_figures(send: SendRequest) -> None:
    """At least 9 in the region on two days, 4 of them in a village on the first."""
    wide = {"outcomes": ["killed"], "low": 9, "places": ["ru-kursk"]}
    narrow = move_to_village({"outcomes": ["killed"], "exactly": 4})
    first = {"from": "2024-12-14", "to": "2024-12-14"}
    assert_recorded(
        send(
            bodies.make_report(
                places=[REGION, VILLAGE, OTHER],
                groups=["everyone"],
                period=bodies.PERIOD,
                figures=[wide, {**narrow, "period": first}],
            )
        )
    )


BOUNDED_QUERY = "outcomes=killed&from=2024-12-14&to=2024-12-15&place=ru-kursk"


@pytest.mark.parametrize(
    ("by", "parts", "unplaced"),
    [
        ("place", [("plekhovo", "Plekhovo", 4), ("vorozhba", "Vorozhba", 0)], 5),
        ("day", [("2024-12-14", "2024-12-14", 4), ("2024-12-15", "2024-12-15", 0)], 5),
        ("week", [("2024-W50", "2024-W50", 9)], 0),
        ("month", [("2024-12", "2024-12", 9)], 0),
        ("year", [("2024", "2024", 9)], 0),
        ("outcome", [("killed", "killed", 9)], 0),
        ("group", [], 9),
    ],
)
def test_a_breakdown_has_its_parts_and_what_is_unplaced(
    nested_figures: None,
    client: FlaskClient,
    by: str,
    parts: list[tuple[str, str, int]],
    unplaced: int,
) -> None:
    answer = get_answer(client, f"{BOUNDED_QUERY}&by={by}")
    answered_parts = [
        (part["key"], part["name"], part["totals"][0]["low"]) for part in answer["parts"]
    ]
    assert answered_parts == parts
    assert answer["unplaced"] == [{"outcomes": ["killed"], "low": unplaced}]
    assert (answer["totals"][0]["low"], answer["query"]["by"]) == (9, by)


def test_parts_have_their_own_caveats(nested_figures: None, client: FlaskClient) -> None:
    village, other = get_answer(client, f"{BOUNDED_QUERY}&by=place&explain=true")["parts"]
    assert {each["code"] for each in village["caveats"]} >= {"shared_places", "open_above"}
    assert other["caveats"][0]["figures"] == ["r1-1"]
    assert village["totals"][0]["because"]["low"][0]["figure"] == "r1-2"


def test_a_breakdown_by_reporter_has_nothing_unplaced(
    nested_figures: None, client: FlaskClient
) -> None:
    answer = get_answer(client, f"{BOUNDED_QUERY}&by=reporter")
    (part,) = answer["parts"]
    assert (part["key"], part["name"]) == ("ua-hur", "Defence Intelligence of Ukraine")
    assert "unplaced" not in answer
    assert "by_reporter" not in answer


def test_each_reporter_stands_alone_beside_the_whole(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(make_killed_report(30)))
    assert_recorded(send(make_killed_report(40, reporter=SKY)))
    answer = get_answer(client, "outcomes=killed&by_reporter=true&explain=true")
    assert [
        (each["reporter"], each["name"], each["totals"][0]["low"]) for each in answer["by_reporter"]
    ] == [("sky", "Sky", 40), ("ua-hur", "Defence Intelligence of Ukraine", 30)]
    assert all(not each["totals"][0]["disputed"] for each in answer["by_reporter"])
    assert all("because" in each["totals"][0] for each in answer["by_reporter"])
    assert "by_reporter" not in get_answer(client, "by_reporter=false")
    assert "parts" not in answer


def test_more_than_a_thousand_parts_are_refused(client: FlaskClient) -> None:
    many = "/v1/totals?by=day&outcomes=killed&from=2021-01-01"
    assert len(client.get(f"{many}&to=2023-09-27").get_json()["parts"]) == 1000
    assert_problem(client.get(f"{many}&to=2023-09-28"), 422, "by")


def test_a_csv_has_a_row_for_each_part_and_total(nested_figures: None, client: FlaskClient) -> None:
    answer = client.get(f"/v1/totals?{BOUNDED_QUERY}&by=place&format=csv")
    assert answer.mimetype == "text/csv"
    text = answer.get_data(as_text=True)
    assert text.splitlines()[0] == (
        "row,key,name,from,to,outcomes,reported,shape,low,high,placed_low,placed_high,best,text,"
        "disputed,exact,figures,reporters,caveats"
    )
    village, other, whole, unplaced = read_rows(text)
    assert {name: village[name] for name in ("key", "name", "outcomes", "reported")} == {
        "key": "plekhovo",
        "name": "Plekhovo",
        "outcomes": "killed",
        "reported": "true",
    }
    assert (village["low"], village["high"], village["text"]) == ("4", "", "at least 4 killed")
    assert (village["row"], village["shape"]) == ("part", "at_least")
    assert (village["from"], village["to"]) == ("2024-12-14", "2024-12-15")
    assert (village["placed_low"], village["placed_high"]) == ("4", "4")
    assert (village["disputed"], village["exact"]) == ("false", "true")
    assert (village["figures"], village["reporters"]) == ("2", "1")
    assert village["caveats"].split("; ")[:2] == ["shared_places", "open_above"]
    assert (other["low"], other["high"], other["shape"]) == ("0", "", "unknown")
    assert (other["placed_low"], other["placed_high"]) == ("", "")
    assert (whole["row"], whole["key"], whole["low"]) == ("whole", "ru-kursk", "9")
    assert (unplaced["row"], unplaced["key"], unplaced["low"]) == ("unplaced", "", "5")
    lows = [int(row["low"]) for row in (village, other, unplaced)]
    assert sum(lows) == int(whole["low"])


def test_a_csv_without_a_breakdown_has_the_whole_as_its_part(
    nested_figures: None, client: FlaskClient
) -> None:
    (whole,) = read_rows(
        client.get(f"/v1/totals?{BOUNDED_QUERY}&format=csv").get_data(as_text=True)
    )
    assert (whole["key"], whole["name"], whole["low"]) == ("ru-kursk", "Kursk", "9")
    everywhere = read_rows(client.get("/v1/totals?format=csv").get_data(as_text=True))
    assert {(row["key"], row["name"]) for row in everywhere} == {("", "everywhere")}
    assert [row["outcomes"] for row in everywhere][-1] == "killed,wounded,missing,captured"
    assert [row["reported"] for row in everywhere][:2] == ["true", "false"]
    assert (everywhere[1]["low"], everywhere[1]["text"]) == ("", "no figure reported")


def test_a_csv_has_outcomes_in_the_order_of_the_vocabulary(client: FlaskClient) -> None:
    (row,) = read_rows(
        client.get("/v1/totals?outcomes=captured,wounded&format=csv").get_data(as_text=True)
    )
    assert row["outcomes"] == "wounded,captured"


def test_a_name_that_looks_like_a_formula_is_escaped_in_csv(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place("x", name="=1+1")])))
    part, *_ = read_rows(
        client.get("/v1/totals?by=place&outcomes=killed&format=csv").get_data(as_text=True)
    )
    assert part["name"] == "'=1+1"


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
    ],
)
def test_the_accepted_format_is_answered(client: FlaskClient, accept: str, mimetype: str) -> None:
    answer = client.get("/v1/totals", headers={"Accept": accept})
    assert answer.mimetype == mimetype
    assert "Accept" in answer.headers["Vary"]


def test_the_format_parameter_overrides_the_accept_header(client: FlaskClient) -> None:
    answer = client.get("/v1/totals?format=json", headers={"Accept": "text/csv"})
    assert answer.mimetype == "application/json"


def test_a_known_etag_is_answered_with_304(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    tag = client.get("/v1/totals").headers["ETag"]
    assert not tag.startswith("W/")
    for if_none_match in (tag, f'"other", {tag}', f"W/{tag}"):
        again = client.get("/v1/totals", headers={"If-None-Match": if_none_match})
        assert (again.status_code, again.get_data()) == (304, b"")
        assert again.headers["ETag"] == tag


def test_a_new_report_changes_the_etag(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    tag = client.get("/v1/totals").headers["ETag"]
    assert_recorded(send(make_killed_report(6, reporter=SKY, places=["plekhovo"])))
    again = client.get("/v1/totals", headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["ETag"] != tag


def test_the_etag_of_an_answer_as_of_a_seq_stays_the_same(
    send: SendRequest, client: FlaskClient
) -> None:
    seq = assert_recorded(send(make_killed_report(4)))["seq"]
    tag = client.get(f"/v1/totals?as_of={seq}").headers["ETag"]
    assert_recorded(send(make_killed_report(6, reporter=SKY, places=["plekhovo"])))
    again = client.get(f"/v1/totals?as_of={seq}", headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_another_format_and_another_query_have_other_etags(client: FlaskClient) -> None:
    addresses = ["/v1/totals", "/v1/totals?format=csv", "/v1/totals?outcomes=killed"]
    tags = {client.get(path).headers["ETag"] for path in addresses}
    tags.add(client.get("/v1/totals", headers={"Accept": "text/csv"}).headers["ETag"])
    assert len(tags) == 4


def test_an_invalid_query_is_refused_whatever_etag_is_known(client: FlaskClient) -> None:
    answer = client.get("/v1/totals?place=nowhere", headers={"If-None-Match": "*"})
    assert_problem(answer, 422, "place")
    assert client.get("/v1/totals", headers={"If-None-Match": "*"}).status_code == 304


def test_a_failed_post_changes_no_total(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(make_killed_report(4)))
    before = client.get("/v1/totals")
    wrong = bodies.make_report(
        places=[bodies.make_place("new"), bodies.make_place("newer", parent="nowhere")],
        reporter={"id": "new", "name": "New"},
    )
    assert_problem(send(wrong), 422, "/places/1/parent")
    after = client.get("/v1/totals")
    assert (after.get_data(), after.headers["ETag"]) == (before.get_data(), before.headers["ETag"])


def test_people_reclassified_as_killed_are_subtracted_from_the_missing(
    send: SendRequest, client: FlaskClient
) -> None:
    """The contract's own example of a figure that reclassifies an earlier one's people."""
    missing = {"outcomes": ["missing"], "wording": "at least 3"}
    first = assert_recorded(send(bodies.make_report(figures=[missing])))
    link = {"figure": "r1-1", "from": "missing"}
    dead = {"outcomes": ["killed"], "exactly": 2, "reclassifies": link}
    assert_recorded(send(bodies.make_report(figures=[dead])))
    assert get_range(client, f"outcomes={ALL_OUTCOMES}") == (3, None)
    assert get_only_total(client, "outcomes=killed")["low"] == 2
    assert get_range(client, "outcomes=missing") == (1, None)
    still = get_answer(client, "outcomes=missing")
    assert "follows" in {caveat["code"] for caveat in still["caveats"]}

    five = {"outcomes": ["killed"], "exactly": 5}
    assert_recorded(send(bodies.make_report(reporter=SKY, figures=[five])))
    total = get_only_total(client, "outcomes=killed")
    assert (total["low"], total["high"], total["disputed"]) == (5, 5, False)

    for then in (first["seq"], first["recorded_at"]):
        assert get_range(client, f"outcomes={ALL_OUTCOMES}&as_of={then}") == (3, None)
        assert get_range(client, f"outcomes=missing&as_of={then}") == (3, None)
        assert get_only_total(client, f"outcomes=killed&as_of={then}")["reported"] is False


def test_people_are_missing_again_when_their_reclassification_is_retracted(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(send(bodies.make_report(figures=[{"outcomes": ["missing"], "exactly": 3}])))
    link = {"figure": "r1-1", "from": "missing"}
    dead = {"outcomes": ["killed"], "exactly": 2, "reclassifies": link}
    assert_recorded(send(bodies.make_report(figures=[dead])))
    assert get_range(client, "outcomes=missing") == (1, 1)
    assert_recorded(send(bodies.make_stance("acknowledges", supersedes="r2")))
    assert get_range(client, "outcomes=missing") == (3, 3)
    assert get_only_total(client, "outcomes=killed")["reported"] is False


def test_a_moved_place_keeps_its_figures(
    send: SendRequest, client: FlaskClient, put: SendRequest
) -> None:
    assert_recorded(
        send(make_killed_report(4, places=[REGION, VILLAGE, bodies.make_place("belgorod")]))
    )
    seq = get_answer(client)["as_of"]["seq"]
    moved = put("/v1/places/plekhovo", {"name": "Plekhovo", "parent": "belgorod"})
    assert moved.status_code == 200
    assert get_range(client, "outcomes=killed&place=belgorod") == (4, 4)
    assert get_range(client, "outcomes=killed&place=ru-kursk") == (None, None)
    assert get_range(client, f"outcomes=killed&place=belgorod&as_of={seq}") == (None, None)
    assert get_range(client, f"outcomes=killed&place=ru-kursk&as_of={seq}") == (4, 4)
    parts = get_answer(client, f"outcomes=killed&by=place&place=ru-kursk&as_of={seq}")["parts"]
    assert [part["key"] for part in parts] == ["plekhovo"]


def test_texts_are_utf_8_and_not_escaped(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report(reporter={"id": "hur", "name": "ГУР"})))
    text = client.get("/v1/totals").get_data(as_text=True)
    assert "ГУР" in text
    assert json.loads(text)["caveats"]
