"""The list of reports: its rows in words, its filters, its pages, and what it refuses."""

import csv
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.web.viewmodels.report_list import EXCERPT_LENGTH, PAGE_SIZE
from tests.support import bodies
from tests.support.assertions import assert_recorded

Send = Callable[..., TestResponse]

SKY = {"id": "sky", "name": "Sky"}
RUSSIA = bodies.make_place("ru", name="Russia")
KURSK = bodies.make_place("ru-kursk", name="Kursk Oblast", parent=RUSSIA)
VILLAGE = bodies.make_place(parent=KURSK)


def list_rows(client: FlaskClient, query: str = "") -> list[str]:
    """Return the ids of the listed reports."""
    answer = client.get(f"/reports?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return find_rows(answer)


def find_rows(answer: TestResponse) -> list[str]:
    """Return the ids of the reports that the page lists."""
    return re.findall(r'report-says"><a href="report/(\w+)"', answer.get_data(as_text=True))


def read_text(answer: TestResponse, element: str = "main") -> str:
    """Return the text of the page without its markup."""
    page = re.search(rf"<{element}.*</{element}>", answer.get_data(as_text=True), re.S)
    assert page
    text = unescape(re.sub(r"<[^>]+>", " ", page[0]))
    return " ".join(re.sub("[\u2066-\u2069]", "", text).split())


@pytest.fixture
def five_reports(send: Send) -> None:
    """Reports r1 to r5, in several states."""
    first = bodies.make_report(places=[VILLAGE], published_at="2024-12-16", quote="Grave")
    assert_recorded(send(first))
    assert_recorded(send(bodies.make_report(reporter=SKY, relays="r1", places=["plekhovo"])))
    figures = [{"outcomes": ["missing"], "exactly": 4}]
    later = {"from": None, "to": "2025-01-31"}
    assert_recorded(send(bodies.make_report(places=["ru-kursk"], period=later, figures=figures)))
    assert_recorded(
        send(bodies.make_report(places=["ru-kursk"], figures=figures, supersedes="r3", ref="n 4"))
    )
    assert_recorded(send(bodies.make_stance(places=["ru"], incident="ucdp:7")))


def test_each_row_says_who_says_what_of_whom_where_and_when(
    five_reports: None, client: FlaskClient
) -> None:
    answer = client.get("/reports")
    text = read_text(answer)
    assert (
        "16 Dec 2024 Defence Intelligence of Ukraine party to the conflict At least 30 people"
        " killed or wounded in Plekhovo on 14 and 15 December 2024. Counted" in text
    )
    assert "4 people missing in Kursk Oblast by 31 January 2025. Replaced" in text
    assert "Does not acknowledge losses, which is not a zero: Russia, 14 and 15 December" in text
    assert "undated, recorded 5 Jan 2026 Sky At least 30 people" in text
    assert "5 reports · newest first" in text
    assert 'href="reporter/sky"' in answer.get_data(as_text=True)


def test_a_row_counts_the_figures_that_it_does_not_state(send: Send, client: FlaskClient) -> None:
    figures = [
        {"outcomes": ["killed"], "exactly": number, "places": [bodies.make_place(f"p{number}")]}
        for number in range(1, 6)
    ]
    assert_recorded(send(bodies.make_report(figures=figures)))
    text = read_text(client.get("/reports"))
    assert "3 people killed in P3" in text and "P4" not in text
    assert "and 2 more figures" in text


def test_a_search_shows_the_first_words_of_the_statement(send: Send, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report(quote="Grief " + "and more words " * 30)))
    assert_recorded(send(bodies.make_report(quote="Grief " + "x" * 300)))
    page = client.get("/reports?q=grief").get_data(as_text=True)
    excerpts = re.findall(r'report-excerpt"><q>(.*?)</q>', page)
    assert [each.endswith(" …") and len(each) <= EXCERPT_LENGTH + 2 for each in excerpts] == [
        True,
        True,
    ]
    assert excerpts[1].startswith("Grief and more words and")
    assert "report-excerpt" not in client.get("/reports").get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "r5 r4 r3 r2 r1"),
        ("place=plekhovo", "r2 r1"),
        ("place=ru-kursk", "r4 r3 r2 r1"),
        ("place=plekhovo&place=ru-kursk", "r4 r3 r2 r1"),
        ("reporter=sky", "r2"),
        ("state=superseded&state=relay", "r3 r2"),
        ("outcomes=missing", "r4 r3"),
        ("from=2025-01-01", "r3"),
        ("q=GRAVE", "r1"),
        ("ref=n+4", "r4"),
        ("incident=ucdp:7", "r5"),
        ("contradicts=true", ""),
        ("group=everyone&state=live&outcomes=killed", "r1"),
        ("q=&from=&state=", "r5 r4 r3 r2 r1"),
    ],
)
def test_filters_find_the_matching_reports(
    five_reports: None, client: FlaskClient, query: str, ids: str
) -> None:
    assert list_rows(client, query) == ids.split()


