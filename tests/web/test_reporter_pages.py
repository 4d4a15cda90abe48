"""The list of reporters and the page of one: what it says alone, and whom it contradicts."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from service.web.messages import plain_text
from service.web.viewmodels import reporter_page
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.pages import list_hrefs, read_page

SKY: dict[str, Any] = {"id": "sky", "name": "Sky News", "kind": "news_outlet", "aliases": ["Sky"]}


def send_killed(send: SendRequest, number: int, **changes: Any) -> str:
    figures = [{"outcomes": ["killed"], "exactly": number}]
    report_id: str = assert_recorded(send(bodies.make_report(figures=figures, **changes)))["id"]
    return report_id


def test_the_list_has_who_reports_and_how_much(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, 3, reporter=SKY)
    send_killed(send, 4, reporter=SKY)
    send_killed(send, 5)
    text = read_page(client, "/reporters")
    assert "2 reporters" in text
    assert text.index("Sky News news outlet 2 14 – 15 Dec 2024 5 Jan 2026") < text.index(
        "Defence Intelligence of Ukraine party to the conflict 1"
    )
    assert list_hrefs(client, "/reporters", "reporter/") == ["reporter/sky", "reporter/ua-hur"]


def test_the_list_goes_on_on_further_pages(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_page, "PAGE_SIZE", 1)
    send_killed(send, 3, reporter=SKY)
    send_killed(send, 5)
    assert list_hrefs(client, "/reporters", "reporters?") == ["reporters?start=1"] * 2
    assert list_hrefs(client, "/reporters?start=1", "reporter/") == ["reporter/sky"]
    assert plain_text("reporters.none") in read_page(client, "/reporters?start=2")


def test_the_page_has_what_the_reporter_says_alone(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, 3, reporter=SKY)
    send_killed(send, 9, places=[bodies.make_place("north")])
    text = read_page(client, "/reporter/sky")
    assert "Sky News News outlet · 1 report · 14 – 15 Dec 2024 · last added 5 Jan 2026" in text
    assert "Also known as Sky" in text
    assert "Plekhovo Everyone 3 killed" in text
    assert "North" not in text
    (subject,) = list_hrefs(client, "/reporter/sky", "../place/")
    assert subject == "../place/plekhovo?reporter=sky"
    assert read_page(client, f"/{subject.removeprefix('../')}")
    assert list_hrefs(client, "/reporter/sky", "../reports?") == ["../reports?reporter=sky"]


def test_the_page_has_the_figures_that_others_contradict(
    client: FlaskClient, send: SendRequest
) -> None:
    own = send_killed(send, 3, reporter=SKY)
    other = send_killed(send, 9)
    text = read_page(client, "/reporter/sky")
    assert (
        "Plekhovo: killed CSV It says 3 killed Plekhovo, 14 and 15 December 2024 Others say" in text
    )
    assert "Defence Intelligence of Ukraine party to the conflict : 9 killed" in text
    links = list_hrefs(client, "/reporter/sky", "../report/")
    assert {f"../report/{own}", f"../report/{other}"} <= set(links)
    (proof,) = list_hrefs(client, "/reporter/sky", "../why?")
    assert proof == "../why?place=plekhovo&outcomes=killed"
    (table,) = list_hrefs(client, "/reporter/sky", "../figures.csv?")
    rows = client.get(urljoin("/reporter/sky", table)).get_data(as_text=True).splitlines()[-2:]
    assert all(any(report in row for row in rows) for report in (own, other))


def test_a_reporter_that_contradicts_itself_is_said_to(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, 3, reporter=SKY)
    send_killed(send, 9, reporter=SKY)
    text = read_page(client, "/reporter/sky")
    assert plain_text("reporter.dispute.self") in text
    assert plain_text("reporter.dispute.others") not in text


def test_the_page_says_if_there_was_no_time_for_disputes(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_killed(send, 3, reporter=SKY)
    monkeypatch.setattr("service.usecases.time_budget.GIVE_UP_FACTOR", -1)
    text = read_page(client, "/reporter/sky")
    assert plain_text("reporter.disputes.incomplete") in text
    assert "Plekhovo Everyone –" in text


def test_a_reporter_without_counted_figures_has_a_page(
    client: FlaskClient, send: SendRequest
) -> None:
    assert_recorded(send(bodies.make_stance(reporter=SKY)))
    text = read_page(client, "/reporter/sky")
    assert plain_text("reporter.subjects.none") in text
    assert "Plekhovo: Losses are not acknowledged. That is not a zero." in text


def test_a_described_reporter_without_reports_has_a_page(
    client: FlaskClient, key: Callable[..., dict[str, str]]
) -> None:
    client.put("/v1/reporters/sky", json={"name": "Sky"}, headers=key("admin"))
    assert "Sky 0 –" in read_page(client, "/reporters").replace("– –", "–")
    assert "0 reports" in read_page(client, "/reporter/sky")


def test_the_state_of_a_report_that_is_not_counted_is_named(
    client: FlaskClient, send: SendRequest
) -> None:
    first = send_killed(send, 3, reporter=SKY)
    send_killed(send, 4, reporter=SKY, supersedes=first)
    text = read_page(client, "/reporter/sky")
    assert text.count(plain_text("state.superseded")) == 1


def test_a_merged_id_leads_to_the_present_one(
    client: FlaskClient, send: SendRequest, key: Callable[..., dict[str, str]]
) -> None:
    send_killed(send, 3, reporter=SKY)
    send_killed(send, 3, reporter={"id": "sky-news", "name": "Sky News"})
    client.post("/v1/reporters/sky-news/merge", json={"into": "sky"}, headers=key("admin"))
    answer = client.get("/reporter/sky-news")
    assert (answer.status_code, answer.headers["Location"]) == (302, "../reporter/sky")
    text = read_page(client, "/reporter/sky")
    assert "2 reports" in text and "Other ids sky-news" in text


def test_an_unknown_id_is_named_with_similar_ones(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, 3, reporter=SKY)
    assert "did you mean sky?" in read_page(client, "/reporter/skyy", 404)


@pytest.mark.parametrize(
    "address", ["/reporters?shown=all", "/reporter/sky?start=-1", "/reporters?start=1&start=2"]
)
def test_unknown_and_invalid_parameters_are_refused(
    client: FlaskClient, send: SendRequest, address: str
) -> None:
    send_killed(send, 3, reporter=SKY)
    name = address.partition("?")[2].partition("=")[0]
    assert name in read_page(client, address, 422)
