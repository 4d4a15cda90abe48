"""The page of a report: all that is in it, what it moves, and what can be done with it."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.web.viewmodels import report_page
from service.web.viewmodels.report_page import MAX_MOVED_TOTALS
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.web.test_report_list import read_text

Send = Callable[..., TestResponse]

SKY = {"id": "sky", "name": "Sky News"}
ARMY = {"id": "army", "name": "The army"}
MARINES = {"id": "marines", "name": "The marines", "parent": "army"}


def test_a_report_page_names_the_groups_of_each_figure(client: FlaskClient, send: Send) -> None:
    figures = [
        bodies.make_figure(groups=["marines"]),
        bodies.make_figure(outcomes=["missing"], wording="three", groups=["army"]),
    ]
    report_id = assert_recorded(send(bodies.make_report(groups=[ARMY, MARINES], figures=figures)))[
        "id"
    ]
    page = client.get(f"/report/{report_id}").get_data(as_text=True)
    rows = re.findall(r"<tr><td><q>(.*?)</q>.*?<small>(.*?)</small>.*?</tr>", page, re.S)
    names = [(words, re.sub("[\u2066-\u2069]", "", whom)) for words, whom in rows]
    assert names == [("at least 30", "The marines"), ("three", "The army")]


def test_the_page_has_all_that_is_in_the_report(client: FlaskClient, send: Send) -> None:
    figure = {"outcomes": ["killed"], "low": 3, "high": 9, "best": 4, "note": "counted by hand"}
    report = bodies.make_report(
        ref="hur 16",
        published_at="2024-12-16T10:00:00Z",
        quote="They are gone.",
        note="from the evening bulletin",
        source={"url": "https://example.org/x", "publisher": "Example", "language": "uk"},
        incident="ucdp:512345",
        caveats=["not_independently_verified"],
        figures=[figure],
    )
    report_id = assert_recorded(send(report))["id"]
    answer = client.get(f"/report/{report_id}")
    text, page = read_text(answer), answer.get_data(as_text=True)
    title = re.search("<title>(.*)</title>", page)
    assert title
    assert re.sub("[\u2066-\u2069]", "", title[1]) == (
        "3 to 9 people killed in Plekhovo on 14 and 15 December 2024, says Defence Intelligence of"
        " Ukraine (party to the conflict). – Casualty figures"
    )
    for words in (
        "published 16 December 2024 · recorded 5 January 2026, 10:00 UTC, event 3",
        "They are gone.",
        "from the evening bulletin",
        "counted by hand",
        "best estimate 4",
        "hur 16",
        "ucdp:512345",
        "https://example.org/x , Example",
        "Language uk",
        "not independently verified",
        "Repeated by no other report",
    ):
        assert words in text, text
    assert 'href="../incident/ucdp:512345"' in page
    assert 'href="../place/plekhovo"' in page
    assert 'href="../reporter/ua-hur"' in page
    assert 'href="../reports" aria-current="page"' in page


def test_a_report_names_the_totals_that_it_is_counted_in(client: FlaskClient, send: Send) -> None:
    report_id = assert_recorded(send(bodies.make_report(groups=[ARMY])))["id"]
    assert_recorded(
        send(bodies.make_report(reporter=SKY, figures=[{"outcomes": ["killed"], "exactly": 40}]))
    )
    page = client.get(f"/report/{report_id}").get_data(as_text=True)
    link = re.search(r'<a href="(\.\./place/[^"]+)">([^<]+)</a>', page[page.index("counted in") :])
    assert link
    assert unescape(link[1]) == "../place/plekhovo?from=2024-12-14&to=2024-12-15&group=army"
    assert "At least 30 killed or wounded among The army in Plekhovo on 14" in link[2]
    assert "says Defence Intelligence of Ukraine (party to the conflict)" in link[2]


def test_of_many_totals_the_first_are_named(client: FlaskClient, send: Send) -> None:
    count = MAX_MOVED_TOTALS + 2
    figures = [bodies.make_figure(places=[bodies.make_place(f"p{n}")]) for n in range(count)]
    report_id = assert_recorded(send(bodies.make_report(figures=figures)))["id"]
    page = client.get(f"/report/{report_id}").get_data(as_text=True)
    assert len(re.findall(r'href="\.\./place/p\d\?', page)) == MAX_MOVED_TOTALS
    assert "and 2 more places or periods" in page


def test_a_total_that_takes_too_long_is_a_link_alone(
    client: FlaskClient, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_page, "MOVED_TOTALS_SECONDS", -1.0)
    report_id = assert_recorded(send(bodies.make_report()))["id"]
    page = client.get(f"/report/{report_id}").get_data(as_text=True)
    assert re.search(r'<a href="\.\./place/[^"]+">Plekhovo · 14 and 15 December 2024</a>', page)


def test_a_report_that_is_not_counted_moves_nothing_and_cannot_be_corrected(
    client: FlaskClient, send: Send, key: Callable[..., dict[str, str]]
) -> None:
    first = assert_recorded(send(bodies.make_report()))["id"]
    second = assert_recorded(send(bodies.make_report(supersedes=first, note="again")))["id"]
    text = read_text(client.get(f"/report/{first}"))
    assert "Replaced and no longer counted" in text
    assert "It was replaced by a later report Defence Intelligence of Ukraine : At least" in text
    assert "counted in" not in text and "Correct" not in text
    assert "Replaces Defence Intelligence of Ukraine" in read_text(client.get(f"/report/{second}"))
    answer = client.post(
        f"/v1/reports/{second}/retraction", json={"reason": "A slip."}, headers=key("report")
    )
    assert answer.status_code == 201
    text = read_text(client.get(f"/report/{second}"))
    assert "Withdrawn on 5 January 2026, 10:00 UTC and no longer counted. A slip." in text
    assert "Withdrawn: A slip." in text
    assert "Correct" not in text


def test_relays_and_their_original_name_each_other(client: FlaskClient, send: Send) -> None:
    first = assert_recorded(send(bodies.make_report(published_at="2024-12-16")))["id"]
    relay = assert_recorded(send(bodies.make_report(reporter=SKY, relays=first)))["id"]
    assert "1 report repeats it Sky News" in read_text(client.get(f"/report/{first}"))
    text = read_text(client.get(f"/report/{relay}"))
    assert (
        "It repeats, and is not counted beside: Defence Intelligence of Ukraine, 16 Dec 2024 : At"
        in text
    )


def test_a_warning_leads_to_the_reports_that_it_is_about(client: FlaskClient, send: Send) -> None:
    killed = {"outcomes": ["killed"]}
    first = assert_recorded(send(bodies.make_report(figures=[{**killed, "exactly": 3}])))["id"]
    report = bodies.make_report(reporter=SKY, figures=[{**killed, "exactly": 9}])
    second = assert_recorded(send(report))
    assert [each["code"] for each in second["warnings"]] == ["contradicts"]
    page = client.get(f"/report/{second['id']}").get_data(as_text=True)
    assert f'href="../report/{first}"' in page[page.index("Warnings when") :]
    assert "contradicts an earlier report" in read_text(client.get("/reports?reporter=sky"))


@pytest.mark.parametrize("incident", ["own", "odd:a/b?c#d"])
def test_an_incident_is_linked_if_it_has_an_id(
    client: FlaskClient, send: Send, incident: str
) -> None:
    report_id = assert_recorded(send(bodies.make_report(incident=incident)))["id"]
    answer = client.get(f"/report/{report_id}")
    if incident == "own":
        assert "an event of its own, without an id" in read_text(answer)
        assert "../incident/" not in answer.get_data(as_text=True)
    else:
        assert 'href="../incident/odd:a%2Fb%3Fc%23d"' in answer.get_data(as_text=True)


def test_a_stance_says_what_it_is(client: FlaskClient, send: Send) -> None:
    report_id = assert_recorded(send(bodies.make_stance("acknowledges")))["id"]
    text = read_text(client.get(f"/report/{report_id}"))
    assert "Acknowledges losses and gives no number: Plekhovo, 14 and 15 December 2024." in text
    assert "There were losses; no number is given." in text


def test_without_scripts_the_page_says_how_to_do_it(client: FlaskClient, send: Send) -> None:
    report_id = assert_recorded(send(bodies.make_report()))["id"]
    page = client.get(f"/report/{report_id}").get_data(as_text=True)
    plain = page[page.index('id="plain"') : page.index('id="acting"')]
    assert f"/v1/reports/{report_id}/retraction" in plain
    assert f"“supersedes”: “{report_id}”" in plain
    assert re.search(r'id="plain"[^>]*hidden', page) is None
    assert re.search(r'id="acting"[^>]*hidden', page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)


def test_markup_in_a_report_does_not_end_its_script(client: FlaskClient, send: Send) -> None:
    quote = "</script><script>alert(1)</script>"
    report_id = assert_recorded(send(bodies.make_report(quote=quote)))["id"]
    page = client.get(f"/report/{report_id}").get_data(as_text=True)
    assert "<script>alert" not in page
    body = re.search(r'id="body">(.*?)</script>', page)
    assert body
    content: dict[str, Any] = json.loads(body[1])
    assert content["quote"] == quote


def test_an_unknown_report_is_not_found(client: FlaskClient) -> None:
    assert client.get("/report/none").status_code == 404


def test_a_report_page_has_no_parameters(client: FlaskClient, send: Send) -> None:
    report_id = assert_recorded(send(bodies.make_report()))["id"]
    answer = client.get(f"/report/{report_id}?as_of=1")
    assert answer.status_code == 422
    assert "as_of" in read_text(answer)
