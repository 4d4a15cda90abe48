"""Every page of every record: by keyboard, without scripts, narrow and wide, dark, on paper.

The records are the samples from Kursk with the generated country, and published figures.
"""

import json
import re
import urllib.request
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.support.gunicorn_server import RunningServer
from tests.web import page_audit
from tests.web.conftest import DESKTOP, OpenPage, assert_accessible

WEEKEND: Final = "plekhovo,vorozhba,martynovka"
WEEKEND_DAYS: Final = "from=2024-12-14&to=2024-12-15"

MADE_UP_PAGES: Final = {
    "the index": "./",
    "a country": "place/velmarra",
    "the weekend": f"place/{WEEKEND}?{WEEKEND_DAYS}",
    "a calm district": "place/jostrava",
    "a torn district": "place/askermoor?outcomes=killed&by=reporter",
    "nothing reported": "place/plekhovo?from=2023-01-01&to=2023-01-02",
    "a group": "place?group=dprk-forces",
    "a proof": f"why?place={WEEKEND}&{WEEKEND_DAYS}",
    "a disputed proof": "why?place=askermoor&outcomes=killed",
    "the figures": "figures?place=askermoor&outcomes=killed",
    "the places": "places",
    "a place": "places?place=askermoor",
    "what is found": "find?words=oldwell",
    "the reports": "reports",
    "a report": "report/{report}",
    "the reporters": "reporters",
    "a reporter": "reporter/ua-hur",
    "an incident": "incident/{incident}",
    "what is new": "new?since=2020-01-01&place=ru-kursk",
    "a comparison": "compare?place=jostrava&other_place=askermoor",
    "the form": "enter",
    "a correction": "enter?report={report}",
    "the form of a table": "enter/table",
    "a picture": "embed?place=jostrava",
    "the code of a frame": "embed/code?place=jostrava",
    "the method": "method",
    "the reference": "docs",
    "the glossary": "glossary",
    "the clients": "clients",
    "the formats": "formats",
}

REAL_PAGES: Final = {
    "the index": "./",
    "a year": "place/syria?from=2016-01-01&to=2016-12-31",
    "a month": "place/syria-aleppo-governorate?from=2016-03-01&to=2016-03-31",
    "several years": "place/ukraine",
    "running totals": "place/gaza-strip",
    "a group": "place?group=russian-forces",
    "a proof": "why?place=syria&from=2016-01-01&to=2016-12-31",
    "a proof of what was added": "why?place=gaza-strip&from=2024-03-01&to=2024-03-31",
    "the figures": "figures?place=syria&start=100",
    "the places": "places",
    "a place": "places?place=syria",
    "what is found": "find?words=aleppo",
    "the reports": "reports?q=syria",
    "a report": "report/{report}",
    "the reporters": "reporters",
    "a reporter": "reporter/ua-general-staff",
    "an incident": "incident/{incident}",
    "what is new": "new",
    "a comparison": "compare?place=syria&other_place=ukraine",
    "two days": "compare?place=gaza-strip&compare=1000",
    "a picture": "embed?place=syria&chart=times",
}

PAGES: Final = [
    *(pytest.param("server", path, id=f"made up: {name}") for name, path in MADE_UP_PAGES.items()),
    *(pytest.param("real_server", path, id=f"real: {name}") for name, path in REAL_PAGES.items()),
]

DARKEST_SUM: Final = 200
"""Red, green and blue of a dark ground add up to less."""


CALM_PLACES: Final = {"server": "jostrava", "real_server": "syria"}
"""Where two requests have the same answer: no total of it needs more time than there is."""


NEW_DISPUTES: Final = "[aria-labelledby=recent-title] li"
"""Lines of the index that two requests can word differently.

They name the disputes that were found within a time limit.
"""


def resolve(server: RunningServer, path: str, place: str) -> str:
    """Return the path with the id of a report about the place, or with an incident."""
    if "{report}" in path:
        return path.format(report=_list_reports(server, f"&place={place}")[0]["id"])
    if "{incident}" in path:
        incidents = (each.get("incident") or "" for each in _list_reports(server))
        return path.format(incident=next(each for each in incidents if ":" in each))
    return path


def _list_reports(server: RunningServer, filters: str = "") -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{server.url}/v1/reports?limit=200{filters}") as answer:
        reports: list[dict[str, Any]] = json.load(answer)["reports"]
    return reports


@pytest.mark.parametrize(("record", "path"), PAGES)
def test_a_page_suits_everybody(
    record: str, path: str, open_page: OpenPage, request: pytest.FixtureRequest
) -> None:
    server: RunningServer = request.getfixturevalue(record)
    page = open_page(base_url=server.url)
    page.goto(resolve(server, path, CALM_PLACES[record]))
    expect(page.locator("h1")).to_have_count(1)
    plain = open_page(base_url=server.url, java_script_enabled=False)
    plain.goto(page.url)
    assert_needs_no_scripts(page, plain)
    page_audit.unfold(page)
    page_audit.assert_texts_are_ready(page)
    page_audit.assert_works_by_keyboard(page)
    for width in page_audit.WIDTHS:
        page_audit.assert_fits(page, width)
    page.set_viewport_size(DESKTOP)
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", ground)[:3])) < DARKEST_SUM, ground
    assert_accessible(page)
    page_audit.assert_prints(page)


def assert_needs_no_scripts(page: Page, plain: Page) -> None:
    """Assert that the page without scripts shows all words, except those of what needs scripts."""
    if page.locator("#report, #table-form").count():
        expect(plain.get_by_role("heading", name="The form needs JavaScript")).to_be_visible()
        return
    expect(plain.locator("h1")).to_be_visible()
    for button in plain.locator("button.scripted").all():
        expect(button).to_be_hidden()
    different = page.locator(f".scripted, .chart-help, #acting, {NEW_DISPUTES}").all_inner_texts()
    expected = set(page.locator("main").inner_text().split()) - set(" ".join(different).split())
    missing = expected - set(plain.locator("main").inner_text().split())
    assert expected and not missing, (missing, plain.locator("main").inner_text()[:3000])
