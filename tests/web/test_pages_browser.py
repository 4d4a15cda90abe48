"""The pages in a real browser, before the real service with 2,018 reports in it.

What a page says is held against what the API answers to the call that the page itself names.
"""

import csv
import json
import re
import urllib.request
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.support.gunicorn_server import RunningServer, run_server
from tests.web.conftest import OpenPage, assert_accessible
from tests.web.generated_country import (
    COUNTRY,
    PARTIES,
    REPORT_COUNT,
    RETRACTION_COUNT,
    Country,
    Json,
)

WEEKEND = "plekhovo,vorozhba,martynovka?from=2024-12-14&to=2024-12-15"
WEEKEND_QUERY = f"place={WEEKEND.replace('?', '&')}"
CALM_DISTRICT, DISPUTED_DISTRICT = "jostrava", "askermoor"

# What a page says, beside what the API answers.


def fetch_named_call(page: Page, server: RunningServer) -> Json:
    """Return what the API answers to the call that the page names."""
    path = page.locator("#call").get_attribute("href")
    assert path
    return fetch_json(server, path.removeprefix("../"))


def fetch_json(server: RunningServer, path: str) -> Json:
    """Return the answer of the API."""
    with urllib.request.urlopen(f"{server.url}/{path}") as answer:
        answer_data: Json = json.load(answer)
        return answer_data


def assert_agrees(page: Page, server: RunningServer) -> Json:
    """Assert that the sentence has the numbers of the API; return the API's total."""
    total: Json = fetch_named_call(page, server)["totals"][0]
    sentence = page.locator("#headline").inner_text()
    if not total["reported"]:
        assert sentence.startswith("No report counts"), sentence
        return total
    placed = total["placed"] if total["placed"]["reported"] else total
    stated = placed if placed["low"] >= total["low"] else total
    low = f"{stated['low']:,}"
    assert low in sentence or total["disputed"] or not stated["low"], (sentence, total)
    assert ("contradict" in sentence) or not total["disputed"], (sentence, total)
    return total


