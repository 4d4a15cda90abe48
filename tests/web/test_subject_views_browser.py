"""A subject on paper, and its charts, tables and maps as tabs of one frame."""

import re
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.support.gunicorn_server import RunningServer
from tests.web.conftest import OpenPage, assert_accessible

WEEKEND: Final = "place/plekhovo,vorozhba,martynovka?from=2024-12-14&to=2024-12-15"
DISTRICT: Final = "place/askermoor?outcomes=killed&from=2024-03-01&to=2024-04-30"
"""Two months of a district whose villages are on a map."""

CONTROLS: Final = (
    ".filters", ".finder", ".tools", ".top nav", ".tabs", ".choices", ".trail", "button",
    "#download", "footer a",
)  # fmt: skip
"""What nobody can use on paper."""

WHITE: Final = "rgb(255, 255, 255)"
BLACK: Final = "rgb(0, 0, 0)"


def print_pdf(page: Page) -> int:
    """Return how many sheets of A4 the page takes."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def test_a_subject_of_common_size_is_one_sheet(page: Page) -> None:
    page.goto(WEEKEND)
    assert print_pdf(page) == 1


def test_a_large_subject_takes_more_sheets(page: Page) -> None:
    page.goto(DISTRICT)
    assert print_pdf(page) > 1


@pytest.mark.parametrize("path", [WEEKEND, DISTRICT])
def test_paper_has_what_is_cited_and_no_controls(
    open_page: OpenPage, server: RunningServer, path: str
) -> None:
    page = open_page(color_scheme="dark", viewport={"width": 794, "height": 1123})
    page.goto(path)
    page.emulate_media(media="print")
    for control in CONTROLS:
        for each in page.locator(control).all():
            expect(each).to_be_hidden()
    for shown in ("#headline", ".coverage", ".leading", "#citation", ".sayers"):
        expect(page.locator(shown)).to_be_visible()
    tables = page.locator(".panel-table table")
    assert tables.count() == 2
    for each in (*tables.all(), *page.locator(".chart").all()):
        expect(each).to_be_visible()
    expect(page.locator("#print-address")).to_have_text(f"{server.url}/{path}")
    expect(page.locator("#print-moment")).to_have_text(re.compile(r"^event \d+, .* UTC$"))
    expect(page.locator(".plain-list .printed").first).to_contain_text(f"{server.url}/report/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 794


def test_paper_is_black_on_white_in_the_dark_scheme(dark: Page) -> None:
    dark.goto(WEEKEND)
    dark.emulate_media(media="print", color_scheme="dark")
    read = "(element, name) => getComputedStyle(element)[name]"
    body, headline = dark.locator("body"), dark.locator("#headline")
    assert body.evaluate(read, "backgroundColor") == WHITE
    assert headline.evaluate(read, "color") == BLACK
    assert dark.locator(".chart").first.evaluate(read, "backgroundColor") == WHITE
    light = dark.locator(".chart-low").first.evaluate(read, "fill")
    dark.emulate_media(media="print", color_scheme="light")
    assert dark.locator(".chart-low").first.evaluate(read, "fill") == light


def test_paper_prints_both_chart_and_table_whatever_was_chosen(page: Page) -> None:
    page.goto(DISTRICT)
    for each in page.locator(".show-table").all():
        each.check()
    page.emulate_media(media="print")
    for panel in (".panel-chart", ".panel-table", ".panel-map"):
        expect(page.locator(panel).first).to_be_visible()


@pytest.mark.parametrize("width", [320, 360, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chart_table_and_map_are_tabs_of_one_frame_on_a_phone(
    open_page: OpenPage, width: int, scheme: str
) -> None:
    page = open_page(
        viewport={"width": width, "height": 740}, java_script_enabled=False, color_scheme="light"
    )
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(DISTRICT)
    frame = page.locator("section:has(#parts-title)")
    panels = [frame.locator(f".panel-{name}") for name in ("chart", "table", "map")]
    frame.locator(".show-chart").focus()
    for chosen in range(3):
        for number, panel in enumerate(panels):
            expect(panel).to_be_visible(visible=number == chosen)
        page.keyboard.press("ArrowRight")
    expect(panels[0]).to_be_visible()  # The arrow keys go round.
    for tab in frame.locator(".tab").all():
        box = tab.bounding_box()
        assert box and box["height"] >= 24 and box["width"] >= 24
    # The page's other frame is as it was.
    expect(page.locator("section:has(#times-title) .panel-chart")).to_be_visible()


@pytest.mark.parametrize("chosen", ["chart", "table", "map"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_tab_is_accessible_and_fits_the_width(
    open_page: OpenPage, chosen: str, scheme: str
) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.goto(DISTRICT)
    for each in page.locator(f".show-{chosen}").all():
        each.check()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_wide_screen_the_map_stands_below_the_chart_or_the_table(page: Page) -> None:
    page.goto(DISTRICT)
    frame = page.locator("section:has(#parts-title)")
    chart, table, drawn_map = (frame.locator(f".panel-{n}") for n in ("chart", "table", "map"))
    expect(chart).to_be_visible()
    expect(table).to_be_hidden()
    expect(drawn_map).to_be_visible()
    expect(frame.locator(".tab-map")).to_be_hidden()
    frame.get_by_text("Table", exact=True).click()
    expect(chart).to_be_hidden()
    expect(table).to_be_visible()
    expect(drawn_map).to_be_visible()


def test_the_map_that_a_phone_showed_does_not_hide_the_chart_when_it_is_turned(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(DISTRICT)
    page.locator(".show-map").check()
    page.set_viewport_size({"width": 1000, "height": 400})
    expect(page.locator("section:has(#parts-title) .panel-chart")).to_be_visible()
    assert_accessible(page)
