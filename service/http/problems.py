"""Errors as answers: one table from what went wrong to a status, one shape for all (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar

import structlog
from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from service.domain.errors import (
    ConflictError,
    DatabaseUnreachableError,
    DomainError,
    ErrorDetail,
    FailedDependencyError,
    ForbiddenError,
    InvalidInputError,
    LockTimeoutError,
    MalformedInputError,
    NotFoundError,
    PreconditionFailedError,
    RateLimitExceededError,
    StoreUnavailableError,
    TimeBudgetExceededError,
)
from service.request_id import get_request_id

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[Mapping[type[DomainError], HTTPStatus]] = {
    MalformedInputError: HTTPStatus.BAD_REQUEST,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    FailedDependencyError: HTTPStatus.FAILED_DEPENDENCY,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RateLimitExceededError: HTTPStatus.TOO_MANY_REQUESTS,
    LockTimeoutError: HTTPStatus.SERVICE_UNAVAILABLE,
    TimeBudgetExceededError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnreachableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

Answer = TypeVar("Answer", bound=WerkzeugResponse)

_RETRY_AFTER: Final = {
    LockTimeoutError: "1",
    DatabaseUnreachableError: "2",
    TimeBudgetExceededError: "30",
    StoreUnavailableError: "60",
}

_DETAILS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not know the method; Allow names those it knows.",
    413: "The body is too large; at most 1 MiB is read.",
}


def register(app: Flask) -> None:
    """Make every error of the application a problem."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(Exception, _defect)


def problem(status: int, detail: str, faults: Sequence[ErrorDetail] = ()) -> dict[str, Any]:
    """Return the problem as it is answered."""
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if faults:
        told["errors"] = [{"pointer": each.pointer, "detail": each.detail} for each in faults]
    return told


def answered(status: int, detail: str) -> Response:
    """Return the answer that tells of a problem."""
    return _filled(Response(), problem(status, detail))


def _filled(response: Answer, told: dict[str, Any]) -> Answer:
    # A lone surrogate in a text that is quoted back cannot be encoded; it is shown as an escape.
    text = json.dumps(told, ensure_ascii=False)
    response.set_data(text.encode("utf-8", "backslashreplace"))
    response.content_type = MEDIA_TYPE
    response.status_code = told["status"]
    response.headers["Cache-Control"] = "no-store"
    return response


def status_of(error: DomainError) -> HTTPStatus:
    """Return the status by which the error is answered."""
    return STATUS[_kind(error)]


def problem_of(error: DomainError) -> dict[str, Any]:
    """Return the problem that tells of the error."""
    return problem(status_of(error), error.detail, error.errors)


def _kind(error: DomainError) -> type[DomainError]:
    return next(kind for kind in type(error).__mro__ if kind in STATUS)


def _domain_error(error: DomainError) -> Response:
    return noted(error, _filled(Response(), problem_of(error)))


def noted(error: DomainError, response: Answer) -> Answer:
    """Return the answer to the error with all that goes with it whatever its body is.

    It says when to come back, the refusal is counted, and what somebody must look after is logged.
    """
    kind = g.refused = _kind(error)
    if isinstance(error, RateLimitExceededError):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if kind in _RETRY_AFTER:
        response.headers["Retry-After"] = _RETRY_AFTER[kind]
        log(error)
    return response


def log(error: DomainError) -> None:
    """Log why something could not be answered, with what the database said."""
    structlog.get_logger().error("unavailable", detail=error.detail, cause=repr(error.__cause__))


def http_problem(error: HTTPException) -> WerkzeugResponse:
    """Answer as the error would, with its headers (Allow, WWW-Authenticate), as a problem."""
    response: WerkzeugResponse = error.get_response()
    if error.code is None or error.code < 400:
        return response
    return _filled(response, problem(error.code, detail_of(error)))


def detail_of(error: HTTPException) -> str:
    """Return what the error says: what the service says of its status where it says no more."""
    plain = type(error).description
    detail = _DETAILS.get(error.code or 0) if error.description == plain else error.description
    return detail or error.description or error.name


def _defect(error: Exception) -> Response:
    return answered(HTTPStatus.INTERNAL_SERVER_ERROR, defect_noted())


def defect_noted() -> str:
    """Return what may be told of the error that is being handled; logs all that is known of it."""
    structlog.get_logger().exception("defect")
    return f"The service failed. Its log has more under the request id {get_request_id()}."
