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
from tests import make
from tests.check import problem, recorded
from tests.conftest import Send

SKY = {"id": "sky", "name": "Sky"}
BBC = {"id": "bbc", "name": "BBC"}
REGION = {"id": "ru-kursk", "name": "Kursk"}
VILLAGE = make.place(parent="ru-kursk")
OTHER = make.place("vorozhba", parent="ru-kursk")
DPRK = {"id": "dprk-forces", "name": "North Korean (DPRK) forces"}
ALL = "killed,wounded,missing,captured"


def ask(client: FlaskClient, query: str = "", path: str = "/v1/totals") -> dict[str, Any]:
    """Return the answer to a question, which must be one."""
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def one(client: FlaskClient, query: str = "") -> dict[str, Any]:
    """Return the only total of the answer."""
    (total,) = ask(client, query)["totals"]
    return dict(total)


def ends(client: FlaskClient, query: str = "outcomes=killed") -> tuple[int | None, int | None]:
    """Return low and high of the only total."""
    total = one(client, query)
    return total["low"], total["high"]


def killed(number: int, **changes: Any) -> dict[str, Any]:
    """Return a report of exactly so many killed in a village."""
    figure = {"outcomes": ["killed"], "exactly": number}
    return make.report(**{"places": [REGION, VILLAGE], "figures": [in_village(figure)], **changes})


