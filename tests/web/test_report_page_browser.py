"""A person finds a report, corrects it, withdraws it, and says what it repeats, in few steps."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from samples.client import Client
from tests.support import bodies
from tests.support.gunicorn_server import RunningServer, create_key, run_server
from tests.web.conftest import PHONE, OpenPage, assert_accessible, load_samples
from tests.web.steps import Steps

QUOTE = "The village was shelled at dawn"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A service of the tests' own, with the samples in it: reports are added to it."""
    with run_server(tmp_path_factory.mktemp("reports")) as server:
        load_samples(server)
        yield server


@pytest.fixture
def address(record: RunningServer) -> str:
    """Where pages are opened."""
    return record.url


@pytest.fixture
def report_id(record: RunningServer) -> str:
    """A new report."""
    return post_report(record, quote=QUOTE, published_at="2024-12-16T10:00:00Z")


def post_report(record: RunningServer, **changes: Any) -> str:
    """Return the id of a new report."""
    report = bodies.make_report(**{"reporter": "ua-hur", "places": ["plekhovo"], **changes})
    with Client(record.url, create_key(record, "report"), timeout=60) as client:
        status, recorded = client.post("/v1/reports", report)
    assert status == 201, recorded
    return str(recorded["id"])


def fetch_report(record: RunningServer, report_id: str) -> dict[str, Any]:
    """Return the report in its present state."""
    with urllib.request.urlopen(f"{record.url}/v1/reports/{report_id}") as answer:
        report: dict[str, Any] = json.load(answer)
        return report


def keep_key(page: Page, key: str) -> None:
    """Give the key once in the tab."""
    page.goto("/enter")
    page.fill("#key", key)


def read_id(page: Page) -> str:
    """Return the id of the report whose page is open."""
    return page.url.rpartition("/")[2]


def test_a_report_is_found_in_two_steps(page: Page, report_id: str) -> None:
    page.goto("/")
    steps = Steps(page)
    steps.fill(page.locator("#find"), "SHELLED village")
    steps.press("Enter")
    found = page.locator(f"li:has(a[href='report/{report_id}'])")
    expect(found).to_contain_text(QUOTE)
    assert steps.count <= 2


def test_a_report_is_found_in_the_list_by_its_words(page: Page, report_id: str) -> None:
    page.goto("/find?words=kursk")  # Every page leads to the reports.
    page.get_by_role("navigation").get_by_role("link", name="Reports", exact=True).click()
    page.get_by_label("Words in the report").fill("SHELLED village")
    page.keyboard.press("Enter")
    expect(page.locator(".report-excerpt").first).to_contain_text(QUOTE)
    page.locator(f".report-says a[href='report/{report_id}']").click()
    expect(page.locator("h1")).to_contain_text("At least 30 people killed or wounded in Plekhovo")


def test_a_report_is_corrected_in_five_steps(
    page: Page, record: RunningServer, report_id: str
) -> None:
    page.goto(f"/report/{report_id}")
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="Correct", exact=True))
    expect(page.get_by_label("Replaces the report")).to_have_value(report_id)
    steps.fill(page.get_by_label("API key"), record.key)  # Once in a tab.
    steps.replace(page.get_by_label("The number in the reporter’s words"), "at least 31")
    steps.press("Enter")
    expect(page.locator("#preview-title")).to_be_focused()
    expect(page.locator("#preview")).to_contain_text("Nothing is recorded yet.")
    steps.click(page.get_by_role("button", name="Send"))
    expect(page.locator("#sent-title")).to_be_focused()
    assert steps.count <= 5
    earlier = fetch_report(record, report_id)
    assert earlier["state"] == "superseded"
    later = fetch_report(record, earlier["superseded_by"])
    assert later["figures"][0]["low"] == 31
    kept = ("quote", "published_at", "reporter", "period", "places", "ref")
    assert {name: later[name] for name in kept} == {name: earlier[name] for name in kept}


def test_a_report_is_withdrawn_in_three_steps(
    page: Page, record: RunningServer, report_id: str
) -> None:
    keep_key(page, record.key)
    page.goto(f"/report/{report_id}")
    steps = Steps(page)
    steps.click(page.get_by_text("Withdraw …"))
    expect(page.get_by_label("Why it is withdrawn")).to_be_focused()
    expect(page.get_by_label("API key")).to_be_hidden()
    steps.fill(page.get_by_label("Why it is withdrawn"), "It was a slip.")
    steps.click(page.get_by_role("button", name="Withdraw this report"))
    state = page.locator("#state")
    expect(state).to_contain_text("no longer counted. It was a slip.", use_inner_text=False)
    expect(state).to_be_focused()
    assert steps.count <= 3
    assert fetch_report(record, report_id)["retraction"]["reason"] == "It was a slip."
    expect(page.get_by_text("Withdraw …")).to_have_count(0)


