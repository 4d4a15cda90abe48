"""The pages in a real browser, before the real service with 2,018 reports in it.

What a page says is held against what the interface answers to the call that the page itself names.
"""

import csv
import io
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests.support.gunicorn_server import RunningServer, run_server
from tests.web.conftest import PHONE, OpenPage, assert_accessible
from tests.web.generated_country import (
    COUNTRY,
    PARTIES,
    REPORT_COUNT,
    RETRACTION_COUNT,
    Country,
    Json,
)

WEEKEND = "place=plekhovo,vorozhba,martynovka&from=2024-12-14&to=2024-12-15&show=killed,wounded"
CALM_DISTRICT, DISPUTED_DISTRICT = "jostrava", "askermoor"
MAX_FIRST_VIEW_BYTES = 200_000
"""So many bytes may come over the line for the first view."""

PAGES = {
    "everywhere": "./",
    "the weekend": f"./?{WEEKEND}",
    "a calm district": f"./?place={CALM_DISTRICT}",
    "a torn district": f"./?place={DISPUTED_DISTRICT}&show=killed&by=reporter",
    "nothing reported": "./?place=plekhovo&from=2023-01-01&to=2023-01-02",
    "a proof": f"proof?{WEEKEND}",
    "a disputed proof": f"proof?place={DISPUTED_DISTRICT}&show=killed",
    "the figures": f"figures?place={DISPUTED_DISTRICT}&show=killed",
    "the places": "places",
    "a place": f"places?place={DISPUTED_DISTRICT}",
    "a picture": f"embed?place={CALM_DISTRICT}",
}


# What a page says, beside what the interface answers.


def fetch_named_call(page: Page, server: RunningServer) -> Json:
    """Return what the interface answers to the call that the page names."""
    path = page.locator("#call").get_attribute("href")
    assert path
    return fetch_json(server, path)


def fetch_json(server: RunningServer, path: str) -> Json:
    """Return the interface's answer."""
    with urllib.request.urlopen(f"{server.url}/{path}") as answer:
        answer_data: Json = json.load(answer)
        return answer_data


def assert_agrees(page: Page, server: RunningServer) -> Json:
    """Assert that the headline agrees with the API; return the API's total."""
    total: Json = fetch_named_call(page, server)["totals"][0]
    headline = page.locator("#headline").inner_text()
    if not total["reported"]:
        assert headline.startswith("Nobody has reported"), headline
        return total
    assert f"{total['low']:,}" in headline or (total["low"] == 0), (headline, total)
    told = headline.partition("with wider figures: ")[2] or headline
    words_of_open = ("open above", "not known", "at least")
    is_open = any(each in told.partition(";")[0].lower() for each in words_of_open)
    assert is_open == (total["high"] is None), (headline, total)
    if total["high"] is not None:
        assert f"{total['high']:,}" in headline or total["high"] == 0, (headline, total)
    is_disputed = "contradict" in told or "disputed" in told
    assert is_disputed == total["disputed"], (headline, total)
    return total


