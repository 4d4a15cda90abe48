"""The vocabulary, the reading of words, and the signs of life."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.domain.errors import DatabaseUnreachableError, StoreUnavailableError
from service.http.context import get_services
from tests import engines
from tests.check import problem


def test_the_vocabulary_lists_every_word(client: FlaskClient) -> None:
    body = client.get("/v1/vocabulary").get_json()
    assert body["outcomes"] == ["killed", "wounded", "missing", "captured"]
    assert "does_not_acknowledge" in body["stances"]
    assert "open_above" in body["caveats"]
    assert body["lexicon"]["rules"]


def test_words_are_read_without_being_recorded(client: FlaskClient) -> None:
    text = "at least 30 soldiers were killed or wounded"
    body = client.post("/v1/wording", json={"text": text}).get_json()
    assert (body["low"], body["high"], body["outcomes"]) == (30, None, ["killed", "wounded"])


def test_words_that_name_no_outcome_say_so(client: FlaskClient) -> None:
    assert client.post("/v1/wording", json={"text": "dozens"}).get_json()["outcomes"] is None


@pytest.mark.parametrize("text", ["umpteen killed", "", "\u0000", "x" * 1001, 5, None])
def test_words_not_understood_are_refused(client: FlaskClient, text: object) -> None:
    problem(client.post("/v1/wording", json={"text": text}), 422, "/text")


def test_the_process_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/livez").get_json() == {"status": "alive"}
    assert client.get("/readyz").get_json() == {"status": "ready"}


def test_a_lost_database_is_not_ready(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        store = get_services().store
    engines.make_unreachable(store)
    answer = client.get("/readyz")
    problem(answer, 503)
    # A server may be replaced by another within moments; a file is not.
    assert answer.headers["Retry-After"] == ("60" if engines.URL is None else "2")
    assert client.get("/livez").status_code == 200


def test_a_defect_is_a_problem_that_tells_nothing_of_the_inside(app: Flask) -> None:
    @app.get("/broken")
    def fail() -> None:
        raise RuntimeError("a secret")

    problem_body = problem(app.test_client().get("/broken"), 500)
    assert "a secret" not in str(problem_body)


def test_who_finds_the_database_away_is_to_come_back_soon(app: Flask) -> None:
    @app.get("/away")
    def fail() -> None:
        raise DatabaseUnreachableError("away")

    answer = app.test_client().get("/away")
    problem(answer, 503)
    assert answer.headers["Retry-After"] == "2"


def test_a_domain_error_below_a_listed_one_has_its_status(app: Flask) -> None:
    class FullDiskError(StoreUnavailableError):
        pass

    @app.get("/full")
    def fail() -> None:
        raise FullDiskError("full")

    problem(app.test_client().get("/full"), 503)
