"""The index: one row for each place and group for which somebody counts, and never a total."""

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from service.web.viewmodels import index_page
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.web.test_place_page import COUNTRY, OTHER_REPORTER, send_killed

ARMY = [{"id": "army", "name": "Army", "facet": "side"}]


def read_rows(client: FlaskClient, address: str = "/") -> list[list[str]]:
    """Return the cells of the rows, each as text in one line."""
    answer = client.get(address)
    assert answer.status_code == 200
    body = answer.get_data(as_text=True).partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [
            " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


def test_an_empty_record_says_so(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert "Nothing has been reported yet" in page
    assert '<table class="index">' not in page


def test_sides_and_places_have_rows_of_their_own(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3})
    send_killed(send, {"low": 9}, {"outcomes": ["wounded"], "low": 20}, groups=ARMY)
    send_killed(send, {"exactly": 5}, places=[bodies.make_place("far")], reporter=OTHER_REPORTER)
    rows = read_rows(client)
    assert sorted(row[0] for row in rows) == ["Far Everyone", "Plekhovo Army", "Plekhovo Everyone"]
    cells = {row[0]: row for row in rows}
    assert cells["Plekhovo Army"][1] == "at least 9 killed at least 20 wounded"
    assert cells["Far Everyone"][1] == "5 killed"
    assert cells["Far Everyone"][3] == "14 – 15 Dec 2024"
    assert cells["Far Everyone"][4] == "Sky"
    assert "party to the conflict" in cells["Plekhovo Army"][4]


def test_a_row_shows_only_what_its_own_figures_are_about(
    client: FlaskClient, send: SendRequest
) -> None:
    """A joint figure about one side is not in the row of everyone."""
    send_killed(send, {"low": 3})
    send_killed(send, {"outcomes": ["killed", "wounded"], "exactly": 900}, groups=ARMY)
    cells = {row[0]: row[1] for row in read_rows(client)}
    assert cells == {
        "Plekhovo Everyone": "at least 3 killed",
        "Plekhovo Army": "900 killed or wounded",
    }


def test_a_row_is_about_the_smallest_place_that_holds_all_figures(
    client: FlaskClient, send: SendRequest
) -> None:
    oblast = {"id": "oblast", "name": "Oblast", "parent": COUNTRY}
    for name in ("a", "b"):
        send_killed(send, {"low": 3}, places=[bodies.make_place(name, parent=oblast)])
    assert [row[0] for row in read_rows(client)] == ["Oblast Everyone"]
    send_killed(send, {"low": 3}, places=["country"])
    assert [row[0] for row in read_rows(client)] == ["Country Everyone"]


def test_a_row_leads_to_a_page_that_states_its_number(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 9}, groups=ARMY)
    page = client.get("/").get_data(as_text=True)
    link = re.search(r'<th scope="row"><a href="([^"]+)"', page)
    assert link and link[1] == "place/plekhovo?group=army"
    subject = client.get(f"/{link[1]}").get_data(as_text=True)
    assert "At least 9 killed among Army in Plekhovo" in subject


def test_the_latest_figure_comes_first(client: FlaskClient, send: SendRequest) -> None:
    for name, day in (("old", "2024-01-05"), ("new", "2024-12-05"), ("mid", "2024-06-05")):
        period = {"from": "2024-01-01", "to": day}
        send_killed(send, {"low": 3}, places=[bodies.make_place(name)], period=period)
    assert [row[0] for row in read_rows(client)] == ["New Everyone", "Mid Everyone", "Old Everyone"]


def test_rows_beyond_a_page_are_on_the_next(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_page, "PAGE_SIZE", 2)
    for name in "abc":
        send_killed(send, {"low": 3}, places=[bodies.make_place(name)])
    first = client.get("/").get_data(as_text=True)
    assert 'href="./?start=2" rel="next"' in first and 'rel="prev"' not in first
    second = client.get("/?start=2").get_data(as_text=True)
    assert 'href="./" rel="prev"' in second and 'rel="next"' not in second
    names = [row[0] for row in (*read_rows(client), *read_rows(client, "/?start=2"))]
    assert sorted(names) == ["A Everyone", "B Everyone", "C Everyone"]


def test_the_index_counts_reports_reporters_and_places(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3})
    send_killed(send, {"low": 3}, reporter=OTHER_REPORTER)
    page = re.sub(r"<[^>]+>", "", client.get("/").get_data(as_text=True))
    assert "2 reports · 2 reporters · 1 place · last added 5 January 2026" in page


def test_a_running_total_covers_days_up_to_its_last(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3}, period={"from": None, "to": "2024-12-15"})
    assert read_rows(client)[0][3] == "running totals up to 15 Dec 2024"


def test_without_time_a_row_has_no_number_and_leads_on(
    settings: Settings, clock: Any, client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3})
    hurried = create_app(replace(settings, answer_seconds=1e-9), clock).test_client()
    (row,) = read_rows(hurried)
    assert row[:2] == ["Plekhovo Everyone", "This takes longer: open the row."]


def test_a_report_without_a_number_makes_no_row(client: FlaskClient, send: SendRequest) -> None:
    assert_recorded(send(bodies.make_stance()))
    assert read_rows(client) == []


def test_the_rows_are_sent_as_soon_as_their_numbers_are_there(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3})
    send_killed(send, {"exactly": 5}, places=[bodies.make_place("far")], reporter=OTHER_REPORTER)
    answer = client.get("/", buffered=False)
    chunks = [chunk.decode() for chunk in answer.response if chunk]
    assert 'class="index"' in chunks[0] and "lead-number" not in chunks[0]
    assert [chunk.count("lead-number") for chunk in chunks[1:]] == [1, 1, 0, 0]
