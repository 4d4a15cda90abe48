"""A person brings a table: pasted or as a file, its columns named, previewed, sent, withdrawn."""

import json
import re
import urllib.request
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, Route, expect

from tests.support.gunicorn_server import RunningServer, run_server
from tests.web.conftest import PHONE, assert_accessible, load_samples
from tests.web.steps import Steps

COLUMNS = ("id", "day", "country", "region", "town", "killed min", "killed max", "wounded")

ROWS = (
    ("1", "2024-12-14", "Russia", "Kursk Oblast", "Plekhovo", "3", "5", "10-12"),
    ("2", "2024-12-15", "Russia", "Kursk Oblast", "Vorozhba", "4", "", "2"),
    ("3", "2024-12-15", "Russia", "Kursk Oblast", "Vorozhba", "9", "2", ""),
    ("4", "2024-13-15", "Russia", "Kursk Oblast", "Vorozhba", "9", "12", ""),
    ("5", "2024-12-15", "Russia", "Kursk Oblast", "", "", "", ""),
)

TABLE = "\n".join("\t".join(cells) for cells in (COLUMNS, *ROWS)) + "\n"

CLAIMS = ("id", "reporter", "from", "to", "country", "place", "side", "words", "url")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A service of the tests' own, with the samples in it: reports are added to it."""
    with run_server(tmp_path_factory.mktemp("table")) as server:
        load_samples(server)
        yield server


@pytest.fixture
def address(service: RunningServer) -> str:
    """Where pages are opened."""
    return service.url


@pytest.fixture
def page(page: Page, service: RunningServer) -> Page:
    """The form with a key in it."""
    page.allowed.update(range(400, 600))  # type: ignore[attr-defined]
    page.goto("/enter/table")
    page.fill("#key", service.key)
    return page


def fetch(service: RunningServer, path: str) -> dict[str, Any]:
    request = urllib.request.Request(
        service.url + path, headers={"Authorization": f"Bearer {service.key}"}
    )
    with urllib.request.urlopen(request) as answer:
        body: dict[str, Any] = json.load(answer)
        return body


def pick_reporter(page: Page) -> None:
    page.locator("#reporter-find").press_sequentially("Defence Int")
    page.locator("#reporter-find__listbox li").first.click()


def paste(page: Page, table: str = TABLE) -> None:
    """Paste a table under a name of its own: it replaces nothing of another test."""
    page.fill("#content", table)
    expect(page.locator("#mapping")).to_be_visible()
    if page.locator("#table-name").is_visible():
        page.fill("#table-name", f"table {next(_NUMBERS)}")


_NUMBERS = count(1)


def request_preview(page: Page) -> None:
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview-title")).to_be_focused()


def test_a_pasted_table_is_named_previewed_sent_and_withdrawn(
    page: Page, service: RunningServer
) -> None:
    paste(page)
    expect(page.locator("#sample-title")).to_have_text("5 rows were read. The first of them:")
    roles = page.locator("#column-rows .role")
    assert [each.input_value() for each in roles.all()] == [
        "ref", "day", "country", "region", "place", "killed", "killed", "wounded",
    ]  # fmt: skip
    meanings = page.locator("#column-rows .meaning:visible")
    assert [each.input_value() for each in meanings.all()] == ["low", "high", "range"]
    pick_reporter(page)
    request_preview(page)
    expect(page.locator("#row-counts")).to_have_text(
        "Nothing is recorded yet. 2 reports are new. 1 row gives no report and is left out."
        " 2 rows are refused."
    )
    table = page.locator("#preview-content table").last
    expect(table.locator("tbody .end")).to_have_text(
        ["new", "new", "refused", "refused", "left out"]
    )
    expect(table.locator("tbody tr").nth(0)).to_contain_text(
        "Plekhovo · 2024-12-14 · 3 to 5 killed; 10 to 12 wounded"
    )
    expect(table.locator("tbody tr").nth(2)).to_contain_text("killed max “2”")
    expect(table.locator("tbody tr").nth(3)).to_contain_text("day “2024-13-15”: there is no day")
    totals = page.locator("#preview-content table").first
    expect(totals.locator("tbody tr").first).to_contain_text("at least 7 killed")
    page.get_by_role("button", name="Send 2 reports").click()
    expect(page.locator("#sent-title")).to_be_focused()
    (total,) = fetch(service, "/v1/totals?place=russia&outcomes=killed")["totals"]
    assert (total["low"], total["high"]) == (7, None)
    imported = fetch(service, "/v1/imports")["imports"][0]
    assert (imported["state"], imported["rows"], imported["file"]) == ("finished", 5, "table.csv")
    assert imported["counts"]["added"] == 2
    assert imported["counts"]["refused"] == 2
    page.locator("summary", has_text="Withdraw this table").click()
    page.get_by_role("button", name="Withdraw this table").click()
    expect(page.locator("#summary")).to_contain_text("Give the reason.")
    page.get_by_label("Reason").fill("A draft")
    page.get_by_role("button", name="Withdraw this table").click()
    expect(page.locator("#sent-title")).to_contain_text("The table is withdrawn")
    assert fetch(service, "/v1/imports")["imports"][0]["state"] == "withdrawn"