def read_parameters(page: Page) -> dict[str, str]:
    """Return the parameters of the page's address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def locate_outcome(page: Page, outcome: str) -> Locator:
    """Return the box of the outcome in the form."""
    return page.get_by_role("group", name="Outcomes").get_by_label(outcome)


def submit_form(page: Page) -> None:
    """Send the form, and wait until all of the answer has come."""
    follow_link(page, page.get_by_role("button", name="Show", exact=True))


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


def test_the_first_view_has_the_totals_the_charts_and_the_caveats(
    page: Page, server: RunningServer
) -> None:
    page.goto("./")
    assert_agrees(page, server)
    expect(page).to_have_title(re.compile("Everywhere"))
    assert page.locator("h1").count() == 1
    for chart in (".chart-of-ranges", ".chart-of-times", ".chart-of-places"):
        expect(page.locator(chart).first).to_be_visible()
    expect(page.locator("section.head .caveats li").first).to_be_visible()
    expect(page.locator(".as-of")).to_contain_text("As of event")


def test_the_first_view_is_light(page: Page) -> None:
    received: list[int] = []
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto("./")
    page.wait_for_load_state("networkidle")
    assert len(received) > 3
    assert sum(received) < MAX_FIRST_VIEW_BYTES, received


def test_nothing_comes_from_elsewhere(page: Page, server: RunningServer) -> None:
    sites: set[str] = set()
    page.on("request", lambda request: sites.add(urlsplit(request.url).netloc))
    answer = page.goto(f"./?{WEEKEND}")
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


# Every control.


def test_days_can_be_chosen(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    before = assert_agrees(page, server)
    page.get_by_label("From", exact=True).fill("2024-07-01")
    page.get_by_label("To", exact=True).fill("2024-09-30")
    submit_form(page)
    assert read_parameters(page) == {
        "place": CALM_DISTRICT,
        "from": "2024-07-01",
        "to": "2024-09-30",
    }
    after = assert_agrees(page, server)
    assert after["low"] < before["low"]
    expect(page.locator(".scope")).to_contain_text("2024-07-01")
    expect(page.get_by_label("From", exact=True)).to_have_value("2024-07-01")


@pytest.mark.parametrize("kept", [["Killed"], ["Killed", "Wounded"], ["Captured"]])
def test_outcomes_can_be_chosen(page: Page, server: RunningServer, kept: list[str]) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    for name in ("Killed", "Wounded", "Missing", "Captured"):
        locate_outcome(page, name).set_checked(name in kept)
    submit_form(page)
    assert read_parameters(page)["show"] == ",".join(kept).lower()
    assert assert_agrees(page, server)["outcomes"] == [name.lower() for name in kept]
    for name in ("Killed", "Wounded", "Missing", "Captured"):
        expect(locate_outcome(page, name)).to_be_checked(checked=name in kept)


def test_groups_can_be_chosen(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    page.get_by_role("checkbox", name="Aid workers").check()
    page.get_by_role("checkbox", name="River Front", exact=True).check()
    submit_form(page)
    assert read_parameters(page)["group"] == "aid-workers,river-front"
    assert_agrees(page, server)
    assert fetch_named_call(page, server)["query"]["groups"] == ["aid-workers", "river-front"]
    expect(page.locator(".scope")).to_contain_text("Aid workers · River Front")
    expect(page.get_by_role("checkbox", name="Aid workers")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Civilians")).not_to_be_checked()


def test_parties_can_be_excluded(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={DISPUTED_DISTRICT}&show=killed")
    assert_agrees(page, server)
    page.get_by_label("Leave out parties to the conflict").check()
    submit_form(page)
    assert read_parameters(page)["party"] == "exclude"
    assert_agrees(page, server)
    used = fetch_named_call(page, server)
    assert used["query"]["party"] == "exclude"
    expect(page.get_by_label("Leave out parties to the conflict")).to_be_checked()


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
    page.goto(f"./?place={DISPUTED_DISTRICT}&show=killed")
    page.locator("summary", has_text="reporters").click()
    page.get_by_label(label).check()
    submit_form(page)
    assert read_parameters(page)[parameter] == PARTIES[1]
    assert_agrees(page, server)
    # What limits the answer is seen without opening anything.
    expect(page.get_by_label(label)).to_be_visible()
    expect(page.locator(".scope")).to_contain_text("River Front Command")


def test_straddling_figures_can_be_excluded(page: Page, server: RunningServer) -> None:
    page.goto("./?place=brindavell&show=killed&from=2024-06-01&to=2024-08-31")
    before = assert_agrees(page, server)
    page.get_by_label("Count only figures wholly inside").check()
    submit_form(page)
    assert read_parameters(page)["straddling"] == "exclude"
    after = assert_agrees(page, server)
    assert after["low"] <= before["low"] and after["figures"] < before["figures"]
    expect(page.locator(".scope")).to_contain_text("wholly inside")


def test_one_of_several_places_can_be_removed(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT},{DISPUTED_DISTRICT}&show=killed")
    assert_agrees(page, server)
    page.locator("#ask").get_by_label("Jostrava").uncheck()
    submit_form(page)
    assert read_parameters(page)["place"] == DISPUTED_DISTRICT
    assert_agrees(page, server)


@pytest.mark.parametrize("by", ["group", "outcome", "reporter", "place"])
def test_a_breakdown_shows_the_reported_parts(page: Page, server: RunningServer, by: str) -> None:
    page.goto(f"./?place={DISPUTED_DISTRICT}&by={'place' if by != 'place' else 'group'}")
    parts = page.locator("section:has(#parts-title)")
    follow_link(page, parts.get_by_role("link", name=by, exact=True))
    expect(page.locator(".choices [aria-current]").first).to_have_text(by)
    assert read_parameters(page)["by"] == by
    known = {
        part["key"]: part["totals"][0]
        for part in fetch_named_call(page, server)["parts"]
        if part["totals"][0]["reported"]
    }
    rows = page.locator("section:has(#parts-title) .chart-row")
    drawn = [row.get_attribute("data-key") for row in rows.all()]
    assert set(filter(None, drawn)) == set(known)
    for row in rows.all():
        key = row.get_attribute("data-key")
        if key:
            placed = known[key]["placed"]["low"]
            assert f"{placed or known[key]['low']:,}" in row.inner_text() or not placed


def test_several_places_are_parts_and_shared_people_are_shown_separately(page: Page) -> None:
    page.goto(f"./?{WEEKEND}")
    section = page.locator("section:has(#parts-title)")
    for name in ("Plekhovo", "Vorozhba", "Martynovka"):
        row = section.locator(".chart-row", has=page.get_by_role("link", name=name, exact=True))
        expect(row).to_contain_text("no figure for this alone")
    expect(section.locator(".chart-apart")).to_contain_text("at least 30 more people")
    page.goto("./?place=plekhovo")
    expect(section.locator(".chart-apart")).to_have_count(0)
    expect(section.locator(".chart-row")).to_have_count(1)


def test_the_caveats_of_a_total_are_at_its_bar(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={DISPUTED_DISTRICT}&show=killed")
    row = page.locator("section:has(#parts-title) .chart-row[data-key]:not([data-key=''])").first
    key = row.get_attribute("data-key")
    part = next(each for each in fetch_named_call(page, server)["parts"] if each["key"] == key)
    texts = [each["text"] for each in part["caveats"]]
    assert texts
    fold = row.locator(".chart-caveats")
    fold.locator("summary").press("Enter")
    expect(fold.locator("li")).to_have_text(texts)
    expect(fold.locator("li").first).to_be_visible()
    assert_accessible(page)


def test_both_sides_of_a_dispute_are_at_its_bar(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={DISPUTED_DISTRICT}&show=killed")
    row = page.locator("section:has(#outcomes-title) .chart-row[data-key=killed]")
    (total,) = fetch_json(server, f"v1/totals?place={DISPUTED_DISTRICT}&outcomes=killed")["totals"]
    aside = {*total["set_aside"]["floors"], *total["set_aside"]["ceilings"]}
    row.locator(".chart-many summary").click()
    expect(row.locator(".chart-sides .chart-words")).to_have_count(5)  # The last counts the rest.
    expect(row.locator(".chart-sides")).to_contain_text(f"{len(aside) - 4} more figures")


@pytest.mark.parametrize("scale", ["week", "month", "year"])
def test_the_time_chart_has_a_column_for_each_calendar_unit(
    page: Page, server: RunningServer, scale: str
) -> None:
    # Weeks are offered for a few months only: so many as can be drawn, and worked out in time.
    days = "&from=2024-03-01&to=2024-08-31" if scale == "week" else ""
    other = "month" if scale != "month" else "year"
    page.goto(f"./?place={CALM_DISTRICT}&show=killed{days}&scale={other}")
    section = page.locator("section:has(#times-title)")
    follow_link(page, section.get_by_role("link", name=scale, exact=True))
    expect(section.locator("h2")).to_have_text(re.compile(scale, re.IGNORECASE))
    columns = section.locator(".chart-column")
    expect(columns).to_have_count({"week": 27, "month": 18, "year": 2}[scale])
    first = columns.first
    day, last = first.get_attribute("data-from"), first.get_attribute("data-to")
    path = f"v1/totals?place={CALM_DISTRICT}&outcomes=killed&from={day}&to={last}"
    (total,) = fetch_json(server, path)["totals"]
    words = total["placed"]["text"].removesuffix(", disputed").removesuffix(" killed")
    assert f": {words}" in (first.get_attribute("aria-label") or "")


def test_the_query_can_be_reset(page: Page) -> None:
    page.goto(f"./?{WEEKEND}")
    follow_link(page, page.get_by_role("link", name="Start over"))
    assert read_parameters(page) == {}


# Finding a place.


def test_a_place_is_found_by_an_alias(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    find = page.get_by_label("Find a place by any of its names")
    find.press_sequentially("Pliekho", delay=30)
    expect(page.get_by_role("option", name=re.compile("Plekhovo"))).to_be_visible()
    find.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("place=plekhovo"))
    assert_agrees(page, server)


def test_an_option_of_an_earlier_text_is_not_taken_on_a_slow_network(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    find = page.get_by_label("Find a place by any of its names")
    find.press_sequentially("Pl", delay=30)
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    held: list[Route] = []
    page.route("**/find?words=*", lambda route: held.append(route))
    find.press_sequentially("iekho")
    expect(options.first).not_to_be_visible()
    find.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("find=Pliekho"))  # The form is sent as it stands.


def test_places_of_one_name_are_offered_with_their_parents(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    page.get_by_label("Find a place by any of its names").press_sequentially("Oldwell", delay=30)
    options = page.get_by_role("option", name=re.compile("Oldwell"))
    expect(options).to_have_count(2)
    lies = [option.inner_text() for option in options.all()]
    assert len(set(lies)) == 2 and all("Velmarra" in each for each in lies)


def test_an_unknown_place_name_is_reported(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    page.get_by_label("Find a place by any of its names").press_sequentially("Qqxx", delay=30)
    expect(page.get_by_text("No place has this name").first).to_be_visible()


def test_the_tree_of_places_can_be_walked_down_and_up(page: Page, country: Country) -> None:
    page.goto(f"places?place={COUNTRY}")
    page.get_by_role("link", name="Lower Lorrendal").click()
    below = page.locator("ul.names a")
    expect(below).to_have_count(len(country.villages("lower-lorrendal")))
    below.first.click()
    page.locator("a.button").click()
    trail = page.locator(".trail")
    expect(trail).to_contain_text("Lower Lorrendal")
    follow_link(page, trail.get_by_role("link", name="Lower Lorrendal"))
    assert read_parameters(page) == {"place": "lower-lorrendal"}


# An address is all that has to be shared.


def test_the_address_of_a_page_has_the_whole_query(page: Page, open_page: OpenPage) -> None:
    page.goto(f"./?place={DISPUTED_DISTRICT}&show=killed")
    page.get_by_label("From", exact=True).fill("2024-03-01")
    page.get_by_label("To", exact=True).fill("2024-05-31")
    page.get_by_label("Leave out parties to the conflict").check()
    page.get_by_role("checkbox", name="Civilians").check()
    submit_form(page)
    other = open_page()
    other.goto(page.url)
    for seen in ("#headline", ".scope", "section.head .caveats", "#call"):
        assert other.locator(seen).inner_text() == page.locator(seen).inner_text()
    expect(other.get_by_label("To", exact=True)).to_have_value("2024-05-31")
    expect(other.get_by_role("checkbox", name="Civilians")).to_be_checked()
    expect(other.get_by_label("Leave out parties to the conflict")).to_be_checked()


def test_the_back_button_shows_the_former_query(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    before = page.locator("#headline").inner_text()
    locate_outcome(page, "Killed").uncheck()
    submit_form(page)
    page.go_back()
    expect(page.locator("#headline")).to_have_text(before)


def test_tracking_parameters_are_ignored(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT}&utm_source=elsewhere")
    assert_agrees(page, server)


# The proof.


def test_a_number_opens_its_proof_beside_it(page: Page, server: RunningServer) -> None:
    page.goto(f"./?{WEEKEND}")
    total = assert_agrees(page, server)
    page.get_by_role("link", name="How this number is made").click()
    panel = page.locator("#panel")
    expect(panel).to_be_visible()
    expect(panel.locator("h1")).to_contain_text(str(total["low"]))
    expect(panel).to_contain_text("lost at least 30 soldiers on 14-15 December")
    expect(panel).to_contain_text("Defence Intelligence of Ukraine")
    expect(panel).to_contain_text("It repeats another report, which is counted once.")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.get_by_role("link", name="How this number is made")).to_be_focused()
    assert read_parameters(page)["place"].startswith("plekhovo")


def test_every_bar_opens_its_own_proof(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT}&show=killed")
    row = page.locator("section:has(#parts-title) .chart-row[data-key]:not([data-key=''])").first
    key = row.get_attribute("data-key")
    (total,) = fetch_json(server, f"v1/totals?place={key}&outcomes=killed")["totals"]
    row.locator(".chart-words a").click()
    expect(page.locator("#panel h1")).to_have_text(re.compile(re.escape(total["text"]), re.I))


@pytest.mark.parametrize("place", [CALM_DISTRICT, "brindavell"])
def test_the_terms_of_a_proof_add_up_to_the_total(
    page: Page, server: RunningServer, place: str
) -> None:
    query = f"place={place}&from=2024-06-01&to=2024-08-31"
    page.goto(f"proof?{query}&show=killed")
    (total,) = fetch_json(server, f"v1/totals?{query}&outcomes=killed&explain=true")["totals"]
    sums = page.locator("ol.sum")
    assert sums.first.locator("> li").count() == len(total["because"]["low"])
    added = 0.0
    for term in sums.first.locator("> li > .term").all_inner_texts():
        added += _parse_term(term)
    assert added == total["low"]


def _parse_term(term: str) -> float:
    """Return what a line of the sum adds: "2 × 30 (…)", "less 5 (…)"."""
    said = term.split("(")[0].replace(",", "").strip()
    sign = -1 if said.startswith("less") else 1
    times, _, people = said.removeprefix("less").rpartition("×")
    return sign * (float(times) if times.strip() else 1) * float(people)


def test_a_dispute_shows_every_side(page: Page, server: RunningServer) -> None:
    page.goto(f"proof?place={DISPUTED_DISTRICT}&show=killed")
    (total,) = fetch_json(server, f"v1/totals?place={DISPUTED_DISTRICT}&outcomes=killed")["totals"]
    aside = total["set_aside"]
    dispute = page.locator(".dispute")
    expect(dispute).to_be_visible()
    assert dispute.locator(".figure-card").count() == len(aside["floors"]) + len(aside["ceilings"])
    expect(dispute).to_contain_text("party to the conflict")


def test_a_report_is_shown_with_its_history(
    page: Page, ids: dict[str, str], country: Country
) -> None:
    ref, reason = country.retractions[0]
    page.goto(f"report/{ids[ref]}")
    expect(page.locator("main")).to_contain_text(reason)
    expect(page.locator(".history li")).to_have_count(2)
    later = next(report for report in country.reports if "supersedes" in report)
    page.goto(f"report/{ids[later['supersedes']]}")
    page.locator(".report-notice", has_text="replaced by a later report").get_by_role(
        "link"
    ).click()
    page.wait_for_url(re.compile(ids[later["ref"]]))


def test_markup_in_a_quote_is_escaped(page: Page, ids: dict[str, str], country: Country) -> None:
    page.on("dialog", lambda dialog: _fail_on_dialog(dialog))
    odd = next(report for report in country.reports if "<script>" in report["quote"])
    page.goto(f"report/{ids[odd['ref']]}")
    shown = page.locator("blockquote").inner_text()
    assert "<script>x</script>" in shown and "<b>" in shown
    assert page.locator("blockquote b, blockquote script").count() == 0


def _fail_on_dialog(dialog: Dialog) -> None:
    raise AssertionError(dialog.message)


# As it was known.


def test_a_page_as_of_a_seq_shows_the_totals_of_then(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={COUNTRY}&show=killed&scale=year")
    now = assert_agrees(page, server)
    seq = fetch_named_call(page, server)["as_of"]["seq"] // 2
    page.goto(f"./?place={COUNTRY}&show=killed&scale=year&as_of={seq}")
    then = assert_agrees(page, server)
    assert then["low"] < now["low"]
    expect(page.locator(".scope")).to_contain_text("as known on")
    # Everything that the page leads to is of the same moment.
    for link in ("section.head a.button", ".trail a", "#parts-title + .choices a"):
        assert f"as_of={seq}" in (page.locator(link).first.get_attribute("href") or ""), link


def test_a_page_as_of_a_time_before_every_event_shows_no_totals(page: Page) -> None:
    page.goto("./?as_of=2020-01-01")
    expect(page.locator("main")).to_be_visible()
    assert page.locator(".chart-row").count() == 0


# Taking it away.


def save_file(page: Page, act: Callable[[], Any]) -> tuple[str, bytes]:
    """Return the name and the content of the file that is saved."""
    with page.expect_download() as waiting:
        act()
    path = waiting.value.path()
    return waiting.value.suggested_filename, Path(path).read_bytes()


def test_the_csv_has_the_totals_of_the_page(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT}&show=killed")
    name, content = save_file(page, page.get_by_role("link", name="(CSV)").click)
    assert re.fullmatch(r"casualty-figures-jostrava-seq\d+\.csv", name)
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(content.decode()))}
    parts = fetch_named_call(page, server)["parts"]
    assert {part["key"] for part in parts} <= set(rows)
    for part in parts:
        low = part["totals"][0]["low"]
        assert rows[part["key"]]["low"] == ("" if low is None else str(low))


def test_every_chart_can_be_saved_as_svg_and_png(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}&show=killed")
    for kind in ("parts", "time chart", "map"):
        line = page.locator(".take li", has_text=f"The {kind} as a picture")
        name, content = save_file(page, line.get_by_role("link").click)
        assert name.endswith(".svg") and content.startswith(b"<svg")
        # A picture alone still says what qualifies it, and where it comes from.
        assert b"As of event" in content and b"Jostrava" in content
        name, content = save_file(page, line.get_by_role("button").click)
        assert name.endswith(".png") and content.startswith(b"\x89PNG") and len(content) > 5_000


def test_a_citation_is_copied(page: Page, server: RunningServer) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"./?place={CALM_DISTRICT}&show=killed")
    page.locator("[data-copy=citation]").click()
    expect(page.locator("[data-copy=citation]")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    # The page shows the call from there on; the copied text has all of it.
    shown = page.locator("#citation").inner_text()
    assert copied == shown.replace("v1/", f"{server.url}/v1/")
    total = assert_agrees(page, server)
    assert total["text"] in copied and "as_of=" in copied


def test_a_chart_can_be_embedded_in_another_page(page: Page, server: RunningServer) -> None:
    page.goto(f"./?place={CALM_DISTRICT}&show=killed")
    address = page.get_by_role("link", name="for a frame").get_attribute("href")
    answer = page.goto(address or "")
    assert answer and "frame-ancestors *" in answer.headers["content-security-policy"]
    expect(page.locator("figure.chart")).to_have_count(1)
    expect(page.locator(".caveats")).to_be_visible()
    expect(page.get_by_text("How to read it")).to_be_visible()


# Keyboard.


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}&show=killed&scale=month")
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
                    || here.matches('.chart-column, .chart-spot, [type=date]');
                return [here.id || here.name || here.className.baseVal || here.className
                    || here.textContent.trim(), seen, box.width * box.height > 0
                    || here.tagName === 'a']; }"""
        )
        if here is None:
            break
        name, seen, has_room = here
        assert seen and has_room, f"focus is not seen on {name}"
        reached.add(name)
    assert {"find", "from", "to", "show", "group", "party", "straddling", "as_of"} <= reached
    assert {"button", "chart-column", "call"} <= reached
    assert page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0


