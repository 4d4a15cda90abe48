"""Errors become problems with their status."""

from flask import Flask

from service.domain.errors import DatabaseUnreachableError, StoreUnavailableError
from tests.support.assertions import assert_problem


def test_a_defect_is_a_problem_without_internal_details(app: Flask) -> None:
    @app.get("/broken")
    def fail() -> None:
        raise RuntimeError("a secret")

    problem_body = assert_problem(app.test_client().get("/broken"), 500)
    assert "a secret" not in str(problem_body)


def test_an_unreachable_database_is_a_503_with_a_short_retry_after(app: Flask) -> None:
    @app.get("/away")
    def fail() -> None:
        raise DatabaseUnreachableError("away")

    answer = app.test_client().get("/away")
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "2"


def test_a_subclass_of_a_domain_error_has_its_status(app: Flask) -> None:
    class FullDiskError(StoreUnavailableError):
        pass

    @app.get("/full")
    def fail() -> None:
        raise FullDiskError("full")

    assert_problem(app.test_client().get("/full"), 503)
