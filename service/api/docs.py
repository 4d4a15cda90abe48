"""The route of the OpenAPI document."""

from flask import Blueprint, Flask, Response, jsonify

from service.api.openapi import complete_document
from service.http.smorest import Api, refuse_query


def register(app: Flask, api: Api) -> None:
    """Add /v1/openapi.json; call this when all other routes are registered."""
    blueprint = Blueprint("docs", __name__)
    document = complete_document(api.make_document())

    @blueprint.get("/v1/openapi.json")
    def openapi() -> Response:
        refuse_query()
        return jsonify(document)

    app.register_blueprint(blueprint)