def test_the_form_is_sent_by_enter(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}")
    page.get_by_label("From", exact=True).fill("2024-07-01")
    page.get_by_label("From", exact=True).press("Enter")
    page.wait_for_url(re.compile("from=2024-07-01"))


def test_arrow_keys_move_along_the_days_and_enter_opens_the_proof(page: Page) -> None:
    page.goto(f"./?place={CALM_DISTRICT}&show=killed&scale=month")
    columns = page.locator(".chart-column")
    columns.first.focus()
    page.keyboard.press("ArrowRight")
    expect(columns.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(columns.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
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
    page.goto(f"./?place={CALM_DISTRICT}&show=killed&scale=month")
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


def test_the_dashboard_works_without_scripts(scriptless: Page, server: RunningServer) -> None:
    page = scriptless
    page.goto("./")
    assert_agrees(page, server)
    page.locator("#find").fill("Oldwell")
    submit_form(page)
    matches = page.locator(".matches a")
    expect(matches).to_have_count(2)
    follow_link(page, matches.first)
    assert "oldwell" in read_parameters(page)["place"]
    assert_agrees(page, server)
    locate_outcome(page, "Killed").uncheck()
    submit_form(page)
    assert_agrees(page, server)
    assert parse_qs(urlsplit(page.url).query)["show"] == ["wounded", "missing", "captured"]
    for name in ("Civilians", "River Front"):
        page.get_by_role("checkbox", name=name, exact=True).check()
    submit_form(page)
    assert parse_qs(urlsplit(page.url).query)["group"] == ["civilians", "river-front"]
    assert fetch_named_call(page, server)["query"]["groups"] == ["civilians", "river-front"]
    assert_agrees(page, server)
    page.goto(f"./?{WEEKEND}")
    page.get_by_role("link", name="How this number is made").click()
    expect(page.locator("main h1")).to_contain_text("30")
    page.get_by_role("link", name="Back to the dashboard").click()
    expect(page.locator("#headline")).to_be_visible()
    # What only a script can do is not offered.
    for button in page.locator("button.scripted").all():
        expect(button).to_be_hidden()


def test_a_single_match_is_opened_without_scripts(scriptless: Page) -> None:
    scriptless.goto("./?find=Pliekhovo")
    scriptless.wait_for_load_state()
    assert read_parameters(scriptless)["place"] == "plekhovo"


def test_the_form_keeps_the_rest_of_the_query(scriptless: Page, server: RunningServer) -> None:
    scriptless.goto(f"./?{WEEKEND}&party=include&by=reporter")
    submit_form(scriptless)
    assert_agrees(scriptless, server)
    query = parse_qs(urlsplit(scriptless.url).query)
    assert query["place"] == ["plekhovo", "vorozhba", "martynovka"]
    assert query["show"] == ["killed", "wounded"]
    assert (query["from"], query["by"]) == (["2024-12-14"], ["reporter"])


# On a phone, in the dark, for everybody.


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_nothing_is_wider_than_a_phone(phone: Page, path: str) -> None:
    phone.goto(path)
    wide = phone.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"], phone.evaluate(
        """() => [...document.querySelectorAll('body *')].filter(each =>
            each.getBoundingClientRect().right > 361).slice(0, 5).map(each =>
            each.outerHTML.slice(0, 120))"""
    )


def test_bars_are_aligned_with_their_axis(page: Page, phone: Page) -> None:
    """A bar that is narrower than its axis shows a wrong number, even if its words are right."""
    for shown in (page, phone):
        shown.goto(f"./?{WEEKEND}")
        axis = shown.locator(".chart-lines").first.bounding_box()
        bars = shown.locator(".chart-rows").first.locator(".chart-open > svg")
        assert axis and bars.count() > 3
        for number in range(bars.count()):
            bar = bars.nth(number).bounding_box()
            assert bar and (bar["x"], bar["width"]) == (axis["x"], axis["width"])


def test_a_phone_shows_the_headline_before_the_form(phone: Page) -> None:
    phone.goto(f"./?{WEEKEND}")
    expect(phone.locator("#headline")).to_be_in_viewport()
    expect(phone.locator("#ask")).to_be_hidden()
    phone.locator(".ask-fold > summary").tap()
    expect(phone.locator("#ask")).to_be_visible()
    locate_outcome(phone, "Missing").check()
    phone.get_by_role("button", name="Show", exact=True).tap()
    phone.wait_for_url(re.compile("missing"))
    phone.get_by_role("link", name="How this number is made").tap()
    expect(phone.locator("#panel")).to_be_visible()
    phone.get_by_role("button", name="Close").tap()
    expect(phone.locator("#panel")).to_be_hidden()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing(page: Page, path: str) -> None:
    page.goto(path)
    assert_accessible(page)


@pytest.mark.parametrize("name", ["the weekend", "a disputed proof", "a calm district"])
def test_axe_finds_nothing_in_the_dark(dark: Page, name: str) -> None:
    dark.goto(PAGES[name])
    ground = dark.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", ground)[:3])) < 200, ground
    assert_accessible(dark)


@pytest.mark.parametrize("name", ["the weekend", "a calm district"])
def test_axe_finds_nothing_on_a_phone(phone: Page, name: str) -> None:
    phone.goto(PAGES[name])
    phone.locator(".ask-fold > summary").tap()
    assert_accessible(phone)


def test_axe_finds_nothing_in_the_open_panel(page: Page) -> None:
    page.goto(f"./?{WEEKEND}")
    page.get_by_role("link", name="How this number is made").click()
    expect(page.locator("#panel")).to_be_visible()
    assert_accessible(page)


# What cannot be answered.


def test_an_error_is_shown_at_its_field(page: Page) -> None:
    page.allowed.add(422)  # type: ignore[attr-defined]
    page.goto(f"./?place={CALM_DISTRICT}&from=2024-09-30&to=2024-01-01")
    expect(page.locator(".fault").first).to_be_visible()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    assert_accessible(page)


def test_an_unknown_place_keeps_the_rest_of_the_query(page: Page) -> None:
    page.allowed.add(422)  # type: ignore[attr-defined]
    page.goto("./?place=nowhere-at-all&show=killed")
    expect(page.locator(".fault").first).to_contain_text("nowhere-at-all")
    expect(locate_outcome(page, "Killed")).to_be_checked()
    expect(locate_outcome(page, "Wounded")).not_to_be_checked()


def test_an_unknown_report_is_not_found(page: Page) -> None:
    page.allowed.add(404)  # type: ignore[attr-defined]
    answer = page.goto("report/no-such-report")
    assert answer and answer.status == 404
    expect(page.locator("h1")).to_have_text("There is nothing at this address")
    assert_accessible(page)
