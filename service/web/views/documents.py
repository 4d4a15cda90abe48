"""The documents: what a total means, the reference of the API, and what both refer to."""

from typing import Final

from flask import render_template, request

from schemas.base import Parameters
from service.http.request_parsing import parse_parameters
from service.web.responses.documents import load_document
from service.web.views.blueprint import blueprint

DOCUMENTS: Final = ("method", "glossary", "docs", "clients", "formats")
"""The pages of documents, in the order in which they link to each other."""


@blueprint.get("/method")
@blueprint.get("/glossary")
@blueprint.get("/docs")
@blueprint.get("/clients")
@blueprint.get("/formats")
def show_document() -> str:
    """Show a document. It is not of the record: reading it needs no key."""
    parse_parameters(Parameters())
    page = request.path.removeprefix("/")
    return render_template(
        "document.html", page=page, documents=DOCUMENTS, document=load_document(page),
        current_page=page,
    )  # fmt: skip