def read_parameters(page: Page) -> dict[str, str]:
    """Return the parameters of the page's address, the places of its path among them."""
    parts = urlsplit(page.url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = re.search(r"/place/([^/]+)$", parts.path)
    return {"place": path[1], **query} if path else query


def open_filter(page: Page, name: str) -> Locator:
    """Open the filter, and return its panel."""
    chip = page.locator(".chip", has=page.locator("legend", has_text=name))
    chip.locator("summary").click()
    panel = chip.locator(".chip-panel")
    expect(panel).to_be_visible()
    return panel


def send_filter(page: Page, panel: Locator) -> None:
    """Send the form, and wait until all of the answer has come."""
    follow_link(page, panel.get_by_role("button", name="Show", exact=True))


def follow_link(page: Page, link: Locator) -> None:
    """Click, and wait until all of the next page has come: it is sent bit by bit."""
    with page.expect_navigation():
        link.click()


# The set behind it all.


def test_the_generated_country_is_loaded_without_an_error(
    server: RunningServer, ids: dict[str, str], country: Country
) -> None:
    assert len(ids) == REPORT_COUNT
    states = {"relay": 0, "superseded": 0, "retracted": 0}
    for state in states:
        found = fetch_json(server, f"v1/reports?place={COUNTRY}&state={state}&limit=1000")
        states[state] = len(found["reports"])
    assert states["retracted"] == RETRACTION_COUNT
    assert states["relay"] > 400 and states["superseded"] > 50
    told = fetch_json(server, f"v1/totals?place={COUNTRY}&by=place&outcomes=killed")
    codes = {caveat["code"] for caveat in told["caveats"]}
    assert {
        "open_above", "undisclosed", "not_acknowledged", "declined", "disputed", "approximate",
        "beginning_not_stated", "relayed", "preliminary",
    } <= codes  # fmt: skip
    totals = [part["totals"][0] for part in told["parts"]]
    assert {total["disputed"] for total in totals} == {True, False}
    assert {total["high"] is None for total in totals} == {True, False}
    assert all(total["exact"] for total in totals)
    assert len(country.districts) == len(totals)


# The first view, and what it weighs.


def test_the_index_has_rows_that_lead_to_their_subjects(page: Page, server: RunningServer) -> None:
    page.goto("./")
    assert page.locator("h1").count() == 1
    row = page.locator(".index tbody tr", has_text="Kursk Oblast").first
    expect(row.locator(".lead-number")).to_be_visible()
    follow_link(page, row.locator("th a"))
    assert read_parameters(page)["place"] == "ru-kursk"
    assert_agrees(page, server)


def test_a_subject_has_its_sentence_charts_and_caveats(page: Page, server: RunningServer) -> None:
    page.goto(f"place/{COUNTRY}?outcomes=killed")
    assert_agrees(page, server)
    expect(page).to_have_title(re.compile("killed – Velmarra"))
    assert page.locator("h1").count() == 1
    for chart in (".chart-of-ranges", ".chart-of-times", ".chart-of-places"):
        expect(page.locator(chart).first).to_be_visible()
    expect(page.locator(".leading li").first).to_be_visible()
    assert page.locator(".leading li").count() <= 3
    expect(page.locator(".coverage")).to_contain_text("reports by")
    expect(page.locator(".sayers li").first).to_be_visible()


def test_nothing_comes_from_elsewhere(page: Page, server: RunningServer) -> None:
    sites: set[str] = set()
    page.on("request", lambda request: sites.add(urlsplit(request.url).netloc))
    answer = page.goto(f"place/{WEEKEND}")
    page.wait_for_load_state("networkidle")
    assert answer and "default-src 'none'" in answer.headers["content-security-policy"]
    assert sites <= {urlsplit(server.url).netloc, ""}


def test_the_page_of_an_empty_record_has_advice(open_page: OpenPage, tmp_path: Path) -> None:
    with run_server(tmp_path) as empty:
        page = open_page(base_url=empty.url)
        page.goto("./")
        expect(page.locator(".empty")).to_be_visible()
        assert page.locator(".empty a").count() >= 1
        assert_accessible(page)


# Every filter.


def test_days_can_be_chosen(page: Page, server: RunningServer) -> None:
    page.goto(f"place/{CALM_DISTRICT}")
    before = assert_agrees(page, server)
    panel = open_filter(page, "When")
    panel.get_by_label("From", exact=True).fill("July 2024")
    panel.get_by_label("To", exact=True).fill("30 September 2024")
    send_filter(page, panel)
    assert read_parameters(page) == {
        "place": CALM_DISTRICT,
        "from": "2024-07-01",
        "to": "2024-09-30",
    }
    after = assert_agrees(page, server)
    assert after["low"] < before["low"]
    expect(page.locator("#headline")).to_contain_text("from July to September 2024")
    panel = open_filter(page, "When")
    expect(panel.get_by_label("From", exact=True)).to_have_value("1 July 2024")


@pytest.mark.parametrize("kept", [["Killed"], ["Killed", "Wounded"], ["Captured"]])
def test_outcomes_can_be_chosen(page: Page, server: RunningServer, kept: list[str]) -> None:
    page.goto(f"place/{CALM_DISTRICT}")
    panel = open_filter(page, "Outcomes")
    for name in kept:
        panel.get_by_label(name).check()
    send_filter(page, panel)
    assert read_parameters(page)["outcomes"] == ",".join(kept).lower()
    assert assert_agrees(page, server)["outcomes"] == [name.lower() for name in kept]
    panel = open_filter(page, "Outcomes")
    for name in ("Killed", "Wounded", "Missing", "Captured"):
        expect(panel.get_by_label(name)).to_be_checked(checked=name in kept)


def test_groups_can_be_chosen(page: Page, server: RunningServer) -> None:
    page.goto(f"place/{CALM_DISTRICT}")
    panel = open_filter(page, "Whose losses")
    panel.get_by_role("checkbox", name="Aid workers").check()
    panel.get_by_role("checkbox", name="River Front", exact=True).check()
    send_filter(page, panel)
    assert read_parameters(page)["group"] == "aid-workers,river-front"
    assert fetch_named_call(page, server)["query"]["groups"] == ["aid-workers", "river-front"]
    expect(page.locator(".chip-set summary", has_text="Aid workers, River Front")).to_be_visible()


def test_parties_can_be_excluded(page: Page, server: RunningServer) -> None:
    page.goto(f"place/{DISPUTED_DISTRICT}?outcomes=killed")
    panel = open_filter(page, "Reporters")
    panel.get_by_label("Leave out parties to the conflict").check()
    send_filter(page, panel)
    assert read_parameters(page)["party"] == "exclude"
    assert fetch_named_call(page, server)["query"]["party"] == "exclude"
    expect(page.locator("#headline")).not_to_contain_text("party to the conflict")


@pytest.mark.parametrize(
    ("label", "parameter"),
    [
        ("Count only River Front Command", "reporter"),
        ("Leave out River Front Command", "exclude_reporter"),
    ],
)
def test_reporters_can_be_chosen_or_excluded(
    page: Page, server: RunningServer, label: str, parameter: str
) -> None:
    page.goto(f"place/{DISPUTED_DISTRICT}?outcomes=killed")
    panel = open_filter(page, "Reporters")
    panel.get_by_label(label).check()
    send_filter(page, panel)
    assert read_parameters(page)[parameter] == PARTIES[1]
    assert_agrees(page, server)
    # What limits the answer is seen without opening anything.
    expect(page.locator(".chip-set summary", has_text="River Front Command")).to_be_visible()


def test_straddling_figures_can_be_excluded(page: Page, server: RunningServer) -> None:
    page.goto("place/brindavell?outcomes=killed&from=2024-06-01&to=2024-08-31")
    before = assert_agrees(page, server)
    panel = open_filter(page, "Reporters")
    panel.get_by_label("Count only figures wholly inside").check()
    send_filter(page, panel)
    assert read_parameters(page)["straddling"] == "exclude"
    after = assert_agrees(page, server)
    assert after["low"] <= before["low"] and after["figures"] < before["figures"]


def test_one_of_several_places_can_be_removed(page: Page, server: RunningServer) -> None:
    page.goto(f"place/{CALM_DISTRICT},{DISPUTED_DISTRICT}?outcomes=killed")
    panel = open_filter(page, "Where")
    panel.get_by_label("Jostrava").uncheck()
    send_filter(page, panel)
    assert read_parameters(page)["place"] == DISPUTED_DISTRICT
    assert_agrees(page, server)


def test_only_one_filter_is_open_and_escape_closes_it(page: Page) -> None:
    page.goto(f"place/{CALM_DISTRICT}")
    first, second = open_filter(page, "When"), open_filter(page, "Outcomes")
    expect(first).to_be_hidden()
    page.keyboard.press("Escape")
    expect(second).to_be_hidden()


@pytest.mark.parametrize("by", ["group", "outcome", "reporter", "place"])
def test_a_breakdown_shows_the_reported_parts(page: Page, server: RunningServer, by: str) -> None:
    other = "place" if by != "place" else "group"
    page.goto(f"place/{DISPUTED_DISTRICT}?outcomes=killed,wounded&by={other}")
    parts = page.locator("section:has(#parts-title)")
    follow_link(page, parts.get_by_role("link", name=by, exact=True))
    assert read_parameters(page)["by"] == by
    known = {
        part["key"]: part["totals"][0]
        for part in fetch_named_call(page, server)["parts"]
        if part["totals"][0]["reported"]
    }
    rows = page.locator("section:has(#parts-title) .chart-row")
    drawn = {row.get_attribute("data-key") for row in rows.all()}
    assert drawn - {"", None} == set(known)


@pytest.mark.parametrize("unit", ["week", "month", "year"])
def test_the_time_chart_has_a_column_for_each_calendar_unit(
    page: Page, server: RunningServer, unit: str
) -> None:
    days = "&from=2024-03-01&to=2024-08-31" if unit == "week" else ""
    other = "month" if unit != "month" else "year"
    page.goto(f"place/{CALM_DISTRICT}?outcomes=killed{days}&unit={other}")
    section = page.locator("section:has(#times-title)")
    follow_link(page, section.get_by_role("link", name=unit, exact=True))
    columns = section.locator(".chart-column")
    expect(columns).to_have_count({"week": 27, "month": 18, "year": 2}[unit])


# An address is all that has to be shared.


def test_the_address_of_a_page_has_the_whole_query(page: Page, open_page: OpenPage) -> None:
    page.goto(f"place/{DISPUTED_DISTRICT}?outcomes=killed&party=exclude&group=civilians")
    panel = open_filter(page, "When")
    panel.get_by_label("To", exact=True).fill("May 2024")
    send_filter(page, panel)
    other = open_page()
    other.goto(page.url)
    for seen in ("#headline", ".coverage", "#know-title + *", "#citation"):
        assert other.locator(seen).first.inner_text() == page.locator(seen).first.inner_text()
    assert read_parameters(other)["to"] == "2024-05-31"


def test_the_back_button_shows_the_former_query(page: Page) -> None:
    page.goto(f"place/{CALM_DISTRICT}")
    before = page.locator("#headline").inner_text()
    panel = open_filter(page, "Outcomes")
    panel.get_by_label("Captured").check()
    send_filter(page, panel)
    page.go_back()
    expect(page.locator("#headline")).to_have_text(before)


# The proof.


def test_a_number_leads_to_its_proof_which_has_an_address(
    page: Page, server: RunningServer
) -> None:
    page.goto(f"place/{WEEKEND}")
    total = assert_agrees(page, server)
    follow_link(page, page.get_by_role("link", name="Why this number"))
    assert urlsplit(page.url).path.endswith("/why")
    expect(page.locator("h1")).to_contain_text(str(total["low"]))
    expect(page.locator("main")).to_contain_text("lost at least 30 soldiers on 14-15 December")
    expect(page.locator("main")).to_contain_text("It repeats another report")
    follow_link(page, page.get_by_role("link", name="Back to"))
    assert read_parameters(page)["place"].startswith("plekhovo")


@pytest.mark.parametrize("place", [CALM_DISTRICT, "brindavell"])
def test_the_terms_of_a_proof_add_up_to_the_total(
    page: Page, server: RunningServer, place: str
) -> None:
    query = f"place={place}&from=2024-06-01&to=2024-08-31&outcomes=killed&straddling=exclude"
    page.goto(f"why?{query}")
    (total,) = fetch_json(server, f"v1/totals?{query}&explain=true")["totals"]
    sums = page.locator("ol.sum")
    assert sums.first.locator("> li").count() == len(total["because"]["low"])
    terms = sums.first.locator("> li > .term").all_inner_texts()
    if terms:
        assert sum(map(_parse_term, terms)) == total["low"]
    else:
        expect(page.locator(".sum-line").first).to_contain_text(f"{total['low']:,}")


def _parse_term(term: str) -> float:
    """Return what a line of the sum adds: "2 × 30 (…)", "less 5 (…)"."""
    said = term.split("(")[0].replace(",", "").strip()
    sign = -1 if said.startswith("less") else 1
    times, _, people = said.removeprefix("less").rpartition("×")
    return sign * (float(times) if times.strip() else 1) * float(people)


def test_a_dispute_shows_every_side(page: Page, server: RunningServer) -> None:
    page.goto(f"why?place={DISPUTED_DISTRICT}&outcomes=killed")
    (total,) = fetch_json(server, f"v1/totals?place={DISPUTED_DISTRICT}&outcomes=killed")["totals"]
    aside = total["set_aside"]
    dispute = page.locator(".dispute")
    expect(dispute).to_be_visible()
    assert dispute.locator(".figure-card").count() == len(aside["floors"]) + len(aside["ceilings"])
    expect(dispute).to_contain_text("party to the conflict")


def test_markup_in_a_quote_is_escaped(page: Page, ids: dict[str, str], country: Country) -> None:
    page.on("dialog", lambda dialog: _fail_on_dialog(dialog))
    odd = next(report for report in country.reports if "<script>" in report["quote"])
    page.goto(f"report/{ids[odd['ref']]}")
    shown = page.locator("blockquote").first.inner_text()
    assert "<script>x</script>" in shown and "<b>" in shown
    assert page.locator("blockquote b, blockquote script").count() == 0


def _fail_on_dialog(dialog: Dialog) -> None:
    raise AssertionError(dialog.message)


# As it was known.


def test_a_page_as_of_a_seq_shows_the_totals_of_then(page: Page, server: RunningServer) -> None:
    page.goto(f"place/{COUNTRY}?outcomes=killed&unit=year")
    now = assert_agrees(page, server)
    seq = fetch_named_call(page, server)["as_of"]["seq"] // 2
    page.goto(f"place/{COUNTRY}?outcomes=killed&unit=year&as_of={seq}")
    then = assert_agrees(page, server)
    assert then["low"] < now["low"]
    expect(page.locator(".coverage")).to_contain_text("as known on")
    # Everything that the page leads to is of the same moment.
    for link in (".tools a", ".choices a", ".chart-row a"):
        assert f"as_of={seq}" in (page.locator(link).first.get_attribute("href") or ""), link


# Taking it away.


def save_file(page: Page, act: Callable[[], Any]) -> tuple[str, bytes]:
    """Return the name and the content of the file that is saved."""
    with page.expect_download() as waiting:
        act()
    path = waiting.value.path()
    return waiting.value.suggested_filename, Path(path).read_bytes()


def test_the_csv_has_the_totals_of_the_page(page: Page, server: RunningServer) -> None:
    page.goto(f"place/{CALM_DISTRICT}?outcomes=killed")
    name, content = save_file(page, page.get_by_role("link", name="(CSV)").click)
    assert re.fullmatch(r"casualty-figures-jostrava-seq\d+\.csv", name)
    lines = content.decode("utf-8-sig").splitlines()
    about = [line for line in lines if line.startswith("#")]
    assert about[0].endswith("by place?") and f"{server.url}/v1/totals?" in about[-1]
    rows = {row["key"]: row for row in csv.DictReader(lines[len(about) :])}
    parts = fetch_named_call(page, server)["parts"]
    assert {part["key"] for part in parts} <= set(rows)
    for part in parts:
        low = part["totals"][0]["low"]
        assert rows[part["key"]]["low"] == ("" if low is None else str(low))


def test_the_sentence_and_the_citation_are_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"place/{CALM_DISTRICT}?outcomes=killed")
    page.get_by_role("button", name="Copy for print").click()
    sentence = page.locator("#headline").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == sentence
    page.locator("[data-copy=citation]").click()
    expect(page.locator("[data-copy=citation]")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(sentence) and "as_of=" in copied


def test_a_chart_can_be_embedded_in_another_page(page: Page) -> None:
    page.goto(f"place/{CALM_DISTRICT}?outcomes=killed")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Embed a chart").click()
    shown = page.frame_locator("iframe")
    expect(shown.locator("figure.chart")).to_have_count(1)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    assert code == page.get_by_role("textbox", name="Code for your page").input_value()
    address = re.search(r'src="([^"]+)"', code)
    assert address
    answer = page.goto(unescape(address[1]))
    assert answer and "frame-ancestors *" in answer.headers["content-security-policy"]
    expect(page.locator("figure.chart")).to_have_count(1)
    expect(page.locator(".caveats")).to_be_visible()


# Keyboard.


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.goto(f"place/{CALM_DISTRICT}?outcomes=killed&unit=month")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    reached = set()
    for _ in range(160):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const here = document.activeElement;
                if (here === document.body) return null;
                const box = here.getBoundingClientRect(), style = getComputedStyle(here);
                const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none'
                    || here.matches('.chart-column, .chart-spot');
                return [here.id || here.name || here.className.baseVal || here.className
                    || here.tagName, seen, box.width * box.height > 0
                    || here.tagName === 'a']; }"""
        )
        if here is None:
            break
        name, seen, has_room = here
        assert seen and has_room, f"focus is not seen on {name}"
        reached.add(name)
    assert {"find", "SUMMARY", "chart-column", "call"} <= reached
    assert page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0


def test_a_filter_is_opened_filled_and_sent_by_the_keyboard(page: Page) -> None:
    page.goto(f"place/{CALM_DISTRICT}")
    page.locator(".chip > summary").nth(1).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("July 2024")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("from=2024-07-01"))


def test_the_words_of_a_search_are_not_offered_as_a_name(page: Page) -> None:
    page.goto("find?words=oldwell")
    page.locator("#find").focus()
    expect(page.locator(".autocomplete__menu")).to_be_hidden()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#find")).to_have_value("oldwell")
    expect(page.locator("main").get_by_role("link", name="Oldwell").first).to_be_visible()


def test_arrow_keys_move_along_the_days_and_enter_opens_the_proof(page: Page) -> None:
    page.goto(f"place/{CALM_DISTRICT}?outcomes=killed&unit=month")
    columns = page.locator(".chart-column")
    columns.first.focus()
    page.keyboard.press("ArrowRight")
    expect(columns.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(columns.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/why"))
    page.go_back()
    # Shift marks days, Enter asks for them.
    columns.first.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".chart-live")).to_contain_text("selected")
    first, last = columns.nth(0), columns.nth(2)
    wanted = first.get_attribute("data-from"), last.get_attribute("data-to")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"from={wanted[0]}"))
    assert (read_parameters(page)["from"], read_parameters(page)["to"]) == wanted


def test_days_can_be_selected_with_the_mouse(page: Page) -> None:
    page.goto(f"place/{CALM_DISTRICT}?outcomes=killed&unit=month")
    columns = page.locator(".chart-column")
    page.locator(".chart-days").scroll_into_view_if_needed()
    boxes = [columns.nth(at).locator(".chart-hit").bounding_box() for at in (2, 5)]
    begin, end = boxes
    assert begin and end
    page.mouse.move(begin["x"] + 5, begin["y"] + 60)
    page.mouse.down()
    page.mouse.move(end["x"] - 40, end["y"] + 60, steps=4)
    page.mouse.move(end["x"] + 5, end["y"] + 60, steps=2)
    wanted = columns.nth(2).get_attribute("data-from"), columns.nth(5).get_attribute("data-to")
    page.mouse.up()
    page.wait_for_url(re.compile(f"from={wanted[0]}"))
    assert (read_parameters(page)["from"], read_parameters(page)["to"]) == wanted


# Without scripts.


def test_the_pages_work_without_scripts(scriptless: Page, server: RunningServer) -> None:
    page = scriptless
    page.goto("./")
    page.locator("#find").fill("Oldwell")
    with page.expect_navigation():
        page.locator("#find").press("Enter")
    follow_link(page, page.get_by_role("link", name="Oldwell").first)
    assert "oldwell" in read_parameters(page)["place"]
    panel = open_filter(page, "Outcomes")
    panel.get_by_label("Wounded").check()
    panel.get_by_label("Missing").check()
    send_filter(page, panel)
    panel = open_filter(page, "Whose losses")
    for name in ("Civilians", "River Front"):
        panel.get_by_role("checkbox", name=name, exact=True).check()
    send_filter(page, panel)
    assert read_parameters(page)["group"] == "civilians,river-front"
    assert read_parameters(page)["outcomes"] == "wounded,missing"
    assert fetch_named_call(page, server)["query"]["groups"] == ["civilians", "river-front"]
    page.goto(f"place/{WEEKEND}")
    follow_link(page, page.get_by_role("link", name="Why this number"))
    expect(page.locator("main h1")).to_contain_text("30")
    follow_link(page, page.get_by_role("link", name="Back to"))
    expect(page.locator("#headline")).to_be_visible()
    # What only a script can do is not offered.
    for button in page.locator("button.scripted").all():
        expect(button).to_be_hidden()


# On every screen, in the dark, on paper, for everybody.


@pytest.mark.parametrize("path", [f"place/{WEEKEND}", f"place/{CALM_DISTRICT}", "./"])
def test_axe_finds_nothing_on_a_phone(phone: Page, path: str) -> None:
    phone.goto(path)
    assert_accessible(phone)


def test_axe_finds_nothing_in_open_filters(page: Page) -> None:
    page.goto(f"place/{WEEKEND}")
    for name in ("Where", "When", "Outcomes", "Whose losses", "Reporters", "As known on"):
        open_filter(page, name)
        assert_accessible(page)


def test_a_phone_shows_the_sentence_first(phone: Page) -> None:
    phone.goto(f"place/{WEEKEND}")
    expect(phone.locator("#headline")).to_be_in_viewport()


# What cannot be answered.


def test_an_error_is_shown_at_its_field(page: Page) -> None:
    page.allowed.add(422)  # type: ignore[attr-defined]
    page.goto(f"place/{CALM_DISTRICT}?from=2024-09-30&to=2024-01-01")
    expect(page.locator(".fault").first).to_be_visible()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    assert_accessible(page)


def test_an_unknown_place_keeps_the_rest_of_the_query(page: Page) -> None:
    page.allowed.add(422)  # type: ignore[attr-defined]
    page.goto("place/nowhere-at-all?outcomes=killed")
    expect(page.locator(".fault").first).to_contain_text("nowhere-at-all")
    expect(page.locator(".chip-set summary", has_text="Killed")).to_be_visible()


def test_an_unknown_report_is_not_found(page: Page) -> None:
    page.allowed.add(404)  # type: ignore[attr-defined]
    answer = page.goto("report/no-such-report")
    assert answer and answer.status == 404
    expect(page.locator("h1")).to_have_text("There is nothing at this address")
    assert_accessible(page)
