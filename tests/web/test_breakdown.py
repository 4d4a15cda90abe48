"""The parts of a total in the order of their size, and where they are on the map."""

import re
from typing import Any

from flask.testing import FlaskClient

from service.web.messages import markup, plain_text
from service.web.viewmodels.breakdown import MAX_BARS
from service.web.viewmodels.place_points import _find_middle
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
    page = client.get("/place/p1,p2,p3,p4,p5?outcomes=killed&by=place").get_data(as_text=True)
    keys = re.findall(r'class="chart-row" data-key="(p\d)"', page)
    assert keys[:5] == ["p5", "p3", "p2", "p1", "p4"]


def test_people_in_no_one_part_have_a_bar_of_their_own(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, "p1", "Alpha", low=5)
    figure = {"outcomes": ["killed"], "low": 8, "places": ["p1", "p2"]}
    places = [{"id": "p1"}, bodies.make_place("p2", name="Beta")]
    assert_recorded(send(bodies.make_report(places=places, figures=[figure])))
    page = client.get("/place/p1,p2?outcomes=killed&by=place").get_data(as_text=True)
    rows = re.findall(r'<li class="chart-row[^"]*" data-key="(.*?)">(.*?)</li>', page, re.S)
    assert [key for key, _ in rows][-3:] == ["p1", "p2", ""]
    assert ">3+</a>" in rows[-1][1]


def test_all_parts_are_shown_if_the_query_asks_for_them(
    client: FlaskClient, send: SendRequest
) -> None:
    places = [bodies.make_place(f"p{n}") for n in range(MAX_BARS + 3)]
    figures = [
        {"outcomes": ["killed"], "exactly": n + 1, "places": [f"p{n}"]} for n in range(MAX_BARS + 3)
    ]
    body = bodies.make_report(places=places, figures=figures)
    assert_recorded(send(body))
    path = f"/place/{','.join(each['id'] for each in places)}?outcomes=killed"
    few = client.get(path).get_data(as_text=True)
    assert few.count('<li class="chart-row') == MAX_BARS and "Show 3 more" in few
    every = client.get(f"{path}&every=true").get_data(as_text=True)
    assert every.count('<li class="chart-row') == MAX_BARS + 3
    query = path.removeprefix("/place/").replace("?", "&")
    file = client.get(f"/chart.svg?place={query}&every=true").get_data(as_text=True)
    assert plain_text("parts.left_out", count=3) in file


def send_point(send: SendRequest, place: dict[str, Any], people: int) -> None:
    """Record people killed in the place."""
    figures = [{"outcomes": ["killed"], "exactly": people}]
    assert_recorded(send(bodies.make_report(places=[place], figures=figures)))


def test_a_place_without_a_point_is_in_the_middle_of_those_inside(
    client: FlaskClient, send: SendRequest
) -> None:
    for place in ("land", "north", "south", "far"):
        parent = {"parent": "land"} if place != "land" else {}
        assert_recorded(send(bodies.make_stance(places=[{"id": place, "name": place, **parent}])))
    for number, (longitude, latitude) in enumerate(((179.0, 10.0), (-179.0, 12.0))):
        village = {
            "id": f"v{number}", "name": f"V{number}", "parent": "north",
            "longitude": longitude, "latitude": latitude,
        }  # fmt: skip
        send_point(send, village, 4)
    send_point(send, {"id": "south"}, 9)
    page = client.get("/place/land?outcomes=killed").get_data(as_text=True)
    spot = re.search(r'class="chart-spot" data-key="(\w+)"', page)
    assert spot and spot[1] == "north"
    assert str(markup("charts.middles")) in page
    off_map = re.search(r'<p class="chart-note chart-off-map">(.*?)</p>', page, re.S)
    assert off_map
    words = " ".join(re.sub(r"<[^>]+>", "", off_map[1]).split())
    assert words == f"{plain_text('map.without')} south 9"


def test_the_middle_of_places_on_both_sides_of_the_date_line_is_between_them() -> None:
    middle = _find_middle([(179.0, 10.0), (-179.0, 10.0)])
    assert middle and abs(abs(middle.longitude) - 180) < 0.001
    assert abs(middle.latitude - 10) < 0.01
    assert _find_middle([]) is None
    assert _find_middle([(0.0, 0.0), (180.0, 0.0)]) is None
