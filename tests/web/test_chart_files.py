"""Charts as files: each carries its sentence, source, date and address, as SVG and as PNG."""

import re
import struct
from datetime import date
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.domain.errors import InvalidInputError, TimeBudgetExceededError
from service.http.context import request_time
from service.usecases.time_budget import TimeBudget
from service.web.charts import png
from service.web.charts.items import PeriodBar
from service.web.charts.sparkline import MAX_BARS, draw_sparkline
from service.web.query.page_query import parse_page_query
from service.web.viewmodels import index_page, sparkline
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"


def read_size(content: bytes) -> tuple[int, int]:
    """Return the width and height that a PNG states in its header."""
    assert content.startswith(PNG_SIGNATURE)
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def read_words(svg: str) -> str:
    """Return the text of an SVG."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - it is our own
    return " ".join(each.text or "" for each in root.iter(f"{SVG}text"))


def send_months(send: SendRequest, place: dict[str, Any], **months: int) -> None:
    """Record people killed in the place in months such as m2024_03=30."""
    for month, people in months.items():
        year, number = month.removeprefix("m").split("_")
        period = {"from": f"{year}-{number}-01", "to": f"{year}-{number}-28"}
        figures = [{"outcomes": ["killed"], "exactly": people}]
        report = bodies.make_report(places=[place], period=period, figures=figures)
        assert_recorded(send(report))


@pytest.fixture
def village(send: SendRequest) -> str:
    """A village with an Arabic name and a point, and people killed there in two months."""
    place = {"id": "v", "name": "قرية الشمس", "longitude": 36.1, "latitude": 34.2}
    send_months(send, place, m2024_03=30, m2024_05=12)
    return "v"


@pytest.mark.parametrize("chart", ["parts", "times", "map", "card"])
def test_a_file_carries_its_sentence_source_date_and_address(
    client: FlaskClient, village: str, chart: str
) -> None:
    svg = client.get(f"/chart.svg?place={village}&chart={chart}").get_data(as_text=True)
    page = client.get(f"/place/{village}").get_data(as_text=True)
    headline = re.search(r'id="headline">(.*?)</h1>', page)
    assert headline
    words = read_words(svg)
    assert " ".join(unescape(headline[1]).split()) in words
    assert "Source: " in words and "2 reports by 1 reporter" in words
    seq = client.get(f"/v1/totals?place={village}").headers["Casualty-Seq"]
    assert f"event {seq} of the record, 5 January 2026, 10:00 UTC" in words
    assert f"http://localhost/place/v?as_of={seq}" in words
    assert chart != "times" or "30 12 Mar Apr May" in words


@pytest.mark.parametrize("chart", ["parts", "times", "map"])
def test_a_png_is_twice_as_large_as_its_svg(client: FlaskClient, village: str, chart: str) -> None:
    query = f"place={village}&chart={chart}"
    root = ElementTree.fromstring(client.get(f"/chart.svg?{query}").get_data())  # noqa: S314
    picture = client.get(f"/chart.png?{query}")
    assert picture.mimetype == "image/png"
    size = int(root.attrib["width"]), int(root.attrib["height"])
    assert read_size(picture.get_data()) == (2 * size[0], 2 * size[1])


def test_a_card_has_the_size_that_the_page_promises(client: FlaskClient, village: str) -> None:
    page = client.get(f"/place/{village}?from=2024-03-01").get_data(as_text=True)
    meta = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', page))
    assert meta["twitter:card"] == "summary_large_image"
    assert meta["og:title"].startswith("At least 42") or meta["og:title"].startswith("42 killed")
    assert meta["og:description"].startswith(meta["og:image:alt"])
    assert meta["og:url"] == "http://localhost/place/v?from=2024-03-01"
    address = unescape(meta["og:image"])
    assert address.startswith("http://localhost/chart.png?")
    picture = client.get(address.removeprefix("http://localhost"))
    promised = int(meta["og:image:width"]), int(meta["og:image:height"])
    assert read_size(picture.get_data()) == promised == (1200, 630)


def test_a_page_without_a_number_has_no_preview(client: FlaskClient, village: str) -> None:
    page = client.get(f"/place/{village}?outcomes=dead")
    assert page.status_code == 422 and "og:image" not in page.get_data(as_text=True)


def test_there_is_no_file_of_a_chart_that_is_empty(client: FlaskClient, send: SendRequest) -> None:
    assert_recorded(send(bodies.make_stance(places=[bodies.make_place("silent")])))
    for path in ("/chart.svg", "/chart.png"):
        assert client.get(f"{path}?place=silent&chart=map").status_code == 404
    assert client.get("/chart.png?place=silent&chart=card").status_code == 200


def test_a_file_names_a_few_reporters_and_counts_the_others(
    client: FlaskClient, send: SendRequest
) -> None:
    for number in range(5):
        reporter = {"id": f"s{number}", "name": f"Reporter {number}"}
        figures = [{"outcomes": ["killed"], "low": 3}]
        assert_recorded(send(bodies.make_report(reporter=reporter, figures=figures)))
    words = read_words(client.get("/chart.svg?place=plekhovo").get_data(as_text=True))
    assert re.search(r"Sources: Reporter \d, Reporter \d, Reporter \d and 2 more", words)


def test_letters_of_many_scripts_are_drawn() -> None:
    """Each script changes the picture, as a font without it would not."""

    def draw(text: str) -> bytes:
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"'
            f" font-family=\"'DejaVu Sans', sans-serif\"><text y='30' font-size='20'>{text}</text>"
            "</svg>"
        )
        return png.draw_png(svg, 200, 40)

    pictures = {draw(each) for each in ("", "قرية", "ابتث", "Київ", "Одеса", "Ελλάς", "Łódź")}
    assert len(pictures) == 7


def test_a_large_picture_is_smaller_than_asked_and_a_huge_one_is_refused() -> None:
    assert png.choose_size(960, 1_000) == (1_920, 2_000)
    width, height = png.choose_size(960, 30_000)
    assert width * height <= png.MAX_PIXELS and width > 300
    with pytest.raises(InvalidInputError):
        png.draw_png("x" * (png.MAX_SVG_LETTERS + 1), 10, 10)


def read_sparkline(client: FlaskClient, name: str) -> list[dict[str, str]]:
    """Return the attributes of the bars in the row of a place in the index."""
    page = client.get("/").get_data(as_text=True)
    row = page[page.index(f"<bdi>{name}</bdi>") :].partition("</tr>")[0]
    found = re.search(r"<svg.*?</svg>", row)
    if found is None:
        return []
    root = ElementTree.fromstring(found[0])  # noqa: S314 - it is our own
    assert (root.attrib["width"], root.attrib["height"]) == ("120", "28")
    return [each.attrib for each in root.iter("rect") if each.attrib["class"] == "spark-low"]


def test_a_sparkline_has_a_bar_for_each_month(client: FlaskClient, village: str) -> None:
    page = client.get("/").get_data(as_text=True)
    name = re.search(rf'href="place/{village}"><bdi>(.*?)</bdi>', page)
    assert name
    bars = read_sparkline(client, name[1])
    assert [each["x"] for each in bars] == ["0.5", "24.5"]  # April is a gap.
    assert float(bars[0]["height"]) > 2 * float(bars[1]["height"])


def test_a_sparkline_of_many_months_has_the_last_years(
    client: FlaskClient, send: SendRequest
) -> None:
    place = bodies.make_place("v")
    send_months(send, place, m1950_01=5, m2000_01=7, m2020_02=9, m2022_03=1)
    bars = read_sparkline(client, "V")
    assert [each["x"] for each in bars] == ["5.5", "105.5", "115.5"]


def test_without_time_there_is_no_sparkline(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_months(send, bodies.make_place("v"), m2022_01=5, m2022_02=7)
    monkeypatch.setattr(sparkline, "PAGE_SECONDS", 1e-9)
    monkeypatch.setattr(index_page, "PAGE_SECONDS", 1e-9)
    assert read_sparkline(client, "V") == []
    assert client.get("/").status_code == 200


class FewTotals(TimeBudget):
    """A budget that is used up after some totals have been computed."""

    def __init__(self, count: int) -> None:
        super().__init__(60.0, 600.0)
        self.count = count

    def next_seconds(self) -> float:
        """Return the seconds for the next total."""
        self.count -= 1
        if self.count < 0:
            raise TimeBudgetExceededError("no time")
        return super().next_seconds()


def test_a_sparkline_is_continued_where_the_last_request_had_no_more_time(
    app: Flask, send: SendRequest
) -> None:
    send_months(send, bodies.make_place("v"), m2022_01=5, m2022_02=7, m2022_03=9)

    def list_bars() -> list[int | None] | None:
        with app.test_request_context("/"):
            query = parse_page_query(request_time(), {"place": "v", "outcomes": "killed"}, "")
            try:
                return [each.low for each in sparkline.Sparkline(query, FewTotals(4)).bars]
            except TimeBudgetExceededError:
                return None

    found = [list_bars() for _ in range(6)]
    assert found[0] is None and found[-1] == [5, 7, 9]


def test_a_sparkline_draws_the_low_before_the_high() -> None:
    days = {"first_day": date(2024, 1, 1), "last_day": date(2024, 1, 31)}
    bars = [PeriodBar("a", "", "", 5, 10, **days), PeriodBar("b", "", "", None, None, **days)]
    root = ElementTree.fromstring(draw_sparkline(bars))  # noqa: S314 - it is our own
    heights = {each.attrib["class"]: float(each.attrib["height"]) for each in root.iter("rect")}
    assert heights == {"spark-axis": 1.0, "spark-range": 26.0, "spark-low": 13.0}
    many = draw_sparkline([PeriodBar("a", "", "", 5, 5, **days)] * (MAX_BARS + 9))
    assert many.count('class="spark-low"') == MAX_BARS and len(many) < 5_000


def test_the_numbers_of_the_time_chart_are_those_of_the_totals(
    client: FlaskClient, village: str, send: SendRequest
) -> None:
    figures = [{"outcomes": ["killed"], "low": 100}]
    period = {"from": "2024-03-01", "to": "2024-05-31"}
    assert_recorded(send(bodies.make_report(places=[{"id": "v"}], period=period, figures=figures)))
    query = "from=2024-03-01&to=2024-05-31"
    api = client.get(f"/v1/totals?place=v&{query}&outcomes=killed&by=month").get_json()
    placed = [part["totals"][0]["placed"]["low"] for part in api["parts"]]
    page = client.get(f"/place/v?{query}&unit=month").get_data(as_text=True)
    chart = page[page.index('class="chart-days"') :].partition("</svg>\n</div>")[0]
    numbers = re.findall(r'text-anchor="middle" class="chart-number[^"]*">([\d,+]+)</text>', chart)[
        :2
    ]
    assert placed == [30, None, 12] and numbers == ["30", "12"]
    (unplaced,) = api["unplaced"]
    assert f"and at least {unplaced['low']} more from March to May 2024" in page
    assert page.count("that no report dates to a month") == 1
    assert unplaced["low"] + 30 + 12 == api["totals"][0]["low"]


def test_the_time_chart_has_a_unit_that_reports_are_dated_to(
    client: FlaskClient, village: str
) -> None:
    """Three months are thirteen weeks, but no report is of one week."""
    page = client.get(f"/place/{village}").get_data(as_text=True)
    assert "Month by month" in page and "no report dates to" not in page
    weeks = client.get(f"/place/{village}?unit=week").get_data(as_text=True)
    assert (
        "and at least 42 more from 1 March to 28 May 2024 that no report dates to a week" in weeks
    )
