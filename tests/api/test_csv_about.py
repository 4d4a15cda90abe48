"""CSV that says what it is about: the question, the state and the address, and where places are."""

import csv
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

LAND = {"id": "land", "name": "Land"}
VILLAGE = {"id": "v", "name": "Hill", "parent": LAND, "longitude": 36.5, "latitude": 34.25}
ARMY = [{"id": "army", "name": "Army", "facet": "side"}]


@pytest.fixture
def recorded(send: SendRequest) -> int:
    """Two reports of a village and of the land around it; the number of events."""
    figures = [{"outcomes": ["killed"], "low": 3}]
    assert_recorded(send(bodies.make_report(places=[VILLAGE], figures=figures, groups=ARMY)))
    both = bodies.make_report(places=[VILLAGE, bodies.make_place("far")], figures=figures)
    seq: int = assert_recorded(send(both))["seq"]
    return seq


def read_csv(client: FlaskClient, address: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return the lines before the header, and the rows."""
    answer = client.get(address)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    lines = answer.get_data(as_text=True).splitlines()
    about = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
    return about, list(csv.DictReader(lines[len(about) :]))


@pytest.mark.parametrize(
    ("query", "question"),
    [
        ("outcomes=killed", "How many people were reported killed?"),
        (
            "place=land&outcomes=killed&outcomes=killed,wounded&by=place,month"
            "&from=2024-12-01&to=2024-12-31&group=army",
            "How many people were reported killed and killed or wounded in Land, from 2024-12-01 to"
            " 2024-12-31, of Army, by place and month?",
        ),
        (
            "outcomes=missing&to=2024-12-31&reporter=ua-hur&straddling=exclude",
            "How many people were reported missing, until 2024-12-31, according to Defence"
            " Intelligence of Ukraine alone, from figures wholly inside?",
        ),
        (
            "outcomes=killed&from=2024-12-01&exclude_reporter=ua-hur&party=exclude&compare=1",
            "How many people were reported killed, since 2024-12-01, without Defence Intelligence"
            " of Ukraine, without parties to the conflict, now and after event 5?",
        ),
    ],
)
def test_totals_say_what_was_asked(
    client: FlaskClient, recorded: int, query: str, question: str
) -> None:
    about, rows = read_csv(client, f"/v1/totals?{query}&format=csv&about=true")
    assert about[0] == question
    assert f"after event {recorded} of the record, recorded at 2026-01-" in about[2]
    assert about[3].startswith("http://localhost/v1/totals?")
    # The address gives the same again, whatever is recorded later.
    address = urlsplit(about[3])
    assert address.query.endswith(f"&as_of={recorded}")
    assert read_csv(client, f"{address.path}?{address.query}") == (about, rows)


def test_rows_of_places_say_where_they_are(client: FlaskClient, recorded: int) -> None:
    _, rows = read_csv(
        client, "/v1/totals?place=land&by=place&outcomes=killed&format=csv&about=true"
    )
    located = [(row["row"], row["parent"], row["longitude"], row["latitude"]) for row in rows]
    assert located == [
        ("part", "land", "36.5", "34.25"), ("whole", "", "", ""), ("unplaced", "", "", ""),
    ]  # fmt: skip
    _, rows = read_csv(client, "/v1/totals?place=v&by=month,place&format=csv&about=true")
    assert {row["parent"] for row in rows} == {"land"}
    _, rows = read_csv(client, "/v1/totals?place=v,far&by=month&format=csv&about=true")
    assert {row["parent"] for row in rows} == {""}


def test_reports_say_what_was_asked(client: FlaskClient, recorded: int) -> None:
    about, rows = read_csv(
        client,
        "/v1/reports?place=land&group=army&reporter=ua-hur&state=live,relay&outcomes=killed"
        "&from=2024-12-01&to=2024-12-31&format=csv&about=true&limit=1",
    )
    assert about[0] == (
        "Which reports are there, about Land, of Army, by Defence Intelligence of Ukraine, from"
        " 2024-12-01 to 2024-12-31, in the state live or relay, that count killed?"
    )
    assert about[2].endswith(f"&limit=1&as_of={recorded}")
    assert [row["parent"] for row in rows] == ["land"]
    about, rows = read_csv(client, "/v1/reports?q=hills&format=csv&about=true")
    assert about[0] == "Which reports are there, with hills?" and rows == []
    about, rows = read_csv(
        client, "/v1/reports?contradicts=true&ref=a&incident=x:1&format=csv&about=true"
    )
    assert about[0] == (
        "Which reports are there, that contradict earlier ones, with the ref a, of incident x:1?"
    )
    _, rows = read_csv(client, "/v1/reports?format=csv&about=true")
    assert [row["longitude"] for row in rows] == ["36.5", ""]  # The second is about two places.


def test_lists_of_entities_say_what_was_asked(client: FlaskClient, recorded: int) -> None:
    about, rows = read_csv(client, "/v1/places?parent=land&q=hi&format=csv&about=true")
    assert about[0] == "Which places are there, right below Land, with hi in a name?"
    assert about[2] == "http://localhost/v1/places?parent=land&q=hi&format=csv&about=true"
    assert [(row["id"], row["parent"], row["longitude"]) for row in rows] == [("v", "land", "36.5")]
    about, _ = read_csv(client, "/v1/reporters?format=csv&about=true")
    assert about[0] == "Which reporters are there?"


@pytest.mark.parametrize("page", ["totals", "reports", "places"])
def test_only_a_csv_says_what_it_is_about(client: FlaskClient, page: str) -> None:
    assert_problem(client.get(f"/v1/{page}?about=true"), 422, "about")
    assert client.get(f"/v1/{page}?about=false").status_code == 200


def test_the_address_is_the_public_one_and_part_of_the_etag(
    client: FlaskClient, settings: Settings, recorded: int
) -> None:
    address = "/v1/totals?outcomes=killed&format=csv&about=true"
    public = create_app(replace(settings, public_url="https://example.org/figures/")).test_client()
    about, _ = read_csv(public, address)
    assert about[3].startswith("https://example.org/figures/v1/totals?outcomes=killed")
    etags = {each.get(address).headers["ETag"] for each in (client, public)}
    assert len(etags) == 2