def test_days_are_read_as_people_write_them(five_reports: None, client: FlaskClient) -> None:
    answer = client.get("/reports?from=January+2025&to=&state=superseded")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "reports?from=2025-01-01&state=superseded"
    text = read_text(client.get("/reports?from=2025-01-01&to=2025-01-31"))
    assert "January 2025" in text


def test_a_place_is_found_by_its_name(five_reports: None, client: FlaskClient) -> None:
    answer = client.get("/reports?find=Plekhovo&place=ru&state=live")
    assert answer.headers["Location"] == "reports?place=ru,plekhovo&state=live"


def test_several_places_of_one_name_are_offered(
    send: Send, five_reports: None, client: FlaskClient
) -> None:
    other = bodies.make_place("plekhovo-2", name="Plekhovo", parent="ru")
    assert_recorded(send(bodies.make_report(places=[other])))
    answer = client.get("/reports?find=Plekhovo&from=2024")
    assert answer.headers["Location"] == "reports?from=2024-01-01&find=Plekhovo"
    page = client.get("/reports?find=Plekhovo").get_data(as_text=True)
    assert re.findall(r'name="place" value="([\w-]+)"', page) == ["plekhovo", "plekhovo-2"]
    assert '<details class="chip" open>' in page


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("place=kursk", "place"),
        ("find=Atlantis", "place"),
        ("reporter=skyy", "reporter"),
        ("state=dead", "state"),
        ("outcomes=hurt", "outcomes"),
        ("from=3/4/2024", "from"),
        ("from=2024-12-15&to=2024-12-14", "to"),
        ("incident=own", "incident"),
        ("q=a&q=b", "q"),
        ("limit=5", "limit"),
        ("after=x", "after"),
        ("show=killed", "show"),
    ],
)
def test_a_wrong_filter_is_named_and_no_report_is_listed(
    five_reports: None, client: FlaskClient, query: str, name: str
) -> None:
    answer = client.get(f"/reports?{query}")
    assert answer.status_code == 422
    assert find_rows(answer) == []
    page = answer.get_data(as_text=True)
    assert f'id="fault-{name}"' in page or f"<strong>{name}</strong>" in page
    assert "Correct the marked filters" in page


def test_what_is_no_day_is_not_asked_for_in_another_form(
    five_reports: None, client: FlaskClient
) -> None:
    text = read_text(client.get("/reports?from=sometime"))
    assert "This is not a day, month or year." in text and "YYYY" not in text


@pytest.fixture
def many_reports(send: Send) -> list[str]:
    """Two pages of reports and one more; their ids, the newest first."""
    count = 2 * PAGE_SIZE + 1
    ids = [assert_recorded(send(bodies.make_report()))["id"] for _ in range(count)]
    return ids[::-1]


def _find_link(answer: TestResponse, rel: str) -> str | None:
    found = re.search(rf'<a href="([^"]+)" rel="{rel}"', answer.get_data(as_text=True))
    return unescape(found[1]) if found else None


