"""The tables of pages as CSV: what they have, what they say they are about, and their pages."""

import csv
import html
import io
import re
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from service.web.viewmodels import (
    change_table,
    figure_table,
    index_page,
    places_page,
    reporter_page,
    reporter_table,
)
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.web.test_place_page import OTHER_REPORTER, send_killed

HILL = {
    "id": "hill", "name": "Гора", "parent": {"id": "land", "name": "Land"},
    "longitude": 36.5, "latitude": 34.25,
}  # fmt: skip
FAR = bodies.make_place("far")


@pytest.fixture
def recorded(send: SendRequest, client: FlaskClient, key: Any) -> int:
    """Reports of two reporters about two places, one of them replaced and one withdrawn."""
    first = bodies.make_report(places=[HILL], figures=[{"outcomes": ["killed"], "low": 3}])
    first_id = assert_recorded(send(first))["id"]
    send_killed(send, {"low": 5, "high": 9}, places=[HILL], supersedes=first_id, incident="x:1")
    wrong = bodies.make_report(reporter=OTHER_REPORTER, places=[FAR])
    wrong_id = assert_recorded(send(wrong))["id"]
    send_killed(send, {"exactly": 4, "best": 4}, places=[FAR], reporter=OTHER_REPORTER)
    assert_recorded(send(bodies.make_stance(places=[FAR])))
    answer = client.post(
        f"/v1/reports/{wrong_id}/retraction", json={"reason": "x"}, headers=key("report")
    )
    assert answer.status_code == 201
    return int(client.get("/v1/reports").headers["Casualty-Seq"])


