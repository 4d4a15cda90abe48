"""The page that lists places."""

from flask import render_template

from service.http.auth import requires
from service.web.query.page_query import read_parameter
from service.web.viewmodels import report_page
from service.web.views.blueprint import blueprint


@blueprint.get("/places")
@requires("read")
def show_places() -> str:
    """Show one level of the tree of places."""
    return render_template("places.html", **report_page.make_places_page(read_parameter("place")))
