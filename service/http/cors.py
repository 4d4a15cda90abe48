"""CORS: pages of the configured origins may read, without cookies."""

from http import HTTPStatus
from typing import Final

from flask import Flask, Response, request

from service.http.context import get_services
from service.http.problems import problem_response

READ_METHODS: Final = ("GET", "HEAD")

ALLOWED_HEADERS: Final = "Authorization, Casualty-Min-Seq, If-None-Match, X-Request-ID"
"""The request headers that pages may send."""

EXPOSED_HEADERS: Final = (
    "Casualty-Seq, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
)
"""The response headers that pages may read, besides those that browsers always allow."""

PREFLIGHT_MAX_AGE_SECONDS: Final = "3600"

_REFUSAL_DETAIL: Final = "Only pages of the configured origins may use the API, and only to read."


def register(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of the origins read below /v1; without origins nothing changes."""
    if origins:
        app.before_request(_answer_preflight)
        app.after_request(_add_cors_headers)


def _answer_preflight() -> Response | None:
    """Answer a preflight request, before any other function handles it."""
    requested_method = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or requested_method is None or not is_api_path(request.path):
        return None
    if requested_method not in READ_METHODS or _find_allowed_origin() is None:
        return problem_response(HTTPStatus.FORBIDDEN, _REFUSAL_DETAIL)
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers["Access-Control-Allow-Methods"] = ", ".join(READ_METHODS)
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = PREFLIGHT_MAX_AGE_SECONDS
    return response


def _add_cors_headers(response: Response) -> Response:
    if not is_api_path(request.path):
        return response
    response.vary.add("Origin")
    allowed_origin = _find_allowed_origin()
    is_preflight = request.method == "OPTIONS" and response.status_code == HTTPStatus.NO_CONTENT
    if allowed_origin is not None and (request.method in READ_METHODS or is_preflight):
        response.headers.update(make_headers(allowed_origin))
    return response


def make_headers(allowed_origin: str) -> dict[str, str]:
    """Return the headers of a response that pages of the origin may read."""
    return {
        "Access-Control-Allow-Origin": allowed_origin,
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
    }


def is_api_path(path: str) -> bool:
    """Whether pages of other origins may be allowed to read what is at the path."""
    return path.startswith("/v1/")


def _find_allowed_origin() -> str | None:
    return find_allowed_origin(get_services().settings.origins, request.headers.get("Origin"))


def find_allowed_origin(origins: tuple[str, ...], origin: str | None) -> str | None:
    """Return the value of Access-Control-Allow-Origin; None if the origin is not allowed."""
    if origins == ("*",):
        return "*"
    return origin if origin in origins else None