def test_a_hundred_rows_take_six_steps(page: Page, service: RunningServer, tmp_path: Path) -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(CLAIMS)
    for number in range(100):
        place = ("Plekhovo", "Vorozhba", "قرية")[number % 3]
        words = ("at least 30 killed", "12 to 14 wounded")[number % 2]
        day = f"2025-01-{number % 28 + 1:02}"
        sheet.append([number, "A Register", day, day, "Elsewhere", place, "", words, ""])
    book.save(tmp_path / "claims.xlsx")
    page.reload()
    expect(page.locator("#key")).to_have_value(service.key)  # It stays in the tab.
    page.fill("#key", "")
    steps = Steps(page)
    steps.replace(page.locator("#key"), service.key)
    steps.count += 1
    page.set_input_files("#file", tmp_path / "claims.xlsx")
    expect(page.locator("#map")).to_have_value("infobox")
    steps.click(page.get_by_role("button", name="Preview"))
    expect(page.locator("#row-counts")).to_contain_text("100 reports are new.")
    steps.click(page.get_by_role("button", name="Send 100 reports"))
    expect(page.locator("#sent-title")).to_be_focused()
    assert steps.count <= 6
    (total,) = fetch(service, "/v1/totals?place=elsewhere&outcomes=killed")["totals"]
    assert total["low"] >= 30
    # The same file again changes nothing.
    page.get_by_role("button", name="Enter another table").click()
    page.set_input_files("#file", tmp_path / "claims.xlsx")
    request_preview(page)
    expect(page.locator("#row-counts")).to_contain_text("100 reports are known already.")


def test_running_totals_that_fall_are_corrected(page: Page, service: RunningServer) -> None:
    rows = ["day,country,killed"]
    falls = ((5, 95), (4, 90), (3, 120), (2, 110), (1, 100))  # The newest first.
    rows += [f"2023-11-0{day},Aland,{killed}" for day, killed in falls]
    paste(page, "\n".join(rows))
    page.get_by_label("A total so far").check()
    page.fill("#first-day", "2023-10-07")
    pick_reporter(page)
    request_preview(page)
    expect(page.locator("#preview-content table").first).to_contain_text("95")
    page.get_by_role("button", name="Send 5 reports").click()
    expect(page.locator("#sent-title")).to_be_focused()
    (total,) = fetch(service, "/v1/totals?place=aland&outcomes=killed")["totals"]
    assert (total["low"], total["high"], total["disputed"]) == (95, 95, False)
    assert fetch(service, "/v1/imports")["imports"][0]["counts"]["retracted"] == 2


