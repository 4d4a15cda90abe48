"""A person enters a report: found, described, read, tried, put right and sent, with keys alone."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.support.gunicorn_server import RunningServer, run_server
from tests.web.conftest import PHONE, assert_accessible, load_samples


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A service of the tests' own, with the samples in it: reports are added to it."""
    with run_server(tmp_path_factory.mktemp("enter")) as server:
        load_samples(server)
        yield server


@pytest.fixture
def address(form: RunningServer) -> str:
    """Where pages are opened."""
    return form.url


@pytest.fixture
def page(page: Page) -> Page:
    """The form, opened anew in a browser that knows nothing."""
    return open_form(page)


def open_form(page: Page) -> Page:
    """Open the form and allow every error response; return the page."""
    page.allowed.update(range(400, 600))  # type: ignore[attr-defined]
    page.goto("/enter")
    expect(page.locator("#report")).to_be_visible()
    return page


def pick_option(page: Page, picker: str, typed: str, option: str) -> None:
    """Type into the picker and take what is offered."""
    page.locator(f"#{picker}-find").press_sequentially(typed)
    page.locator(f"#{picker}-find__listbox li", has_text=option).first.click()


def test_an_option_of_an_earlier_text_is_not_taken_on_a_slow_network(page: Page) -> None:
    find = page.locator("#places-find")
    options = page.locator("#places-find__listbox li")
    find.press_sequentially("ma")
    expect(options.first).to_be_visible()
    held: list[Route] = []
    page.route("**/suggest?*", lambda route: held.append(route))
    find.press_sequentially("rtynovka")
    expect(options.first).not_to_be_visible()
    find.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#places .picked > *")).to_have_count(0)
    expect(page.get_by_text("Correct this first")).not_to_be_visible()
    page.wait_for_timeout(300)  # The picker asks when the typing has paused.
    held[-1].continue_()
    expect(options.first).to_contain_text("Martynovka")
    find.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#places .picked > *")).to_have_count(1)


def fill_form(
    page: Page, form: RunningServer, words: str = "at least 30 killed or wounded"
) -> None:
    """Fill in a whole report."""
    page.fill("#key", form.key)
    pick_option(page, "reporter", "Defence Int", "ua-hur")
    pick_option(page, "places", "plekh", "Plekhovo")
    page.fill("#report-from", "2024-12-14")
    page.fill("#report-to", "2024-12-15")
    page.get_by_label("The number in the reporter’s words").fill(words)


def request_preview(page: Page) -> None:
    """Ask for a preview, and see it."""
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview-title")).to_be_focused()


def read_last_seq(form: RunningServer) -> int:
    """How many entries the record has."""
    with urllib.request.urlopen(f"{form.url}/v1/changes?since=0&limit=1000") as answer:
        return int(json.load(answer)["last_seq"])


def test_a_wording_is_read_as_it_is_typed(page: Page) -> None:
    words, said = page.locator('[data-at="/wording"]'), page.locator(".reading")
    words.press_sequentially("at least 30 killed or wounded")
    expect(said).to_have_text("Read as 30 or more, killed or wounded.")
    words.fill("at least 30")
    expect(said).to_have_text("Read as 30 or more. Select the outcomes.")
    page.get_by_label("missing", exact=True).check()
    expect(said).to_have_text("Read as 30 or more, missing.")
    words.fill("umpteen killed")
    expect(said).to_contain_text("umpteen")
    expect(words).to_have_attribute("aria-invalid", "true")
    words.fill("about 30 killed")
    expect(said).to_contain_text("Read as 25 to 35, killed. The words are vague")
    expect(said).to_contain_text("other outcomes are selected")
    expect(words).not_to_have_attribute("aria-invalid", "true")
    page.get_by_text("Numbers instead of words").click()
    page.get_by_label("Low", exact=True).fill("20")
    expect(said).to_have_text("The numbers below count; the words are only stored.")


