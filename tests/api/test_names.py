"""Names are one thing however they are typed; wording stays as it was said."""

import unicodedata

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.check import problem, recorded
from tests.conftest import Send

COMPOSED = "Kyïv – Hürriyet é"
APART = unicodedata.normalize("NFD", COMPOSED)


def test_the_two_spellings_differ() -> None:
    assert COMPOSED != APART


def test_names_and_aliases_are_kept_composed(send: Send, client: FlaskClient) -> None:
    recorded(send(make.report(places=[make.place(name=APART, aliases=[f"{APART} 2"])])))
    shown = client.get("/v1/places/plekhovo").get_json()
    assert (shown["name"], shown["aliases"]) == (COMPOSED, [f"{COMPOSED} 2"])


def test_one_name_typed_in_two_ways_is_no_difference(send: Send) -> None:
    recorded(send(make.report(places=[make.place(name=COMPOSED)])))
    recorded(send(make.report(places=[make.place(name=APART)])))


def test_one_alias_typed_in_two_ways_stands_twice(send: Send) -> None:
    place = make.place(aliases=[COMPOSED, APART])
    problem(send(make.report(places=[place])), 422, "/places/0/aliases/1")


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
def test_a_name_is_found_however_it_is_typed(put: Send, client: FlaskClient, kind: str) -> None:
    put(f"/v1/{kind}/one", {"name": APART})
    put(f"/v1/{kind}/two", {"name": "Two", "aliases": [COMPOSED]})
    for asked in (COMPOSED, APART):
        found = client.get(f"/v1/{kind}", query_string={"q": asked}).get_json()[kind]
        assert [each["id"] for each in found] == ["one", "two"], ascii(asked)


def test_a_quote_is_kept_as_it_was_sent_and_found_either_way(
    send: Send, client: FlaskClient
) -> None:
    for quote in (APART, COMPOSED):
        assert recorded(send(make.report(quote=quote)))["quote"] == quote
    for asked in ("Hürriyet", unicodedata.normalize("NFD", "Hürriyet"), "HURRIYET"):
        found = client.get("/v1/reports", query_string={"q": asked}).get_json()["reports"]
        assert len(found) == 2, ascii(asked)


def test_a_name_that_another_place_has_is_asked_about_however_it_is_typed(send: Send) -> None:
    recorded(send(make.report(places=[make.place("one", name=COMPOSED)])))
    told = recorded(send(make.report(places=[make.place("two", name=APART)])))
    assert "ambiguous_place" in [each["code"] for each in told["warnings"]]


@pytest.mark.parametrize("text", ["a\u202eb", "a\u2066b", "\u200eab", "a\x00b", "a\x9fb", "a\nb"])
def test_names_hold_no_controls(send: Send, text: str) -> None:
    problem(send(make.report(places=[make.place(name=text)])), 422, "/places/0/name")
    problem(send(make.report(places=[make.place(aliases=[text])])), 422, "/places/0/aliases/0")
    problem(send(make.report(reporter={"id": "a", "name": text})), 422, "/reporter/name")
    problem(send(make.report(groups=[{"id": "a", "name": text}])), 422, "/groups/0/name")
