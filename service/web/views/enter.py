"""The forms: for one report, new or corrected, and for a table of reports."""

from http import HTTPStatus

from flask import redirect, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.base import Parameters
from schemas.page_query import ReportFormParameters
from service.domain.vocabulary import OUTCOMES, STANCES
from service.http.auth import requires
from service.http.request_parsing import parse_parameters
from service.web.query.page_query import find_root, link_to_page
from service.web.viewmodels import report_form, table_form
from service.web.viewmodels.report_form import Correction
from service.web.views.blueprint import blueprint


@blueprint.get("/enter")
def show_report_form() -> str | WerkzeugResponse:
    """Show the form: empty, or with a report to correct. Input stays in the browser until sent.

    A report that was replaced or withdrawn cannot be corrected; its page says so.
    """
    report_id = parse_parameters(ReportFormParameters()).get("report")
    correction = None if report_id is None else _load_correction(report_id)
    if report_id is not None and correction is None:
        return redirect(link_to_page(f"report/{report_id}", {}, find_root()), HTTPStatus.SEE_OTHER)
    return render_template(
        "report_form.html",
        outcomes=OUTCOMES,
        stances=STANCES,
        correction=correction,
        script_messages=report_form.select_form_messages(),
    )


@requires("read")
def _load_correction(report_id: str) -> Correction | None:
    """Return the report to correct; an empty form needs no key, but the content of a report may."""
    return report_form.load_correction(report_id)


@blueprint.get("/enter/table")
def show_table_form() -> str:
    """Show the form for a table. Input stays in the browser until its preview is asked for."""
    parse_parameters(Parameters())
    return render_template(
        "table_form.html",
        maps=table_form.list_maps(),
        counts=table_form.COUNTS,
        encodings=table_form.ENCODINGS,
        roles=table_form.ROLES,
        meanings=table_form.MEANINGS,
        script_messages=table_form.select_table_messages(),
    )
