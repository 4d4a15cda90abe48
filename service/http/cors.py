"""Whose pages may read from a browser: the origins that were set, reading alone, never cookies."""

from http import HTTPStatus
from typing import Final

from flask import Flask, Response, request

from service.http.context import get_services
from service.http.problems import problem_response

READ_METHODS: Final = ("GET", "HEAD")

ALLOWED_HEADERS: Final = "Authorization, Casualty-Min-Seq, If-None-Match, X-Request-ID"
"""What a page may send along. A key is only ever sent by a page that was given it."""

EXPOSED_HEADERS: Final = (
    "Casualty-Seq, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
)
"""What a page may look at in the answer, beyond what browsers show by themselves."""

PREFLIGHT_MAX_AGE_SECONDS: Final = "3600"

_REFUSAL_DETAIL: Final = "Pages of other origins may only read here, and only those that were set."


def register(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of the origins read what is below /v1; without origins nothing is changed."""
    if origins:
        app.before_request(_answer_preflight)
        app.after_request(_add_cors_headers)


def _answer_preflight() -> Response | None:
    """Answer a browser that asks first; before anything else looks at the request."""
    requested_method = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or requested_method is None or not _is_api_path():
        return None
    if requested_method not in READ_METHODS or _find_allowed_origin() is None:
        return problem_response(HTTPStatus.FORBIDDEN, _REFUSAL_DETAIL)
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers["Access-Control-Allow-Methods"] = ", ".join(READ_METHODS)
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = PREFLIGHT_MAX_AGE_SECONDS
    return response


def _add_cors_headers(response: Response) -> Response:
    if not _is_api_path():
        return response
    response.vary.add("Origin")
    allowed_origin = _find_allowed_origin()
    is_preflight = request.method == "OPTIONS" and response.status_code == HTTPStatus.NO_CONTENT
    if allowed_origin is not None and (request.method in READ_METHODS or is_preflight):
        response.headers["Access-Control-Allow-Origin"] = allowed_origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response


def _is_api_path() -> bool:
    return request.path.startswith("/v1/")


def _find_allowed_origin() -> str | None:
    """Return what is to be told to the asking page; None where it may not read."""
    origins = get_services().settings.origins
    if origins == ("*",):
        return "*"
    origin = request.headers.get("Origin")
    return origin if origin in origins else None