def read_table(
    client: FlaskClient, address: str
) -> tuple[list[str], list[dict[str, str]], str | None]:
    """Return the lines about a table, its rows, and the address of its next page."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "text/csv"
    lines = answer.get_data(as_text=True).splitlines()
    is_marked = lines[0].startswith("\ufeff")
    assert is_marked == ("bom=true" in address)
    lines[0] = lines[0].removeprefix("\ufeff")
    about = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
    link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("Link", ""))
    following = link[1].removeprefix("http://localhost") if link else None
    return about, list(csv.DictReader(lines[len(about) :])), following


def select(rows: list[dict[str, str]], *names: str) -> list[tuple[str, ...]]:
    """Return the cells of some columns."""
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize(
    "page",
    [
        "/", "/place/land", "/place/land?by=reporter", "/reports", "/reporters", "/reporter/ua-hur",
        "/places", "/places?place=land", "/incident/x:1", "/new", "/figures?place=land",
        "/why?place=land", "/compare?place=land&other_place=far", "/compare?place=land&compare=2",
    ],
)  # fmt: skip
def test_every_chart_and_list_has_its_csv(client: FlaskClient, recorded: int, page: str) -> None:
    """With a byte order mark, the moment and an absolute address; below any path."""
    text = client.get(page).get_data(as_text=True)
    links = [html.unescape(each) for each in re.findall(r'<a class="csv" href="([^"]+)"', text)]
    tables = [each for each in links if not re.search(r"\.(svg|png)\?", each)]
    assert tables
    for each in tables:
        assert "://" not in each and not each.startswith("/")
        about, rows, _ = read_table(client, urljoin(page, each))
        assert rows
        moment = f"As known after event {recorded} of the record, recorded at 2026-01-"
        assert sum(line.startswith(moment) for line in about) == 1
        assert about[-1].startswith("http://localhost/")
    if page.startswith("/place/"):
        assert len(tables) == 4  # When, Where with its map, who says so, the largest figures.
    if "compare=" in page:
        assert len(tables) == 2  # Both sides, and the events between.


def test_without_the_parameters_a_table_begins_with_its_header(
    client: FlaskClient, recorded: int
) -> None:
    about, rows, _ = read_table(client, "/index.csv")
    assert about == [] and rows
    answer = client.get("/index.csv?bom=true&about=false")
    assert answer.get_data(as_text=True).startswith("\ufeffplaces,")
    assert "casualty-figures-index.csv" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "page",
    [
        "index.csv", "figures.csv", "reporters.csv", "reporter/ua-hur.csv", "new.csv",
        "compare.csv", "compare.svg",
    ],
)  # fmt: skip
def test_unknown_and_repeated_parameters_are_refused(
    client: FlaskClient, recorded: int, page: str
) -> None:
    for query in ("nonsense=1", "outcomes=killed&outcome=killed", "as_of=1&as_of=2"):
        assert client.get(f"/{page}?{query}").status_code == 422
    for query in ("about=yes", "bom=1"):
        assert client.get(f"/{page}?{query}").status_code == 422


def test_the_index_has_ids_names_days_and_both_ranges(client: FlaskClient, recorded: int) -> None:
    about, rows, _ = read_table(client, "/index.csv?about=true")
    assert "never added up" in about[1] and about[-1] == "http://localhost/"
    columns = (
        "places", "place_names", "groups", "from", "to", "reported_by", "outcomes", "low", "high",
        "placed_low", "placed_high", "stated_low", "stated_high", "parent", "longitude",
    )  # fmt: skip
    days = ("2024-12-14", "2024-12-15")
    assert sorted(select(rows, *columns)) == [
        ("far", "Far", "everyone", *days, "sky", "killed", "4", "4", "4", "4", "4", "4", "", ""),
        (
            "hill", "Гора", "everyone", *days, "ua-hur", "killed", "5", "9", "5", "9", "5", "9",
            "land", "36.5",
        ),
    ]  # fmt: skip


def test_a_range_that_no_page_states_is_empty(client: FlaskClient, send: SendRequest) -> None:
    """Nobody counts the killed alone: a high of theirs follows from a joint figure."""
    assert_recorded(send(bodies.make_report(figures=[bodies.make_figure(wording="30")])))
    _, rows, _ = read_table(client, "/compare.csv?place=plekhovo&compare=2&outcomes=killed")
    assert rows == []
    _, rows, _ = read_table(client, "/index.csv")
    assert select(rows, "outcomes", "stated_low", "stated_high") == [("killed,wounded", "30", "30")]


def test_figures_have_their_words_and_what_they_add(client: FlaskClient, recorded: int) -> None:
    about, rows, _ = read_table(client, "/figures.csv?place=land,far&outcomes=killed&about=true")
    assert about[0].startswith("The figures behind: ")
    assert about[-1].endswith(f"/figures?place=land,far&outcomes=killed&as_of={recorded}")
    columns = ("number", "reporter", "party", "low", "high", "best", "adds_low", "adds_high")
    where = ("places", "parent", "latitude", "incident", "not_counted")
    assert select(rows[:2], *columns, *where) == [
        ("1", "ua-hur", "true", "5", "9", "", "5", "9", "hill", "land", "34.25", "x:1", ""),
        ("2", "sky", "false", "4", "4", "4", "4", "4", "far", "", "", "", ""),
    ]
    assert [row["not_counted"] for row in rows[2:]] == ["superseded", "retracted"]


def test_a_share_that_is_no_whole_number_is_a_decimal(
    client: FlaskClient, send: SendRequest
) -> None:
    assert_recorded(send(bodies.make_interlocked_report()))
    _, rows, _ = read_table(client, "/figures.csv?place=a,b,c&outcomes=killed")
    assert {row["adds_low"] for row in rows} == {"1.5", "2"}


def test_words_without_a_number_have_an_open_range(client: FlaskClient, send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(figures=[{"wording": "heavy losses"}])))
    _, rows, _ = read_table(client, "/figures.csv?place=plekhovo")
    assert select(rows, "low", "high", "wording") == [("0", "", "heavy losses")]


def test_changes_have_a_row_for_each_figure(client: FlaskClient, recorded: int) -> None:
    about, rows, _ = read_table(client, "/new.csv?about=true")
    assert about[0].startswith("What is new since ")
    assert about[-1].endswith(f"/new?since=0&until={recorded}")
    assert select(rows, "change", "reporter", "low", "high", "stance", "places") == [
        ("retracted", "sky", "30", "", "asserts", "far"),
        ("reported", "ua-hur", "", "", "does_not_acknowledge", ""),
        ("reported", "sky", "4", "4", "asserts", "far"),
        ("reported", "sky", "30", "", "asserts", "far"),
        ("reported", "ua-hur", "5", "9", "asserts", "hill"),
        ("superseded", "ua-hur", "3", "", "asserts", "hill"),
        ("reported", "ua-hur", "3", "", "asserts", "hill"),
    ]
    by_change = {row["change"]: row for row in rows}
    newer = next(row for row in rows if row["low"] == "5")
    assert by_change["superseded"]["replaced_by"] == newer["report"]
    _, alone, _ = read_table(client, "/new.csv?reporter=sky&place=far")
    assert {row["reporter"] for row in alone} == {"sky"} and len(alone) == 3


def test_a_comparison_has_both_sides(client: FlaskClient, recorded: int) -> None:
    about, rows, _ = read_table(
        client, "/compare.csv?place=land&other_place=far&other_reporter=sky&about=true"
    )
    assert about[0].startswith("Land compared with ") and "not added" in about[1]
    assert about[-1].endswith(f"&as_of={recorded}")
    columns = ("side", "places", "outcomes", "stated_low", "stated_high", "reporter_filter")
    assert select(rows, *columns) == [
        ("1", "land", "killed", "5", "9", ""),
        ("2", "far", "killed", "4", "4", "only reports of Sky"),
    ]
    _, rows, _ = read_table(client, "/compare.csv?place=far&compare=2")
    assert select(rows, "side", "reported") == [("1", "false"), ("2", "true")]
    assert rows[0]["text"] == "This was not in the record then."


@pytest.mark.parametrize(
    ("module", "limit", "address", "column"),
    [
        (figure_table, "MAX_ROWS", "/figures.csv?place=land,far&outcomes=killed", "figure"),
        (reporter_table, "MAX_ROWS", "/reporters.csv", "reporter"),
        (change_table, "MAX_CHANGES", "/new.csv", "event"),
        (index_page, "PAGE_SIZE", "/index.csv", "places"),
        (reporter_page, "SUBJECTS_PAGE_SIZE", "/reporter/sky.csv", "places"),
    ],
)
def test_long_tables_have_pages(
    client: FlaskClient,
    send: SendRequest,
    recorded: int,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    limit: str,
    address: str,
    column: str,
) -> None:
    send_killed(send, {"exactly": 2}, places=[bodies.make_place("near")], reporter=OTHER_REPORTER)
    _, rows, following = read_table(client, address)
    whole = [row[column] for row in rows]
    assert following is None and len(set(whole)) > 1
    monkeypatch.setattr(module, limit, 1)
    read: list[str] = []
    following = address
    while following is not None:
        about, rows, following = read_table(client, following)
        read += [row[column] for row in rows]
        if following is not None and about:
            assert about[-1] == f"More rows: http://localhost{following}"
    assert list(dict.fromkeys(read)) == list(dict.fromkeys(whole))


def test_the_places_of_a_large_level_have_no_totals(
    client: FlaskClient, recorded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_page, "MAX_PARTS", 1)
    page = html.unescape(client.get("/places").get_data(as_text=True))
    assert re.findall(r'class="csv" href="([^"]+)"', page)[0].startswith("v1/places?limit=1&")


def test_cells_are_no_formulas(client: FlaskClient, send: SendRequest) -> None:
    place = {"id": "p", "name": "=HYPERLINK(1)"}
    send_killed(send, {"exactly": 4}, places=[place])
    for address in ("/index.csv?about=true", "/figures.csv?place=p&about=true"):
        text = client.get(address).get_data(as_text=True)
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert "'=HYPERLINK(1)" in cells
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
