"""What became disputed in 7 days, on the index: only where it is known, and at once if it is."""

import html
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.web.viewmodels import recent_changes, subject_changes
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.web.test_new_page import OTHER, Calendar

Send = Callable[..., TestResponse]


@pytest.fixture
def clock() -> Calendar:
    return Calendar()


@pytest.fixture(autouse=True)
def sufficient_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests can run on a machine that is busy with others."""
    monkeypatch.setattr(recent_changes, "AT_ONCE_SECONDS", 60.0)


def send_killed(send: Send, people: int, **changes: object) -> int:
    """Record that so many were killed; return the event's seq."""
    figures = [{"outcomes": ["killed"], "exactly": people}]
    seq: int = assert_recorded(send(bodies.make_report(figures=figures, **changes)))["seq"]
    return seq


def list_lines(client: FlaskClient, address: str = "/") -> list[tuple[str, str]]:
    """Return the text and the address of each line about what is new."""
    page = client.get(address).get_data(as_text=True)
    section = page.partition('id="recent-title"')[2].partition("</section>")[0]
    found = re.findall(r'<li><a href="([^"]*)">(.*?)</a></li>', section)
    return [(html.unescape(text), html.unescape(href)) for href, text in found]


def test_a_contradiction_of_this_week_is_named(
    client: FlaskClient, clock: Calendar, send: Send
) -> None:
    then = send_killed(send, 10)
    clock.pass_days(8)
    assert not any("isputed" in text for text, _ in list_lines(client))
    send_killed(send, 12, reporter=OTHER)
    lines = [each for each in list_lines(client) if "isputed" in each[0]]
    (line,) = lines
    assert line[0] == "Newly disputed: killed, Plekhovo"
    assert line[1] == f"compare?place=plekhovo&compare={then}"
    assert client.get(f"/{line[1]}").status_code == 200
    clock.pass_days(8)
    assert list_lines(client) == []  # It is not new any more.


def test_a_total_that_was_disputed_before_is_not_named(
    client: FlaskClient, clock: Calendar, send: Send
) -> None:
    send_killed(send, 10)
    send_killed(send, 12, reporter=OTHER)
    clock.pass_days(8)
    send_killed(send, 13, reporter={"id": "third", "name": "A third"})
    assert len(list_lines(client)) == 1


def test_a_total_that_no_new_report_touches_is_not_looked_up(
    client: FlaskClient, clock: Calendar, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_changes, "MAX_FIGURES_AT_ONCE", 0)
    send_killed(send, 10)
    send_killed(send, 12, reporter=OTHER)
    clock.pass_days(8)
    send_killed(send, 3, places=[bodies.make_place("far")])
    assert not any("isputed" in text for text, _ in list_lines(client))


def test_of_a_large_subject_it_is_known_once_it_was_compared(
    client: FlaskClient, clock: Calendar, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index does not compute it, and says so; the page to which it leads does."""
    monkeypatch.setattr(subject_changes, "MAX_FIGURES_AT_ONCE", 0)
    group = [{"id": "army", "name": "Army", "facet": "side"}]
    send_killed(send, 10, groups=group)
    clock.pass_days(8)
    send_killed(send, 12, reporter=OTHER, groups=group)
    (line,) = [each for each in list_lines(client) if "isputed" in each[0]]
    assert line == (
        "Disputed now, and touched by new reports: Plekhovo, Army. More under “What is new”.",
        "new",
    )
    assert "newly disputed" in client.get("/new").get_data(as_text=True)
    assert "Newly disputed: killed, Plekhovo, Army" in [text for text, _ in list_lines(client)]


def test_without_time_it_is_not_known(
    client: FlaskClient, clock: Calendar, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_changes, "AT_ONCE_SECONDS", 0.0)
    send_killed(send, 10)
    clock.pass_days(8)
    send_killed(send, 12, reporter=OTHER)
    assert "Disputed now" in " ".join(text for text, _ in list_lines(client))


def test_at_most_five_are_looked_up(client: FlaskClient, clock: Calendar, send: Send) -> None:
    places = [bodies.make_place(f"p{number}") for number in range(7)]
    for place in places:
        send_killed(send, 10, places=[place])
    clock.pass_days(8)
    for place in places:
        send_killed(send, 12, places=[place], reporter=OTHER)
    assert sum("Newly disputed" in text for text, _ in list_lines(client)) == 5