def test_figures_are_read_from_the_words_of_the_statement(page: Page) -> None:
    read, told = page.get_by_role("button", name="Read the figures"), page.locator("#quote-reading")
    read.click()
    expect(told).to_have_text("Write the words of the statement first.")
    expect(page.locator("#quote")).to_be_focused()
    page.fill(
        "#quote",
        "The unit suffered — at least 30 soldiers were killed or wounded. 12 people were killed"
        " and four civilians wounded. At least 5, perhaps 50 were killed. Umpteen fled.",
    )
    read.click()
    expect(told).to_contain_text("3 figures were read; check them below.")
    expect(told).to_contain_text("The words name a kind of people (soldiers, civilians)")
    expect(told.locator("li")).to_have_text(
        ["The unit suffered", "At least 5, perhaps 50 were killed", "Umpteen fled"]
    )
    words = page.locator('[data-at="/wording"]')
    expect(words).to_have_count(3)
    assert [each.input_value() for each in words.all()] == [
        "at least 30 soldiers were killed or wounded",
        "12 people were killed",
        "four civilians wounded",
    ]
    expect(page.locator(".reading").nth(2)).to_have_text("Read as 4, wounded.")
    read.click()  # What the form has already is not added again.
    expect(told).to_contain_text("3 figures were read")
    expect(words).to_have_count(3)


def test_words_without_a_figure_add_none(page: Page) -> None:
    page.fill("#quote", "They are gone.")
    page.get_by_role("button", name="Read the figures").click()
    expect(page.locator("#quote-reading")).to_contain_text("No figure could be read.")
    expect(page.locator('[data-at="/wording"]')).to_have_value("")


def test_a_preview_leads_to_sending_and_back_to_the_form(page: Page, form: RunningServer) -> None:
    fill_form(page, form)
    request_preview(page)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_label("The number in the reporter’s words")).to_be_focused()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Clear the form").click()
    expect(page.locator("#preview")).to_be_hidden()
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_preview_shows_every_total_after_the_report(page: Page, form: RunningServer) -> None:
    before = read_last_seq(form)
    fill_form(page, form, "at least 777 killed or wounded")
    pick_option(page, "places", "Nowhere", "New place: Nowhere")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Nowhere")
    expect(page.get_by_label("Id", exact=True)).to_have_value("nowhere")
    request_preview(page)
    told = page.locator("#preview")
    expect(told).to_contain_text("Nothing is recorded yet.")
    expect(told).to_contain_text("Place Nowhere (nowhere)")
    expect(told.locator("tr.changed").first).to_contain_text("at least 777 killed or wounded")
    expect(told).to_contain_text("Plekhovo, Nowhere, 2024-12-14 to 2024-12-15.")
    assert read_last_seq(form) == before
    pick_option(page, "groups", "Engineers", "New group")
    request_preview(page)
    expect(told).to_contain_text("2024-12-14 to 2024-12-15, of Engineers alone.")
    page.locator("#groups").get_by_role("button", name="Remove Engineers").click()
    page.get_by_label("Name", exact=True).fill("Elsewhere")
    expect(page.get_by_label("Id", exact=True)).to_have_value("elsewhere")
    expect(page.locator("#stale")).to_contain_text("The form has changed")


def test_every_error_is_shown_at_its_field(page: Page, form: RunningServer) -> None:
    page.fill("#key", form.key)
    pick_option(page, "reporter", "Some Paper", "New reporter")
    page.get_by_label("Id", exact=True).fill("No Slug")
    page.fill("#report-to", "2024-12-15")
    page.fill("#source-url", "nonsense")
    page.locator('[data-at="/wording"]').fill("umpteen killed")
    page.get_by_role("button", name="Add a figure").click()
    page.get_by_text("Numbers instead of words").last.click()
    page.get_by_label("Low", exact=True).last.fill("a few")
    page.get_by_role("button", name="Send").click()
    summary = page.get_by_role("alert").filter(has_text="Correct this first")
    expect(summary.get_by_role("link")).to_have_count(4)
    id_field = page.get_by_label("Id", exact=True)
    expect(id_field).to_be_focused()
    expect(id_field).to_have_attribute("aria-invalid", "true")
    expect(id_field).to_have_accessible_description(
        re.compile("Lower-case letters.*This must be an id")
    )
    # What the words do not tell is still said beside them.
    expect(page.locator(".reading").first).to_contain_text("umpteen")
    summary.get_by_role("link", name="Figure 2, Low").click()
    low = page.get_by_label("Low", exact=True).last
    expect(low).to_be_focused()
    low.fill("3")
    expect(low).not_to_have_attribute("aria-invalid", "true")


