"""The index of the record."""

from flask import redirect, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.index_query import IndexParameters
from service.http.auth import requires
from service.http.request_parsing import parse_parameters
from service.web.query.page_query import SUBJECT_PAGE, link_to_page, read_parameters
from service.web.viewmodels.index_page import IndexPage
from service.web.views.blueprint import blueprint


@blueprint.get("/")
@requires("read")
def show_index() -> str | WerkzeugResponse:
    """Show what the record is about. It is never a total: that needs a subject."""
    parameters, _ = read_parameters()
    if "place" in parameters:
        return redirect(link_to_page(SUBJECT_PAGE, parameters))
    start = parse_parameters(IndexParameters())["start"]
    return render_template("index.html", view=IndexPage(start))
