"""Conditional requests (RFC 9110, section 13): If-Match and If-None-Match."""

from flask import Flask, Response, request
from werkzeug.datastructures import ETags

from service.http.problems import problem_response


def register(app: Flask) -> None:
    """Let ``If-Match: *`` of a GET hold, also where a library evaluates it."""
    app.before_request(_drop_fulfilled_if_match)


def has_preconditions() -> bool:
    """Whether the request has If-Match or If-None-Match."""
    return "If-Match" in request.headers or "If-None-Match" in request.headers


def holds_if_match(etag: str | None) -> bool:
    """Whether If-Match allows the request; ``etag`` is None if the resource does not exist.

    Tags are compared strongly: a weak one never matches. A header without any valid tag does not
    hold, because the client meant to protect something. Without the header the result is True.
    """
    if "If-Match" not in request.headers:
        return True
    tags: ETags = request.if_match
    return etag is not None and tags.contains(etag)


def holds_if_none_match(etag: str | None) -> bool:
    """Whether If-None-Match allows the request; ``etag`` is None if the resource does not exist.

    Tags are compared weakly: a weak one matches the strong one with the same characters.
    """
    tags: ETags = request.if_none_match
    return etag is None or not (tags.star_tag or tags.contains_weak(etag))


def apply_preconditions(response: Response) -> Response:
    """Return the response to a GET, or 412, or 304 if the client has it; it must have an ETag."""
    if request.method not in ("GET", "HEAD"):
        return response
    etag, _ = response.get_etag()
    if not holds_if_match(etag):
        return problem_response(412, "It has changed; see its ETag.")
    # werkzeug would not look at If-None-Match if there is an If-Match.
    environ = {name: each for name, each in request.environ.items() if name != "HTTP_IF_MATCH"}
    response.make_conditional(environ)
    return response


def _drop_fulfilled_if_match() -> None:
    """Remove ``If-Match: *`` from a GET: it holds for what exists, and is ignored for an error.

    werkzeug takes it for a tag that nothing has, also when Flask sends a static file.
    """
    if request.method in ("GET", "HEAD") and request.if_match.star_tag:
        del request.environ["HTTP_IF_MATCH"]