def _follow(client: FlaskClient, address: str, rel: str) -> list[list[str]]:
    pages, link = [], None
    while True:
        answer = client.get(address)
        pages.append(find_rows(answer))
        link = _find_link(answer, rel)
        if link is None:
            return pages
        address = urljoin(address, link)


def test_pages_follow_each_other_in_both_directions(
    many_reports: list[str], client: FlaskClient
) -> None:
    pages = _follow(client, "/reports", "next")
    expected = [many_reports[:PAGE_SIZE], many_reports[PAGE_SIZE:-1], many_reports[-1:]]
    assert pages == expected
    last = client.get("/reports")
    for _ in range(2):
        last = client.get(urljoin("/reports", _find_link(last, "next") or ""))
    backwards = _follow(client, urljoin("/reports", _find_link(last, "prev") or ""), "prev")
    assert backwards == [expected[1], expected[0]]


def test_a_position_in_both_directions_is_refused(
    many_reports: list[str], client: FlaskClient
) -> None:
    link = _find_link(client.get("/reports"), "next") or ""
    cursor = parse_qs(urlsplit(link).query)["after"][0]
    assert client.get(f"/reports?after={cursor}&before={cursor}").status_code == 422
    # Nothing is older than the first report: the way back leads to the beginning.
    page = client.get("/reports?after=cmVwb3J0czox")
    assert (find_rows(page), _find_link(page, "prev")) == ([], "reports")


def test_the_csv_has_the_same_reports(five_reports: None, client: FlaskClient) -> None:
    query = "outcomes=missing&place=ru-kursk&q="
    page = client.get(f"/reports?{query}").get_data(as_text=True)
    found = re.search(r'href="(v1/reports[^"]+)"', page)
    assert found
    answer = client.get(f"/{unescape(found[1])}")
    assert answer.mimetype == "text/csv"
    lines = answer.get_data(as_text=True).removeprefix("\ufeff").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    assert [row["report"] for row in rows] == list_rows(client, query)


def test_a_filter_shows_what_it_is_set_to(five_reports: None, client: FlaskClient) -> None:
    query = "reporter=ua-hur&place=plekhovo&outcomes=killed,wounded&state=live&group=everyone"
    text = read_text(client.get(f"/reports?{query}&to=2024-12-31"), "form")
    for words in (
        "Reporter: Defence Intelligence of Ukraine",
        "Where: Plekhovo",
        "When: Until 31 December 2024",
        "Outcomes: Killed or wounded",
        "State: Counted",
        "incident or group: Everyone",
    ):
        assert words in text, text


def test_counts_beside_choices_are_those_of_the_record(
    five_reports: None, client: FlaskClient
) -> None:
    text = read_text(client.get("/reports?state=live"))
    assert "Killed 2 Wounded 2 Missing 2 Captured 0" in text
    assert "Counted 3 Repeats another 1 Replaced 1 Withdrawn 0" in text
    assert "Defence Intelligence of Ukraine party to the conflict 4 Sky 1" in text


def test_an_empty_record_says_so(client: FlaskClient) -> None:
    assert "Nothing has been reported yet" in read_text(client.get("/reports"))
    assert "No report meets these filters." in read_text(client.get("/reports?q=nothing"))


def suggest(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    """Return what is offered for the words."""
    found: list[dict[str, Any]] = client.get(f"/reports/suggest?{query}").get_json()["found"]
    return found


def test_reports_are_offered_by_words_or_id_but_not_what_no_longer_counts(
    five_reports: None, client: FlaskClient
) -> None:
    (offered,) = suggest(client, "words=grave")
    assert offered["id"] == "r1"
    assert offered["name"].startswith("At least 30 people killed or wounded in Plekhovo")
    assert offered["about"] == "Defence Intelligence of Ukraine · 16 Dec 2024"
    assert [each["id"] for each in suggest(client, "words=r2")] == ["r2"]
    assert suggest(client, "words=grave&but=r1") == []
    assert client.get("/reports/suggest").status_code == 422
