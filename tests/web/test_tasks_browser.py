"""What an editor and an analyst come for, each task in few steps, on made-up and published figures.

How a report is found, corrected and withdrawn is in test_report_page_browser.py.
"""

import csv
import io
import json
import re
import urllib.request
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from service.domain.wording.range_text import format_count
from tests.support.gunicorn_server import RunningServer
from tests.web.conftest import OpenPage
from tests.web.steps import Steps

MAX_FIRST_VIEW_BYTES: Final = 100_000
"""So many bytes may come over the line for the first view."""

PLACES_AND_MONTHS: Final = [
    pytest.param("server", "kursk", "ru-kursk", "2024-12", id="Kursk"),
    pytest.param("server", "brindavell", "brindavell", "2024-07", id="a made-up district"),
    pytest.param("real_server", "aleppo", "syria-aleppo-governorate", "2016-03", id="Aleppo"),
    pytest.param("real_server", "gaza", "gaza-strip", "2024-03", id="running totals"),
    pytest.param("real_server", "ukraine", "ukraine", "2015-02", id="years of a war"),
]


@pytest.fixture
def record(request: pytest.FixtureRequest) -> RunningServer:
    """The service whose fixture the parameter names."""
    server: RunningServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def reader(record: RunningServer, open_page: OpenPage) -> Page:
    """A page of that service."""
    return open_page(base_url=record.url, permissions=["clipboard-read", "clipboard-write"])


def fetch_total(server: RunningServer, query: str) -> dict[str, Any]:
    """Return the first total of the API."""
    with urllib.request.urlopen(f"{server.url}/v1/totals?{query}") as answer:
        total: dict[str, Any] = json.load(answer)["totals"][0]
        return total


@pytest.mark.parametrize(
    ("record", "words", "place", "month"), PLACES_AND_MONTHS, indirect=["record"]
)
def test_the_total_of_a_place_and_a_month_takes_four_steps(
    reader: Page, record: RunningServer, words: str, place: str, month: str
) -> None:
    reader.goto("./")
    steps = Steps(reader)
    steps.fill(reader.locator("#find"), words)
    steps.follow(reader.locator(".autocomplete__option").first)
    assert reader.url.endswith(f"/place/{place}")
    times = reader.locator("section:has(#times-title)")
    by_month = times.get_by_role("link", name="month", exact=True)
    if by_month.count():
        steps.follow(by_month)
    # The first and the last month are cut to the days that figures cover.
    column = times.locator(f".chart-column[data-from^='{month}-'][data-to^='{month}-']")
    expect(column).to_have_count(1)
    first, last = (column.get_attribute(f"data-{each}") for each in ("from", "to"))
    steps.follow(column)
    assert steps.count <= 4
    outcomes = fetch_lead_outcomes(reader)
    total = fetch_total(record, f"place={place}&from={first}&to={last}&outcomes={outcomes}")
    sentence = reader.locator(".sentence").inner_text()
    # Who says so, and of when, is on the same page.
    assert re.search(r"(?:according to|says?) ", sentence), sentence
    assert month[:4] in sentence
    stated = total["placed"] if total["placed"]["reported"] else total
    numbers = [each for each in (stated["low"], stated["high"]) if each is not None]
    for each in numbers if not total["disputed"] else ():
        assert format_count(each) in sentence, (sentence, total)


def fetch_lead_outcomes(page: Page) -> str:
    """Return the outcomes of the number that a proof is of."""
    named = page.locator("main .scope").inner_text().rpartition("·")[2]
    return ",".join(each for each in ("killed", "wounded", "missing", "captured") if each in named)


BOTH_RECORDS: Final = [
    pytest.param("server", "Velmarra", id="made up"),
    pytest.param("real_server", "Gaza Strip", id="real"),
]


@pytest.mark.parametrize(("record", "where"), BOTH_RECORDS, indirect=["record"])
def test_a_subject_is_shared_in_one_step(
    reader: Page, open_page: OpenPage, record: RunningServer, where: str
) -> None:
    reader.goto("./")
    Steps(reader).follow(reader.locator(".index th a", has_text=where).first)
    steps = Steps(reader)
    steps.click(reader.get_by_role("button", name="Copy link"))
    expect(reader.get_by_role("button", name="Copied")).to_be_visible()
    assert steps.count <= 1
    copied = reader.evaluate("navigator.clipboard.readText()")
    other = open_page(base_url=record.url)
    other.goto(copied)
    assert other.locator("#headline").inner_text() == reader.locator("#headline").inner_text()


