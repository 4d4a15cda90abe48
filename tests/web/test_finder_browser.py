"""The finder and the pages of places, reporters and incidents in a browser."""

import re
from typing import Final

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.gunicorn_server import RunningServer
from tests.web.conftest import OpenPage, assert_accessible
from tests.web.generated_country import Country

COUNTRY: Final = "velmarra"

PAGES: Final = (
    "places",
    "places?words=plekohvo",
    f"places?place={COUNTRY}",
    "places?place=plekhovo",
    "reporters",
    "reporter/ua-hur",
    "find?words=lorrendal",
    "find?words=qqxx",
)
"""Addresses of pages of each kind."""

WIDTHS: Final = (320, 390, 1280)


def test_a_place_is_found_by_an_alias_with_the_keyboard(page: Page) -> None:
    page.goto("reporter/ua-hur")  # One level below the index: addresses must still be right.
    find = page.locator("#find")
    find.press_sequentially("Pliekho", delay=30)
    expect(page.get_by_role("option", name=re.compile("Plekhovo"))).to_be_visible()
    find.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/place/plekhovo")


def test_a_place_is_found_in_spite_of_its_spelling(page: Page) -> None:
    page.goto("places")
    page.locator("#find").press_sequentially("Plekohvo", delay=30)
    expect(page.get_by_role("option").first).to_contain_text("Plekhovo")


def test_an_option_of_an_earlier_text_is_not_taken_on_a_slow_network(page: Page) -> None:
    page.goto("places")
    find = page.locator("#find")
    find.press_sequentially("Pl", delay=30)
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    held: list[Route] = []
    page.route("**/suggest?words=*", lambda route: held.append(route))
    find.press_sequentially("iekho")
    expect(options.first).not_to_be_visible()
    find.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?words=Pliekho")  # The form is sent as it stands.


def test_a_group_is_found(page: Page) -> None:
    page.goto("places")
    page.locator("#find").press_sequentially("dprk", delay=30)
    page.get_by_role("option", name=re.compile("North Korean")).click()
    page.wait_for_url("**/place?group=dprk-forces")
    expect(page.locator("#headline")).to_contain_text("North Korean")


def test_a_place_is_added_to_a_subject_by_keyboard(page: Page) -> None:
    page.goto("place/vorozhba?to=2024-12-20")
    page.locator(".chip summary").first.press("Enter")
    field = page.locator("#find-place")
    field.press_sequentially("plehovo", delay=30)
    expect(page.get_by_role("option", name=re.compile("Plekhovo"))).to_be_visible()
    assert_accessible(page)
    field.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/place/vorozhba,plekhovo?to=2024-12-20")


def test_reports_are_filtered_by_a_place_that_is_offered(page: Page) -> None:
    page.goto("reports?reporter=ua-hur")
    page.locator(".chip summary").nth(1).click()
    page.locator("#find-place").press_sequentially("plehovo", delay=30)
    page.get_by_role("option", name=re.compile("Plekhovo")).click()
    page.wait_for_url("**/reports?*")
    assert "place=plekhovo" in page.url and "reporter=ua-hur" in page.url


def test_the_list_of_places_is_searched_without_scripts(scriptless: Page) -> None:
    scriptless.goto("places")
    scriptless.locator("#place-words").fill("plekohvo")
    scriptless.keyboard.press("Enter")
    expect(scriptless.locator(".list th[scope=row] a").first).to_have_text("Plekhovo")


def test_places_of_one_name_are_offered_with_their_parents(page: Page) -> None:
    page.goto("places")
    page.locator("#find").press_sequentially("Oldwell", delay=30)
    options = page.get_by_role("option", name=re.compile("^Oldwell"))
    expect(options).to_have_count(2)
    texts = [option.inner_text() for option in options.all()]
    assert len(set(texts)) == 2 and all("Velmarra" in each for each in texts)


def test_without_scripts_the_field_leads_to_the_page_of_results(scriptless: Page) -> None:
    scriptless.goto("reporters")
    scriptless.get_by_role("searchbox").fill("plekohvo")
    scriptless.get_by_role("searchbox").press("Enter")
    scriptless.wait_for_url("**/find?words=plekohvo")
    scriptless.get_by_role("link", name="Plekhovo", exact=True).click()
    scriptless.wait_for_url("**/place/plekhovo")


def test_the_tree_of_places_can_be_walked_down_and_up(page: Page, country: Country) -> None:
    page.goto("places")
    page.get_by_role("link", name="Velmarra", exact=True).click()
    page.get_by_role("link", name="Lower Lorrendal", exact=True).click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(len(country.villages("lower-lorrendal")))
    page.locator(".trail").get_by_role("link", name="Velmarra").click()
    page.wait_for_url(f"**/places?place={COUNTRY}")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_fits_and_has_no_barrier(
    open_page: OpenPage, server: RunningServer, path: str, width: int
) -> None:
    page = open_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if width == 390 else "light",
    )
    page.goto(path)
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)


@pytest.mark.parametrize("path", ["places", "places?place=plekhovo"])
def test_the_navigation_marks_the_page(scriptless: Page, path: str) -> None:
    scriptless.goto(path)
    expect(scriptless.locator("nav [aria-current=page]").first).to_have_text("Places")
