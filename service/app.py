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
from service.http.context import Services, install_services
from service.http.request_parsing import MAX_BODY_BYTES
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


def build_app(services: Services) -> Flask:
    """Return the application that works with the given parts."""
    app = Flask("service.api", static_folder=None)
    app.url_map.converters["default"] = _IdConverter
    # One more than is allowed: a body sent in chunks is cut at the limit without a word, and only
    # the parser can tell by the one byte more that there was too much of it.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1
    app.json = _JsonProvider(app)
    install_services(app, services)
    if services.settings.proxies:
        # Of what proxies add only the reader's address is of use here, and only when asked for.
        proxy_fix = ProxyFix(app.wsgi_app, x_for=services.settings.proxies, x_proto=0)
        app.wsgi_app = proxy_fix  # type: ignore[method-assign]
    logging.register(app)
    metrics.register(app)
    problems.register(app)
    drain_body.register(app)
    rate_limit.register(app)
    consistency.register(app)
    cors.register(app, services.settings.origins)
    app.after_request(_add_security_headers)
    api = Api(app, __version__)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    docs.register(app, api)
    web.register(app)
    return app


class _IdConverter(BaseConverter):
    """An id in an address. No id holds a zero byte, and PostgreSQL refuses to be asked for one."""

    regex = r"[^/\x00]+"


class _JsonProvider(DefaultJSONProvider):
    """JSON in UTF-8 as people read it, in the order in which it was made."""

    ensure_ascii = False
    sort_keys = False
    compact = True


SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What every answer tells browsers. No Permissions-Policy: nothing here runs that could ask for a
camera; and no Strict-Transport-Security: that is for whoever holds the certificate to promise."""


def _add_security_headers(response: Response) -> Any:
    """Tell browsers to take the answer for what it says it is, and to run nothing in it.

    Pages of other origins can neither embed it nor hold on to its window; what they may read by
    asking, ``origins`` says.
    """
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if "frame-ancestors *" in response.headers["Content-Security-Policy"]:
        # The older header has no word for everyone, and would forbid what this one allows.
        response.headers.pop("X-Frame-Options", None)
    if request.path.startswith("/v1/"):
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
