"""The web application: every blueprint, every hook, in one list."""

from typing import Any, Final

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from service import web
from service.api import (
    batches,
    changes,
    docs,
    entities,
    health,
    preview,
    reports,
    totals,
    vocabulary,
)
from service.http import consistency, cors, drain_body, logging, metrics, problems, rate_limit
from service.http.context import Parts, install
from service.http.request_parsing import MAX_BODY
from service.http.smorest import Api
from service.version import __version__

BLUEPRINTS = (
    reports.blueprint,
    preview.blueprint,
    batches.blueprint,
    totals.blueprint,
    changes.blueprint,
    *entities.blueprints,
    vocabulary.blueprint,
    health.blueprint,
    metrics.blueprint,
)


def build(joined: Parts) -> Flask:
    """Return the application that works with the given parts."""
    app = Flask("service.api", static_folder=None)
    app.url_map.converters["default"] = _Id
    # One more than is allowed: a body sent in chunks is cut at the limit without a word, and only
    # the parser can tell by the one byte more that there was too much of it.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    app.json = _Json(app)
    install(app, joined)
    if joined.settings.proxies:
        # Of what proxies add only the reader's address is of use here, and only when asked for.
        fixed = ProxyFix(app.wsgi_app, x_for=joined.settings.proxies, x_proto=0)
        app.wsgi_app = fixed  # type: ignore[method-assign]
    logging.register(app)
    metrics.register(app)
    problems.register(app)
    drain_body.register(app)
    rate_limit.register(app)
    consistency.register(app)
    cors.register(app, joined.settings.origins)
    app.after_request(_guard)
    api = Api(app, __version__)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    docs.register(app, api)
    web.register(app)
    return app


class _Id(BaseConverter):
    """An id in an address. No id holds a zero byte, and PostgreSQL refuses to be asked for one."""

    regex = r"[^/\x00]+"


class _Json(DefaultJSONProvider):
    """JSON in UTF-8 as people read it, in the order in which it was made."""

    ensure_ascii = False
    sort_keys = False
    compact = True


GUARDS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What every answer tells browsers. No Permissions-Policy: nothing here runs that could ask for a
camera; and no Strict-Transport-Security: that is for whoever holds the certificate to promise."""


def _guard(response: Response) -> Any:
    """Tell browsers to take the answer for what it says it is, and to run nothing in it.

    Pages of other origins can neither embed it nor hold on to its window; what they may read by
    asking, ``origins`` says.
    """
    for name, value in GUARDS.items():
        response.headers.setdefault(name, value)
    if "frame-ancestors *" in response.headers["Content-Security-Policy"]:
        # The older header has no word for everyone, and would forbid what this one allows.
        response.headers.pop("X-Frame-Options", None)
    if request.path.startswith("/v1/"):
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
