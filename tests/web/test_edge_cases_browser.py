"""Pages of unusual records: markup in names, right-to-left names, too many parts or days."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from samples.client import Client
from tests.support.gunicorn_server import RunningServer, create_key, run_server
from tests.web.generated_country import Json

REDIRECTING_NAME: Final = 'Metaville<meta http-equiv="refresh" content="0;url=/docs">'
RIGHT_TO_LEFT_NAME: Final = "مدينة النصر"
HAMLETS: Final = 1_001
"""One more place within a place than an answer may have parts."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A service with odd names, many villages, and figures far apart in time."""
    with run_server(tmp_path_factory.mktemp("odd")) as server:
        with Client(server.url, create_key(server, "admin"), timeout=120) as client:
            for each in _make_places():
                client.put(f"/v1/places/{each['id']}", each)
            for each in _make_reports():
                client.post("/v1/reports", each)
        yield server


def _make_places() -> Iterator[Json]:
    yield {"id": "metaville", "name": REDIRECTING_NAME}
    yield {"id": "nasr", "name": RIGHT_TO_LEFT_NAME, "kind": "city"}
    yield {"id": "torn", "name": "Torn"}
    yield {"id": "torn-a", "name": "Torn Upper", "parent": "torn"}
    yield {"id": "wide", "name": "Wide"}
    for number in range(HAMLETS):
        yield {"id": f"wide-{number}", "name": f"Hamlet {number}", "parent": "wide"}


def _make_reports() -> Iterator[Json]:
    yield _make_report("one", "nasr", "killed", "2030-01-01", {"low": 12, "high": 12})
    yield _make_report("two", "nasr", "killed", "2030-01-01", {"low": 22, "high": 22})
    yield _make_report("one", "torn-a", "killed", "2030-01-01", {"low": 12, "high": 12})
    yield _make_report("two", "torn", "killed,wounded", "2030-01-01", {"low": 0, "high": 9})
    yield _make_report("one", "wide-7", "killed", "2030-01-01", {"low": 3, "high": 5})
    yield _make_report("one", "metaville", "killed", "1900-01-01", {"low": 1, "high": 1})


def _make_report(reporter: str, place: str, outcomes: str, day: str, figure: Json) -> Json:
    return {
        "reporter": {"id": reporter, "name": f"Reporter {reporter}"},
        "period": {"from": day, "to": day},
        "places": [place],
        "figures": [{"outcomes": outcomes.split(","), **figure}],
    }


def test_markup_in_a_place_name_is_not_executed(page: Page) -> None:
    page.goto("./")
    page.locator("#find").press_sequentially("metav", delay=20)
    offered = page.locator(".autocomplete__option").first
    expect(offered).to_contain_text(REDIRECTING_NAME)
    page.wait_for_timeout(500)
    assert page.locator("meta[http-equiv]").count() == 0
    offered.click()
    page.wait_for_url("**/place/metaville")
    expect(page.locator("#headline")).to_contain_text(REDIRECTING_NAME)


def test_the_sentence_is_shown_with_too_many_parts_for_a_page(page: Page) -> None:
    page.goto("place/wide")
    expect(page.locator("h1")).to_contain_text("3 to 5 people killed in Wide")
    expect(page.locator("main")).to_contain_text("1,001 parts")
    page.locator("main").get_by_role("link", name="List of all places").click()
    page.wait_for_url("**/places")


def test_a_place_without_children_is_its_own_part(page: Page) -> None:
    page.goto("place/wide-7")
    parts = page.locator("section:has(#parts-title) .chart-row")
    expect(parts).to_have_count(1)
    expect(parts).to_have_attribute("data-key", "wide-7")
    expect(page.locator("main")).not_to_contain_text("no report says where")


def test_each_side_of_a_dispute_is_named(page: Page) -> None:
    page.goto("place/nasr?outcomes=killed")
    expect(page.locator("#headline")).to_contain_text("reports contradict each other by 10 people")
    sides = page.locator(".chart-dispute").first
    expect(sides).to_contain_text("Reporter one")
    expect(sides).to_contain_text("Reporter two")


def test_right_to_left_names_do_not_reverse_numbers(page: Page) -> None:
    page.goto("place/nasr?from=2030-01-01&to=2030-01-02")
    told = page.locator("#headline")
    expect(told).to_contain_text(RIGHT_TO_LEFT_NAME)
    assert _read_in_screen_order(told, "12") == "12"


def _read_in_screen_order(element: Any, words: str) -> str:
    """Return the letters of these words in the order in which they stand on the screen."""
    letters: str = element.evaluate(
        """(element, words) => {
            const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                const letters = [...words].map((letter, index) => {
                    const range = document.createRange();
                    range.setStart(node, at + index);
                    range.setEnd(node, at + index + 1);
                    const box = range.getBoundingClientRect();
                    return [box.top, box.left, letter];
                });
                letters.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
                return letters.map(([, , letter]) => letter).join("");
            }
            return "";
        }""",
        words,
    )
    return letters


def test_a_citation_that_cannot_be_copied_is_selected(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto("place/nasr")
    page.locator("[data-copy=citation]").click()
    assert page.evaluate("getSelection().toString()") == page.locator("#citation").inner_text()
