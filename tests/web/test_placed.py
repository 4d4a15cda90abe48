"""Pages show what is placed first, and say once what wider figures can add."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.web.charts.items import RangeBar
from service.web.charts.range_chart import layout_range_chart
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

KILLED = {"outcomes": ["killed"]}
COUNTRY = {"id": "country", "name": "Country"}


def send_figures(send: SendRequest, places: list[Any], **ends: Any) -> None:
    """Record one figure about people killed in the places."""
    assert_recorded(send(bodies.make_report(places=places, figures=[{**KILLED, **ends}])))


@pytest.fixture
def village_and_country(send: SendRequest) -> None:
    """100 killed in one of two villages, and at least 40,000 in their country."""
    send_figures(send, [COUNTRY], low=40_000)
    for number, ends in ((1, {"exactly": 100}), (2, {"exactly": 3})):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": "country"}
        send_figures(send, [place], incident=f"x:{number}", **ends)


def read_rows(page: str) -> dict[str, str]:
    """Return the rows of the range charts by key."""
    return dict(re.findall(r'<li class="chart-row" data-key="(.*?)">(.*?)</li>', page, re.S))


def test_the_headline_tells_what_is_placed_first(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/?place=v1&show=killed").get_data(as_text=True)
    headline = re.search(r'id="headline">(.*?)</h1>', page, re.S)
    assert headline and headline[1].startswith("Placed here: 100 people killed")
    assert "at least 100 killed" in headline[1]


def test_bars_show_what_is_placed_and_the_rest_is_told_once(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/?place=country&show=killed").get_data(as_text=True)
    parts = page[page.index('id="breakdown-chart-title"') : page.index('id="times-title"')]
    rows = read_rows(parts)
    assert "100 placed" in rows["v1"] and "3 placed" in rows["v2"]
    assert all("chart-beyond-line" in rows[key] for key in ("v1", "v2"))
    assert parts.count("The hairline shows the range with them.") == 1


def test_the_table_has_what_is_placed_and_the_whole_range(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/?place=country&show=killed").get_data(as_text=True)
    row = re.search(r'<th scope="row"><a [^>]+><bdi>Village 1</bdi>.*?</tr>', page, re.S)
    assert row
    cells = re.findall(r'<td class="chart-figure">(.*?)</td>', row[0])
    assert cells == ["100", "100", "open"]


def test_the_axis_fits_what_is_placed() -> None:
    chart = layout_range_chart([RangeBar("a", "a", "100", 100, 100, beyond=(100, 40_000))])
    assert chart.ticks[-1].value == 100
    (row,) = chart.rows
    assert row.beyond is not None and row.beyond.is_open
    assert "40,000" in chart.note


def test_a_place_that_only_wider_figures_reach_is_no_zero(
    client: FlaskClient, send: SendRequest
) -> None:
    places = [{"id": f"v{number}", "name": f"Village {number}"} for number in (1, 2)]
    send_figures(send, places, exactly=30)
    rows = read_rows(client.get("/?place=v1,v2&show=killed").get_data(as_text=True))
    assert "no figure for this alone" in rows["v1"]
    assert "chart-zero" not in rows["v1"] and "chart-beyond-line" in rows["v1"]
    headline = client.get("/?place=v1&show=killed").get_data(as_text=True)
    assert "No figure is for this scope alone; with wider figures: up to 30 killed" in headline


def test_what_wider_figures_only_narrow_is_drawn_as_one_range(
    client: FlaskClient, send: SendRequest
) -> None:
    send_figures(send, [COUNTRY], high=40)
    send_figures(send, [{"id": "v1", "name": "Village", "parent": "country"}], low=5)
    rows = read_rows(client.get("/?place=country&show=killed").get_data(as_text=True))
    assert "between 5 and 40" in rows["v1"] and "chart-beyond-line" not in rows["v1"]


def test_a_breakdown_by_group_chooses_a_facet_and_offers_the_others(
    client: FlaskClient, send: SendRequest
) -> None:
    facets = {"soldiers": "side", "civilians": "side", "women": "sex", "medics": None}
    for group, facet in facets.items():
        described = {"id": group, "name": group.capitalize()} | ({"facet": facet} if facet else {})
        figures = [{**KILLED, "exactly": 4}]
        assert_recorded(send(bodies.make_report(groups=[described], figures=figures)))
    page = client.get("/?by=group&show=killed").get_data(as_text=True)
    assert {"soldiers", "civilians"} <= read_rows(page).keys()
    assert not {"women", "medics"} & read_rows(page).keys()
    assert '<strong aria-current="true"><bdi>side</bdi></strong>' in page
    offered = re.findall(r'href="([^"]*facet=[^"]*)"><bdi>(.*?)</bdi>', page)
    assert [name for _, name in offered] == ["sex", "Medics"]
    for address, _ in offered:
        other = client.get("/" + address.replace("&amp;", "&").removeprefix("./"))
        assert other.status_code == 200
        call = re.search(r'<a id="call" href="([^"]+)"', other.get_data(as_text=True))
        assert call and client.get("/" + call[1].replace("&amp;", "&")).status_code == 200


def test_a_proof_has_the_largest_first_and_the_sum_of_each_reporter(
    client: FlaskClient, send: SendRequest
) -> None:
    for number, people in enumerate((3, 500, 20)):
        place = {"id": f"v{number}", "name": f"Village {number}"}
        send_figures(send, [place], exactly=people)
    page = client.get("/proof?show=killed").get_data(as_text=True)
    low = page[page.index("Why at least") : page.index("Together: at least")]
    assert re.findall(r'<p class="term">(\d+) \(', low) == ["500", "20", "3"]
    assert "523 in 3 figures" in low
    assert re.search(r'href="figures[^"]*">All figures', page)


def test_what_nobody_reported_is_told_once_in_the_headline(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/?place=v1").get_data(as_text=True)
    headline = re.search(r'id="headline">(.*?)</h1>', page, re.S)
    assert headline
    assert headline[1] == (
        "Placed here: 100 people killed; with wider figures: at least 100 killed; "
        "nothing was reported of wounded, missing or captured."
    )


def test_a_headline_keeps_apart_what_only_wider_figures_report(
    client: FlaskClient, village_and_country: None, send: SendRequest
) -> None:
    figures = [{"outcomes": ["wounded"], "low": 7}]
    assert_recorded(send(bodies.make_report(places=["country"], figures=figures)))
    page = client.get("/?place=v1&show=killed,wounded").get_data(as_text=True)
    headline = re.search(r'id="headline">(.*?)</h1>', page, re.S)
    assert headline
    assert headline[1].startswith(
        "Placed here: 100 people killed; nothing was reported of wounded; "
        "with wider figures: at least 100 killed or wounded"
    )


def test_a_proof_does_not_place_what_nobody_reported(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/proof?place=v1").get_data(as_text=True)
    placed = re.search(r'<p class="placed">(.*?)</p>', page)
    assert placed
    assert "100 killed, as reported; nothing was reported of wounded" in placed[1]
    assert "killed, wounded" not in placed[1]


def test_the_nearest_reading_comes_first_and_is_told_once(
    client: FlaskClient, send: SendRequest
) -> None:
    """A running total of 5 that falls to 3."""
    for last, people in (("2024-12-20", 5), ("2024-12-21", 3)):
        period = {"from": "2024-12-14", "to": last}
        figures = [{**KILLED, "exactly": people}]
        assert_recorded(send(bodies.make_report(period=period, figures=figures)))
    page = client.get("/?show=killed").get_data(as_text=True)
    headline = re.search(r'id="headline">(.*?)</h1>', page, re.S)
    assert headline
    assert headline[1].startswith(
        "3 to 5 killed by the nearest reading; reports contradict each other by 2 people; "
        "at least 3 whichever is wrong"
    )
    words = re.sub(r"<[^>]+>", "", read_rows(page)["plekhovo"])
    assert "3 to 5 by the nearest reading (disputed, 3 or more whichever is wrong)" in words
    assert words.count("3 to 5") == 1
    proof = client.get("/proof?show=killed").get_data(as_text=True)
    assert "3 to 5. Even then they are wrong by 2 people altogether." in proof


def test_a_small_contradiction_leaves_a_large_number_known(
    client: FlaskClient, send: SendRequest
) -> None:
    """Villages that sum to 10,009 in a region of exactly 10,006."""
    send_figures(send, [{"id": "region", "name": "Region"}], exactly=10_006)
    for number, people in enumerate((10_000, 9)):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": "region"}
        send_figures(send, [place], exactly=people)
    page = client.get("/?place=region&show=killed").get_data(as_text=True)
    headline = re.search(r'id="headline">(.*?)</h1>', page, re.S)
    assert headline and headline[1].startswith("10,006 to 10,009 killed by the nearest reading")
    assert "number is not known" not in headline[1]


def test_unplaced_people_do_not_hide_the_bars_of_the_parts(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/?place=country&show=killed").get_data(as_text=True)
    parts = page[page.index('id="breakdown-chart-title"') : page.index('id="times-title"')]
    labels = re.findall(r'class="chart-number">([\d,]+)<', parts)
    assert labels == ["0", "20", "40", "60", "80", "100"]
    assert "at least 39,897 more people, not placed in any one of these" in parts
    assert "chart-cut" in parts and "Bar with a gap" in parts
    svg = client.get("/chart.svg?place=country&show=killed").get_data(as_text=True)
    assert "Bar with a gap" in svg
    assert "chart-cut" not in svg  # A file has attributes in place of classes.


def read_roundings(page: str) -> list[str]:
    """Return the steps of rounding on the page of a proof, in their order."""
    return re.findall(r"<li>(.*?)</li>", "".join(re.findall(r"roundings\">(.*?)</ul>", page)))


def send_pairs(send: SendRequest, places: str, lows: dict[str, int]) -> None:
    """Record for pairs of villages, such as "ab", how many were killed there at least."""
    for village in places:
        assert_recorded(send(bodies.make_stance(places=[bodies.make_place(village)])))
    for pair, low in lows.items():
        send_figures(send, list(pair), low=low)


def test_a_proof_shows_where_sums_are_rounded(client: FlaskClient, send: SendRequest) -> None:
    """3, 3 and 1 in three pairs of villages: half of each makes 3 1/2, so at least 4."""
    send_pairs(send, "abc", {"ab": 3, "bc": 3, "ca": 1})
    send_figures(send, [{"id": "far", "name": "Far"}], low=7)
    page = client.get("/proof?show=killed").get_data(as_text=True)
    assert "Together: at least 11." in page
    assert "before rounding" in page
    assert read_roundings(page) == ["Terms 2, 3 and 4: the sum is 3 1/2, rounded up to 4."]


def test_a_proof_shows_where_a_search_was_needed(client: FlaskClient, send: SendRequest) -> None:
    """One in each pair of four villages: half of everything is 2, but whole people are 3."""
    send_pairs(send, "abcd", dict.fromkeys(("ab", "ac", "ad", "bc", "bd", "cd"), 1))
    page = client.get("/proof?show=killed").get_data(as_text=True)
    assert "Together: at least 3." in page
    (step,) = read_roundings(page)
    assert "the sum is 2. A search over whole numbers of people found" in step
    assert step.endswith("that the figures need at least 3.")


def test_a_proof_without_rounding_says_nothing_of_it(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/proof?place=country&show=killed").get_data(as_text=True)
    assert "roundings" not in page and "rounding" not in page


def read_unplaced(client: FlaskClient, query: str) -> str:
    """Return the words about unplaced people in the breakdown."""
    page = client.get(f"/?show=killed&{query}").get_data(as_text=True)
    start = page.index('id="breakdown-chart-title"')
    apart = re.search(r'<div class="chart-apart">(.*?)</ul>\n</div>', page[start:], re.S)
    assert apart
    return " ".join(re.sub(r"<[^>]+>", " ", apart[1]).split())


def test_unplaced_people_may_be_in_none_of_the_places_below_one(
    client: FlaskClient, village_and_country: None
) -> None:
    """At least 40,000 in a country; only two of its villages have a name."""
    words = read_unplaced(client, "place=country")
    assert "In no one of these for certain" in words
    assert "They may also be in none of these." in words
    assert "In one or more of these" not in words
    svg = client.get("/chart.svg?place=country&show=killed").get_data(as_text=True)
    assert "They may also be in none of these." in svg
    headline = client.get("/?place=country&show=killed").get_data(as_text=True)
    assert "39,897 of them not placed in any one part" in headline


def test_unplaced_people_of_a_country_without_a_known_village_are_said_to_be_in_none(
    client: FlaskClient, send: SendRequest
) -> None:
    send_figures(send, [COUNTRY], low=40_000)
    village = {"id": "v1", "name": "Village", "parent": "country"}
    assert_recorded(send(bodies.make_stance(places=[village])))
    page = client.get("/?place=country&show=killed").get_data(as_text=True)
    assert "; none of them placed in any one part." in page


@pytest.mark.parametrize("query", ["place=v1,v2", "", "place=v1,v2&by=outcome"])
def test_unplaced_people_are_in_some_part_if_the_parts_are_the_whole(
    client: FlaskClient, send: SendRequest, query: str
) -> None:
    places = [{"id": f"v{number}", "name": f"Village {number}"} for number in (1, 2)]
    figures = [{"outcomes": ["killed", "wounded"], "low": 30}]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    words = read_unplaced(client, f"show=wounded&{query}")
    assert "In one or more of these" in words
    assert "in no single one for certain" in words and "none of these" not in words


def test_unplaced_people_may_be_in_no_group_of_a_facet(
    client: FlaskClient, send: SendRequest
) -> None:
    """30 killed, and an army that nobody spoke of in this village."""
    send_figures(send, [{"id": "v1", "name": "Village"}], exactly=30)
    army = {"id": "army", "name": "Army", "facet": "side"}
    body = bodies.make_stance(places=[bodies.make_place("far")], groups=[army])
    assert_recorded(send(body))
    words = read_unplaced(client, "place=v1&by=group")
    assert "at least 30 more people" in words
    assert "They may also be in none of these." in words


def test_a_breakdown_by_group_begins_with_the_facet_that_figures_are_about(
    client: FlaskClient, send: SendRequest
) -> None:
    """Three armies elsewhere do not hide the women of this village."""
    for group, facet, place in (
        ("north", "side", "far"),
        ("south", "side", "far"),
        ("east", "side", "far"),
        ("women", "sex", "near"),
    ):
        groups = [{"id": group, "name": group.title(), "facet": facet}]
        figures = [{**KILLED, "exactly": 4}]
        places = [{"id": place, "name": place.title()}]
        assert_recorded(send(bodies.make_report(groups=groups, places=places, figures=figures)))
    assert "women" in read_rows(client.get("/?place=near&by=group").get_data(as_text=True))
    assert "north" in read_rows(client.get("/?place=far&by=group").get_data(as_text=True))
    chosen = client.get("/?place=near&by=group&facet=side").get_data(as_text=True)
    assert "women" not in read_rows(chosen)
