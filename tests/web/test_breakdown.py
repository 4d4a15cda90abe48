"""The parts of a total in the order of their size."""

import re
from typing import Any

from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded


def send_killed(send: SendRequest, place_id: str, name: str, **ends: int) -> None:
    """Record a number of people killed in a new place."""
    figure: dict[str, Any] = {"outcomes": ["killed"], **ends}
    place = bodies.make_place(place_id, name=name)
    assert_recorded(send(bodies.make_report(places=[place], figures=[figure])))


def test_bars_are_sorted_by_low_then_high_then_name(client: FlaskClient, send: SendRequest) -> None:
    # Neither the order of the ids nor that of the names nor that of arrival is the order of size.
    send_killed(send, "p1", "Zeta", exactly=5)
    send_killed(send, "p2", "Alpha", exactly=5)
    send_killed(send, "p3", "Beta", low=5, high=8)
    send_killed(send, "p4", "Gamma", low=0, high=99)
    send_killed(send, "p5", "Omega", exactly=12)
    page = client.get("/?show=killed&by=place").get_data(as_text=True)
    keys = re.findall(r'data-key="(p\d)"', page)
    assert keys[:5] == ["p5", "p3", "p2", "p1", "p4"]


def test_people_in_no_one_part_have_a_bar_of_their_own(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, "p1", "Alpha", low=5)
    figure = {"outcomes": ["killed"], "low": 8, "places": ["p1", "p2"]}
    places = [{"id": "p1"}, bodies.make_place("p2", name="Beta")]
    assert_recorded(send(bodies.make_report(places=places, figures=[figure])))
    page = client.get("/?show=killed&by=place").get_data(as_text=True)
    rows = re.findall(r'<li class="chart-row" data-key="(.*?)">(.*?)</li>', page, re.S)
    assert [key for key, _ in rows][-3:] == ["p1", "p2", ""]
    assert "at least 3" in rows[-1][1]
