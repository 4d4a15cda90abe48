"""Caveats and texts of totals over HTTP, by the examples of careful readers."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

LAND = {"id": "land", "name": "Land"}
COUNTRIES = [
    {"id": name.lower(), "name": name, "parent": "land"} for name in ("East", "North", "West")
]
DAY = {"from": "2024-12-14", "to": "2024-12-14"}
ALL = "killed,wounded,missing,captured"
MONITOR = {"id": "monitor", "name": "Monitor"}
ARMY = {"id": "army", "name": "Army", "party": True}


def post(send: SendRequest, figure: dict[str, Any], **changes: Any) -> None:
    """Record a report of one figure, by default of people killed in the east on one day."""
    whole = {"outcomes": ["killed"], **figure}
    defaults = {"reporter": MONITOR, "places": ["east"], "period": DAY}
    assert_recorded(send(bodies.make_report(figures=[whole], **{**defaults, **changes})))


def ask(client: FlaskClient, query: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the only total of a query, and its caveats by code."""
    answer = client.get(f"/v1/totals?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body = answer.get_json()
    (total,) = body["totals"]
    return total, {each["code"]: each for each in body["caveats"]}


@pytest.fixture(autouse=True)
def countries(send: SendRequest) -> None:
    """Three countries of a land, with a figure of a later year."""
    later = {"from": "2025-01-01", "to": "2025-01-01"}
    post(send, {"exactly": 1}, places=[LAND, *COUNTRIES], period=later)


def test_a_silent_country_is_named(send: SendRequest, client: FlaskClient) -> None:
    post(send, {"exactly": 100}, places=["east"])
    post(send, {"exactly": 200}, places=["north"])
    total, caveats = ask(client, "place=land&outcomes=killed&from=2024-12-14&to=2024-12-14")
    assert total["text"] == "300 killed"
    assert "in 1 of 3 places (West)." in caveats["partly_reported"]["text"]


def test_outcomes_that_nobody_reported_are_not_counted(
    send: SendRequest, client: FlaskClient
) -> None:
    post(send, {"exactly": 12})
    total, caveats = ask(client, f"place=east&outcomes={ALL}&to=2024-12-14")
    text = "12 killed, as reported; nothing was reported of wounded, missing or captured"
    assert (total["text"], total["placed"]["text"]) == (text, text)
    assert "partly_reported" in caveats


def test_the_zero_of_a_village_is_no_zero_of_the_land(
    send: SendRequest, client: FlaskClient
) -> None:
    post(send, {"exactly": 0}, places=["east"])
    total, _ = ask(client, "place=land&outcomes=killed&from=2024-01-01&to=2024-12-31")
    assert (total["low"], total["high"]) == (0, 0)
    assert total["text"] == (
        "0 killed in the part that was reported; nothing was reported of 2 of 3 places and 365 of "
        "366 days"
    )
    total, _ = ask(client, "place=east&outcomes=killed&from=2024-12-14&to=2024-12-14")
    assert total["text"] == "nobody killed"


def test_a_zero_that_follows_is_told_as_following(send: SendRequest, client: FlaskClient) -> None:
    post(send, {"exactly": 30}, places=["land"])
    post(send, {"exactly": 20}, places=["east"])
    post(send, {"exactly": 10}, places=["north"])
    total, caveats = ask(client, "place=west&outcomes=killed&from=2024-12-14&to=2024-12-14")
    assert (total["low"], total["high"]) == (0, 0)
    assert "nobody" not in total["text"]
    assert "follows" in caveats


def test_a_small_contradiction_leaves_the_nearest_reading_first(
    send: SendRequest, client: FlaskClient
) -> None:
    post(send, {"exactly": 5}, period={"from": None, "to": "2024-12-14"})
    post(send, {"exactly": 3}, period={"from": None, "to": "2024-12-15"})
    total, caveats = ask(client, "place=east&outcomes=killed&to=2024-12-15")
    assert total["contradiction"] == 2
    assert total["text"] == (
        "3 to 5 killed by the nearest reading; reports contradict each other by 2 people; "
        "at least 3 whichever is wrong"
    )
    assert "by Monitor (East, until 2024-12-14)" in caveats["disputed"]["text"]


def test_the_step_of_a_running_total_is_a_caveat(send: SendRequest, client: FlaskClient) -> None:
    post(send, {"exactly": 10}, period={"from": None, "to": "2024-12-14"})
    post(send, {"exactly": 14}, period={"from": None, "to": "2024-12-15"})
    total, caveats = ask(client, "place=east&outcomes=killed&from=2024-12-15&to=2024-12-15")
    assert (total["low"], total["high"]) == (4, 4)
    assert len(caveats["running_total_step"]["figures"]) == 2


def test_the_share_of_a_party_is_told(send: SendRequest, client: FlaskClient) -> None:
    post(send, {"exactly": 379_605}, reporter=ARMY, places=["east"])
    post(send, {"exactly": 6_243}, places=["north"])
    query = "outcomes=killed&from=2024-12-14&to=2024-12-14"
    _, caveats = ask(client, f"place=land&{query}")
    assert "379,605 of the 385,848" in caveats["party_to_conflict"]["text"]
    assert "Army" in caveats["party_to_conflict"]["text"]
    assert caveats["party_to_conflict"]["all"] is False
    _, caveats = ask(client, f"place=east&{query}")
    assert caveats["party_to_conflict"]["all"] is True
    assert "all" not in caveats["single_reporter"]


def test_an_open_high_names_who_opens_it(send: SendRequest, client: FlaskClient) -> None:
    post(send, {"low": 3})
    post(send, {"low": 0, "high": 9, "outcomes": ["wounded"]}, reporter=ARMY)
    _, caveats = ask(client, "place=east&outcomes=killed,wounded&to=2024-12-14")
    assert "by Monitor." in caveats["open_above"]["text"]
    assert caveats["open_above"]["reporters"] == ["monitor"]


def test_one_incident_told_elsewhere_is_a_caveat(send: SendRequest, client: FlaskClient) -> None:
    post(send, {"exactly": 10, "incident": "acled:1"})
    post(
        send, {"exactly": 10, "incident": "acled:1"}, reporter=ARMY,
        period={"from": "2024-12-15", "to": "2024-12-15"},
    )  # fmt: skip
    total, caveats = ask(client, "place=east&outcomes=killed&from=2024-12-14&to=2024-12-15")
    assert (total["low"], total["high"]) == (10, 20)
    assert len(caveats["same_incident_elsewhere"]["figures"]) == 2


def test_many_caveats_of_reports_do_not_make_an_answer_longer(
    send: SendRequest, client: FlaskClient
) -> None:
    for number in range(30):
        caveats = [f"Told by witness {number:02}.", "preliminary"]
        post(send, {"exactly": 1}, incident=f"acled:{number}", caveats=caveats)
    query = "place=east&outcomes=killed&from=2024-12-14&to=2024-12-14"
    _, found = ask(client, query)
    assert [code for code in found if code.startswith("Told")] == [
        f"Told by witness {number:02}." for number in range(19)
    ]
    assert found["preliminary"]["reports_count"] == 30
    more = found["more_report_caveats"]
    assert more["text"] == "The reports of 11 figures state 11 more caveats."
    listed = client.get(f"/v1/totals/figures?{query}").get_json()["figures"]
    reports = {each["figure"]: each["report"] for each in listed}
    assert [reports[each] for each in more["figures"]] == more["reports"]
    texts = [client.get(f"/v1/reports/{each}").get_json()["caveats"][0] for each in more["reports"]]
    assert texts == [f"Told by witness {number:02}." for number in range(19, 30)]
