"""The routes of the OpenAPI document and of the page that shows it."""

from flask import Blueprint, Flask, Response, jsonify, render_template

from service.api.openapi import complete_document
from service.http.smorest import Api, refuse_query

PAGE_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def register(app: Flask, api: Api) -> None:
    """Add /v1/openapi.json and /docs; call this when all other routes are registered."""
    blueprint = Blueprint(
        "docs",
        __name__,
        static_folder="static",
        static_url_path="/docs/static",
        template_folder="templates",
    )
    document = complete_document(api.make_document())

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
