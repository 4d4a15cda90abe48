"""The index of the record."""

from flask import Response, redirect, stream_template
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.index_query import IndexParameters
from service.http.auth import requires
from service.http.consistency import get_reader
from service.http.request_parsing import parse_parameters
from service.web.query.page_query import SUBJECT_PAGE, link_to_page, read_parameters
from service.web.responses import streaming
from service.web.viewmodels.index_page import IndexPage
from service.web.views.blueprint import blueprint


@blueprint.get("/")
@requires("read")
def show_index() -> WerkzeugResponse:
    """Show what the record is about. It is never a total: that needs a subject."""
    parameters, _ = read_parameters()
    if "place" in parameters:
        return redirect(link_to_page(SUBJECT_PAGE, parameters))
    start = parse_parameters(IndexParameters())["start"]
    view = IndexPage(start)
    view.take_slot()
    get_reader().release()  # A slow client must not hold a transaction open while it receives.
    page_stream = stream_template("index.html", view=view, flush_marker=streaming.FLUSH_MARKER)
    return Response(streaming.stream_chunks(page_stream), mimetype="text/html")
