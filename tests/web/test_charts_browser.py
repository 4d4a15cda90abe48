"""Charts in a browser: by keyboard and pointer, on a phone and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import OpenPage, assert_accessible
from tests.web.generated_country import Country


@pytest.fixture(scope="session")
def country_path(country: Country) -> str:
    """The page of the generated country by month."""
    root = next(place["id"] for place in country.places if not place.get("parent"))
    return f"/place/{root}"


def test_the_time_chart_is_one_stop_for_tab_and_arrows_move_inside(
    page: Page, country_path: str
) -> None:
    page.goto(country_path)
    columns = page.locator(".chart-days .chart-column")
    count = columns.count()
    assert count > 3
    columns.first.focus()
    page.keyboard.press("ArrowRight")
    expect(columns.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(columns.nth(count - 1)).to_be_focused()
    tabbable = page.locator('.chart-days .chart-column[tabindex="0"]')
    expect(tabbable).to_have_count(1)


def test_days_are_selected_with_the_keyboard_and_become_the_period(
    page: Page, country_path: str
) -> None:
    page.goto(country_path)
    columns = page.locator(".chart-days .chart-column")
    first, last = columns.nth(1), columns.nth(2)
    begin, end = first.get_attribute("data-from"), last.get_attribute("data-to")
    first.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".chart-live")).to_contain_text("selected")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"from={begin}&to={end}"))


def test_days_are_selected_with_the_mouse(page: Page, country_path: str) -> None:
    page.goto(country_path)
    page.locator(".chart-days").scroll_into_view_if_needed()
    columns = page.locator(".chart-days .chart-column")
    first, last = columns.nth(1), columns.nth(3)
    boxes = [each.locator(".chart-hit").bounding_box() for each in (first, last)]
    assert all(boxes)
    begin, end = first.get_attribute("data-from"), last.get_attribute("data-to")
    (from_x, y), (to_x, _) = [(box["x"] + box["width"] / 2, box["y"] + 60) for box in boxes if box]
    page.mouse.move(from_x, y)
    page.mouse.down()
    page.mouse.move(to_x, y, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile(rf"from={begin}&to={end}"))


def test_a_bar_leads_to_its_proof_and_its_name_to_its_page(page: Page, country_path: str) -> None:
    page.goto(country_path)
    row = page.locator(".chart-row[data-key]:not(.chart-apart)").first
    key = row.get_attribute("data-key")
    expect(row.locator(".chart-count a")).to_have_attribute("href", re.compile(r"\.\./why\?"))
    expect(row.locator(".chart-part a")).to_have_attribute("href", re.compile(f"/{key}"))


def test_rows_are_one_line_high_and_on_a_phone_the_bar_is_below(
    page: Page, phone: Page, country_path: str
) -> None:
    page.goto(country_path)
    row = page.locator(".chart-row:not(.chart-apart)").first
    box = row.bounding_box()
    assert box and 24 <= box["height"] <= 28
    phone.goto(country_path)
    row = phone.locator(".chart-row:not(.chart-apart)").first
    name, bar = (
        row.locator(".chart-part").bounding_box(),
        row.locator(".chart-strip").bounding_box(),
    )
    assert name and bar and bar["y"] > name["y"] + 20
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_bars_end_where_their_numbers_say(page: Page, country_path: str) -> None:
    page.goto(country_path)
    measured = page.evaluate(
        """() => [...document.querySelectorAll('.chart-row:not(.chart-apart)')].map(row => {
            const low = row.querySelector('.chart-strip rect.chart-low');
            const number = row.querySelector('.chart-count').textContent.replaceAll(',', '');
            return [parseInt(number), low ? low.getBoundingClientRect().width : 0];
        }).filter(([number, width]) => number > 20 && width > 0)"""
    )
    assert len(measured) > 2
    scales = [width / number for number, width in measured]
    assert max(scales) <= min(scales) * 1.1


def test_charts_are_there_without_scripts_and_in_the_dark(
    scriptless: Page, open_page: OpenPage, country_path: str
) -> None:
    scriptless.goto(country_path)
    for chart in (".chart-of-ranges", ".chart-of-times", ".chart-of-places"):
        expect(scriptless.locator(chart).first).to_be_visible()
    expect(scriptless.locator(".chart-help").first).to_be_hidden()
    dark = open_page(color_scheme="dark")
    dark.goto(country_path)
    assert_accessible(dark)
    for table in dark.locator(".show-table").all():
        table.check()
    assert_accessible(dark)
