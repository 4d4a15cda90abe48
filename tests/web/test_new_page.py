"""What is new: by day and reporter, with what it did to totals; and the feed."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.settings import Settings
from service.web.viewmodels.recent_changes import RecentChanges
from tests.support import bodies
from tests.support.assertions import assert_recorded

ATOM = "{http://www.w3.org/2005/Atom}"
OTHER = {"id": "hospital", "name": "The hospital"}

Send = Callable[..., TestResponse]


class Calendar:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def clock() -> Calendar:
    return Calendar()


@pytest.fixture
def recorded(
    clock: Calendar, client: FlaskClient, send: Send, key: Callable[..., dict[str, str]]
) -> dict[str, str]:
    """A record of four weeks: ids of its reports by their names."""

    def report(**changes: Any) -> str:
        report_id: str = assert_recorded(send(bodies.make_report(**changes)))["id"]
        return report_id

    figure = {"outcomes": ["killed"], "exactly": 10}
    ids = {"old": report(figures=[figure])}
    clock.pass_days(20)
    ids["wrong"] = report(reporter=OTHER, places=[bodies.make_place("vorozhba")], figures=[figure])
    clock.pass_days(5)
    newer = {"outcomes": ["killed"], "exactly": 12}
    ids["newer"] = report(figures=[newer], supersedes=ids["old"])
    ids["relay"] = report(reporter=OTHER, figures=[newer], relays=ids["newer"])
    answer = client.post(
        f"/v1/reports/{ids['wrong']}/retraction",
        json={"reason": "counted twice"},
        headers=key("report"),
    )
    assert answer.status_code == 201
    clock.pass_days(1)
    return ids


def read_page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def parse(data: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(data)  # noqa: S314 - the service wrote it


def read_text(page: str) -> str:
    """The words of the main part, with one space between."""
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>|[\u2066-\u2069]", " ", main).split())


def test_the_last_seven_days_are_grouped_by_day_and_reporter(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    page = read_page(client, "/new")
    text = read_text(page)
    assert "What is new since 20 March 2026" in text
    assert "3 reports added, 1 replaced and 1 withdrawn" in text
    days = re.findall(r'<h2 id="day-([\d-]+)"', page)
    assert days == ["2026-03-26", "2026-03-21"]
    first_day = page[page.index("day-2026-03-26") : page.index("day-2026-03-21")]
    assert "1 report added and 1 withdrawn" in read_text(f"<main {first_day}</main>")
    assert f'href="report/{recorded["newer"]}">12 killed</a>' in first_day
    assert "repeats another" in first_day and "the report that replaces it" in first_day
    assert 'href="new" aria-current="page"' in page


def test_it_compares_the_touched_totals_then_and_now(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    page = read_page(client, "/new?since=22 March 2026")
    text = read_text(page)
    assert "Plekhovo Everyone Killed 10 → 12 Compare" in text
    assert "Vorozhba Everyone Killed 10 → not reported Compare" in text
    assert 'href="compare?place=plekhovo&amp;compare=' in page


def test_filters_and_seqs_restrict_what_is_shown(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    assert "1 report added and 1 withdrawn" in read_text(read_page(client, "/new?place=vorozhba"))
    by_other = read_text(read_page(client, "/new?reporter=hospital"))
    assert "2 reports added and 1 withdrawn" in by_other and "12 killed" in by_other
    everything = read_text(read_page(client, "/new?since=0"))
    assert "4 reports added, 1 replaced and 1 withdrawn" in everything
    last = client.get("/v1/changes?limit=1000").get_json()["last_seq"]
    assert "Nothing came in" in read_text(read_page(client, f"/new?since={last}"))


def test_a_window_can_end_and_shows_the_record_as_it_was_then(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    text = read_text(read_page(client, "/new?since=1 March 2026&until=21 March 2026"))
    assert "2 reports added" in text and "replaced" not in text and "withdrawn" not in text
    assert "Plekhovo Everyone Killed not reported → 10 Compare" in text


def test_a_place_may_be_named_in_words(client: FlaskClient, recorded: dict[str, str]) -> None:
    answer = client.get("/new?place=Plekhovo&since=")
    assert (answer.status_code, answer.headers["Location"]) == (303, "new?place=plekhovo")
    page = read_page(client, "/new?place=plekhovo")
    assert 'name="place" value="Plekhovo"' in page


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("x=1", "x"),
        ("since=3/4/2024", "since"),
        ("since=1 June 2030", "since"),
        ("since=999999", "since"),
        ("since=9&until=1", "since"),
        ("since=1&since=2", "since"),
        ("since=" + "9" * 60, "since"),
        ("place=nowhere", "place"),
        ("reporter=nobody", "reporter"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    client: FlaskClient, recorded: dict[str, str], query: str, named: str
) -> None:
    assert named in read_text(read_page(client, f"/new?{query}", 422))


def test_a_name_of_several_places_is_not_guessed(client: FlaskClient, send: Send) -> None:
    places = [bodies.make_place(each, name="Nova") for each in ("nova-1", "nova-2")]
    assert_recorded(send(bodies.make_report(places=places)))
    text = read_text(read_page(client, "/new?place=Nova", 422))
    assert "nova-1" in text and "nova-2" in text
    assert 'name="place" value="nova-1"' in read_page(client, "/new?place=nova-1")


def test_many_days_are_on_several_pages(client: FlaskClient, clock: Calendar, send: Send) -> None:
    for number in range(16):
        assert_recorded(send(bodies.make_report(ref=f"day {number}")))
        clock.pass_days(1)
    page = read_page(client, "/new?since=1 March 2026")
    assert len(re.findall(r'<h2 id="day-', page)) == 14
    (link,) = re.findall(r'<a href="(new[^"]+)" rel="next">2 earlier changes</a>', page)
    earlier = read_page(client, "/" + link.replace("&amp;", "&"))
    assert re.findall(r'<h2 id="day-([\d-]+)"', earlier) == ["2026-03-02", "2026-03-01"]
    assert 'rel="next"' not in earlier


def test_many_reporters_and_reports_are_counted_and_few_are_listed(
    client: FlaskClient, send: Send
) -> None:
    for number in range(13):
        reporter = {"id": f"u{number}", "name": f"Reporter {number}"}
        assert_recorded(send(bodies.make_report(reporter=reporter)))
    for number in range(5):
        reporter = {"id": "u7", "name": "Reporter 7"}
        assert_recorded(send(bodies.make_report(reporter=reporter, ref=f"no. {number}")))
    page = read_page(client, "/new")
    text = read_text(page)
    assert "18 reports added" in text and "Reporter 7 6 reports added" in text
    assert "and 3 more" in text and "3 more reporters: 3 changes" in text
    assert len(re.findall(r'<li><a href="report/', page)) == 12


def test_an_empty_record_has_a_page_and_a_feed(client: FlaskClient) -> None:
    assert "Nothing came in" in read_text(read_page(client, "/new"))
    feed = parse(client.get("/new.atom").data)
    assert feed.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    assert feed.find(f"{ATOM}entry") is None


# The feed.


def test_the_feed_is_valid_atom_with_absolute_addresses(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    answer = client.get("/new.atom")
    assert answer.mimetype == "application/atom+xml"
    feed = parse(answer.data)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    titles = [each.findtext(f"{ATOM}title") or "" for each in entries]
    assert len(titles) == 6
    assert titles[0].startswith("Withdrawn: The hospital: 10 killed, Vorozhba")
    assert titles[1].startswith("The hospital, repeating another report: 12 killed")
    assert titles[2].startswith("Defence Intelligence of Ukraine: 12 killed, Plekhovo")
    assert titles[3].startswith("Replaced: Defence Intelligence of Ukraine: 10 killed")
    for element in (feed, *entries):
        for name in ("id", "title", "updated", "author"):
            assert element.find(f"{ATOM}{name}") is not None
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "").tzinfo
        for link in element.findall(f"{ATOM}link"):
            assert link.attrib["href"].startswith("http://localhost/")
    ids = [each.findtext(f"{ATOM}id") for each in (feed, *entries)]
    assert len(set(ids)) == len(ids) and all(str(each).startswith("urn:uuid:") for each in ids)
    moments = [each.findtext(f"{ATOM}updated") or "" for each in entries]
    assert moments == sorted(moments, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == moments[0]
    addresses = {link.attrib["href"] for each in entries for link in each.findall(f"{ATOM}link")}
    for address in addresses:
        assert client.get(address.removeprefix("http://localhost")).status_code == 200


def test_ids_of_entries_stay_and_the_latest_fifty_are_sent(
    client: FlaskClient, recorded: dict[str, str], send: Send
) -> None:
    before = re.findall(r"<id>(.+?)</id>", read_page(client, "/new.atom"))
    for number in range(47):
        assert_recorded(send(bodies.make_report(ref=f"no. {number}")))
    answer = client.get("/new.atom", base_url="https://elsewhere.example/figures/")
    after = re.findall(r"<id>(.+?)</id>", answer.get_data(as_text=True))
    assert len(after) == 51
    assert after[0] == before[0] and after[-3:] == before[1:4]


def test_the_feed_has_filters_and_the_page_names_it(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    page = read_page(client, "/new?reporter=hospital")
    assert 'type="application/atom+xml"' in page and 'href="new.atom?reporter=hospital"' in page
    feed = parse(client.get("/new.atom?reporter=hospital").data)
    assert feed.findtext(f"{ATOM}title") == "Casualty figures: what is new: The hospital"
    assert len(feed.findall(f"{ATOM}entry")) == 3
    assert client.get("/new.atom?reporter=nobody").status_code == 422
    assert client.get("/new.atom?since=1").status_code == 422
    assert client.get("/new.atom?reporter=a&place=b&place=").status_code == 422


def test_the_page_and_the_feed_are_closed_where_reading_is(settings: Settings) -> None:
    closed = create_app(replace(settings, reading="closed")).test_client()
    assert closed.get("/new").status_code == closed.get("/new.atom").status_code == 401


# The lines of the index.


def test_recent_changes_are_at_most_five_lines(
    app: Flask, clock: Calendar, recorded: dict[str, str]
) -> None:
    with app.test_request_context("/"):
        lines = [each.text for each in RecentChanges(clock.now).lines]
        links = [each.href for each in RecentChanges(clock.now).lines]
    assert lines == [
        "The hospital: 2 reports added",
        "Defence Intelligence of Ukraine: 1 report added",
        "1 report replaced, of Defence Intelligence of Ukraine",
        "1 report withdrawn, of The hospital",
    ]
    assert links == ["new?reporter=hospital", "new?reporter=ua-hur", "new", "new"]


def test_recent_changes_count_other_reporters_together_and_leave_out_what_is_older(
    app: Flask, clock: Calendar, send: Send
) -> None:
    assert_recorded(send(bodies.make_report()))
    clock.pass_days(8)
    with app.test_request_context("/"):
        assert RecentChanges(clock.now).lines == []
    for number in range(4):
        reporter = {"id": f"u{number}", "name": f"Reporter {number}"}
        assert_recorded(send(bodies.make_report(reporter=reporter)))
    with app.test_request_context("/place/plekhovo"):
        lines = RecentChanges(clock.now).lines
    assert [each.text for each in lines] == [
        "Reporter 0: 1 report added",
        "Reporter 1: 1 report added",
        "2 more reporters: 2 reports added",
    ]
    assert lines[-1].href == "../new"


def test_totals_for_which_there_is_no_time_are_said_not_to_be_final(
    settings: Settings, clock: Calendar, key: Callable[..., dict[str, str]]
) -> None:
    hurried = create_app(replace(settings, solver_seconds=0.0), clock).test_client()
    answer = hurried.post(
        "/v1/reports", json=bodies.make_interlocked_report(), headers=key("report")
    )
    assert answer.status_code == 201
    text = read_text(read_page(hurried, "/new"))
    assert "Not fully computed: these ranges may be wider than necessary." in text
    assert "no change" not in text
