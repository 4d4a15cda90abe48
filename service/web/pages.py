"""The pages and their addresses, all at one level, so that they work below any path of a proxy."""

import gzip
from typing import Any, Final

from flask import Blueprint, Response, request, send_from_directory

from service.web import assets, entering, texts

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {framed}"
)
"""What a page may load and do; ``framed`` says whose pages may show it in a frame."""

YEAR: Final = 31_536_000

blueprint = Blueprint("web", __name__, template_folder="templates")
blueprint.register_blueprint(entering.blueprint)


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    """What every template of the pages can use."""
    return {"t": texts.text, "asset": assets.address}


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Return a file that pages load; under its version it never changes."""
    response = send_from_directory(assets.FOLDER, name)
    if request.args.get("v"):
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


@blueprint.after_request
def _dress(response: Response) -> Response:
    """Give the page its policy, and send it small."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", POLICY.format(framed="'none'"))
        response.headers.setdefault("Cache-Control", "no-cache")
    if response.mimetype in _TEXTS and request.accept_encodings["gzip"] > 0:
        response.direct_passthrough = False
        response.set_data(gzip.compress(response.get_data(), 6))
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response


_TEXTS: Final = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})
