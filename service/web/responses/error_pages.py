"""Errors as pages: what went wrong in plain words, and what to do about it."""

from http import HTTPStatus
from typing import Final

import structlog
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from service.domain.errors import DomainError, ErrorDetail, TimeBudgetExceededError
from service.http.problems import (
    MEDIA_TYPE,
    AnyResponse,
    detail_of,
    finish_error_response,
    handle_http_exception,
    log_defect,
    status_of,
)
from service.web import messages
from service.web.responses import headers

UNROUTED_STATUSES: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
"""What is answered where an address belongs to no page, or knows no such method."""


def register(blueprint: Blueprint) -> None:
    """Tell of every error of the pages by a page, and of wrong addresses to whoever reads pages."""
    blueprint.register_error_handler(DomainError, _handle_domain_error)
    blueprint.register_error_handler(HTTPException, _handle_http_error)
    blueprint.register_error_handler(Exception, _handle_defect)
    for status in UNROUTED_STATUSES:
        blueprint.app_errorhandler(status)(_handle_unrouted)


def describe_interruption(error: Exception) -> str:
    """Return what a page says that is sent in part already and cannot go on; logs why."""
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
    """Return the name by which the texts tell of such an error."""
    return (
        "costly"
        if isinstance(error, TimeBudgetExceededError)
        else _message_name_of_status(status_of(error))
    )


def _detail_of(error: DomainError) -> str:
    """Return what went wrong; the error's own words may name parameters that pages do not have."""
    return (
        messages.plain_text("error.costly.detail")
        if isinstance(error, TimeBudgetExceededError)
        else error.detail
    )


def _message_name_of_status(status: int) -> str:
    return str(int(status)) if f"error.{int(status)}" in messages.load_catalogue() else "other"


def _handle_domain_error(error: DomainError) -> Response:
    page = _render_error_page(
        Response(), status_of(error), _message_name_of(error), _detail_of(error), error.errors
    )
    return finish_error_response(error, page)


def _handle_http_error(error: HTTPException) -> WerkzeugResponse:
    """Answer as the error would, with its headers, by a page."""
    response: WerkzeugResponse = error.get_response()
    if error.code is None or error.code < 400:
        return response
    if error.code == HTTPStatus.UNAUTHORIZED:
        # Browsers ask their user for a password where they are told so; a key serves as one.
        response.headers["WWW-Authenticate"] = 'Basic realm="casualty figures", charset="UTF-8"'
    return _render_error_page(
        response, error.code, _message_name_of_status(error.code), detail_of(error)
    )


def _handle_defect(error: Exception) -> Response:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _render_error_page(Response(), status, _message_name_of_status(status), log_defect())


def _handle_unrouted(error: HTTPException) -> WerkzeugResponse:
    """Answer a wrong address by a page where one is preferred; programs get a problem."""
    preferred = request.accept_mimetypes.best_match((MEDIA_TYPE, "text/html"))
    if request.path.startswith("/v1/") or preferred != "text/html":
        return handle_http_exception(error)
    return headers.finish_response(_handle_http_error(error))


def _render_error_page(
    response: AnyResponse, status: int, name: str, detail: str, errors: tuple[ErrorDetail, ...] = ()
) -> AnyResponse:
    """Return the response with a page in it that tells of the error."""
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