def test_a_scope_that_no_figure_has_is_missing_on_the_report(
    page: Page, form: RunningServer
) -> None:
    page.fill("#key", form.key)
    pick_option(page, "reporter", "Defence Int", "ua-hur")
    page.get_by_role("button", name="Add a figure").click()
    for words in page.locator('[data-at="/wording"]').all():
        words.fill("two missing")
    page.get_by_role("button", name="Preview").click()
    links = page.get_by_role("alert").get_by_role("link")
    expect(links).to_have_count(2)
    expect(links.first).to_have_text(re.compile("^Period: Give"))
    expect(page.locator("#report-from")).to_be_focused()
    expect(page.locator("#places-find")).to_have_attribute("aria-invalid", "true")
    page.fill("#report-to", "2024-12-15")
    pick_option(page, "places", "plekh", "Plekhovo")
    page.get_by_role("button", name="Preview").click()
    expect(links).to_have_text("Period, From: Give the first day, or select that it is not stated.")
    page.get_by_label("Not stated").first.check()
    request_preview(page)
    expect(page.locator("#preview")).to_contain_text("until 2024-12-15")


def test_options_have_the_parent_of_a_place_and_new_places_can_be_picked_again(
    page: Page, form: RunningServer
) -> None:
    page.fill("#key", form.key)
    box = page.locator("#places-find")
    box.press_sequentially("plekh")
    option = page.locator("#places-find__listbox li").first
    expect(option).to_contain_text("Kursk")
    box.fill("")
    box.press_sequentially("plehkovo")  # Misspelt.
    expect(option).to_contain_text("Plekhovo")
    box.fill("")
    pick_option(page, "places", "Upper Wood", "New place: Upper Wood")
    page.get_by_text("Details of this figure alone").click()
    pick_option(page, "figure-1-places", "upper", "new in this report")
    expect(page.locator("#figure-1-places .picked")).to_contain_text("Upper Wood")


def test_a_report_can_be_sent_with_the_keyboard_alone(page: Page, form: RunningServer) -> None:
    page.locator("#key").focus()
    page.keyboard.type(form.key)
    page.locator("#reporter-find").focus()
    page.keyboard.type("Defence Int")
    expect(page.locator("#reporter-find__listbox li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Change")).to_be_focused()
    page.fill("#report-from", "2024-12-14")
    page.fill("#report-to", "2024-12-15")
    page.locator("#places-find").focus()
    page.keyboard.type("plekh")
    expect(page.locator("#places-find__listbox li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#places .picked")).to_contain_text("Plekhovo")
    expect(page.locator("#places-find")).to_be_focused()
    page.locator('[data-at="/wording"]').focus()
    page.keyboard.type("three missing")
    page.keyboard.press("Enter")  # It tries the report out; it never sends it.
    expect(page.locator("#preview-title")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#sent-title")).to_be_focused()
    link = page.get_by_role("link", name="See the report")
    address = link.get_attribute("href") or ""
    assert address.startswith("report/")
    with urllib.request.urlopen(f"{form.url}/v1/reports/{address[7:]}") as answer:
        stored = json.load(answer)
    assert stored["figures"][0]["wording"] == "three missing"
    page.get_by_role("button", name="Enter another report").click()
    expect(page.locator("#reporter-find")).to_be_focused()
    expect(page.locator('[data-at="/wording"]')).to_have_value("")


def test_a_report_sent_again_after_a_lost_answer_is_recorded_once(
    page: Page, form: RunningServer
) -> None:
    fill_form(page, form, "exactly 12 missing")
    before = read_last_seq(form)

    def lose_answer(route: Route) -> None:
        route.fetch()  # The service records it, and its answer never comes.
        route.abort()

    page.allowed.add("net::ERR_FAILED")  # type: ignore[attr-defined]
    page.route("**/v1/reports", lose_answer, times=1)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert").filter(has_text="The service did not answer")).to_be_visible()
    assert read_last_seq(form) == before + 1
    page.reload()
    expect(page.locator("#notice")).to_contain_text("was restored")
    page.get_by_role("button", name="Send").dblclick()
    expect(page.locator("#sent")).to_contain_text("nothing was recorded twice")
    assert read_last_seq(form) == before + 1


def test_a_draft_is_restored_after_a_reload_that_asks_for_confirmation(
    page: Page, form: RunningServer
) -> None:
    fill_form(page, form, "about 40 wounded")
    page.get_by_role("button", name="Add a figure").click()
    second = page.locator(".figure").nth(1)
    second.get_by_label("The number in the reporter’s words").fill("two missing")
    second.get_by_text("Details of this figure alone").click()
    pick_option(page, "groups", "KPA", "New group")
    page.wait_for_timeout(500)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.locator(".figure")).to_have_count(2)
    expect(page.locator(".reading").first).to_contain_text("wounded")
    expect(page.locator("#places .picked")).to_contain_text("Plekhovo")
    expect(page.locator("#groups").get_by_label("Name", exact=True)).to_have_value("KPA")
    expect(page.locator("#key")).to_have_value(form.key)
    page.get_by_role("button", name="Clear the form").click()
    expect(page.locator(".figure")).to_have_count(1)
    assert asked == ["beforeunload", "confirm"]
    page.reload()
    assert asked == ["beforeunload", "confirm"]


