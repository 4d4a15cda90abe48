"""What is new, comparisons and documents in a real browser: accessible, and without scripts."""

from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import OpenPage, assert_accessible

PAGES: Final = {
    "what is new": "new?since=0",
    "two places": "compare?place=plekhovo&other_place=vorozhba",
    "two states": "compare?place=plekhovo&compare=1",
    "the form": "compare",
    "the method": "method",
    "the reference": "docs",
    "the glossary": "glossary",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_are_accessible_and_fit_the_width(
    open_page: OpenPage, width: int, scheme: str
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    for name, path in PAGES.items():
        page.goto(path)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_a_comparison_is_made_by_keyboard_without_scripts(scriptless: Page) -> None:
    scriptless.goto("compare")
    first, second = (scriptless.locator(f'[name="{name}"]') for name in ("place", "other_place"))
    first.focus()
    scriptless.keyboard.type("Plekhovo")
    for _ in range(4):
        scriptless.keyboard.press("Tab")
    expect(second).to_be_focused()
    scriptless.keyboard.type("Vorozhba")
    scriptless.keyboard.press("Enter")
    expect(scriptless.locator("h1")).to_have_text("Plekhovo compared with Vorozhba")
    expect(scriptless.locator(".sides-two section")).to_have_count(2)


def test_what_is_new_leads_to_a_report_and_to_the_comparison(scriptless: Page) -> None:
    scriptless.goto("new?since=0")
    scriptless.locator(".totals a", has_text="Compare").first.click()
    expect(scriptless.locator("h1")).to_contain_text("then and now")
    scriptless.go_back()
    scriptless.locator('main a[href^="report/"]').first.click()
    expect(scriptless.locator("h1")).to_contain_text("according to")
