"""Error pages: what went wrong, and what to do about it."""

from http import HTTPStatus
from typing import Final

import structlog
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from service.domain.errors import (
    DomainError,
    ErrorDetail,
    OverloadedError,
    TimeBudgetExceededError,
)
from service.http.problems import (
    MEDIA_TYPE,
    AnyResponse,
    detail_of,
    finish_error_response,
    handle_defect,
    handle_domain_error,
    handle_http_exception,
    log_defect,
    status_of,
)
from service.web import messages
from service.web.responses import headers

UNROUTED_STATUSES: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
"""The statuses for an unknown path, or a method that the path does not allow."""


def register(blueprint: Blueprint) -> None:
    """Answer errors of the pages, and unknown paths requested by a browser, with error pages.

    A client that prefers JSON gets a problem: a 401 of a script must not open a password dialog.
    """
    blueprint.register_error_handler(DomainError, _handle_domain_error)
    blueprint.register_error_handler(HTTPException, _handle_http_error)
    blueprint.register_error_handler(Exception, _handle_defect)
    for status in UNROUTED_STATUSES:
        blueprint.app_errorhandler(status)(_handle_unrouted)


def describe_interruption(error: Exception) -> str:
    """Return the message for a page that is already sent in part; logs the error."""
    if isinstance(error, DomainError):
        name, detail = _message_name_of(error), _detail_of(error)
        cause = repr(error.__cause__)
        structlog.get_logger().error("page broken off", detail=error.detail, cause=cause)
    else:
        name, detail = "other", log_defect()
    return messages.plain_text(
        "page.broken", detail=detail, advice=messages.plain_text(f"error.{name}.advice")
    )


def _message_name_of(error: DomainError) -> str:
    """Return the name of the error in the keys of messages."""
    if isinstance(error, TimeBudgetExceededError):
        return "costly"
    if isinstance(error, OverloadedError):
        return "overloaded"
    return _message_name_of_status(status_of(error))


def _detail_of(error: DomainError) -> str:
    """Return the detail of the error, without names of parameters that pages do not have."""
    return (
        messages.plain_text("error.costly.detail")
        if isinstance(error, TimeBudgetExceededError)
        else error.detail
    )


def _message_name_of_status(status: int) -> str:
    return str(int(status)) if f"error.{int(status)}" in messages.load_catalogue() else "other"


def _asks_for_json() -> bool:
    """Whether the client prefers JSON to a page, as the scripts of the pages do."""
    offered = ("text/html", "application/json", MEDIA_TYPE)
    return request.accept_mimetypes.best_match(offered, "text/html") != "text/html"


def _handle_domain_error(error: DomainError) -> Response:
    if _asks_for_json():
        return handle_domain_error(error)
    page = _render_error_page(
        Response(), status_of(error), _message_name_of(error), _detail_of(error), error.errors
    )
    return finish_error_response(error, page)


def _handle_http_error(error: HTTPException) -> WerkzeugResponse:
    """Return an error page with the status and headers of the error."""
    if _asks_for_json():
        return handle_http_exception(error)
    response: WerkzeugResponse = error.get_response()
    if error.code is None or error.code < 400:
        return response
    if error.code == HTTPStatus.UNAUTHORIZED:
        # With this header, browsers ask for a password. An API key serves as one.
        response.headers["WWW-Authenticate"] = 'Basic realm="casualty figures", charset="UTF-8"'
    return _render_error_page(
        response, error.code, _message_name_of_status(error.code), detail_of(error)
    )


def _handle_defect(error: Exception) -> Response:
    if _asks_for_json():
        return handle_defect(error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _render_error_page(Response(), status, _message_name_of_status(status), log_defect())


def _handle_unrouted(error: HTTPException) -> WerkzeugResponse:
    """Answer an unknown path with a page if HTML is preferred, otherwise with a problem."""
    preferred = request.accept_mimetypes.best_match((MEDIA_TYPE, "text/html"))
    if request.path.startswith("/v1/") or preferred != "text/html":
        return handle_http_exception(error)
    return headers.finish_response(_handle_http_error(error))


def _render_error_page(
    response: AnyResponse, status: int, name: str, detail: str, errors: tuple[ErrorDetail, ...] = ()
) -> AnyResponse:
    """Return the response with an error page as its body."""
    response.set_data(
        render_template(
            "error.html",
            heading=messages.plain_text(f"error.{name}"),
            advice=messages.plain_text(f"error.{name}.advice"),
            detail=detail,
            errors=errors,
            framed=headers.is_framed(),
        )
    )
    response.status_code = status
    response.content_type = "text/html; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    return response
