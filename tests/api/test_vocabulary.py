"""The vocabulary, and the reading of wordings."""

import pytest
from flask.testing import FlaskClient

from tests.support.assertions import assert_problem


def test_the_vocabulary_lists_every_word(client: FlaskClient) -> None:
    body = client.get("/v1/vocabulary").get_json()
    assert body["outcomes"] == ["killed", "wounded", "missing", "captured"]
    assert "does_not_acknowledge" in body["stances"]
    assert "open_above" in body["caveats"]
    assert body["lexicon"]["version"] == "en-2"
    assert body["lexicon"]["rules"]
    (first,) = body["earlier_lexicons"]
    assert first["version"] == "en-1"
    assert first["rules"]


def test_a_wording_is_read_without_being_recorded(client: FlaskClient) -> None:
    text = "at least 30 soldiers were killed or wounded"
    body = client.post("/v1/wording", json={"text": text}).get_json()
    assert (body["low"], body["high"], body["outcomes"]) == (30, None, ["killed", "wounded"])
    assert body["people"] == ["soldiers"]
    neutral = client.post("/v1/wording", json={"text": "30 people"}).get_json()
    assert neutral["people"] == []


def test_a_wording_that_names_no_outcome_has_none(client: FlaskClient) -> None:
    assert client.post("/v1/wording", json={"text": "dozens"}).get_json()["outcomes"] is None


@pytest.mark.parametrize("text", ["umpteen killed", "", "\u0000", "x" * 1001, 5, None])
def test_an_unreadable_wording_is_refused(client: FlaskClient, text: object) -> None:
    assert_problem(client.post("/v1/wording", json={"text": text}), 422, "/text")