def test_a_row_about_several_places_counts_them_together(
    page: Page, service: RunningServer
) -> None:
    rows = [
        {
            "event_id": "1", "date_start": "2024-12-14", "date_end": "2024-12-15",
            "country": "Bordavia", "places": ["Aston", "Bexley", "Corby"],
            "killed or wounded": "at least 30", "killed_children": 4,
        },
        {
            "event_id": "2", "date_start": "2024-12-14", "date_end": "2024-12-15",
            "country": "Bordavia", "places": ["Aston"],
            "killed or wounded": "5 to 7", "killed_children": 1,
        },
    ]  # fmt: skip
    page.set_input_files(
        "#file",
        {"name": "t.json", "mimeType": "application/json", "buffer": json.dumps(rows).encode()},
    )
    expect(page.locator("#mapping")).to_be_visible()
    roles = page.locator("#column-rows .role")
    # Killed children are not everybody who was killed.
    assert [each.input_value() for each in roles.all()] == [
        "ref", "from", "to", "country", "places", "killed_wounded", "",
    ]  # fmt: skip
    page.get_by_label("All people of its places and days").check()
    pick_reporter(page)
    request_preview(page)
    expect(page.locator("#row-counts")).to_contain_text("2 reports are new.")
    expect(page.locator("#preview-content table").last).to_contain_text("Aston, Bexley, Corby")
    page.get_by_role("button", name="Send 2 reports").click()
    expect(page.locator("#sent-title")).to_be_focused()
    for place, low, high in (
        ("bordavia", 30, None),
        ("bordavia-aston", 5, 7),
        ("bordavia-corby", 0, None),
    ):
        query = f"/v1/totals?place={place}&outcomes=killed,wounded"
        (total,) = fetch(service, query)["totals"]
        assert (total["low"], total["high"]) == (low, high), place


def test_what_is_missing_is_named_at_its_field(page: Page) -> None:
    paste(page, "colour\tweight\nred\t3\n")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#summary li")).to_have_text(
        [re.compile(each) for each in ("contains the numbers", "the day", "Reporter", "Place")]
    )
    expect(page.locator("#columns .role").first).to_be_focused()


def test_a_table_that_came_before_the_key_is_read_with_it(
    page: Page, service: RunningServer
) -> None:
    page.fill("#key", "")
    page.fill("#content", TABLE)
    expect(page.locator("#summary")).to_contain_text("Give your API key first.")
    expect(page.locator("#key")).to_be_focused()
    page.fill("#key", "cas_none")
    expect(page.locator("#summary")).to_contain_text("does not know this key")
    page.fill("#key", service.key)
    expect(page.locator("#mapping")).to_be_visible()
    expect(page.locator("#summary")).to_be_empty()


def test_days_in_another_form_are_recognized_or_asked_for(page: Page) -> None:
    table = "id\tdate\tcountry\tkilled\n1\t{}\tRussia\t3\n2\t{}\tRussia\t4\n"
    for days, form in (
        (("14.12.2024", "1.12.2024"), "day"),
        (("12/1/2024", "12/14/2024"), "month"),
        (("2024-12-14", "2024-12-01"), "year"),
        (("14 December 2024", "1 Dec 2024"), "day"),
    ):
        paste(page, table.format(*days))
        expect(page.locator("#days")).to_have_value(form)
        if not page.locator("#reporter .picked li").count():
            pick_reporter(page)
        request_preview(page)
        expect(page.locator("#row-counts")).to_contain_text("2 reports are new.")
        expect(page.locator("#preview-content table").last).to_contain_text("2024-12-14")
    paste(page, table.format("03/04/2024", "05/04/2024"))
    expect(page.locator("#days")).to_have_value("")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#summary")).to_contain_text("Say how the days are written.")


def test_a_corrected_table_replaces_rows_and_another_one_does_not(page: Page) -> None:
    table = "id,day,country,killed\n1,2021-05-0{},Erewhon,{}\n"
    paste(page, table.format(1, 7))
    page.fill("#table-name", "losses in May")
    pick_reporter(page)
    request_preview(page)
    page.get_by_role("button", name="Send 1 report").click()
    expect(page.locator("#sent-title")).to_be_focused()
    page.get_by_role("button", name="Enter another table").click()
    expect(page.locator("#reporter .picked li")).to_have_count(0)
    paste(page, table.format(3, 9))
    page.fill("#table-name", "losses in May")
    pick_reporter(page)
    request_preview(page)
    expect(page.locator("#row-counts")).to_contain_text("1 report replaces an earlier one.")
    expect(page.locator("#preview-content")).to_contain_text("Replaces: 7 killed · erewhon")
    expect(page.locator("#totals-title")).to_have_text("Totals, 2021-05-01 to 2021-05-03")
    page.fill("#table-name", "losses in June")
    expect(page.locator("#send")).not_to_be_visible()
    request_preview(page)
    expect(page.locator("#row-counts")).to_contain_text("1 report is new.")