def test_a_refusal_is_said_and_the_key_is_asked_for(
    page: Page, record: RunningServer, report_id: str
) -> None:
    page.allowed.update({401, 409})  # type: ignore[attr-defined]
    page.goto(f"/report/{report_id}")
    page.get_by_text("Withdraw …").click()
    panel, fault = page.locator("#withdraw"), page.locator("#withdraw .fault")
    expect(page.get_by_label("Why it is withdrawn")).to_be_focused()
    page.keyboard.press("Enter")
    expect(fault).to_have_text("Say why it is withdrawn.")
    page.keyboard.type("A slip.")
    page.keyboard.press("Enter")
    expect(fault).to_have_text("Give your API key first.")
    key = panel.get_by_label("API key")
    expect(key).to_be_focused()
    key.fill("wrong")
    page.keyboard.press("Enter")
    expect(fault).to_contain_text("does not know this key")
    expect(key).to_be_focused()
    assert fetch_report(record, report_id)["state"] == "live"
    key.fill(record.key)
    page.route("**/retraction", lambda route: route.abort())
    page.allowed.add("net::ERR_FAILED")  # type: ignore[attr-defined]
    page.keyboard.press("Enter")
    expect(fault).to_contain_text("The service did not answer")
    page.unroute("**/retraction")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_contain_text("no longer counted")


def test_a_report_is_recorded_as_the_repetition_of_another(
    page: Page, record: RunningServer
) -> None:
    original = post_report(record, quote="Original words of the ministry")
    report_id = post_report(record, reporter={"id": "echo", "name": "Echo"}, ref="e 1")
    page.goto(f"/report/{report_id}")
    page.get_by_text("It repeats …").click()
    panel = page.locator("#repeats")
    page.get_by_role("button", name="Record that it repeats").click()
    expect(panel.locator(".fault")).to_have_text("Choose the report that it repeats.")
    panel.get_by_label("Find the report").press_sequentially("ministry original")
    option = panel.locator(".autocomplete__option").first
    expect(option).to_contain_text("Defence Intelligence of Ukraine")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status").last).to_contain_text("Chosen: Defence Intelligence")
    panel.get_by_label("API key").fill(record.key)
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("Repeats another report and is not counted")
    recorded = fetch_report(record, read_id(page))
    assert (recorded["relays"], recorded["supersedes"]) == (original, report_id)
    assert (recorded["ref"], recorded["reporter"]) == ("e 1", "echo")
    assert recorded["figures"][0]["wording"] == "at least 30"


def test_a_filter_is_chosen_by_keyboard(page: Page, report_id: str) -> None:
    page.goto("/reports")
    page.get_by_label("Words in the report").focus()
    for _ in range(7):  # Past the button and four filters, to the sixth.
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").endswith("All states"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Counted")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports?state=live")
    expect(page.locator(".report-row").first).to_contain_text("Counted")
    assert page.locator(".report-relay").count() == 0


def test_the_filters_work_without_scripts(scriptless: Page, report_id: str) -> None:
    scriptless.goto("/reports")
    scriptless.locator("summary", has_text="All dates").click()
    scriptless.get_by_label("From", exact=True).fill("14 December 2024")
    scriptless.locator("details[open]").get_by_role("button", name="Show").click()
    scriptless.wait_for_url("**/reports?from=2024-12-14*")
    expect(scriptless.locator(".report-row").first).to_be_visible()
    scriptless.goto(f"/report/{report_id}")
    expect(scriptless.get_by_text("Correct or withdraw it")).to_be_visible()
    expect(scriptless.get_by_text("It repeats …")).to_be_hidden()


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}, {"color_scheme": "dark"}])
def test_axe_finds_nothing(open_page: OpenPage, report_id: str, options: dict[str, Any]) -> None:
    page = open_page(**options)
    page.allowed.add(422)  # type: ignore[attr-defined]
    for path in ("reports", "reports?q=shelled", "reports?from=x", f"report/{report_id}"):
        page.goto(f"/{path}")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for fold in page.locator("main details:visible").all():
            fold.locator("summary").click()
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.keyboard.press("Escape")