def in_village(figure: dict[str, Any]) -> dict[str, Any]:
    """Return the figure, of the village alone."""
    return {**figure, "places": ["plekhovo"]}


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a table by column."""
    return list(csv.DictReader(io.StringIO(text)))


def test_an_answer_has_the_shape_of_the_contract(send: Send, client: FlaskClient) -> None:
    recorded(send(make.report()))
    assert ask(client, "outcomes=killed,wounded&explain=true") == {
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
        },
        "as_of": {"seq": 3, "recorded_at": "2026-01-05T10:00:00.000000Z"},
        "totals": [
            {
                "outcomes": ["killed", "wounded"],
                "reported": True,
                "low": 30,
                "high": None,
                "text": "at least 30 killed or wounded",
                "best": None,
                "disputed": False,
                "nearest": None,
                "set_aside": {"floors": [], "ceilings": []},
                "exact": True,
                "figures": 1,
                "reporters": 1,
                "because": {
                    "low": [{"figure": "r1-1", "times": 1, "end": "low", "people": 30}],
                    "high": [],
                },
            }
        ],
        "caveats": [
            {
                "code": code,
                "outcomes": ["killed", "wounded"],
                "figures": ["r1-1"],
                "reports": ["r1"],
                "reporters": ["ua-hur"],
                "text": text,
            }
            for code, text in [
                (
                    "open_above",
                    "No ceiling is known: the number may be higher than any that was reported.",
                ),
                (
                    "party_to_conflict",
                    "Every figure counted comes from a party to the conflict:"
                    " Defence Intelligence of Ukraine.",
                ),
                (
                    "single_reporter",
                    "Every figure counted comes from one reporter,"
                    " Defence Intelligence of Ukraine.",
                ),
            ]
        ],
        "used": ["r1-1"],
        "excluded": [],
    }


def test_nothing_reported_is_not_zero(client: FlaskClient) -> None:
    totals = ask(client)["totals"]
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
    send: Send, client: FlaskClient
) -> None:
    recorded(send(make.report()))
    sets = [",".join(total["outcomes"]) for total in ask(client)["totals"]]
    assert sets == ["killed", "wounded", "missing", "captured", "killed,wounded", ALL]


def test_outcomes_are_one_joint_set_and_may_be_repeated(send: Send, client: FlaskClient) -> None:
    recorded(send(make.report()))
    totals = ask(client, "outcomes=wounded,killed&outcomes=killed")["totals"]
    assert [(total["outcomes"], total["low"]) for total in totals] == [
        (["killed", "wounded"], 30),
        (["killed"], 0),
    ]


def test_the_same_outcomes_twice_are_refused(client: FlaskClient) -> None:
    problem(
        client.get("/v1/totals?outcomes=killed,wounded&outcomes=wounded,killed"), 422, "outcomes"
    )
    problem(client.get("/v1/totals?outcomes=killed,killed"), 422, "outcomes")


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
def test_a_total_is_said_in_words(
    send: Send, client: FlaskClient, figure: dict[str, Any], text: str
) -> None:
    recorded(send(make.report(figures=[{"outcomes": ["killed"], **figure}])))
    assert one(client, "outcomes=killed")["text"] == text


def test_a_dispute_tells_both_sides(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(30)))
    recorded(send(killed(40, reporter=SKY)))
    total = one(client, "outcomes=killed")
    assert (total["low"], total["high"], total["disputed"]) == (30, 40, True)
    assert total["nearest"] == {"low": 30, "high": 40}
    assert total["set_aside"] == {"floors": ["r2-1"], "ceilings": ["r1-1"]}
    assert total["text"] == "between 30 and 40 killed, disputed"
    assert (total["figures"], total["reporters"]) == (2, 2)
    (caveat,) = [
        each for each in ask(client, "outcomes=killed")["caveats"] if each["code"] == "disputed"
    ]
    assert (caveat["figures"], caveat["reports"]) == (["r2-1", "r1-1"], ["r2", "r1"])


def test_half_of_an_end_is_told_as_a_fraction(send: Send, client: FlaskClient) -> None:
    places = [make.place("x"), make.place("y"), make.place("z")]
    pairs = [["x", "y"], ["y", "z"], ["x", "z"]]
    figures = [{"outcomes": ["killed"], "low": 1, "places": pair} for pair in pairs]
    recorded(send(make.report(places=places, figures=figures)))
    total = one(client, "outcomes=killed&explain=true")
    assert (total["low"], total["exact"]) == (2, True)
    assert [step["times"] for step in total["because"]["low"]] == [0.5, 0.5, 0.5]


def test_an_answer_cut_short_says_so_and_may_be_another_the_next_time(
    send: Send, client: FlaskClient, settings: Settings
) -> None:
    places = [make.place("x"), make.place("y"), make.place("z")]
    pairs = [["x", "y"], ["y", "z"], ["x", "z"]]
    figures = [{"outcomes": ["killed"], "exactly": 2, "places": pair} for pair in pairs]
    recorded(send(make.report(places=places, figures=figures)))
    hurried = create_app(replace(settings, solver_seconds=1e-9)).test_client()
    short = hurried.get("/v1/totals?place=x&outcomes=killed")
    (total,) = short.get_json()["totals"]
    assert (total["low"], total["high"], total["exact"]) == (0, None, False)
    assert "not_exact" in [caveat["code"] for caveat in short.get_json()["caveats"]]
    whole = client.get("/v1/totals?place=x&outcomes=killed")
    assert whole.get_json()["totals"][0]["low"] == 1
    assert whole.headers["ETag"] != short.headers["ETag"]


def test_a_place_holds_all_below_it(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    assert ends(client, "place=ru-kursk&outcomes=killed") == (4, 4)
    assert ends(client, "place=plekhovo,ru-kursk&outcomes=killed") == (4, 4)


def test_the_address_of_a_place_fills_in_the_place(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    told = ask(client, "outcomes=killed", path="/v1/places/ru-kursk/totals")
    assert told == ask(client, "outcomes=killed&place=ru-kursk")
    problem(client.get("/v1/places/ru-kursk/totals?place=plekhovo"), 422, "place")


def test_the_address_of_an_unknown_place_is_not_found(client: FlaskClient) -> None:
    problem(client.get("/v1/places/nowhere/totals"), 404)


def test_days_are_both_included(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4, period={"from": "2024-12-14", "to": "2024-12-15"})))
    assert ends(client, "outcomes=killed&from=2024-12-14&to=2024-12-15") == (4, 4)
    assert ends(client, "outcomes=killed&from=2024-12-15") == (0, 4)
    assert ends(client, "outcomes=killed&to=2024-12-14") == (0, 4)
    assert ends(client, "outcomes=killed&to=2024-12-13") == (None, None)


def test_a_period_that_ends_before_it_begins_is_refused(client: FlaskClient) -> None:
    problem(client.get("/v1/totals?from=2024-12-15&to=2024-12-14"), 422, "to")


@pytest.mark.parametrize("day", ["2024-12-32", "14.12.2024", "2024-12", "today", ""])
def test_what_is_no_day_is_refused(client: FlaskClient, day: str) -> None:
    problem(client.get("/v1/totals", query_string={"from": day}), 422, "from")


def test_groups_are_asked_for_with_all_below_them(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4, groups=[DPRK])))
    assert ends(client, "outcomes=killed&group=dprk-forces") == (4, 4)
    assert ends(client, "outcomes=killed&group=everyone") == (4, 4)
    assert ask(client, "group=dprk-forces")["query"]["groups"] == ["dprk-forces"]


def test_reporters_may_be_chosen_and_left_out(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(30)))
    recorded(send(killed(40, reporter=SKY)))
    assert ends(client, "outcomes=killed&reporter=sky") == (40, 40)
    assert ends(client, "outcomes=killed&reporter=sky,ua-hur") == (30, 40)
    assert ends(client, "outcomes=killed&exclude_reporter=sky") == (30, 30)
    assert ends(client, "outcomes=killed&party=exclude") == (40, 40)
    assert ask(client, "party=exclude")["excluded"] == []


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
    problem(client.get(f"/v1/totals?{query}"), 422, query.partition("=")[0])


@pytest.mark.parametrize(
    "query", ["places=a", "Place=a", "from=2024-01-01&from=2024-01-01", "as_of=0&as_of=0"]
)
def test_unknown_and_repeated_parameters_are_refused(client: FlaskClient, query: str) -> None:
    problem(client.get(f"/v1/totals?{query}"), 422, query.partition("=")[0])


@pytest.mark.parametrize("parameter", ["place", "group", "reporter", "exclude_reporter"])
def test_unknown_ids_are_refused_with_those_near(
    send: Send, client: FlaskClient, parameter: str
) -> None:
    recorded(send(killed(4, groups=[DPRK])))
    known = {"place": "plekhovo", "group": "dprk-forces"}.get(parameter, "ua-hur")
    body = problem(client.get(f"/v1/totals?{parameter}={known}x,zzz"), 422, parameter, parameter)
    assert f"did you mean {known}?" in body["errors"][0]["detail"]
    assert "did you mean" not in body["errors"][1]["detail"]


def test_what_straddles_is_left_out_when_asked(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    recorded(send(make.report(places=["ru-kursk"], reporter=SKY)))
    told = ask(client, "place=plekhovo&straddling=exclude&outcomes=killed")
    assert (told["used"], told["excluded"]) == (
        ["r1-1"],
        [{"figure": "r2-1", "reason": "straddles"}],
    )
    assert told["totals"][0]["text"] == "4 killed"
    assert ask(client, "place=plekhovo&straddling=include")["excluded"] == []


def test_a_relay_and_the_relay_of_a_relay_are_not_counted(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    recorded(send(killed(5, reporter=SKY, relays="r1", places=["plekhovo"])))
    recorded(send(killed(6, reporter=BBC, relays="r2", places=["plekhovo"])))
    told = ask(client, "outcomes=killed")
    assert (told["totals"][0]["low"], told["totals"][0]["high"]) == (4, 4)
    assert told["used"] == ["r1-1"]
    assert told["excluded"] == [
        {"figure": "r2-1", "reason": "relay"},
        {"figure": "r3-1", "reason": "relay"},
    ]
    (caveat,) = [each for each in told["caveats"] if each["code"] == "relayed"]
    assert caveat["reports"] == ["r2", "r3"]


def test_a_relay_is_not_counted_alone_either(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    recorded(send(killed(5, reporter=SKY, relays="r1", places=["plekhovo"])))
    told = ask(client, "outcomes=killed&reporter=sky")
    assert not told["totals"][0]["reported"]
    assert [caveat["code"] for caveat in told["caveats"]] == ["relayed"]


def test_what_was_replaced_is_not_counted_from_then_on(send: Send, client: FlaskClient) -> None:
    seq = recorded(send(killed(4)))["seq"]
    recorded(send(killed(6, supersedes="r1", places=["plekhovo"])))
    told = ask(client, "outcomes=killed")
    assert (told["used"], told["excluded"]) == (
        ["r2-1"],
        [{"figure": "r1-1", "reason": "superseded"}],
    )
    assert ends(client) == (6, 6)
    assert ends(client, f"outcomes=killed&as_of={seq}") == (4, 4)
    assert ask(client, f"outcomes=killed&as_of={seq}")["excluded"] == []


@pytest.mark.parametrize(
    ("stance", "code"),
    [
        ("does_not_acknowledge", "not_acknowledged"),
        ("declines_to_say", "declined"),
        ("acknowledges", "undisclosed"),
    ],
)
def test_a_stance_is_a_caveat_and_never_a_zero(
    send: Send, client: FlaskClient, stance: str, code: str
) -> None:
    recorded(send(make.stance(stance)))
    told = ask(client, "outcomes=killed")
    assert told["totals"][0]["reported"] is False
    assert (told["used"], told["excluded"]) == ([], [])
    (caveat,) = told["caveats"]
    assert (caveat["code"], caveat["reports"], caveat["reporters"]) == (code, ["r1"], ["ua-hur"])
    assert caveat["figures"] == []


def test_a_stance_changes_no_number(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    recorded(send(make.stance(reporter=SKY, places=["plekhovo"])))
    assert ends(client) == (4, 4)


def test_best_is_the_reporters_own_estimate(send: Send, client: FlaskClient) -> None:
    figure = {"outcomes": ["killed"], "low": 2, "high": 9, "best": 5}
    recorded(send(make.report(figures=[figure])))
    assert one(client, "outcomes=killed")["best"] == 5
    assert one(client, f"outcomes={ALL}")["best"] == 5
    assert one(client, "outcomes=killed&from=2024-12-15")["best"] is None


def test_as_of_an_entry_answers_as_the_service_did_then(send: Send, client: FlaskClient) -> None:
    seq = recorded(send(killed(4)))["seq"]
    before = ask(client, "outcomes=killed")
    recorded(send(killed(6, reporter=SKY, places=["plekhovo"])))
    then = ask(client, f"outcomes=killed&as_of={seq}")
    assert then["query"].pop("as_of") == seq
    before["query"].pop("as_of")
    assert then == before


def test_as_of_inside_a_request_answers_as_after_it(send: Send, client: FlaskClient) -> None:
    last = recorded(send(killed(4)))["seq"]
    for seq in range(1, last):
        assert ask(client, f"as_of={seq}")["as_of"]["seq"] == last


def test_as_of_an_instant_answers_as_of_the_last_entry_by_then(
    send: Send, client: FlaskClient
) -> None:
    first = recorded(send(killed(4)))
    second = recorded(send(killed(6, reporter=SKY, places=["plekhovo"])))
    told = ask(client, f"outcomes=killed&as_of={first['recorded_at']}")
    assert told["as_of"] == {"seq": first["seq"], "recorded_at": first["recorded_at"]}
    assert told["query"]["as_of"] == first["recorded_at"]
    between = first["recorded_at"].replace(".000000Z", ".5Z")
    assert ask(client, f"as_of={between}")["as_of"]["seq"] == first["seq"]
    assert ask(client, f"as_of={second['recorded_at']}")["as_of"]["seq"] == second["seq"]


def test_as_of_before_everything_nothing_is_reported(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    for moment in ("0", "2026-01-05T09:59:59Z"):
        told = ask(client, f"as_of={moment}")
        assert told["as_of"] == {"seq": 0, "recorded_at": None}
        assert not any(total["reported"] for total in told["totals"])
        assert (told["caveats"], told["used"], told["excluded"]) == ([], [], [])


def test_as_of_the_future_is_refused(send: Send, client: FlaskClient) -> None:
    seq = recorded(send(killed(4)))["seq"]
    for moment in (str(seq + 1), "2026-01-06T00:00:00Z", "999999999999999"):
        problem(client.get(f"/v1/totals?as_of={moment}"), 422, "as_of")


def test_a_place_is_unknown_before_it_was_named(send: Send, client: FlaskClient) -> None:
    seq = recorded(send(make.report()))["seq"]
    recorded(
        send(killed(4, places=[REGION, OTHER], figures=[{"outcomes": ["killed"], "exactly": 4}]))
    )
    problem(client.get(f"/v1/totals?place=vorozhba&as_of={seq}"), 422, "place")


@pytest.fixture
def cut(send: Send) -> None:
    """At least 9 in the region on two days, 4 of them in a village on the first."""
    wide = {"outcomes": ["killed"], "low": 9, "places": ["ru-kursk"]}
    narrow = in_village({"outcomes": ["killed"], "exactly": 4})
    first = {"from": "2024-12-14", "to": "2024-12-14"}
    recorded(
        send(
            make.report(
                places=[REGION, VILLAGE, OTHER],
                groups=["everyone"],
                period=make.PERIOD,
                figures=[wide, {**narrow, "period": first}],
            )
        )
    )


BOUNDED = "outcomes=killed&from=2024-12-14&to=2024-12-15&place=ru-kursk"


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
def test_an_answer_is_cut(
    cut: None, client: FlaskClient, by: str, parts: list[tuple[str, str, int]], unplaced: int
) -> None:
    told = ask(client, f"{BOUNDED}&by={by}")
    found = [(part["key"], part["name"], part["totals"][0]["low"]) for part in told["parts"]]
    assert found == parts
    assert told["unplaced"] == [{"outcomes": ["killed"], "low": unplaced}]
    assert (told["totals"][0]["low"], told["query"]["by"]) == (9, by)


def test_parts_have_their_own_caveats(cut: None, client: FlaskClient) -> None:
    village, other = ask(client, f"{BOUNDED}&by=place&explain=true")["parts"]
    assert {each["code"] for each in village["caveats"]} >= {"shared_places", "open_above"}
    assert other["caveats"][0]["figures"] == ["r1-1"]
    assert village["totals"][0]["because"]["low"][0]["figure"] == "r1-2"


def test_reporters_are_parts_without_anything_unplaced(cut: None, client: FlaskClient) -> None:
    told = ask(client, f"{BOUNDED}&by=reporter")
    (part,) = told["parts"]
    assert (part["key"], part["name"]) == ("ua-hur", "Defence Intelligence of Ukraine")
    assert "unplaced" not in told
    assert "by_reporter" not in told


def test_each_reporter_stands_alone_beside_the_whole(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(30)))
    recorded(send(killed(40, reporter=SKY)))
    told = ask(client, "outcomes=killed&by_reporter=true&explain=true")
    assert [
        (each["reporter"], each["name"], each["totals"][0]["low"]) for each in told["by_reporter"]
    ] == [("sky", "Sky", 40), ("ua-hur", "Defence Intelligence of Ukraine", 30)]
    assert all(not each["totals"][0]["disputed"] for each in told["by_reporter"])
    assert all("because" in each["totals"][0] for each in told["by_reporter"])
    assert "by_reporter" not in ask(client, "by_reporter=false")
    assert "parts" not in told


@pytest.mark.parametrize("by", ["day", "week", "month", "year"])
@pytest.mark.parametrize("days", ["", "&from=2024-12-14", "&to=2024-12-14"])
def test_an_open_period_cannot_be_cut(client: FlaskClient, by: str, days: str) -> None:
    problem(client.get(f"/v1/totals?by={by}{days}"), 422, "from")


def test_a_thousand_parts_are_the_most(client: FlaskClient) -> None:
    many = "/v1/totals?by=day&outcomes=killed&from=2021-01-01"
    assert len(client.get(f"{many}&to=2023-09-27").get_json()["parts"]) == 1000
    problem(client.get(f"{many}&to=2023-09-28"), 422, "by")


def test_a_table_has_a_row_for_each_part_and_total(cut: None, client: FlaskClient) -> None:
    answer = client.get(f"/v1/totals?{BOUNDED}&by=place&format=csv")
    assert answer.mimetype == "text/csv"
    text = answer.get_data(as_text=True)
    assert text.splitlines()[0] == "key,name,outcomes,reported,low,high,text,disputed,exact,caveats"
    village, other = rows(text)
    assert {name: village[name] for name in ("key", "name", "outcomes", "reported")} == {
        "key": "plekhovo",
        "name": "Plekhovo",
        "outcomes": "killed",
        "reported": "true",
    }
    assert (village["low"], village["high"], village["text"]) == ("4", "", "at least 4 killed")
    assert (village["disputed"], village["exact"]) == ("false", "true")
    assert village["caveats"].split("; ")[:2] == ["shared_places", "open_above"]
    assert (other["low"], other["high"]) == ("0", "")


def test_a_table_without_a_cut_has_the_whole_as_its_part(cut: None, client: FlaskClient) -> None:
    (whole,) = rows(client.get(f"/v1/totals?{BOUNDED}&format=csv").get_data(as_text=True))
    assert (whole["key"], whole["name"], whole["low"]) == ("ru-kursk", "Kursk", "9")
    everywhere = rows(client.get("/v1/totals?format=csv").get_data(as_text=True))
    assert {(row["key"], row["name"]) for row in everywhere} == {("", "everywhere")}
    assert [row["outcomes"] for row in everywhere][-1] == "killed,wounded,missing,captured"
    assert [row["reported"] for row in everywhere][:2] == ["true", "false"]
    assert (everywhere[1]["low"], everywhere[1]["text"]) == ("", "no figure reported")


def test_a_table_lists_outcomes_in_the_usual_order(client: FlaskClient) -> None:
    (row,) = rows(
        client.get("/v1/totals?outcomes=captured,wounded&format=csv").get_data(as_text=True)
    )
    assert row["outcomes"] == "wounded,captured"


def test_a_name_is_no_formula_in_a_table(send: Send, client: FlaskClient) -> None:
    recorded(send(make.report(places=[make.place("x", name="=1+1")])))
    (row,) = rows(
        client.get("/v1/totals?by=place&outcomes=killed&format=csv").get_data(as_text=True)
    )
    assert row["name"] == "'=1+1"


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
    ],
)
def test_the_accepted_form_is_answered(client: FlaskClient, accept: str, mimetype: str) -> None:
    answer = client.get("/v1/totals", headers={"Accept": accept})
    assert answer.mimetype == mimetype
    assert "Accept" in answer.headers["Vary"]


def test_the_named_form_goes_before_the_accepted_one(client: FlaskClient) -> None:
    answer = client.get("/v1/totals?format=json", headers={"Accept": "text/csv"})
    assert answer.mimetype == "application/json"


def test_what_is_known_already_is_not_sent_again(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    tag = client.get("/v1/totals").headers["ETag"]
    assert not tag.startswith("W/")
    for held in (tag, f'"other", {tag}', f"W/{tag}"):
        again = client.get("/v1/totals", headers={"If-None-Match": held})
        assert (again.status_code, again.get_data()) == (304, b"")
        assert again.headers["ETag"] == tag


def test_a_new_report_makes_it_another_answer(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    tag = client.get("/v1/totals").headers["ETag"]
    recorded(send(killed(6, reporter=SKY, places=["plekhovo"])))
    again = client.get("/v1/totals", headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["ETag"] != tag


def test_an_answer_as_of_an_entry_stays_the_same(send: Send, client: FlaskClient) -> None:
    seq = recorded(send(killed(4)))["seq"]
    tag = client.get(f"/v1/totals?as_of={seq}").headers["ETag"]
    recorded(send(killed(6, reporter=SKY, places=["plekhovo"])))
    again = client.get(f"/v1/totals?as_of={seq}", headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_a_table_and_another_question_are_other_answers(client: FlaskClient) -> None:
    asked = ["/v1/totals", "/v1/totals?format=csv", "/v1/totals?outcomes=killed"]
    tags = {client.get(path).headers["ETag"] for path in asked}
    tags.add(client.get("/v1/totals", headers={"Accept": "text/csv"}).headers["ETag"])
    assert len(tags) == 4


def test_a_wrong_question_is_refused_whatever_is_known_already(client: FlaskClient) -> None:
    answer = client.get("/v1/totals?place=nowhere", headers={"If-None-Match": "*"})
    problem(answer, 422, "place")
    assert client.get("/v1/totals", headers={"If-None-Match": "*"}).status_code == 304


def test_a_failed_post_changes_no_total(send: Send, client: FlaskClient) -> None:
    recorded(send(killed(4)))
    before = client.get("/v1/totals")
    wrong = make.report(
        places=[make.place("new"), make.place("newer", parent="nowhere")],
        reporter={"id": "new", "name": "New"},
    )
    problem(send(wrong), 422, "/places/1/parent")
    after = client.get("/v1/totals")
    assert (after.get_data(), after.headers["ETag"]) == (before.get_data(), before.headers["ETag"])


def test_people_found_dead_were_among_the_missing(send: Send, client: FlaskClient) -> None:
    """The contract's own example of a figure that reclassifies an earlier one's people."""
    missing = {"outcomes": ["missing"], "wording": "at least 3"}
    first = recorded(send(make.report(figures=[missing])))
    link = {"figure": "r1-1", "from": "missing"}
    dead = {"outcomes": ["killed"], "exactly": 2, "reclassifies": link}
    recorded(send(make.report(figures=[dead])))
    assert ends(client, f"outcomes={ALL}") == (3, None)
    assert one(client, "outcomes=killed")["low"] == 2
    assert ends(client, "outcomes=missing") == (1, None)
    still = ask(client, "outcomes=missing")
    assert "shared_outcomes" in {caveat["code"] for caveat in still["caveats"]}

    five = {"outcomes": ["killed"], "exactly": 5}
    recorded(send(make.report(reporter=SKY, figures=[five])))
    total = one(client, "outcomes=killed")
    assert (total["low"], total["high"], total["disputed"]) == (5, 5, False)

    for then in (first["seq"], first["recorded_at"]):
        assert ends(client, f"outcomes={ALL}&as_of={then}") == (3, None)
        assert ends(client, f"outcomes=missing&as_of={then}") == (3, None)
        assert one(client, f"outcomes=killed&as_of={then}")["reported"] is False


def test_people_are_missing_again_when_who_found_them_dead_takes_it_back(
    send: Send, client: FlaskClient
) -> None:
    recorded(send(make.report(figures=[{"outcomes": ["missing"], "exactly": 3}])))
    link = {"figure": "r1-1", "from": "missing"}
    dead = {"outcomes": ["killed"], "exactly": 2, "reclassifies": link}
    recorded(send(make.report(figures=[dead])))
    assert ends(client, "outcomes=missing") == (1, 1)
    recorded(send(make.stance("acknowledges", supersedes="r2")))
    assert ends(client, "outcomes=missing") == (3, 3)
    assert one(client, "outcomes=killed")["reported"] is False


def test_a_place_takes_its_figures_along(send: Send, client: FlaskClient, put: Send) -> None:
    recorded(send(killed(4, places=[REGION, VILLAGE, make.place("belgorod")])))
    seq = ask(client)["as_of"]["seq"]
    moved = put("/v1/places/plekhovo", {"name": "Plekhovo", "parent": "belgorod"})
    assert moved.status_code == 200
    assert ends(client, "outcomes=killed&place=belgorod") == (4, 4)
    assert ends(client, "outcomes=killed&place=ru-kursk") == (None, None)
    assert ends(client, f"outcomes=killed&place=belgorod&as_of={seq}") == (None, None)
    assert ends(client, f"outcomes=killed&place=ru-kursk&as_of={seq}") == (4, 4)
    parts = ask(client, f"outcomes=killed&by=place&place=ru-kursk&as_of={seq}")["parts"]
    assert [part["key"] for part in parts] == ["plekhovo"]


def test_texts_are_in_utf_8_as_people_read_them(send: Send, client: FlaskClient) -> None:
    recorded(send(make.report(reporter={"id": "hur", "name": "ГУР"})))
    text = client.get("/v1/totals").get_data(as_text=True)
    assert "ГУР" in text
    assert json.loads(text)["caveats"]
