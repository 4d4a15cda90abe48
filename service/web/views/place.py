"""The page of a subject: what is known of the losses in places and groups."""

from collections.abc import Iterable
from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, stream_template
from werkzeug.wrappers import Response as WerkzeugResponse

from service.domain.errors import ErrorDetail, InvalidInputError
from service.http.auth import requires
from service.http.consistency import get_reader
from service.http.context import request_time
from service.usecases.search import choose_places
from service.web.query.page_query import (
    SUBJECT_PAGE,
    PageQuery,
    add_place,
    find_root,
    link_to_page,
    normalize_days,
    parse_page_query,
    read_parameters,
)
from service.web.query.reporters import list_reporters
from service.web.responses import streaming
from service.web.responses.streaming import FLUSH_MARKER
from service.web.viewmodels.finder import Finder
from service.web.viewmodels.place_page import PlacePage
from service.web.views.blueprint import blueprint

FORM_FIELDS = (
    "place", "from", "to", "outcomes", "group", "reporter", "exclude_reporter", "party",
    "straddling", "as_of",
)  # fmt: skip
"""The parameters that have a field on the page; errors are shown beside it."""


@blueprint.get("/place")
@requires("read")
def show_group() -> WerkzeugResponse:
    """Show groups in all places, or lead to the page of the places that the form names.

    The form may name a place in words (``find``), and days as people write them. If the words name
    no place or several, what they may mean is shown, and each leads on with the other filters.
    """
    parameters, errors = read_parameters()
    words = parameters.pop("find", None)
    normalized = normalize_days(parameters)
    if words:
        matches = choose_places(get_reader(), words)
        if len(matches) != 1:
            choice = Finder(words, normalized)
            return make_response(render_template("find.html", found_words=words, view=choice))
        normalized = add_place(normalized, matches[0].id)
    if not errors and ("place" in normalized or normalized != parameters or words):
        address = link_to_page(SUBJECT_PAGE, normalized, find_root())
        return redirect(address, HTTPStatus.SEE_OTHER)
    if "group" not in parameters and not errors:
        return redirect(find_root() or "./", HTTPStatus.SEE_OTHER)
    return _show_subject(parameters, errors)


@blueprint.get("/place/<place_ids>")
@requires("read")
def show_place(place_ids: str) -> WerkzeugResponse:
    """Show what is known of one or more places, with commas between."""
    return _show_subject(*read_parameters(place_ids))


def _show_subject(parameters: dict[str, str], errors: Iterable[ErrorDetail]) -> WerkzeugResponse:
    """Show the subject.

    If a parameter is invalid, the page shows the errors beside the fields of the form and no
    number, since the total of another query could be mistaken for the answer.
    """
    field_errors = _group_by_field(errors)
    for name in field_errors:
        parameters.pop(name, None)
    while True:
        try:
            return _render(parse_page_query(request_time(), parameters), field_errors)
        except InvalidInputError as error:
            new_errors = _group_by_field(error.errors)
            if new_errors.keys().isdisjoint(parameters):
                raise
            field_errors |= new_errors
            parameters = {
                name: value for name, value in parameters.items() if name not in new_errors
            }


def _render(page_query: PageQuery, field_errors: dict[str, str]) -> WerkzeugResponse:
    view = PlacePage(page_query)
    selected_reporters = (*view.query.reporters, *view.query.exclude_reporters)
    context = {
        "view": view,
        "page_query": page_query,
        "field_errors": field_errors,
        "other_errors": {
            name: detail for name, detail in field_errors.items() if name not in FORM_FIELDS
        },
        "reporters": list_reporters(view.state, selected_reporters),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if field_errors else HTTPStatus.OK
    get_reader().release()  # A slow client must not hold a transaction open while it receives.
    page_stream = stream_template("place.html", **context, flush_marker=FLUSH_MARKER)
    return Response(streaming.stream_chunks(page_stream), status, mimetype="text/html")


def _group_by_field(errors: Iterable[ErrorDetail]) -> dict[str, str]:
    """Return the details of the errors by the name of the parameter."""
    details: dict[str, str] = {}
    for each in errors:
        previous = details.get(each.pointer)
        details[each.pointer] = f"{previous} {each.detail}" if previous else each.detail
    return details
