"""The list of reports, and the page of each."""

from http import HTTPStatus

from flask import Response, jsonify, make_response, redirect, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.base import Parameters
from schemas.list_queries import ReportSuggestionParameters
from service.domain.errors import ErrorDetail
from service.http.auth import requires
from service.http.consistency import get_reader
from service.http.request_parsing import parse_parameters
from service.usecases.search import choose_places
from service.web.messages import plain_text
from service.web.query.page_query import (
    add_place,
    find_root,
    link_to_page,
    normalize_days,
    read_parameters,
)
from service.web.viewmodels import report_list, report_page
from service.web.viewmodels.report_form import select_report_messages
from service.web.viewmodels.report_list import REPORTS_PAGE, ReportList
from service.web.views.blueprint import blueprint


@blueprint.get("/reports")
@requires("read")
def show_reports() -> WerkzeugResponse:
    """Show the reports that meet the filters, the newest first.

    The form may name a place in words (``find``), and days as people write them.
    """
    parameters, errors = read_parameters()
    words = parameters.pop("find", None)
    normalized = normalize_days(parameters)
    found = choose_places(get_reader(), words) if words else []
    if len(found) == 1:
        normalized = add_place(normalized, found[0].id)
    if not errors and normalized != parameters:
        unresolved = {} if len(found) == 1 else {"find": words}
        address = link_to_page(REPORTS_PAGE, {**normalized, **unresolved}, find_root())
        return redirect(address, HTTPStatus.SEE_OTHER)
    if words and not found:
        errors = (*errors, ErrorDetail("place", plain_text("reports.no_place", words=words)))
    view = ReportList(parameters, errors, found)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if view.field_errors else HTTPStatus.OK
    return make_response(render_template("reports.html", view=view), status)


@blueprint.get("/reports/suggest")
@requires("read")
def suggest_reports() -> Response:
    """Return reports that have the words, for the choice of the one that is repeated."""
    parameters = parse_parameters(ReportSuggestionParameters())
    rows = report_list.find_suggestions(parameters["words"], parameters.get("but"))
    found = [
        {
            "id": each.id,
            "name": " ".join(each.statement.sentences),
            "about": " · ".join(text for text in (each.reporter_name, each.published) if text),
        }
        for each in rows
    ]
    return jsonify({"found": found})


@blueprint.get("/report/<report_id>")
@requires("read")
def show_report(report_id: str) -> str:
    """Show a report with all that is in it, what it moves, and its history."""
    parse_parameters(Parameters())  # There are none; an unknown one is an error.
    return render_template(
        "report.html",
        view=report_page.ReportPage(report_id),
        script_messages=select_report_messages(),
    )