def test_a_correction_keeps_its_own_draft(page: Page, form: RunningServer) -> None:
    fill_form(page, form, "exactly 17 missing")
    page.fill("#published", "2024-12-16")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="See the report").click()
    page.get_by_role("link", name="Correct", exact=True).click()
    words = page.get_by_label("The number in the reporter’s words")
    expect(words).to_have_value("exactly 17 missing")
    expect(page.locator("#places .picked")).to_contain_text("Plekhovo")
    expect(page.locator("#published")).to_have_value("2024-12-16")
    words.fill("exactly 18 missing")
    page.wait_for_timeout(500)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(words).to_have_value("exactly 18 missing")
    page.get_by_role("button", name="Clear the form").click()
    expect(words).to_have_value("exactly 17 missing")
    page.goto("/enter")
    expect(words).to_have_value("")


def test_the_key_is_kept_in_session_storage_and_can_be_removed(
    page: Page, form: RunningServer
) -> None:
    fill_form(page, form)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    request_preview(page)
    assert addresses and not any(form.key in address for address in addresses)
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    assert form.key in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_role("button", name="Remove it").click()
    assert form.key not in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#key")).to_be_focused()
    expect(page.locator("#key")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "does not know this key"),
        (403, "This key does not allow it. It may not."),
        (429, "Wait 7 seconds"),
        (503, "Wait 7 seconds, then try again: the report is never recorded twice"),
        (500, "The request failed. It may not."),
    ],
)
def test_a_refusal_is_explained(page: Page, form: RunningServer, status: int, told: str) -> None:
    fill_form(page, form)
    page.route(
        "**/v1/reports",
        lambda route: route.fulfill(
            status=status,
            content_type="application/problem+json",
            headers={"Retry-After": "7"},
            body=json.dumps({"status": status, "detail": "It may not."}),
        ),
    )
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#summary")).to_contain_text(told)


def test_a_stance_has_no_figures(page: Page, form: RunningServer) -> None:
    fill_form(page, form)
    page.get_by_label("What the reporter does").select_option("does_not_acknowledge")
    expect(page.locator("#figures")).to_be_hidden()
    request_preview(page)
    expect(page.locator("#preview")).to_contain_text("No total changes.")


def test_markup_in_names_is_escaped(page: Page, form: RunningServer) -> None:
    page.fill("#key", form.key)
    name = '<img src=x onerror=alert(1)> & "Sons"'
    pick_option(page, "places", name, "New place")
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    assert page.locator("main img").count() == 0


def test_the_page_without_scripts_says_that_it_needs_them(scriptless: Page) -> None:
    scriptless.goto("/enter")
    heading = scriptless.get_by_role("heading", name="The form needs JavaScript")
    expect(heading).to_be_visible()
    expect(scriptless.get_by_role("button", name="Send")).to_have_count(0)


@pytest.mark.parametrize("seen", ["page", "phone", "dark"])
def test_axe_finds_nothing(seen: str, request: pytest.FixtureRequest, form: RunningServer) -> None:
    page = open_form(request.getfixturevalue(seen))
    assert_accessible(page)
    for fold in page.locator("#report summary").all():
        fold.click()
    assert_accessible(page)
    page.fill("#key", form.key)
    page.locator("#places-find").press_sequentially("plekh")
    expect(page.locator("#places-find__listbox li").first).to_be_visible()
    assert_accessible(page)
    page.locator("#places-find").fill("")
    page.fill("#source-url", "nonsense")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert").get_by_role("link").first).to_be_visible()
    assert_accessible(page)
    page.fill("#source-url", "")
    fill_form(page, form, "at least 777 killed or wounded")
    pick_option(page, "places", "Nowhere", "New place: Nowhere")
    request_preview(page)
    assert_accessible(page)


def test_the_form_fits_a_phone(phone: Page, form: RunningServer) -> None:
    page = open_form(phone)
    fill_form(page, form)
    request_preview(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
