"""The web application: every blueprint, every hook, in one list."""

from typing import Any

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider

from service.api import (
    docs,
    health,
    logs,
    metrics,
    problems,
    registry,
    reports,
    totals,
    unread,
    vocabulary,
)
from service.api.parser import MAX_BODY
from service.api.parts import Parts, install
from service.api.smorest import Api
from service.release import RELEASE

BLUEPRINTS = (
    reports.blueprint,
    totals.blueprint,
    *registry.blueprints,
    vocabulary.blueprint,
    health.blueprint,
    metrics.blueprint,
)


def build(joined: Parts) -> Flask:
    """Return the application that works with the given parts."""
    app = Flask("service.api", static_folder=None)
    # One more than is allowed: a body sent in chunks is cut at the limit without a word, and only
    # the parser can tell by the one byte more that there was too much of it.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    app.json = _Json(app)
    install(app, joined)
    logs.register(app)
    metrics.register(app)
    problems.register(app)
    unread.register(app)
    app.after_request(_guard)
    api = Api(app, RELEASE)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    docs.register(app, api)
    return app


class _Json(DefaultJSONProvider):
    """JSON in UTF-8 as people read it, in the order in which it was made."""

    ensure_ascii = False
    sort_keys = False
    compact = True


def _guard(response: Response) -> Any:
    """Tell browsers to take the answer for what it says it is, and to run nothing in it."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault(
        "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"
    )
    if request.path.startswith("/v1/"):
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
