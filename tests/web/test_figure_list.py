"""The page of all figures of a total: the largest contributions first, page by page."""

import html
import re

import pytest
from flask.testing import FlaskClient

from service.web.viewmodels import figure_list
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded


def read_rows(page: str) -> list[list[str]]:
    """Return the cells of the table, each as text in one line."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.S)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in rows]
    return [
        [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row]
        for row in cells
    ]


@pytest.fixture
def five_villages(send: SendRequest) -> None:
    """Five villages with 1 to 1,002 killed, a wider figure of no weight, and a relay."""
    for number, people in enumerate((3, 1_002, 20, 1, 7)):
        figures = [{"outcomes": ["killed"], "exactly": people}]
        place = {"id": f"v{number}", "name": f"Village {number}"}
        report = bodies.make_report(places=[place], figures=figures, published_at="2024-12-16")
        report_id = assert_recorded(send(report))["id"]
    places = [f"v{number}" for number in range(5)]
    figures = [{"outcomes": ["killed"], "wording": "at least 30"}]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    paper = {"id": "paper", "name": "Paper"}
    assert_recorded(send(bodies.make_report(reporter=paper, places=["v4"], relays=report_id)))


def test_the_largest_contributions_come_first(client: FlaskClient, five_villages: None) -> None:
    page = client.get("/figures?outcomes=killed").get_data(as_text=True)
    rows = read_rows(page)
    assert [row[0] for row in rows] == [str(number) for number in range(1, 8)]
    assert [row[2].partition(" ")[0] for row in rows[:5]] == ["1,002", "20", "7", "3", "1"]
    assert [row[4:] for row in rows[:2]] == [["1,002", "1,002"], ["20", "20"]]
    assert "6 figures counted, 1 not counted." in page


def test_a_row_has_the_figure_as_it_was_reported(client: FlaskClient, five_villages: None) -> None:
    rows = read_rows(client.get("/figures?outcomes=killed").get_data(as_text=True))
    assert rows[0][1] == "Defence Intelligence of Ukraine 2024-12-16"
    assert rows[0][3] == "killed · Village 1 · 14 and 15 December 2024"
    assert rows[5][2] == "at least 30 at least 30"
    assert rows[5][4:] == ["–", "–"]
    assert rows[6][1] == "Paper"
    assert "Not counted. It repeats another report" in rows[6][2]


def test_every_figure_is_on_some_page_of_one_state(
    client: FlaskClient,
    send: SendRequest,
    five_villages: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = read_rows(client.get("/figures?outcomes=killed").get_data(as_text=True))
    monkeypatch.setattr(figure_list, "PAGE_SIZE", 3)
    address, rows, links = "figures?outcomes=killed", [], []
    while address:
        page = client.get(f"/{address}").get_data(as_text=True)
        rows += read_rows(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = html.unescape(following[1]) if following else ""
        links.append(address)
        previous = re.search(r'href="([^"]+)" rel="prev"', page)
        # What is recorded meanwhile does not move the pages that follow.
        assert_recorded(send(bodies.make_report()))
    assert rows == whole
    assert len(links) == 3
    assert previous and "start=3" in previous[1]


def test_fractions_of_people_are_written_as_fractions(
    client: FlaskClient, send: SendRequest
) -> None:
    for pair, low in (("ab", 3), ("bc", 3), ("ca", 1)):
        for village in pair:
            assert_recorded(send(bodies.make_stance(places=[bodies.make_place(village)])))
        figures = [{"outcomes": ["killed"], "low": low}]
        assert_recorded(send(bodies.make_report(places=list(pair), figures=figures)))
    rows = read_rows(client.get("/figures?outcomes=killed").get_data(as_text=True))
    assert [row[4] for row in rows] == ["1 1/2", "1 1/2", "1/2"]


def test_a_scope_without_figures_and_a_page_too_far_are_told(
    client: FlaskClient, five_villages: None
) -> None:
    nothing = client.get("/figures?outcomes=missing").get_data(as_text=True)
    assert "No counted figure covers this scope. That is not a zero." in nothing
    far = client.get("/figures?outcomes=killed&start=100").get_data(as_text=True)
    assert "There are no more figures." in far
    assert client.get("/figures?start=-1").status_code == 422


def test_the_proof_links_to_all_figures(client: FlaskClient, five_villages: None) -> None:
    page = client.get("/why?outcomes=killed&place=v1,v2").get_data(as_text=True)
    link = re.search(r'<a href="(figures[^"]*)">All figures', page)
    assert link
    rows = read_rows(client.get(f"/{html.unescape(link[1])}").get_data(as_text=True))
    assert len(rows) == 3
