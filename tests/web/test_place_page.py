"""The page of a subject: its sentence, caveats, filters and links, without a browser."""

import gzip
import html
import re
import zlib
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import web
from service.usecases.time_budget import TimeBudget
from service.web.messages import plain_text
from service.web.viewmodels.place_page import MAX_LEADING_CAVEATS
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

BUDGET_SECONDS = 20.0
OTHER_REPORTER = {"id": "sky", "name": "Sky"}
COUNTRY = {"id": "country", "name": "Country"}
DAYS = "on 14 and 15 December 2024"
HUR = "says Defence Intelligence of Ukraine (party to the conflict)"


def send_killed(send: SendRequest, *figures: dict[str, Any], **changes: Any) -> int:
    """Record figures, of those killed unless they say otherwise; return the event's seq."""
    whole_figures = [{"outcomes": ["killed"], **figure} for figure in figures]
    seq: int = assert_recorded(send(bodies.make_report(figures=whole_figures, **changes)))["seq"]
    return seq


def read_page(client: FlaskClient, path: str = "/place/plekhovo") -> str:
    """Return the text of a page, without its escapes."""
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def read_sentence(client: FlaskClient, path: str = "/place/plekhovo") -> str:
    """Return the sentence of the page."""
    found = re.search(r'<h1 id="headline">(.*?)</h1>', read_page(client, path), re.S)
    assert found
    return found[1]


def list_items(page: str, element_class: str) -> list[str]:
    """Return the texts of the items of a list."""
    found = re.search(rf'<ul class="{element_class}">(.*?)</ul>', page, re.S)
    return re.findall(r"<li[^>]*>(?:<span[^>]*>)?(.*?)(?:</span>)?</li>", found[1]) if found else []


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({"low": 3}, "At least 3 people killed"),
        ({"low": 0}, "An unknown number of people killed"),
        ({"exactly": 3}, "3 people killed"),
        ({"exactly": 0}, "Nobody killed"),
        ({"low": 3, "high": 7}, "3 to 7 people killed"),
        ({"high": 7}, "Up to 7 people killed"),
    ],
)
def test_the_sentence_says_how_many_where_when_and_who_says_so(
    client: FlaskClient, send: SendRequest, ends: dict[str, int], words: str
) -> None:
    send_killed(send, ends)
    assert read_sentence(client) == f"{words} in Plekhovo {DAYS}, {HUR}."


def test_the_sentence_counts_only_outcomes_that_somebody_speaks_of(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"exactly": 5}, {"outcomes": ["missing"], "low": 3})
    sentence = read_sentence(client)
    assert sentence.startswith("5 killed and at least 3 missing in Plekhovo")
    page = read_page(client)
    assert plain_text("head.silent", outcomes="wounded or captured") in page


def test_a_joint_figure_is_one_fact_and_one_bar(client: FlaskClient, send: SendRequest) -> None:
    """ "At least 30 killed or wounded" says nothing of the killed alone."""
    send_killed(send, {"outcomes": ["killed", "wounded"], "low": 30})
    page = read_page(client, "/place/plekhovo?by=outcome")
    assert "At least 30 people killed or wounded in Plekhovo" in page
    assert "up to" not in page.lower().replace("up to date", "")


def test_the_sentence_says_what_a_joint_figure_adds(client: FlaskClient, send: SendRequest) -> None:
    send_killed(
        send,
        {"outcomes": ["killed", "wounded"], "low": 9},
        {"outcomes": ["killed"], "low": 2},
        {"outcomes": ["wounded"], "low": 4},
    )
    sentence = read_sentence(client)
    assert sentence.startswith("At least 2 killed and at least 9 killed or wounded in")


def test_a_joint_figure_that_adds_nothing_is_left_out(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(
        send,
        {"outcomes": ["killed", "wounded"], "low": 6},
        {"outcomes": ["killed"], "low": 2},
        {"outcomes": ["wounded"], "low": 4},
    )
    assert read_sentence(client).startswith("At least 2 killed and at least 4 wounded in")


def test_no_report_is_no_number(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"outcomes": ["missing"], "low": 3})
    sentence = read_sentence(client, "/place/plekhovo?outcomes=killed")
    assert sentence == "No report counts people killed in Plekhovo."


