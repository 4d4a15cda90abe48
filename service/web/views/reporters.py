"""The list of reporters, and the page of one."""

from flask import redirect, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.index_query import IndexParameters
from service.http.auth import requires
from service.web.query.list_parameters import load_parameters
from service.web.query.page_query import find_root, link_to_page
from service.web.viewmodels.reporter_page import ReporterPage, ReportersPage
from service.web.views.blueprint import blueprint


@blueprint.get("/reporters")
@requires("read")
def show_reporters() -> str:
    """Show who reports, those with most reports first."""
    start = load_parameters(IndexParameters())["start"]
    return render_template("reporters.html", view=ReportersPage(start), current_page="reporters")


@blueprint.get("/reporter/<reporter_id>")
@requires("read")
def show_reporter(reporter_id: str) -> str | WerkzeugResponse:
    """Show what one reporter says, alone. The id of a merged reporter leads to the current one."""
    start = load_parameters(IndexParameters())["start"]
    view = ReporterPage(reporter_id, start)
    if view.id != reporter_id:
        return redirect(link_to_page(f"reporter/{view.id}", {}, find_root()))
    return render_template("reporter.html", view=view, current_page="reporters")
