"""The tree of places, one level at a time, with what is known of each."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.web.messages import plain_text
from service.web.viewmodels import places_page
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.pages import list_hrefs, read_page

KURSK: dict[str, Any] = bodies.make_place("kursk", name="Kursk Oblast", kind="region")
PLEKHOVO: dict[str, Any] = bodies.make_place(
    parent="kursk", aliases=["Pliekhovo"], latitude=51.13, longitude=35.3, wikidata="Q1"
)
GUYEVO: dict[str, Any] = bodies.make_place(
    "guyevo", name="Guyevo", parent="kursk", latitude=-51.2, longitude=-35.4
)
QUIET: dict[str, Any] = bodies.make_place("abc", name="Abc", parent="kursk")


@pytest.fixture
def record(send: SendRequest) -> None:
    """Two villages of an oblast with figures, and one without."""
    figures = [
        {"outcomes": ["wounded"], "low": 3, "places": ["plekhovo"]},
        {"outcomes": ["killed"], "exactly": 4, "places": ["plekhovo"]},
        {"outcomes": ["killed"], "exactly": 5, "places": ["guyevo"]},
        {
            "outcomes": ["killed"],
            "low": 1,
            "places": ["plekhovo"],
            "period": {"from": None, "to": "2024-12-20"},
        },
    ]
    places = [KURSK, PLEKHOVO, GUYEVO, QUIET]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))


@pytest.mark.usefixtures("record")
def test_the_first_level_has_the_places_that_are_in_no_other(client: FlaskClient) -> None:
    text = read_page(client, "/places")
    assert "1 place is in no other" in text
    assert "Kursk Oblast region · 3 places inside" in text
    assert list_hrefs(client, "/places", "places?") == ["places?place=kursk"]
    assert "place/kursk" in list_hrefs(client, "/places", "place/")


@pytest.mark.usefixtures("record")
def test_a_level_has_numbers_and_counts_those_with_most_figures_first(client: FlaskClient) -> None:
    text = read_page(client, "/places?place=kursk")
    assert "Region · 4 figures · 3 places inside" in text
    assert "Plekhovo Pliekhovo at least 4 killed 3 Guyevo 5 killed 1 Abc – –" in text
    assert plain_text("places.known_of", name="Kursk Oblast") in text


@pytest.mark.usefixtures("record")
def test_a_place_has_its_ancestors_other_names_and_coordinates(client: FlaskClient) -> None:
    text = read_page(client, "/places?place=plekhovo")
    assert "Places › Kursk Oblast › Plekhovo" in text
    assert "Also known as Pliekhovo Coordinates 51.13° N, 35.30° E In registers Wikidata Q1" in text
    assert plain_text("places.none", name="Plekhovo") in text
    assert "51.20° S, 35.40° W" in read_page(client, "/places?place=guyevo")


@pytest.mark.usefixtures("record")
def test_places_with_coordinates_are_on_a_map(client: FlaskClient) -> None:
    page = client.get("/places?place=kursk").get_data(as_text=True)
    assert page.count('class="chart-spot"') == 2
    assert 'href="why?place=guyevo&amp;outcomes=killed"' in page
    assert plain_text("places.map", outcomes="killed") in page
    assert "chart-spot" not in client.get("/places").get_data(as_text=True)


def test_places_without_coordinates_are_counted_beside_the_map(
    client: FlaskClient, send: SendRequest
) -> None:
    places = [KURSK, PLEKHOVO, GUYEVO, QUIET]
    figures = [{"outcomes": ["killed"], "low": 1, "places": [each["id"]]} for each in places[1:]]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    expected = plain_text("places.map.without", count=1)
    assert expected in read_page(client, "/places?place=kursk")


@pytest.mark.usefixtures("record")
def test_many_places_go_on_on_further_pages(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_page, "PAGE_SIZE", 2)
    address = "/places?place=kursk&start=2"
    assert "places?place=kursk&start=2" in list_hrefs(client, "/places?place=kursk", "places?")
    assert "Abc – –" in read_page(client, address)
    assert "places?place=kursk" in list_hrefs(client, address, "places?")
    assert plain_text("places.none.page") in read_page(client, "/places?place=kursk&start=4")


@pytest.mark.usefixtures("record")
def test_a_search_forgives_spelling_and_says_where_places_are(client: FlaskClient) -> None:
    text = read_page(client, "/places?words=plehovo")
    assert plain_text("places.found", count=1, words="plehovo") in text
    assert "Plekhovo Kursk Oblast · Pliekhovo at least 4 killed 3" in text
    assert "Guyevo" not in text
    assert 'value="plehovo"' in client.get("/places?words=plehovo").get_data(as_text=True)


@pytest.mark.usefixtures("record")
def test_a_search_without_matches_says_so(client: FlaskClient) -> None:
    text = read_page(client, "/places?words=xyzzy")
    assert plain_text("places.search.none") in text
    assert "places" in list_hrefs(client, "/places?words=xyzzy", "places")


@pytest.mark.usefixtures("record")
def test_a_search_goes_on_on_further_pages(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_page, "PAGE_SIZE", 1)
    assert "places?words=vo&start=1" in list_hrefs(client, "/places?words=vo", "places?")
    assert "Guyevo Kursk Oblast" in read_page(client, "/places?words=vo&start=1")


def test_a_record_without_places_says_so(client: FlaskClient) -> None:
    assert plain_text("places.empty") in read_page(client, "/places")


@pytest.mark.usefixtures("record")
def test_a_merged_id_leads_to_the_present_one(
    client: FlaskClient, key: Callable[..., dict[str, str]]
) -> None:
    client.post("/v1/places/abc/merge", json={"into": "guyevo"}, headers=key("admin"))
    answer = client.get("/places?place=abc")
    assert (answer.status_code, answer.headers["Location"]) == (302, "places?place=guyevo")
    text = read_page(client, "/places?place=guyevo")
    assert "Also known as Abc" in text and "Other ids abc" in text


@pytest.mark.usefixtures("record")
def test_an_unknown_place_is_named_with_similar_ones(client: FlaskClient) -> None:
    assert "did you mean kursk?" in read_page(client, "/places?place=kurks", 404)


@pytest.mark.parametrize("query", ["parent=kursk", "place=a,b", "start=x", "words=a&place=kursk"])
def test_unknown_and_invalid_parameters_are_refused(client: FlaskClient, query: str) -> None:
    assert query.partition("=")[0] in read_page(client, f"/places?{query}", 422)


@pytest.mark.usefixtures("record")
def test_there_is_a_dash_where_there_was_no_time(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.usecases.time_budget.GIVE_UP_FACTOR", -1)
    text = read_page(client, "/places?place=kursk")
    assert "Plekhovo Pliekhovo – 3 Guyevo – 1 Abc – –" in text