def test_the_sentence_states_a_contradiction(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"exactly": 3})
    send_killed(send, {"exactly": 9}, reporter=OTHER_REPORTER)
    assert read_sentence(client) == (
        f"3 to 9 people killed in Plekhovo {DAYS}, according to Sky and Defence Intelligence of"
        " Ukraine (party to the conflict); reports contradict each other by 6 people."
    )


def test_a_difference_of_running_totals_is_added_not_killed_in(
    client: FlaskClient, send: SendRequest
) -> None:
    for last, people in (("2024-02-29", 100), ("2024-03-31", 140)):
        period = {"from": None, "to": last}
        send_killed(send, {"exactly": people}, period=period, reporter=OTHER_REPORTER)
    sentence = read_sentence(client, "/place/plekhovo?from=2024-03-01&to=2024-03-31")
    assert sentence == (
        "40 people added to the killed in Plekhovo in March 2024, according to Sky."
    )
    sentence = read_sentence(client, "/place/plekhovo")
    assert sentence == "140 people killed in Plekhovo by 31 March 2024, according to Sky."


def test_the_sentence_is_about_what_is_placed(client: FlaskClient, send: SendRequest) -> None:
    """What a figure for the country may add to a village is a caveat, not the number."""
    village = {"id": "v1", "name": "Village", "parent": "country"}
    send_killed(send, {"low": 30_000, "high": 40_000}, places=[COUNTRY])
    send_killed(send, {"low": 90}, places=[village], reporter=OTHER_REPORTER)
    page = read_page(client, "/place/v1")
    assert f">At least 90 people killed in Village {DAYS}, according to Sky.</h1>" in page
    assert "One figure also covers other places" in " ".join(list_items(page, "leading"))


def test_the_sentence_states_what_wider_figures_prove(
    client: FlaskClient, send: SendRequest
) -> None:
    """At least 100 in two villages, at most 20 of them in the other."""
    for number, ends in ((1, {"low": 5}), (2, {"high": 20})):
        village = {"id": f"v{number}", "name": f"Village {number}", "parent": COUNTRY}
        send_killed(send, ends, places=[village])
    send_killed(send, {"low": 100}, places=["v1", "v2"], reporter=OTHER_REPORTER)
    assert read_sentence(client, "/place/v1").startswith("At least 80 people killed in Village 1")


def test_a_place_that_only_wider_figures_reach_has_no_number(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"exactly": 30}, places=[bodies.make_place("a"), bodies.make_place("b")])
    assert read_sentence(client, "/place/a") == "No report counts people killed in A."
    assert read_sentence(client, "/place/a,b").startswith("30 people killed in A and B")


def test_a_zero_of_a_part_is_not_nobody(client: FlaskClient, send: SendRequest) -> None:
    """Nobody in one of two villages says nothing of the other one."""
    for name in ("v1", "v2"):
        village = {"id": name, "name": name, "parent": COUNTRY}
        assert_recorded(send(bodies.make_stance(places=[village])))
    send_killed(send, {"exactly": 0}, places=["v1"])
    assert read_sentence(client, "/place/v1").startswith("Nobody killed in v1 on")
    sentence = read_sentence(client, "/place/country")
    assert sentence.startswith("Nobody killed in the part that is reported in Country on")


def test_groups_are_named_as_people(client: FlaskClient, send: SendRequest) -> None:
    groups = [{"id": "civilians", "name": "Civilians"}]
    send_killed(send, {"low": 3}, groups=groups)
    assert read_sentence(client, "/place/plekhovo?group=civilians").startswith(
        "At least 3 civilians killed in Plekhovo"
    )
    everywhere = read_sentence(client, "/place?group=civilians")
    assert everywhere.startswith(f"At least 3 civilians killed {DAYS}")


