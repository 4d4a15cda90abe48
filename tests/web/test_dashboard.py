"""The dashboard's sentences, parts and links, without a browser."""

import gzip
import html
import re
import zlib
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import web
from service.web.messages import plain_text
from service.web.viewmodels import bars
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

OTHER_REPORTER = {"id": "sky", "name": "Sky"}


def send_killed(send: SendRequest, *figures: dict[str, Any], **changes: Any) -> int:
    """Record figures, of those killed unless they say otherwise; return the event's seq."""
    whole_figures = [{"outcomes": ["killed"], **figure} for figure in figures]
    seq: int = assert_recorded(send(bodies.make_report(figures=whole_figures, **changes)))["seq"]
    return seq


def read_page(client: FlaskClient, query: str, page: str = "") -> str:
    """Return the text of a page, without its escapes."""
    answer = client.get(f"/{page}?{query}")
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def read_headline(client: FlaskClient, query: str = "show=killed") -> str:
    """Return the headline of the main page, without its markup."""
    found = re.search(r'<h1 id="headline">(.*?)</h1>', read_page(client, query), re.S)
    assert found
    return re.sub(r"<[^>]*>", "", found[1])


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ({"low": 3}, "At least 3 people killed, open above"),
        ({"low": 0}, "People killed were reported, their number is not known"),
        ({"exactly": 3}, "3 people killed"),
        ({"exactly": 0}, "Nobody killed, as reported"),
        ({"low": 3, "high": 7}, "Between 3 and 7 people killed"),
        ({"high": 7}, "Up to 7 people killed"),
    ],
)
def test_the_headline_puts_a_range_into_words(
    client: FlaskClient, send: SendRequest, ends: dict[str, int], text: str
) -> None:
    send_killed(send, ends)
    assert read_headline(client).startswith(text)


def test_the_headline_of_no_reports_is_no_number(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"outcomes": ["missing"], "low": 3})
    assert read_headline(client).startswith("Nobody has reported how many were killed")


def test_the_headline_states_a_dispute(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"exactly": 3})
    send_killed(send, {"exactly": 9}, reporter=OTHER_REPORTER)
    assert "reports contradict each other" in read_headline(client)


def test_the_headline_ends_with_the_largest_narrower_total(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(
        send,
        {"outcomes": ["killed", "wounded"], "low": 9},
        {"outcomes": ["killed"], "low": 2},
        {"outcomes": ["wounded"], "low": 4},
    )
    ending = plain_text("head.of_them", low=4, what="wounded")
    assert ending in read_headline(client, "show=killed,wounded")


@pytest.mark.parametrize(
    ("low_of_one", "message"), [(1, "head.unplaced"), (0, "head.all_unplaced")]
)
def test_the_headline_ends_with_the_people_in_no_one_place(
    client: FlaskClient, send: SendRequest, low_of_one: int, message: str
) -> None:
    places = [bodies.make_place("a"), bodies.make_place("b")]
    send_killed(
        send, {"low": 5, "places": ["a", "b"]}, {"low": low_of_one, "places": ["a"]}, places=places
    )
    unplaced = 5 - low_of_one
    assert plain_text(message, low=unplaced, count=unplaced) in read_headline(client)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", plain_text("scope.always")),
        ("from=2024-12-14", plain_text("scope.since", first="2024-12-14")),
        ("to=2024-12-14", plain_text("scope.until", last="2024-12-14")),
        ("from=2024-12-14&to=2024-12-14", plain_text("scope.day", day="2024-12-14")),
        (
            "from=2024-12-14&to=2024-12-15",
            plain_text("scope.days", first="2024-12-14", last="2024-12-15"),
        ),
        ("reporter=sky", plain_text("scope.only", names="Sky")),
        ("exclude_reporter=sky", plain_text("scope.without", names="Sky")),
        ("party=exclude", plain_text("scope.no_parties")),
        ("straddling=exclude", plain_text("scope.inside")),
        ("as_of=1", plain_text("scope.as_of", as_of="2026-01-05")),
    ],
)
def test_every_filter_is_in_the_words_of_the_scope(
    client: FlaskClient, send: SendRequest, query: str, words: str
) -> None:
    send_killed(send, {"low": 3}, reporter=OTHER_REPORTER)
    page = read_page(client, f"show=killed&{query}")
    assert f"<bdi>{words}</bdi>" in page
    link_to_api = re.search(r'href="(v1/totals\?[^"]+)"', page)
    assert link_to_api
    # The state is named by its seq in the call, so that the same call always gives the same answer.
    parameter = query if query and not query.startswith("as_of") else "outcomes=killed"
    assert parameter.partition("&")[0] in link_to_api[1]


