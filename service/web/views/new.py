"""What is new: the page, and the feed."""

from http import HTTPStatus

from flask import Response, redirect, render_template, stream_template
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.new_query import FeedParameters, NewParameters
from service.http.auth import requires
from service.http.consistency import get_reader
from service.http.context import request_time
from service.http.request_parsing import make_invalid_input_error
from service.web.query.page_query import find_root, link_to_page, load_parameters, read_parameters
from service.web.query.place_field import read_place_field
from service.web.responses import streaming
from service.web.responses.streaming import FLUSH_MARKER
from service.web.viewmodels.change_feed import ChangeFeed
from service.web.viewmodels.new_page import NewPage
from service.web.views.blueprint import blueprint


@blueprint.get("/new")
@requires("read")
def show_new() -> WerkzeugResponse:
    """Show what came in since a day, and what it did to totals.

    The form may name a place in words.
    """
    parameters, errors = read_parameters()
    if errors:
        raise make_invalid_input_error(errors)
    if "place" in parameters:
        place = read_place_field(parameters["place"])
        if place != parameters["place"]:
            address = link_to_page("new", {**parameters, "place": place}, find_root())
            return redirect(address, HTTPStatus.SEE_OTHER)
    view = NewPage(load_parameters(NewParameters(), parameters), request_time())
    # A slow client must not hold a transaction open while it receives.
    context = {"view": view, "place_field": view.place_field, "flush_marker": FLUSH_MARKER}
    get_reader().release()
    page_stream = stream_template("new.html", **context, current_page="new")
    return Response(streaming.stream_chunks(page_stream), mimetype="text/html")


@blueprint.get("/new.atom")
@requires("read")
def send_feed() -> Response:
    """Send the latest changes as an Atom feed (RFC 4287)."""
    parameters, errors = read_parameters()
    if errors:
        raise make_invalid_input_error(errors)
    feed = ChangeFeed(**load_parameters(FeedParameters(), parameters))
    return Response(render_template("new_feed.xml", feed=feed), mimetype="application/atom+xml")
