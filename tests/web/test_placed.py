"""Pages show what is placed first, and say once what wider figures can add."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.domain.wording.range_text import compact_range_text
from service.web.messages import markup
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


def read_numbers(page: str) -> dict[str, str]:
    """Return the number of each row of the range chart by key."""
    found = {}
    for key, row in read_rows(page).items():
        number = re.search(r'<span class="chart-count[^"]*">(.*?)</span>', row, re.S)
        assert number
        found[key] = re.sub(r"<[^>]+>", "", number[1]).strip()
    return found


def read_rows(page: str) -> dict[str, str]:
    """Return the rows of the range charts by key."""
    return dict(re.findall(r'<li class="chart-row[^"]*" data-key="(.*?)">(.*?)</li>', page, re.S))


def test_rows_have_what_is_placed_and_the_rest_is_told_once(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/place/country?outcomes=killed").get_data(as_text=True)
    assert read_numbers(page) == {"v1": "100", "v2": "3", "": "39,897+"}
    note = str(markup("charts.beyond.open"))
    parts = page[page.index('id="parts-title"') : page.index('id="sayers-title"')]
    assert parts.count(note) == 1


def test_the_last_row_says_that_no_report_says_where(
    client: FlaskClient, village_and_country: None
) -> None:
    rows = read_rows(client.get("/place/country?outcomes=killed").get_data(as_text=True))
    assert list(rows)[-1] == ""
    assert "Somewhere in Country, no report says where" in rows[""]
    svg = client.get("/chart.svg?place=country&outcomes=killed").get_data(as_text=True)
    words = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    assert "Somewhere in Country, no report" in words and "39,897+" in words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/place/v1,v2?outcomes=wounded", "Somewhere in these, no report says in which"),
        ("/place/v1,v2?outcomes=killed,wounded&by=outcome", "No report says which outcome"),
    ],
)
def test_people_in_one_of_the_parts_have_a_row_of_their_own(
    client: FlaskClient, send: SendRequest, path: str, words: str
) -> None:
    places = [{"id": f"v{number}", "name": f"Village {number}"} for number in (1, 2)]
    figures = [{"outcomes": [each], "low": 30} for each in ("killed", "wounded")]
    figures.append({"outcomes": ["killed", "wounded"], "low": 90})
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    page = client.get(path).get_data(as_text=True)
    assert words in read_rows(page)[""]
    assert read_numbers(page)[""] == "30+"


def test_people_of_no_group_have_a_row_of_their_own(client: FlaskClient, send: SendRequest) -> None:
    """30 killed, and an army that nobody spoke of in this village."""
    send_figures(send, [{"id": "v1", "name": "Village"}], exactly=30)
    army = {"id": "army", "name": "Army", "facet": "side"}
    body = bodies.make_stance(places=[bodies.make_place("far")], groups=[army])
    assert_recorded(send(body))
    page = client.get("/place/v1?by=group").get_data(as_text=True)
    assert "No report says of which group" in read_rows(page)[""]
    assert read_numbers(page)[""] == "30+"


def test_a_place_that_only_wider_figures_reach_is_no_zero(
    client: FlaskClient, send: SendRequest
) -> None:
    places = [{"id": f"v{number}", "name": f"Village {number}"} for number in (1, 2)]
    send_figures(send, places, exactly=30)
    page = client.get("/place/v1,v2?outcomes=killed").get_data(as_text=True)
    assert read_numbers(page)["v1"] == "no figure for this alone"
    assert "<svg" not in read_rows(page)["v1"]
    assert str(markup("charts.beyond.up_to", count=30)) in page


def test_an_upper_limit_that_only_wider_figures_give_is_not_drawn(
    client: FlaskClient, send: SendRequest
) -> None:
    send_figures(send, [COUNTRY], high=40)
    send_figures(send, [{"id": "v1", "name": "Village", "parent": "country"}], low=5)
    page = client.get("/place/country?outcomes=killed").get_data(as_text=True)
    assert read_numbers(page)["v1"] == "5+"


def test_the_numbers_of_the_rows_are_those_of_the_totals(
    client: FlaskClient, send: SendRequest
) -> None:
    assert_recorded(send(bodies.make_stance(places=[COUNTRY])))
    for number, ends in enumerate(({"exactly": 1_234}, {"low": 7}, {"low": 2, "high": 11})):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": "country"}
        send_figures(send, [place], **ends)
    api = client.get("/v1/totals?outcomes=killed&by=place&place=country").get_json()
    expected = {
        part["key"]: compact_range_text(part["totals"][0]["low"], part["totals"][0]["high"])
        for part in api["parts"]
    }
    page = client.get("/place/country?outcomes=killed").get_data(as_text=True)
    assert read_numbers(page) == expected == {"v0": "1,234", "v1": "7+", "v2": "2–11"}


def test_a_nearest_reading_comes_first_and_the_sides_are_told_once(
    client: FlaskClient, send: SendRequest
) -> None:
    """A running total of 5 that falls to 3."""
    for last, people in (("2024-12-20", 5), ("2024-12-21", 3)):
        period = {"from": "2024-12-14", "to": last}
        figures = [{**KILLED, "exactly": people}]
        assert_recorded(send(bodies.make_report(period=period, figures=figures)))
    page = client.get("/place/plekhovo?outcomes=killed").get_data(as_text=True)
    assert read_numbers(page)["plekhovo"] == "3–5"
    section = page[page.index('id="parts-title"') :].partition('<div class="panel-table">')[0]
    assert section.count("reports differ by 2 people") == 1
    assert section.count("3 or more whichever is wrong</span>") == 1
    assert re.findall(r'class="chart-side-name">[^<]* (\d)</span>', section) == ["5", "3"]
    proof = client.get("/why?place=plekhovo&outcomes=killed").get_data(as_text=True)
    assert "3 to 5. Even then they are wrong by 2 people altogether." in proof


def test_no_caveat_stands_in_every_row(client: FlaskClient, send: SendRequest) -> None:
    """Three villages, each with the same caveats."""
    send_figures(send, [COUNTRY], low=70)
    for number in range(3):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": "country"}
        send_figures(send, [place], low=5 + number)
    page = client.get("/place/country?outcomes=killed").get_data(as_text=True)
    sentences = re.findall(r"<li[^>]*>(?:<span[^>]*>)?([^<]{30,})<", page)
    assert sentences and len(sentences) == len(set(sentences))
    rows = re.findall(r'<th scope="row"><a [^>]+><bdi>Village \d.*?</tr>', page, re.S)
    assert len(rows) == 3
    assert all(re.search(r"<td>1(, \d)*</td>\n</tr>", row) for row in rows)


def test_the_table_has_what_is_placed_and_the_whole_range(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/place/country?outcomes=killed").get_data(as_text=True)
    row = re.search(r'<th scope="row"><a [^>]+><bdi>Village 1</bdi>.*?</tr>', page, re.S)
    assert row
    cells = re.findall(r'<td class="chart-figure">(.*?)</td>', row[0])
    assert cells == ["100", "100", "open"]


def test_a_breakdown_by_group_chooses_a_facet_and_offers_the_others(
    client: FlaskClient, send: SendRequest
) -> None:
    facets = {"soldiers": "side", "civilians": "side", "women": "sex", "medics": None}
    for group, facet in facets.items():
        described = {"id": group, "name": group.capitalize()} | ({"facet": facet} if facet else {})
        figures = [{**KILLED, "exactly": 4}]
        assert_recorded(send(bodies.make_report(groups=[described], figures=figures)))
    page = client.get("/place/plekhovo?by=group&outcomes=killed").get_data(as_text=True)
    assert {"soldiers", "civilians"} <= read_rows(page).keys()
    assert not {"women", "medics"} & read_rows(page).keys()
    assert '<strong aria-current="true"><bdi>side</bdi></strong>' in page
    offered = re.findall(r'href="([^"]*facet=[^"]*)"><bdi>(.*?)</bdi>', page)
    assert [name for _, name in offered] == ["sex", "Medics"]
    for address, _ in offered:
        other = client.get("/" + address.replace("&amp;", "&").removeprefix("../"))
        assert other.status_code == 200
        call = re.search(r'href="\.\./(v1/totals\?[^"]+)"', other.get_data(as_text=True))
        assert call and client.get("/" + call[1].replace("&amp;", "&")).status_code == 200


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
    page = client.get("/why?outcomes=killed").get_data(as_text=True)
    assert "Together: at least 11." in page
    assert "before rounding" in page
    assert read_roundings(page) == ["Terms 2, 3 and 4: the sum is 3 1/2, rounded up to 4."]


def test_a_proof_shows_where_a_search_was_needed(client: FlaskClient, send: SendRequest) -> None:
    """One in each pair of four villages: half of everything is 2, but whole people are 3."""
    send_pairs(send, "abcd", dict.fromkeys(("ab", "ac", "ad", "bc", "bd", "cd"), 1))
    page = client.get("/why?outcomes=killed").get_data(as_text=True)
    assert "Together: at least 3." in page
    (step,) = read_roundings(page)
    assert "the sum is 2. A search over whole numbers of people found" in step
    assert step.endswith("that the figures need at least 3.")


def test_a_proof_without_rounding_says_nothing_of_it(
    client: FlaskClient, village_and_country: None
) -> None:
    page = client.get("/why?place=country&outcomes=killed").get_data(as_text=True)
    assert "roundings" not in page and "rounding" not in page


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
    assert "women" in read_rows(client.get("/place/near?by=group").get_data(as_text=True))
    assert "north" in read_rows(client.get("/place/far?by=group").get_data(as_text=True))
    chosen = client.get("/place/near?by=group&facet=side").get_data(as_text=True)
    assert "women" not in read_rows(chosen)