@pytest.mark.parametrize(("record", "where"), BOTH_RECORDS, indirect=["record"])
def test_a_number_is_cited_in_one_step(reader: Page, record: RunningServer, where: str) -> None:
    reader.goto("./")
    Steps(reader).follow(reader.locator(".index th a", has_text=where).first)
    steps = Steps(reader)
    steps.click(reader.get_by_role("link", name="Cite"))
    citation = reader.locator("#citation")
    expect(citation).to_be_in_viewport()
    assert steps.count <= 1
    text = citation.inner_text()
    assert text.startswith(reader.locator("#headline").inner_text())
    assert f"{record.url}/place/" in text and "as_of=" in text


@pytest.mark.parametrize(
    ("record", "where"),
    [
        pytest.param("server", "Velmarra", id="made up"),
        pytest.param("real_server", "Syria", id="real"),
    ],
    indirect=["record"],
)
def test_the_months_are_exported_in_two_steps(
    reader: Page, record: RunningServer, where: str
) -> None:
    reader.goto("./")
    steps = Steps(reader)
    steps.follow(reader.locator(".index th a", has_text=where).first)
    subject = urlsplit(reader.url)
    query = f"place={subject.path.rpartition('/')[2]}&{subject.query}"
    columns = reader.locator("section:has(#times-title) .chart-column")
    drawn = columns.evaluate_all("all => all.map((each) => each.dataset.key)")
    with reader.expect_download() as waiting:
        steps.click(reader.locator("section:has(#times-title) a", has_text="CSV"))
    assert steps.count <= 2
    lines = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    # Lines about the question come first where they are asked for.
    table = csv.DictReader(io.StringIO("\n".join(each for each in lines if each[:1] != "#")))
    rows = {row["key"]: row for row in table}
    assert len(drawn) >= 12 and set(drawn) <= set(rows)
    for key in drawn[:3]:
        column = columns.and_(reader.locator(f"[data-key='{key}']"))
        first, last = (column.get_attribute(f"data-{each}") for each in ("from", "to"))
        outcomes = re.sub(r"[^a-z]+", ",", rows[key]["outcomes"])
        total = fetch_total(record, f"{query}&from={first}&to={last}&outcomes={outcomes}")
        assert rows[key]["low"] == str(total["low"])


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param("server", "reports", id="made up"),
        pytest.param("real_server", "Uppsala Conflict Data Program", id="real"),
    ],
    indirect=["record"],
)
def test_what_came_in_is_shown_in_one_step(
    reader: Page, record: RunningServer, expected: str
) -> None:
    reader.goto("./")
    steps = Steps(reader)
    steps.follow(
        reader.get_by_role("navigation").get_by_role("link", name="What is new", exact=True)
    )
    assert steps.count <= 1
    expect(reader.locator("main h1")).to_be_visible()
    expect(reader.locator("main")).to_contain_text(expected)


@pytest.mark.parametrize(
    ("record", "path"),
    [
        pytest.param("server", "./", id="made up: the index"),
        pytest.param("server", "place/velmarra", id="a made-up country"),
        pytest.param("server", "place/ru-kursk", id="Kursk"),
        pytest.param("real_server", "./", id="real: the index"),
        pytest.param("real_server", "place/syria?from=2016-01-01&to=2016-12-31", id="Syria"),
        pytest.param("real_server", "place/gaza-strip", id="Gaza"),
    ],
    indirect=["record"],
)
def test_the_first_view_is_light(reader: Page, record: RunningServer, path: str) -> None:
    received: list[int] = []
    line = reader.context.new_cdp_session(reader)
    line.send("Network.enable")
    line.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    reader.goto(path)
    reader.wait_for_load_state("networkidle")
    assert len(received) > 3
    assert sum(received) <= MAX_FIRST_VIEW_BYTES, received
