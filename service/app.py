"""The web application: all blueprints and hooks in one place."""

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
    exports,
    health,
    imports,
    preview,
    reports,
    totals,
    vocabulary,
)
from service.http import (
    consistency,
    cors,
    costly_work,
    drain_body,
    kept_answers,
    logging,
    metrics,
    preconditions,
    problems,
    rate_limit,
    request_paths,
)
from service.http.context import Services, install_services
from service.http.request_parsing import MAX_BODY_BYTES
from service.http.smorest import Api
from service.version import __version__

BLUEPRINTS = (
    reports.blueprint,
    preview.blueprint,
    batches.blueprint,
    imports.blueprint,
    totals.blueprint,
    exports.blueprint,
    changes.blueprint,
    *entities.blueprints,
    vocabulary.blueprint,
    health.blueprint,
    metrics.blueprint,
)


def build_app(services: Services) -> Flask:
    """Return the application with the given services."""
    app = Flask("service.api", static_folder=None)
    app.url_map.converters["default"] = _IdConverter
    # One byte more than allowed: werkzeug cuts a chunked body at the limit without an error, and
    # the extra byte shows the parser that the body was too large.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1
    app.json = _JsonProvider(app)
    install_services(app, services)
    kept_answers.register(app, metrics.create(app))
    if services.settings.proxies:
        # Only the client's address is taken from proxies, and only if proxies are configured.
        proxy_fix = ProxyFix(app.wsgi_app, x_for=services.settings.proxies, x_proto=0)
        app.wsgi_app = proxy_fix  # type: ignore[method-assign]
    logging.register(app)
    request_paths.register(app)
    preconditions.register(app)
    metrics.register(app)
    problems.register(app)
    drain_body.register(app)
    rate_limit.register(app)
    consistency.register(app)
    costly_work.register(app)
    cors.register(app, services.settings.origins)
    app.after_request(_add_security_headers)
    api = Api(app, __version__)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    docs.register(app, api)
    web.register(app)
    return app


class _IdConverter(BaseConverter):
    """An id in a path. No id contains a zero byte, and PostgreSQL rejects text with one."""

    regex = r"[^/\x00]+"


class _JsonProvider(DefaultJSONProvider):
    """JSON in UTF-8 without escapes, with names in the order in which they were added."""

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
"""Headers of every response. There is no Permissions-Policy, as no script here uses such a feature,
and no Strict-Transport-Security, which only the operator of the TLS certificate can promise."""


def _add_security_headers(response: Response) -> Any:
    """Add the headers by which browsers do not guess types, run scripts or embed the response.

    What pages of other origins may read is up to CORS.
    """
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if "frame-ancestors *" in response.headers["Content-Security-Policy"]:
        # The older header has no value for "everyone" and would forbid what this policy allows.
        response.headers.pop("X-Frame-Options", None)
    if request.path.startswith("/v1/"):
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
