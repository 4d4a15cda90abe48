"""The sentences of published figures: UCDP, the Ministry of Health in Gaza, the General Staff."""

import html
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders
from tests.support import real_records

BATCH = 2_000


@pytest.fixture(autouse=True)
def needs_data() -> None:
    """These tests read files beside the project."""
    real_records.require_data()


def record(client: FlaskClient, key: MakeHeaders, reports: Iterable[dict[str, Any]]) -> None:
    """Record all reports."""
    remaining = iter(reports)
    while batch := list(islice(remaining, BATCH)):
        answer = client.post("/v1/reports/batch", json={"reports": batch}, headers=key("report"))
        wrong = [each for each in answer.get_json()["results"] if each["status"] != 201]
        assert not wrong, wrong[:1]


def read_sentence(client: FlaskClient, path: str) -> str:
    """Return the sentence of a page."""
    answer = client.get(path)
    assert answer.status_code == 200
    found = re.search(r'id="headline">(.*?)</h1>', answer.get_data(as_text=True))
    assert found
    return html.unescape(found[1])


def test_the_events_of_a_year_are_summed(client: FlaskClient, key: MakeHeaders) -> None:
    reports = list(real_records.read_ucdp("ged_syria_2016"))
    record(client, key, reports)
    low, high = (sum(each["figures"][0][end] for each in reports) for end in ("low", "high"))
    sentence = read_sentence(client, "/place/syria?from=2016-01-01&to=2016-12-31")
    assert sentence == (
        f"{low:,} to {high:,} people killed in Syria in 2016, according to the Uppsala Conflict"
        " Data Program."
    )
    assert low > 40_000
    page = client.get("/place/syria?from=2016-01-01&to=2016-12-31").get_data(as_text=True)
    assert "Somewhere in Syria, no report says where" in page
    assert "no report dates to a month" in page
    caveats = re.findall(r"<li><span class=\"code[^>]*>(.*?)</span></li>", page)
    assert len(caveats) == len(set(caveats))


def test_running_totals_are_by_a_day_and_their_differences_are_added(
    client: FlaskClient, key: MakeHeaders
) -> None:
    record(client, key, real_records.read_gaza())
    assert read_sentence(client, "/place/gaza-strip") == (
        "37,877 killed and 86,969 wounded in the Gaza Strip from 7 October 2023 to 30 June 2024,"
        " says the Ministry of Health (party to the conflict)."
    )
    march = read_sentence(client, "/place/gaza-strip?from=2024-03-01&to=2024-03-31")
    assert march.startswith("2,747 added to the killed and 4,841 to the wounded in the Gaza Strip")


def test_sides_are_never_added(client: FlaskClient, key: MakeHeaders) -> None:
    record(client, key, real_records.read_ucdp("ged_ukraine_to2019"))
    record(client, key, real_records.read_general_staff(100))
    page = client.get("/").get_data(as_text=True)
    rows = re.findall(r'<th scope="row"><a href="(place/ukraine[^"]*)"', page)
    assert "place/ukraine?group=russian-forces" in rows and "place/ukraine" in rows
    sentence = read_sentence(client, "/place/ukraine?group=russian-forces")
    assert "killed or wounded among Russian forces in Ukraine from 24 February to" in sentence
    assert "General Staff of the Armed Forces of Ukraine (party to the conflict)" in sentence