@pytest.mark.parametrize(
    ("name", "low", "sentence"),
    [
        ("Civilians", 12, "Of them at least 12 civilians."),
        ("Civilians", 1, "Of them at least 1 civilian."),
        ("River forces", 12, "Of them at least 12 among River forces."),
    ],
)
def test_the_sentence_is_followed_by_the_group_that_most_figures_name(
    client: FlaskClient, send: SendRequest, name: str, low: int, sentence: str
) -> None:
    send_killed(send, {"low": 30})
    send_killed(send, {"low": low}, groups=[{"id": "g", "name": name}])
    send_killed(send, {"low": low}, groups=["g"])
    page = read_page(client)
    silence = re.search(r'<p class="silence">(.*?)</p>', page)
    assert silence and silence[1].startswith(sentence)
    assert "Of them" not in read_page(client, "/place/plekhovo?group=g")


def test_each_caveat_is_told_once(client: FlaskClient, send: SendRequest) -> None:
    village = {"id": "v1", "name": "Village", "parent": "country"}
    send_killed(send, {"low": 40}, {"outcomes": ["wounded"], "low": 7}, places=[COUNTRY])
    send_killed(send, {"low": 9}, places=[village], caveats=["not_independently_verified"])
    page = read_page(client, "/place/country")
    leading, others = list_items(page, "leading"), list_items(page, "caveats")
    assert 1 <= len(leading) <= MAX_LEADING_CAVEATS
    assert len({*leading, *others}) == len(leading) + len(others)
    assert any("Not independently verified" in each for each in others)


def test_the_coverage_says_how_many_reports_cover_which_days(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3})
    send_killed(send, {"low": 4}, period={"from": "2024-12-20", "to": "2024-12-24"})
    coverage = re.search(r'<p class="coverage">(.*?)</p>', read_page(client))
    assert coverage
    assert coverage[1] == "2 reports by 1 reporter · cover 14 – 24 Dec 2024"


def test_the_title_has_the_number_without_scripts(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3, "high": 7})
    title = re.search(r"<title>(.*?)</title>", read_page(client, "/place/plekhovo?from=2024-12-14"))
    assert title
    assert title[1].startswith("3 to 7 killed – Plekhovo, since 14 December 2024")


def test_who_says_so_has_the_own_range_of_each_reporter(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3}, {"outcomes": ["wounded"], "low": 7})
    send_killed(send, {"exactly": 9}, reporter=OTHER_REPORTER)
    page = read_page(client)
    sayers = page[page.index('<ul class="sayers">') :].partition("</ul>")[0]
    rows = re.findall(r"<li>(.*?)</li>", sayers, re.S)
    texts = [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in rows]
    assert texts == [
        "Sky 9",
        "Defence Intelligence of Ukraine party to the conflict 3+",
    ]
    assert 'href="../reporter/sky"' in rows[0]


def test_the_largest_figures_are_listed_and_the_rest_added(
    client: FlaskClient, send: SendRequest
) -> None:
    for number, people in enumerate((5, 40, 30, 1, 20)):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": "country"}
        send_killed(send, {"exactly": people}, places=[place | {"parent": COUNTRY}])
    page = read_page(client, "/place/country")
    assert re.findall(r"<li><strong>(\d+)</strong> (Village \d)", page) == [
        ("40", "Village 1"), ("30", "Village 2"), ("20", "Village 4"),
    ]  # fmt: skip
    assert "… and 2 more, together 6" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", plain_text("scope.always")),
        ("from=2024-12-14", "since 14 December 2024"),
        ("to=2024-12-14", "until 14 December 2024"),
        ("from=2024-12-14&to=2024-12-14", "14 December 2024"),
        ("from=2024-12-01&to=2024-12-31", "December 2024"),
        ("reporter=sky", "Only reports of Sky"),
        ("exclude_reporter=sky", "Without reports of Sky"),
        ("party=exclude", "Without parties to the conflict"),
        ("outcomes=wounded,killed", "Killed or wounded"),
        ("as_of=1", "As known on 5 January 2026, 10:00 UTC"),
    ],
)
def test_every_filter_is_a_chip(
    client: FlaskClient, send: SendRequest, query: str, words: str
) -> None:
    send_killed(send, {"low": 3}, reporter=OTHER_REPORTER)
    page = read_page(client, f"/place/plekhovo?{query}")
    assert words in re.findall(r"</span><bdi>(.*?)</bdi></summary>", page)