def test_groups_are_offered_as_a_tree(client: FlaskClient, send: SendRequest) -> None:
    groups = [
        {"id": "forces", "name": "Forces"},
        {"id": "army", "name": "Army", "parent": "forces"},
        {"id": "aid", "name": "Aid workers"},
    ]
    send_killed(send, {"low": 3, "groups": ["army"]}, groups=groups)
    page = read_page(client, "show=killed&group=army")
    values = re.findall(r'name="group" value="(\w+)"', page)
    assert values == ["aid", "forces", "army"]


def test_a_bar_names_the_sides_of_a_dispute(client: FlaskClient, send: SendRequest) -> None:
    figure_count = bars.MAX_SIDES + 2
    for number in range(figure_count):
        reporter = {"id": f"s{number}", "name": f"Reporter {number}"}
        groups = [{"id": "army", "name": "Army"}]
        send_killed(send, {"exactly": 9 + number}, reporter=reporter, groups=groups)
    page = read_page(client, "show=killed")
    row = page[page.index('data-key="killed"') :].partition("</li>\n</ul>")[0]
    assert plain_text("charts.sides.count", count=figure_count) in row
    assert "Reporter 0" in row and "Army" in row
    picture = client.get("/chart.svg?show=killed&chart=parts&by=outcome")
    assert picture.status_code == 200
    assert plain_text("charts.sides.more", count=figure_count - bars.MAX_SIDES) in (
        picture.get_data(as_text=True)
    )


def test_places_without_parts_are_compared_with_each_other(
    client: FlaskClient, send: SendRequest
) -> None:
    places = [bodies.make_place("a"), bodies.make_place("b")]
    send_killed(
        send, {"exactly": 2, "places": ["a"]}, {"exactly": 5, "places": ["b"]}, places=places
    )
    page = read_page(client, "show=killed&by=place&place=a,b")
    assert re.findall(r'class="chart-row" data-key="(a|b)"', page) == ["b", "a"]


@pytest.mark.parametrize("scale", ["day", "week", "month", "year"])
def test_a_time_series_has_the_spans_of_the_query(
    client: FlaskClient, send: SendRequest, scale: str
) -> None:
    send_killed(send, {"low": 3}, period={"from": "2024-02-01", "to": "2024-03-31"})
    page = read_page(client, f"show=killed&from=2024-02-01&to=2024-03-31&scale={scale}")
    keys = re.findall(r'data-key="(2024[^"]*)"', page)
    assert len(keys) == {"day": 60, "week": 9, "month": 2, "year": 1}[scale]


def test_a_scale_with_too_many_spans_is_replaced_by_a_coarser_one(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3}, period={"from": "1990-01-01", "to": "2024-12-31"})
    page = read_page(client, "show=killed&scale=day")
    assert 2 <= len(re.findall(r'data-key="(\d{4}[^"]*)"', page)) <= 420


def test_a_place_that_is_not_found_is_reported_at_the_field(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3})
    assert plain_text("ask.not_found") in read_page(client, "show=killed&find=zzzz")


def test_places_called_exactly_so_are_offered_before_longer_names(
    client: FlaskClient, send: SendRequest
) -> None:
    names = {"a": "Alma", "b": "Alma Town", "c": "Alma Lake"}
    send_killed(
        send, {"low": 3}, places=[bodies.make_place(each, name=names[each]) for each in names]
    )
    answer = client.get("/?show=killed&find=alma")
    assert answer.status_code == 303 and "place=a" in answer.headers["Location"]
    send_killed(send, {"low": 3}, places=[bodies.make_place("d", name="Alma")])
    page = read_page(client, "show=killed&find=alma")
    matches = re.findall(r'href="[^"]*place=([a-d])\b[^"]*"', page.partition('id="headline"')[0])
    assert set(matches) == {"a", "d"}


def test_before_the_first_event_a_page_has_no_date(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3})
    assert plain_text("scope.as_of", as_of="").strip() in read_page(
        client, "show=killed&as_of=0", page="proof"
    )


def test_an_unknown_place_has_no_page_of_places(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3})
    assert "Plekhovo" in read_page(client, "place=plekhovo", page="places")
    assert client.get("/places?place=nowhere").status_code == 404


@pytest.mark.parametrize("path", ["/?show=killed", "/chart.svg?show=killed", "/proof?show=killed"])
def test_a_compressed_page_is_the_same_page(
    client: FlaskClient, send: SendRequest, path: str
) -> None:
    send_killed(send, {"low": 3})
    plain = client.get(path)
    compressed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert {"Accept-Encoding", "Authorization"} <= set(compressed.vary)
    data = compressed.get_data()
    assert zlib.decompress(data, 16 + zlib.MAX_WBITS) == gzip.decompress(data) == plain.get_data()


def test_every_template_compiles(app: Flask) -> None:
    web.preload(app)
    assert len(app.jinja_env.list_templates()) > 10