def test_only_the_table_that_is_shown_is_previewed_and_sent(page: Page) -> None:
    """Answers about an earlier table come late."""
    held: list[Route] = []
    page.route("**/v1/imports/preview", lambda route: held.append(route))
    page.fill("#content", TABLE)
    page.wait_for_timeout(600)
    page.fill("#content", TABLE.replace("Plekhovo", "Elsewhere"))
    page.wait_for_timeout(600)
    first, second = held
    second.continue_()
    expect(page.locator("#sample-table")).to_contain_text("Elsewhere")
    first.continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#sample-table")).to_contain_text("Elsewhere")
    pick_reporter(page)
    page.get_by_role("button", name="Preview").click()
    page.wait_for_timeout(200)
    page.fill("#content", TABLE)
    page.wait_for_timeout(600)
    held[2].continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#preview")).not_to_be_visible()
    held[3].continue_()
    expect(page.locator("#sample-table")).to_contain_text("Plekhovo")


def test_rows_without_an_id_are_told_apart_by_what_is_filled(page: Page) -> None:
    rows = (
        "reporter,day,country,region,town,killed", "A Ministry,2022-01-01,Utopia,North,Aham,1",
        "A Monitor,2022-01-01,Utopia,North,Aham,2", "A Ministry,2022-01-01,Utopia,South,,3",
    )  # fmt: skip
    paste(page, "\n".join(rows))
    request_preview(page)
    expect(page.locator("#row-counts")).to_contain_text("3 reports are new.")


def test_a_new_place_keeps_its_kind_and_the_place_that_it_is_in(
    page: Page, service: RunningServer
) -> None:
    paste(page, "id,day,killed\n1,2022-01-01,3\n")
    pick_reporter(page)
    page.locator("#place-find").press_sequentially("Newtown")
    page.locator("#place-find__listbox li", has_text="New place").click()
    page.get_by_label("Kind, such as village").fill("town")
    parent = page.locator("#place .picker input[type=text]")
    parent.press_sequentially("Kursk")
    page.locator("#place .picker [role=option]", has_text="ru-kursk").first.click()
    request_preview(page)
    page.get_by_role("button", name="Send 1 report").click()
    expect(page.locator("#sent-title")).to_be_focused()
    place = fetch(service, "/v1/places/newtown")
    assert (place["kind"], place["parent"]) == ("town", "ru-kursk")


def test_a_file_of_another_encoding_is_read_when_it_is_named(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    path.write_bytes(
        "id;day;country;place;killed\n1;2024-12-14;Россия;Плехово;3\n".encode("cp1251")
    )
    page.set_input_files("#file", path)
    expect(page.locator("#encoding")).to_be_focused()
    page.select_option("#encoding", "windows-1251")
    expect(page.locator("#sample-table")).to_contain_text("Плехово")


def test_a_change_after_the_preview_hides_the_button_to_send(page: Page) -> None:
    paste(page)
    pick_reporter(page)
    request_preview(page)
    expect(page.locator("#send")).to_be_visible()
    page.select_option("#column-0", "")
    expect(page.locator("#stale")).to_contain_text("has changed since this preview")
    expect(page.locator("#send")).not_to_be_visible()
    request_preview(page)
    expect(page.locator("#send")).to_be_visible()
    # Without an id, the days and places tell the rows apart.
    expect(page.locator("#preview-content table").last).to_contain_text("Plekhovo")


def test_the_form_is_accessible_and_fits_a_phone(page: Page) -> None:
    paste(page)
    pick_reporter(page)
    request_preview(page)
    assert_accessible(page)
    page.set_viewport_size(PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
