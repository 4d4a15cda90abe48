"""Names are normalized to composed Unicode; the wording of a figure is not changed."""

import unicodedata

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

COMPOSED = "Kyïv – Hürriyet é"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def test_the_composed_and_decomposed_names_differ() -> None:
    assert COMPOSED != DECOMPOSED


def test_names_and_aliases_are_stored_in_nfc(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(
        send(
            bodies.make_report(
                places=[bodies.make_place(name=DECOMPOSED, aliases=[f"{DECOMPOSED} 2"])]
            )
        )
    )
    place = client.get("/v1/places/plekhovo").get_json()
    assert (place["name"], place["aliases"]) == (COMPOSED, [f"{COMPOSED} 2"])


def test_two_normalization_forms_of_a_name_do_not_conflict(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place(name=COMPOSED)])))
    assert_recorded(send(bodies.make_report(places=[bodies.make_place(name=DECOMPOSED)])))


def test_two_normalization_forms_of_an_alias_are_a_duplicate(send: SendRequest) -> None:
    place = bodies.make_place(aliases=[COMPOSED, DECOMPOSED])
    assert_problem(send(bodies.make_report(places=[place])), 422, "/places/0/aliases/1")


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
def test_a_name_is_found_in_either_normalization_form(
    put: SendRequest, client: FlaskClient, kind: str
) -> None:
    put(f"/v1/{kind}/one", {"name": DECOMPOSED})
    put(f"/v1/{kind}/two", {"name": "Two", "aliases": [COMPOSED]})
    for words in (COMPOSED, DECOMPOSED):
        entities = client.get(f"/v1/{kind}", query_string={"q": words}).get_json()[kind]
        assert [each["id"] for each in entities] == ["one", "two"], ascii(words)


def test_a_quote_is_stored_as_sent_and_found_in_either_normalization_form(
    send: SendRequest, client: FlaskClient
) -> None:
    for quote in (DECOMPOSED, COMPOSED):
        assert assert_recorded(send(bodies.make_report(quote=quote)))["quote"] == quote
    for words in ("Hürriyet", unicodedata.normalize("NFD", "Hürriyet"), "HURRIYET"):
        reports = client.get("/v1/reports", query_string={"q": words}).get_json()["reports"]
        assert len(reports) == 2, ascii(words)


def test_the_name_of_another_place_is_a_warning_in_either_normalization_form(
    send: SendRequest,
) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place("one", name=COMPOSED)])))
    report = assert_recorded(
        send(bodies.make_report(places=[bodies.make_place("two", name=DECOMPOSED)]))
    )
    assert "ambiguous_place" in [each["code"] for each in report["warnings"]]


@pytest.mark.parametrize("text", ["a\u202eb", "a\u2066b", "\u200eab", "a\x00b", "a\x9fb", "a\nb"])
def test_names_hold_no_controls(send: SendRequest, text: str) -> None:
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place(name=text)])), 422, "/places/0/name"
    )
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place(aliases=[text])])),
        422,
        "/places/0/aliases/0",
    )
    assert_problem(
        send(bodies.make_report(reporter={"id": "a", "name": text})), 422, "/reporter/name"
    )
    assert_problem(
        send(bodies.make_report(groups=[{"id": "a", "name": text}])), 422, "/groups/0/name"
    )
