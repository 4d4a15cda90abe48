"""Whose pages may read from a browser: the origins that were set, reading alone, never cookies."""

from http import HTTPStatus
from typing import Final

from flask import Flask, Response, request

from service.http.context import parts
from service.http.problems import answered

READING: Final = ("GET", "HEAD")

ASKED: Final = "Authorization, Casualty-Min-Seq, If-None-Match, X-Request-ID"
"""What a page may send along. A key is only ever sent by a page that was given it."""

TOLD: Final = "Casualty-Seq, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
"""What a page may look at in the answer, beyond what browsers show by themselves."""

HOUR: Final = "3600"

_REFUSED: Final = "Pages of other origins may only read here, and only those that were set."


def register(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of the origins read what is below /v1; without origins nothing is changed."""
    if origins:
        app.before_request(_preflight)
        app.after_request(_share)


def _preflight() -> Response | None:
    """Answer a browser that asks first; before anything else looks at the request."""
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or wanted is None or not _is_shared():
        return None
    if wanted not in READING or _allowed() is None:
        return answered(HTTPStatus.FORBIDDEN, _REFUSED)
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers["Access-Control-Allow-Methods"] = ", ".join(READING)
    response.headers["Access-Control-Allow-Headers"] = ASKED
    response.headers["Access-Control-Max-Age"] = HOUR
    return response


def _share(response: Response) -> Response:
    if not _is_shared():
        return response
    response.vary.add("Origin")
    allowed = _allowed()
    preflight = request.method == "OPTIONS" and response.status_code == HTTPStatus.NO_CONTENT
    if allowed is not None and (request.method in READING or preflight):
        response.headers["Access-Control-Allow-Origin"] = allowed
        response.headers["Access-Control-Expose-Headers"] = TOLD
    return response


def _is_shared() -> bool:
    return request.path.startswith("/v1/")


def _allowed() -> str | None:
    """Return what is to be told to the asking page; None where it may not read."""
    origins = parts().settings.origins
    if origins == ("*",):
        return "*"
    origin = request.headers.get("Origin")
    return origin if origin in origins else None
