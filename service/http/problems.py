"""Errors as problem details (RFC 9457): the status of each error, and one format for all."""

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
    OverloadedError,
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
    OverloadedError: HTTPStatus.SERVICE_UNAVAILABLE,
    LockTimeoutError: HTTPStatus.SERVICE_UNAVAILABLE,
    TimeBudgetExceededError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnreachableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

AnyResponse = TypeVar("AnyResponse", bound=WerkzeugResponse)

OVERLOADED_RETRY_AFTER_SECONDS: Final = "5"

_RETRY_AFTER_SECONDS: Final = {
    LockTimeoutError: "1",
    DatabaseUnreachableError: "2",
    TimeBudgetExceededError: "30",
    StoreUnavailableError: "60",
}

_DETAIL_BY_STATUS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not support the method; see Allow for those that it supports.",
    413: "The body is too large; at most 1 MiB is accepted.",
}


def register(app: Flask) -> None:
    """Answer every error of the application with a problem."""
    app.register_error_handler(DomainError, handle_domain_error)
    app.register_error_handler(HTTPException, handle_http_exception)
    app.register_error_handler(Exception, handle_defect)


def make_problem(status: int, detail: str, errors: Sequence[ErrorDetail] = ()) -> dict[str, Any]:
    """Return the body of a problem."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = [_describe_detail(error) for error in errors]
    return content


def _describe_detail(error: ErrorDetail) -> dict[str, str]:
    content = {"pointer": error.pointer, "detail": error.detail}
    return content if error.report is None else {**content, "report": error.report}


def problem_response(status: int, detail: str) -> Response:
    """Return the response with the problem."""
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
    """Return the HTTP status of the error."""
    return STATUS_BY_ERROR[_find_listed_type(error)]


def describe_error(error: DomainError) -> dict[str, Any]:
    """Return the body of the error's problem."""
    return make_problem(status_of(error), error.detail, error.errors)


def _find_listed_type(error: DomainError) -> type[DomainError]:
    return next(error_type for error_type in type(error).__mro__ if error_type in STATUS_BY_ERROR)


def handle_domain_error(error: DomainError) -> Response:
    """Return the error as a problem; counts it, and logs it if it needs an operator."""
    return finish_error_response(error, _fill_response(Response(), describe_error(error)))


def finish_error_response(error: DomainError, response: AnyResponse) -> AnyResponse:
    """Return the response with Retry-After where the error has one.

    The refusal is counted in the metrics, and an error that needs an operator is logged.
    """
    error_type = g.refused_error_type = _find_listed_type(error)
    if isinstance(error, RateLimitExceededError):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, OverloadedError):  # Needs no operator, and can be frequent.
        response.headers["Retry-After"] = OVERLOADED_RETRY_AFTER_SECONDS
    if error_type in _RETRY_AFTER_SECONDS:
        response.headers["Retry-After"] = _RETRY_AFTER_SECONDS[error_type]
        log_unavailable(error)
    return response


def log_unavailable(error: DomainError) -> None:
    """Log the error with its cause, such as the driver's message."""
    structlog.get_logger().error("unavailable", detail=error.detail, cause=repr(error.__cause__))


def handle_http_exception(error: HTTPException) -> WerkzeugResponse:
    """Return the error as a problem, with its own headers (Allow, WWW-Authenticate)."""
    response: WerkzeugResponse = error.get_response()
    if error.code is None or error.code < 400:
        return response
    return _fill_response(response, make_problem(error.code, detail_of(error)))


def detail_of(error: HTTPException) -> str:
    """Return the detail of the error; for werkzeug's default texts the service has its own."""
    default_description = type(error).description
    detail = (
        _DETAIL_BY_STATUS.get(error.code or 0)
        if error.description == default_description
        else error.description
    )
    return detail or error.description or error.name


def handle_defect(error: Exception) -> Response:
    """Return an error that nobody expected as a problem with the status 500; logs it."""
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, log_defect())


def log_defect() -> str:
    """Return the detail of a 500 response, without internals; logs the error that is handled."""
    structlog.get_logger().exception("defect")
    return f"The service failed. Its log has the details under the request id {get_request_id()}."