def test_the_form_leads_to_the_address_of_the_subject(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3})
    answer = client.get("/place?place=plekhovo&from=June+2024&to=2024&as_of=&outcomes=killed")
    assert answer.status_code == 303
    assert answer.headers["Location"] == (
        "place/plekhovo?from=2024-06-01&to=2024-12-31&outcomes=killed"
    )


def test_a_place_named_in_the_form_is_added(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3}, places=[bodies.make_place("a"), bodies.make_place("kosovo")])
    answer = client.get("/place?place=a&find=kosovo")
    assert answer.headers["Location"] == "place/a,kosovo"
    answer = client.get("/place?place=a&find=nowhere")
    assert answer.status_code == 200
    assert "Nothing has this name" in answer.get_data(as_text=True)


def test_an_old_address_leads_to_the_subject(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3})
    answer = client.get("/?place=plekhovo&from=2024-06-01")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "place/plekhovo?from=2024-06-01"


def test_groups_are_offered_as_a_tree(client: FlaskClient, send: SendRequest) -> None:
    groups = [
        {"id": "forces", "name": "Forces"},
        {"id": "army", "name": "Army", "parent": "forces"},
        {"id": "aid", "name": "Aid workers"},
    ]
    send_killed(send, {"low": 3, "groups": ["army"]}, groups=groups)
    page = read_page(client, "/place/plekhovo?group=army")
    assert re.findall(r'name="group" value="(\w+)"', page) == ["aid", "forces", "army"]


def test_places_without_parts_are_compared_with_each_other(
    client: FlaskClient, send: SendRequest
) -> None:
    places = [bodies.make_place("a"), bodies.make_place("b")]
    send_killed(
        send, {"exactly": 2, "places": ["a"]}, {"exactly": 5, "places": ["b"]}, places=places
    )
    page = read_page(client, "/place/a,b?by=place")
    assert re.findall(r'class="chart-row" data-key="(a|b)"', page) == ["b", "a"]


@pytest.mark.parametrize("unit", ["day", "week", "month", "year"])
def test_a_time_series_has_the_units_of_the_query(
    client: FlaskClient, send: SendRequest, unit: str
) -> None:
    send_killed(send, {"low": 3}, period={"from": "2024-02-01", "to": "2024-03-31"})
    page = read_page(client, f"/place/plekhovo?from=2024-02-01&to=2024-03-31&unit={unit}")
    keys = re.findall(r'data-key="(2024[^"]*)"', page)
    assert len(keys) == {"day": 60, "week": 9, "month": 2, "year": 1}[unit]


def test_before_the_first_event_a_page_has_no_date(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 3})
    page = client.get("/place/plekhovo?as_of=0")
    assert page.status_code == 422  # The place was not known then.
    assert plain_text("scope.as_of", as_of="").strip() in read_page(client, "/why?as_of=0")


@pytest.mark.parametrize(
    ("looks", "words", "row"),
    [(0, "3 people killed", "3"), (1, "3 people killed", "3")],
)
def test_the_sentence_and_the_bar_show_the_same_total(
    client: FlaskClient,
    send: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    looks: int,
    words: str,
    row: str,
) -> None:
    """Even if the time budget ran out in between."""
    assert_recorded(send(bodies.make_interlocked_report()))
    left = chain(repeat(0.0, looks), repeat(BUDGET_SECONDS))
    monkeypatch.setattr(TimeBudget, "next_seconds", lambda self: next(left))
    page = read_page(client, "/place/a,b?by=outcome")
    assert f'<h1 id="headline">{words}' in page
    bar = page[page.index('data-key="killed"') :].partition("</li>")[0]
    assert re.search(rf">{row}<", bar)


@pytest.mark.parametrize("path", ["/place/plekhovo", "/chart.svg?place=plekhovo", "/why", "/"])
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
