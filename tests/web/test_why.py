"""The proof of a number: the largest contributions first, both ends apart only if they differ."""

import re

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.web.test_place_page import COUNTRY, OTHER_REPORTER, read_page, send_killed


def read_main(client: FlaskClient, query: str = "place=country") -> str:
    """Return the main part of the page."""
    page = read_page(client, f"/why?{query}")
    return page[page.index('<main id="answer"') :]


@pytest.fixture
def five_villages(send: SendRequest) -> None:
    """5, 40, 30, 1 and 20 killed in five villages of a country."""
    for number, people in enumerate((5, 40, 30, 1, 20)):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": COUNTRY}
        send_killed(send, {"exactly": people}, places=[place])


def test_the_proof_has_an_address_and_the_sentence(
    client: FlaskClient, five_villages: None
) -> None:
    page = read_main(client)
    assert "<h1>Why 96 killed</h1>" in page
    assert "96 people killed in Country" in page


def test_the_same_figures_for_both_ends_are_one_list(
    client: FlaskClient, five_villages: None
) -> None:
    page = read_main(client)
    assert "40 + 30 + 20 and 2 more, together 96." in page
    assert page.count('<ol class="sum">') == 1
    assert re.findall(r"<h2>(Why[^<]*)</h2>", page) == ["Why 96"]


def test_both_ends_of_the_same_figures_are_summed(client: FlaskClient, send: SendRequest) -> None:
    for number, (low, high) in enumerate(((5, 9), (40, 44))):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": COUNTRY}
        send_killed(send, {"low": low, "high": high}, places=[place])
    page = read_main(client)
    assert "<h2>Why 45 to 53</h2>" in page
    assert "At least: 40 + 5, together 45." in page
    assert "At most: 44 + 9, together 53." in page


def test_ends_of_different_figures_are_two_lists(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"low": 5})
    send_killed(send, {"high": 9}, reporter=OTHER_REPORTER)
    page = read_main(client, "place=plekhovo")
    assert "<h1>Why 5 to 9 killed</h1>" in page
    assert re.findall(r"<h2>(Why[^<]*)</h2>", page) == ["Why at least 5", "Why at most 9"]


def test_the_proof_is_of_the_number_that_the_page_states(
    client: FlaskClient, send: SendRequest
) -> None:
    village = {"id": "v1", "name": "Village", "parent": "country"}
    send_killed(send, {"low": 30_000, "high": 40_000}, places=[COUNTRY])
    send_killed(send, {"low": 90}, places=[village], reporter=OTHER_REPORTER)
    page = read_main(client, "place=v1")
    assert "<h1>Why at least 90 killed</h1>" in page
    assert "allow 90 to 40,000." in page
    assert "No figure about these people alone gives an upper limit." in page


def test_a_number_that_follows_from_wider_figures_says_so(
    client: FlaskClient, send: SendRequest
) -> None:
    places = [bodies.make_place("a"), bodies.make_place("b")]
    send_killed(send, {"low": 100}, places=places)
    send_killed(send, {"high": 20}, places=["b"])
    page = read_main(client, "place=a")
    assert "<h1>Why at least 80 killed</h1>" in page
    assert "No figure counts these people alone." in page
    assert "less 20 (the most of this figure)" in page


def test_a_joint_figure_gives_no_limit_for_one_outcome(
    client: FlaskClient, send: SendRequest
) -> None:
    send_killed(send, {"low": 3}, {"outcomes": ["killed", "wounded"], "high": 30})
    assert "At least 3 people killed in Plekhovo" in read_page(client)
    page = read_main(client, "place=plekhovo&outcomes=killed")
    assert "<h1>Why at least 3 killed</h1>" in page
    assert "allow 3 to 30." in page


def test_each_reporter_adds_up(client: FlaskClient, send: SendRequest) -> None:
    for number, reporter in enumerate((OTHER_REPORTER, bodies.REPORTER, OTHER_REPORTER)):
        place = {"id": f"v{number}", "name": f"Village {number}", "parent": COUNTRY}
        send_killed(send, {"exactly": 10 + number}, places=[place], reporter=reporter)
    page = read_main(client)
    assert "<bdi>Sky</bdi>: 22 in 2 figures" in page
    assert "<bdi>Defence Intelligence of Ukraine</bdi>: 11 in 1 figure" in page


def test_nothing_reported_is_no_proof(client: FlaskClient, send: SendRequest) -> None:
    assert_recorded(send(bodies.make_stance()))
    page = read_main(client, "place=plekhovo")
    assert "No counted figure covers this scope. That is not a zero." in page
