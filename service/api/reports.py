"""Reports over HTTP: post one, get one, list many."""

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response, url_for

from schemas.as_of import AsOfParameters
from schemas.lifecycle import HistoryOut, RedactionIn, RetractionIn
from schemas.list_queries import ReportListParameters
from schemas.report_in import ReportIn
from schemas.report_out import ReportOut, ReportsOut
from service.api.report_formats import FORMS, paged
from service.domain.list_queries import ReportListQuery
from service.domain.report import RecordedReport
from service.domain.submission import Submission
from service.http import idempotency
from service.http.auth import actor, holder, requires
from service.http.consistency import record
from service.http.context import now, parts
from service.http.negotiation import LINK, chosen, documented
from service.http.pagination import page
from service.http.smorest import Blueprint
from service.usecases import lifecycle, reports
from service.usecases.points import of_reports as lying

blueprint = Blueprint("reports", __name__, url_prefix="/v1", description="What was said, by whom.")


@blueprint.route("/reports", methods=["POST"])
@requires("report")
@blueprint.arguments(ReportIn)
@blueprint.response(201, ReportOut)
@blueprint.alt_response(200, schema=ReportOut, description="The same ref and content was known.")
@blueprint.doc(parameters=[idempotency.DOCUMENTED])
def post_report(sent: Submission) -> Any:
    """Record a report.

    New places, groups and reporters may be described in it. All of it is recorded, or nothing.
    """
    joined = parts()
    posted = reports.submit(
        joined.store,
        sent,
        actor=actor(),
        now=now(),
        new_id=joined.new_id,
        holder=holder(),
        claim=idempotency.claim(),
    )
    location = url_for("reports.get_report", id=posted.recorded.report.id)
    headers = {"Location": location, **idempotency.answered(posted.again)}
    return posted.recorded, 201 if posted.new else 200, headers


@blueprint.route("/reports/<id>")
@requires("read")
@blueprint.arguments(AsOfParameters, location="query")
@blueprint.response(200, ReportOut)
def get_report(as_of: int | str | None, id: str) -> RecordedReport:
    """Show a report in its present state, or as of an earlier moment."""
    return reports.show(record(), id, as_of, now())


@blueprint.route("/reports/<id>/retraction", methods=["POST"])
@requires("report")
@blueprint.arguments(RetractionIn)
@blueprint.response(201, ReportOut)
@blueprint.doc(parameters=[idempotency.DOCUMENTED])
def post_retraction(sent: dict[str, Any], id: str) -> Any:
    """Withdraw a report: it is kept and shown, and counted no more."""
    recorded, again = lifecycle.retract(
        parts().store,
        id,
        sent["reason"],
        actor=actor(),
        now=now(),
        holder=holder(),
        claim=idempotency.claim(),
    )
    return recorded, 201, idempotency.answered(again)


@blueprint.route("/reports/<id>/redaction", methods=["POST"])
@requires("admin")
@blueprint.arguments(RedactionIn)
@blueprint.response(201, ReportOut)
@blueprint.doc(parameters=[idempotency.DOCUMENTED])
def post_redaction(sent: dict[str, Any], id: str) -> Any:
    """Blank free texts of a report for good, where law demands it.

    The numbers stay, and the ledger keeps a hash of each text, so that its chain still holds.
    """
    recorded, again = lifecycle.redact(
        parts().store,
        id,
        sent["pointers"],
        sent["reason"],
        actor=actor(),
        now=now(),
        claim=idempotency.claim(),
    )
    return recorded, 201, idempotency.answered(again)


@blueprint.route("/reports/<id>/history")
@requires("read")
@blueprint.response(200, HistoryOut)
def get_history(id: str) -> Any:
    """List what happened to a report, oldest first."""
    return {"history": lifecycle.history(record(), id)}


@blueprint.route("/reports")
@requires("read")
@blueprint.arguments(ReportListParameters, location="query")
@blueprint.response(200, ReportsOut)
@blueprint.doc(responses=documented(*FORMS, headers=LINK))
def list_reports(asked: tuple[ReportListQuery, str | None]) -> Response:
    """List reports, oldest first.

    A place or group stands for everything below it too; a period for every report that meets it.
    """
    question, named = asked
    store, form = record(), chosen(named, *FORMS)
    # One moment for all that is looked up, even if more is recorded meanwhile.
    seq = reports.moment_asked(store, question.as_of, now())
    find = partial(reports.find, store, now=now())
    shown, following = page("reports", replace(question, as_of=seq), find, "seq")
    return paged(form, shown, following, partial(lying, store, seq=seq))
