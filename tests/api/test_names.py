"""Names are one thing however they are typed; wording stays as it was said."""

import unicodedata

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.check import problem, recorded
from tests.conftest import SendRequest

COMPOSED = "Kyïv – Hürriyet é"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def test_the_two_spellings_differ() -> None:
    assert COMPOSED != DECOMPOSED


def test_names_and_aliases_are_kept_composed(send: SendRequest, client: FlaskClient) -> None:
    recorded(send(make.report(places=[make.place(name=DECOMPOSED, aliases=[f"{DECOMPOSED} 2"])])))
    place = client.get("/v1/places/plekhovo").get_json()
    assert (place["name"], place["aliases"]) == (COMPOSED, [f"{COMPOSED} 2"])


def test_one_name_typed_in_two_ways_is_no_difference(send: SendRequest) -> None:
    recorded(send(make.report(places=[make.place(name=COMPOSED)])))
    recorded(send(make.report(places=[make.place(name=DECOMPOSED)])))


def test_one_alias_typed_in_two_ways_stands_twice(send: SendRequest) -> None:
    place = make.place(aliases=[COMPOSED, DECOMPOSED])
    problem(send(make.report(places=[place])), 422, "/places/0/aliases/1")


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
def test_a_name_is_found_however_it_is_typed(
    put: SendRequest, client: FlaskClient, kind: str
) -> None:
    put(f"/v1/{kind}/one", {"name": DECOMPOSED})
    put(f"/v1/{kind}/two", {"name": "Two", "aliases": [COMPOSED]})
    for words in (COMPOSED, DECOMPOSED):
        entities = client.get(f"/v1/{kind}", query_string={"q": words}).get_json()[kind]
        assert [each["id"] for each in entities] == ["one", "two"], ascii(words)


def test_a_quote_is_kept_as_it_was_sent_and_found_either_way(
    send: SendRequest, client: FlaskClient
) -> None:
    for quote in (DECOMPOSED, COMPOSED):
        assert recorded(send(make.report(quote=quote)))["quote"] == quote
    for words in ("Hürriyet", unicodedata.normalize("NFD", "Hürriyet"), "HURRIYET"):
        reports = client.get("/v1/reports", query_string={"q": words}).get_json()["reports"]
        assert len(reports) == 2, ascii(words)


def test_a_name_that_another_place_has_is_asked_about_however_it_is_typed(
    send: SendRequest,
) -> None:
    recorded(send(make.report(places=[make.place("one", name=COMPOSED)])))
    report = recorded(send(make.report(places=[make.place("two", name=DECOMPOSED)])))
    assert "ambiguous_place" in [each["code"] for each in report["warnings"]]


@pytest.mark.parametrize("text", ["a\u202eb", "a\u2066b", "\u200eab", "a\x00b", "a\x9fb", "a\nb"])
def test_names_hold_no_controls(send: SendRequest, text: str) -> None:
    problem(send(make.report(places=[make.place(name=text)])), 422, "/places/0/name")
    problem(send(make.report(places=[make.place(aliases=[text])])), 422, "/places/0/aliases/0")
    problem(send(make.report(reporter={"id": "a", "name": text})), 422, "/reporter/name")
    problem(send(make.report(groups=[{"id": "a", "name": text}])), 422, "/groups/0/name")
