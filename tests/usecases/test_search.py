"""The search of a record: places and reporters by name, reports, and incidents by id."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.domain.entities import Place
from service.http.consistency import get_reader
from service.http.context import request_time
from service.usecases import search
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded


def send_figures(send: SendRequest, place: dict[str, object], count: int, **changes: object) -> str:
    figures = [{"outcomes": ["killed"], "low": number} for number in range(1, count + 1)]
    body = bodies.make_report(places=[place], figures=figures, **changes)
    report_id: str = assert_recorded(send(body))["id"]
    return report_id


def find_ids(text: str) -> list[str]:
    return [each.entity.id for each in search.search_names(get_reader(), text)]


@pytest.fixture(params=[200_000, 0], ids=["in memory", "in the database"])
def names_anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in memory, or too many for that."""
    monkeypatch.setattr("service.usecases.name_index.MAX_INDEXED_NAMES", request.param)


@pytest.mark.usefixtures("names_anywhere")
def test_the_town_comes_before_what_is_named_after_it(send: SendRequest, app: Flask) -> None:
    send_figures(send, bodies.make_place("plant", name="Aleppo power plant"), 3)
    send_figures(send, bodies.make_place("town", name="Aleppo"), 1)
    with app.test_request_context("/"):
        assert find_ids("alepp") == ["town", "plant"]
        assert find_ids("Aleppo power plant") == ["plant"]


def test_among_equals_the_place_with_more_figures_comes_first(
    send: SendRequest, app: Flask
) -> None:
    send_figures(send, bodies.make_place("few", name="Oldwell"), 1)
    send_figures(send, bodies.make_place("many", name="Oldwell"), 2)
    with app.test_request_context("/"):
        found = search.search_names(get_reader(), "oldw")
        assert [(each.entity.id, each.count) for each in found] == [("many", 2), ("few", 1)]


def test_a_figure_counts_once_for_what_holds_its_places(send: SendRequest, app: Flask) -> None:
    places = [
        bodies.make_place("land"),
        bodies.make_place("one", parent="land"),
        bodies.make_place("two", parent="land"),
        bodies.make_place("empty"),
    ]
    figures = [
        {"outcomes": ["killed"], "low": 1, "places": ["one", "two"]},
        {"outcomes": ["killed"], "low": 1, "places": ["one"]},
    ]
    recorded = assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    relay = {"relays": recorded["id"], "reporter": {"id": "sky", "name": "Sky"}}
    assert_recorded(send(bodies.make_report(places=places, figures=figures, **relay)))
    with app.test_request_context("/"):
        reader = get_reader()
        counts = reader.load_snapshot(reader.seq).count_figures_by_place()
    assert counts == {"land": 2, "one": 2, "two": 1}


def test_a_merged_place_is_found_under_both_names(
    send: SendRequest, client: FlaskClient, key: Callable[..., dict[str, str]], app: Flask
) -> None:
    send_figures(send, bodies.make_place("plekhovo"), 1)
    send_figures(send, bodies.make_place("pliekhovo", name="Pliekhovo"), 1)
    answer = client.post(
        "/v1/places/pliekhovo/merge", json={"into": "plekhovo"}, headers=key("admin")
    )
    assert answer.status_code == 201
    with app.test_request_context("/"):
        (found,) = search.search_names(get_reader(), "pliekhovo")
    assert isinstance(found.entity, Place)
    assert (found.entity.id, found.alias, found.count) == ("plekhovo", "Pliekhovo", 2)


def test_reporters_are_counted_by_their_reports(send: SendRequest, app: Flask) -> None:
    send_figures(send, bodies.make_place(), 3)
    with app.test_request_context("/"):
        (found,) = search.search_names(get_reader(), "defence intel")
    assert (found.entity.id, found.count) == ("ua-hur", 1)


@pytest.fixture
def incidents(send: SendRequest) -> None:
    """Reports about incidents of two registers, and one of its own."""
    for number, incident in enumerate(("ucdp:123", "ucdp:1234", "acled:123", "own")):
        place = bodies.make_place(f"p{number}")
        send_figures(send, place, 1, incident=incident)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ucdp:123", ["ucdp:123", "ucdp:1234"]),
        ("UCDP:123", ["ucdp:123", "ucdp:1234"]),
        ("ucdp", ["ucdp:123", "ucdp:1234"]),
        ("123", ["ucdp:123", "acled:123"]),
        ("uc", []),
        ("own", []),
        ("ucdp 123", []),
    ],
)
def test_incidents_are_found_by_their_ids(
    app: Flask, incidents: None, text: str, found: list[str]
) -> None:
    with app.test_request_context("/"):
        reader = get_reader()
        state = reader.load_snapshot(reader.seq).state
        assert sorted(search.find_incidents(state, text, 10)) == sorted(found)


def test_the_same_incident_comes_first_and_the_list_has_a_limit(
    app: Flask, incidents: None
) -> None:
    with app.test_request_context("/"):
        reader = get_reader()
        state = reader.load_snapshot(reader.seq).state
        assert search.find_incidents(state, "ucdp:123", 1) == ["ucdp:123"]


def test_reports_are_found_by_id_ref_and_words(send: SendRequest, app: Flask) -> None:
    first = send_figures(send, bodies.make_place("a"), 1, ref="F-1", quote="The bridge was hit")
    second = send_figures(send, bodies.make_place("b"), 1, ref="F-2", quote="The bridge stands")
    with app.test_request_context("/"):
        reader, now = get_reader(), request_time()

        def find_named(text: str) -> list[str]:
            found = search.find_named_reports(reader, text, now, 5)
            return [each.report.id for each in found]

        assert find_named(first) == [first]
        assert find_named("F-2") == [second]
        assert find_named("bridge") == []
        found = search.find_reports_by_words(reader, "BRIDGE the", now, 5)
        assert [each.report.id for each in found] == [second, first]
