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

STATUS_BY_ERROR: Final[Mapping[type[DomainError], HTTPStatus]] = {
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

AnyResponse = TypeVar("AnyResponse", bound=WerkzeugResponse)

_RETRY_AFTER_SECONDS: Final = {
    LockTimeoutError: "1",
    DatabaseUnreachableError: "2",
    TimeBudgetExceededError: "30",
    StoreUnavailableError: "60",
}

_DETAIL_BY_STATUS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not know the method; Allow names those it knows.",
    413: "The body is too large; at most 1 MiB is read.",
}


def register(app: Flask) -> None:
    """Make every error of the application a problem."""
    app.register_error_handler(DomainError, _handle_domain_error)
    app.register_error_handler(HTTPException, handle_http_exception)
    app.register_error_handler(Exception, _handle_defect)


def make_problem(status: int, detail: str, errors: Sequence[ErrorDetail] = ()) -> dict[str, Any]:
    """Return the problem as it is answered."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in errors]
    return content


def problem_response(status: int, detail: str) -> Response:
    """Return the answer that tells of a problem."""
    return _fill_response(Response(), make_problem(status, detail))


def _fill_response(response: AnyResponse, content: dict[str, Any]) -> AnyResponse:
    # A lone surrogate in a text that is quoted back cannot be encoded; it is shown as an escape.
    text = json.dumps(content, ensure_ascii=False)
    response.set_data(text.encode("utf-8", "backslashreplace"))
    response.content_type = MEDIA_TYPE
    response.status_code = content["status"]
    response.headers["Cache-Control"] = "no-store"
    return response


def status_of(error: DomainError) -> HTTPStatus:
    """Return the status by which the error is answered."""
    return STATUS_BY_ERROR[_find_listed_type(error)]


def describe_error(error: DomainError) -> dict[str, Any]:
    """Return the problem that tells of the error."""
    return make_problem(status_of(error), error.detail, error.errors)


def _find_listed_type(error: DomainError) -> type[DomainError]:
    return next(error_type for error_type in type(error).__mro__ if error_type in STATUS_BY_ERROR)


def _handle_domain_error(error: DomainError) -> Response:
    return finish_error_response(error, _fill_response(Response(), describe_error(error)))


def finish_error_response(error: DomainError, response: AnyResponse) -> AnyResponse:
    """Return the answer to the error with all that goes with it whatever its body is.

    It says when to come back, the refusal is counted, and what somebody must look after is logged.
    """
    error_type = g.refused_error_type = _find_listed_type(error)
    if isinstance(error, RateLimitExceededError):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if error_type in _RETRY_AFTER_SECONDS:
        response.headers["Retry-After"] = _RETRY_AFTER_SECONDS[error_type]
        log_unavailable(error)
    return response


def log_unavailable(error: DomainError) -> None:
    """Log why something could not be answered, with what the database said."""
    structlog.get_logger().error("unavailable", detail=error.detail, cause=repr(error.__cause__))


def handle_http_exception(error: HTTPException) -> WerkzeugResponse:
    """Answer as the error would, with its headers (Allow, WWW-Authenticate), as a problem."""
    response: WerkzeugResponse = error.get_response()
    if error.code is None or error.code < 400:
        return response
    return _fill_response(response, make_problem(error.code, detail_of(error)))


def detail_of(error: HTTPException) -> str:
    """Return what the error says: what the service says of its status where it says no more."""
    default_description = type(error).description
    detail = (
        _DETAIL_BY_STATUS.get(error.code or 0)
        if error.description == default_description
        else error.description
    )
    return detail or error.description or error.name


def _handle_defect(error: Exception) -> Response:
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, log_defect())


def log_defect() -> str:
    """Return what may be told of the error that is being handled; logs all that is known of it."""
    structlog.get_logger().exception("defect")
    return f"The service failed. Its log has more under the request id {get_request_id()}."
