"""The routes of reports: record, get, list, retract and redact."""

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response

from schemas.as_of import AsOfParameters
from schemas.lifecycle import HistoryOut, RedactionIn, RetractionIn
from schemas.list_queries import ListForm, ReportListParameters
from schemas.quick_load import ReportIn
from schemas.report_in import PostReportParameters
from schemas.report_out import ReportOut, ReportsOut, RetractedReportOut
from service.api.csv_about import write_about
from service.api.report_formats import OTHER_FORMATS, finish_page, make_page_response
from service.domain.list_queries import ReportListQuery
from service.domain.report import RecordedReport
from service.domain.submission import Submission
from service.exports import figure_rows
from service.exports.csv_writer import write_csv
from service.exports.question_texts import ask_reports
from service.exports.table_cells import PLACE_COLUMNS
from service.http import idempotency
from service.http.auth import get_key_id, get_principal, requires
from service.http.consistency import get_reader
from service.http.context import get_services, request_time
from service.http.costly_work import take_slot_for_list
from service.http.kept_answers import allow_keeping
from service.http.links import link_to_member
from service.http.negotiation import LINK_HEADER, check_csv_form, choose_format, document_formats
from service.http.pagination import fetch_page
from service.http.smorest import Blueprint
from service.usecases import lifecycle, reports

blueprint = Blueprint(
    "reports", __name__, url_prefix="/v1", description="Reports: statements by reporters."
)


@blueprint.route("/reports", methods=["POST"])
@requires("report")
@blueprint.arguments(PostReportParameters, location="query")
@blueprint.arguments(ReportIn)
@blueprint.response(201, ReportOut, description="The report was recorded.")
@blueprint.alt_response(
    200,
    schema=ReportOut,
    description="A report with the same `ref` and content was recorded before.",
)
def post_report(supersede_known: bool, submission: Submission) -> Any:
    """Record a report.

    The report may describe new places, groups and reporters, which are created with it. Either all
    of it is recorded, or nothing. Needs the scope `report`. A 409 names the fields that contradict
    the record, such as a `ref` that was used for other content, and the report that has it.
    """
    services = get_services()
    result = reports.submit_report(
        services.store,
        submission,
        actor=get_key_id(),
        now=request_time(),
        new_id=services.new_id,
        principal=get_principal(),
        idempotency_key=idempotency.read_idempotency_key(),
        supersede_known=supersede_known,
    )
    location = link_to_member(result.recorded.report.id)
    headers = {"Location": location, **idempotency.replay_headers(result.is_replay)}
    return result.recorded, 201 if result.is_new else 200, headers


@blueprint.route("/reports/<id>")
@requires("read")
@blueprint.arguments(AsOfParameters, location="query")
@blueprint.response(200, ReportOut, description="The report.")
def get_report(as_of: int | str | None, id: str) -> RecordedReport:  # noqa: A002
    """Get a report in its present or an earlier state.

    The present one, or with `as_of` an earlier one. `state` contains whether its figures count.
    Erased texts are null in every state.
    """
    allow_keeping()
    return reports.get_report(get_reader(), id, as_of, request_time())


@blueprint.route("/reports/<id>/retraction", methods=["POST"])
@requires("report")
@blueprint.arguments(RetractionIn)
@blueprint.response(201, RetractedReportOut, description="The report, now retracted.")
def post_retraction(fields: dict[str, Any], id: str) -> Any:  # noqa: A002
    """Retract a report.

    The report stays in the record and is not counted any more. Needs the scope `report` and, if the
    key is bound, the report's reporter. A report that is retracted already is a 409.
    """
    recorded, is_replay = lifecycle.retract_report(
        get_services().store,
        id,
        fields["reason"],
        actor=get_key_id(),
        now=request_time(),
        principal=get_principal(),
        idempotency_key=idempotency.read_idempotency_key(),
    )
    return recorded, 201, idempotency.replay_headers(is_replay)


@blueprint.route("/reports/<id>/redaction", methods=["POST"])
@requires("admin")
@blueprint.arguments(RedactionIn)
@blueprint.response(201, ReportOut, description="The report without the erased texts.")
def post_redaction(fields: dict[str, Any], id: str) -> Any:  # noqa: A002
    """Erase free texts of a report for good (GDPR erasure).

    The numbers stay. The event log keeps a salted hash of each text, so that its hash chain can
    still be verified. Needs the scope `admin`. If no text is left to erase, the answer is 409.
    """
    recorded, is_replay = lifecycle.redact_report(
        get_services().store,
        id,
        fields["pointers"],
        fields["reason"],
        actor=get_key_id(),
        now=request_time(),
        idempotency_key=idempotency.read_idempotency_key(),
    )
    return recorded, 201, idempotency.replay_headers(is_replay)


@blueprint.route("/reports/<id>/history")
@requires("read")
@blueprint.response(200, HistoryOut, description="The events about the report.")
def get_history(id: str) -> Any:  # noqa: A002
    """List the events about a report, oldest first.

    The first event is its submission. Later ones are, for example, its retraction or redaction.
    One answer contains all of them.
    """
    allow_keeping()
    return {"history": lifecycle.load_history(get_reader(), id)}


@blueprint.route("/reports")
@requires("read")
@blueprint.arguments(ReportListParameters, location="query")
@blueprint.response(200, ReportsOut, description="A page of reports.")
@blueprint.doc(responses=document_formats(*OTHER_FORMATS, headers=LINK_HEADER))
def list_reports(arguments: tuple[ReportListQuery, ListForm]) -> Response:
    """List reports, oldest first unless `order=newest` is sent.

    Filters are combined: a report must pass all of them. Places and groups include everything below
    them.
    """
    query, form = arguments
    allow_keeping()
    reader, format_name = get_reader(), choose_format(form.format, *OTHER_FORMATS)
    check_csv_form(form.csv, format_name)
    take_slot_for_list(query.limit)
    # One state for everything that is read, even if more is recorded meanwhile.
    seq = reader.resolve_as_of(query.as_of, request_time())
    find_reports = partial(reports.list_reports, reader, now=request_time())
    page_reports, next_link = fetch_page("reports", replace(query, as_of=seq), find_reports, "seq")
    find_points = partial(reports.load_points, reader, seq=seq)
    if form.csv.about:
        state = reader.load_snapshot(seq).state
        about = write_about(state, ask_reports(state, query))
        rows = figure_rows.add_places(figure_rows.iterate_figure_rows(page_reports), state.places)
        columns = (*figure_rows.COLUMNS, *PLACE_COLUMNS)
        text = write_csv(columns, rows, bom=form.csv.bom, about=about)
        return finish_page(format_name, text, next_link)
    return make_page_response(format_name, page_reports, next_link, find_points, form.csv.bom)
