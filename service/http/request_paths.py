"""Paths of requests: each resource has exactly one, and no redirect is made of the Host header.

werkzeug would answer ``//metrics`` like ``/metrics``, so that an access rule of a proxy for the one
could be passed by with the other. ``/v1//totals`` it would redirect to a URL with the Host that the
client sent. Flask would find a static file under ``/assets/1/x/../page.css`` too.
"""

from http import HTTPStatus
from typing import Final

from flask import Flask, request
from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

_OTHER_SPELLINGS: Final = frozenset(("", ".", ".."))


def register(app: Flask) -> None:
    """Refuse other spellings of a path. Call this before any route is added."""
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.before_request(_refuse_other_spellings)


def _refuse_other_spellings() -> Response | None:
    """Raise NotFound if a segment is empty, a dot or two dots, also percent-encoded.

    Below a path of a proxy that is configured as ``SCRIPT_NAME``, that path alone is redirected to
    the front page: links of the page are relative to a path with a slash at its end.
    """
    path: str = request.environ.get("PATH_INFO", "")
    if path not in ("", "/") and not _OTHER_SPELLINGS.isdisjoint(path.split("/")[1:]):
        request.url_rule = None  # The route that werkzeug found is not the one of this path.
        raise NotFound(
            "There is nothing at this address. No part of its path may be empty, a dot or two dots."
        )
    if not path:
        last_segment = request.environ.get("SCRIPT_NAME", "").rpartition("/")[2]
        query = request.query_string.decode("latin-1")
        location = f"{last_segment}/{'?' if query else ''}{query}"
        return redirect(location, HTTPStatus.PERMANENT_REDIRECT)
    return None
