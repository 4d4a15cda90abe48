"""The interface described: as a document for programs and as a page for people."""

from typing import Any

from flask import Blueprint, Flask, Response, jsonify, render_template

from service.api.openapi import complete_document
from service.http.smorest import Api, refuse_query

PAGE_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def register(app: Flask, api: Api) -> None:
    """Add /v1/openapi.json and /docs; to be called when all addresses are known."""
    blueprint = Blueprint(
        "docs",
        __name__,
        static_folder="static",
        static_url_path="/docs/static",
        template_folder="templates",
    )
    document: dict[str, Any] = complete_document(api.spec.to_dict())

    @blueprint.get("/v1/openapi.json")
    def openapi() -> Response:
        refuse_query()
        return jsonify(document)

    @blueprint.get("/docs")
    def page() -> Response:
        refuse_query()
        response = Response(render_template("docs.html"), mimetype="text/html")
        response.headers["Content-Security-Policy"] = PAGE_SECURITY_POLICY
        return response

    app.register_blueprint(blueprint)
