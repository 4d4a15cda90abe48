"""Reports over HTTP: post one, get one, list many."""

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response, url_for

from schemas.listing import ReportsQuery
from schemas.moments import AsOfQuery
from schemas.recorded import ReportOut, ReportsOut
from schemas.report import ReportIn
from schemas.revisions import HistoryOut, RedactionIn, RetractionIn
from service.api.auth import actor, requires
from service.api.formats import LINK, chosen, documented
from service.api.listings import FORMS, paged
from service.api.paging import page
from service.api.parts import parts
from service.api.smorest import Blueprint
from service.domain.listing import ReportsAsked
from service.domain.report import Recorded
from service.domain.submission import Submission
from service.usecases import reports, revisions
from service.usecases.points import of_reports as lying

blueprint = Blueprint("reports", __name__, url_prefix="/v1", description="What was said, by whom.")


@blueprint.route("/reports", methods=["POST"])
@requires("report")
@blueprint.arguments(ReportIn)
@blueprint.response(201, ReportOut)
@blueprint.alt_response(200, schema=ReportOut, description="The same ref and content was known.")
def post_report(sent: Submission) -> Any:
    """Record a report.

    New places, groups and reporters may be described in it. All of it is recorded, or nothing.
    """
    joined = parts()
    recorded, new = reports.submit(
        joined.store, sent, actor=actor(), now=joined.clock(), new_id=joined.new_id
    )
    location = url_for("reports.get_report", id=recorded.report.id)
    return recorded, 201 if new else 200, {"Location": location}


@blueprint.route("/reports/<id>")
@requires("read")
@blueprint.arguments(AsOfQuery, location="query")
@blueprint.response(200, ReportOut)
def get_report(as_of: int | str | None, id: str) -> Recorded:
    """Show a report in its present state, or as of an earlier moment."""
    return reports.show(parts().store, id, as_of, parts().clock())


@blueprint.route("/reports/<id>/retraction", methods=["POST"])
@requires("report")
@blueprint.arguments(RetractionIn)
@blueprint.response(201, ReportOut)
def post_retraction(sent: dict[str, Any], id: str) -> Recorded:
    """Withdraw a report: it is kept and shown, and counted no more."""
    joined = parts()
    return revisions.retract(
        joined.store,
        id,
        sent["reason"],
        may_report_for=lambda reporter: True,
        actor=actor(),
        now=joined.clock(),
    )


@blueprint.route("/reports/<id>/redaction", methods=["POST"])
@requires("admin")
@blueprint.arguments(RedactionIn)
@blueprint.response(201, ReportOut)
def post_redaction(sent: dict[str, Any], id: str) -> Recorded:
    """Blank free texts of a report for good, where law demands it.

    The numbers stay, and the ledger keeps a hash of each text, so that its chain still holds.
    """
    joined = parts()
    return revisions.redact(
        joined.store, id, sent["pointers"], sent["reason"], actor=actor(), now=joined.clock()
    )


@blueprint.route("/reports/<id>/history")
@requires("read")
@blueprint.response(200, HistoryOut)
def get_history(id: str) -> Any:
    """List what happened to a report, oldest first."""
    return {"history": revisions.history(parts().store, id)}


@blueprint.route("/reports")
@requires("read")
@blueprint.arguments(ReportsQuery, location="query")
@blueprint.response(200, ReportsOut)
@blueprint.doc(responses=documented(*FORMS, headers=LINK))
def list_reports(asked: tuple[ReportsAsked, str | None]) -> Response:
    """List reports, oldest first.

    A place or group stands for everything below it too; a period for every report that meets it.
    """
    question, named = asked
    joined, form = parts(), chosen(named, *FORMS)
    now = joined.clock()
    # One moment for all that is looked up, even if more is recorded meanwhile.
    seq = reports.moment_asked(joined.store, question.as_of, now)
    find = partial(reports.find, joined.store, now=now)
    shown, following = page("reports", replace(question, as_of=seq), find, "seq")
    return paged(form, shown, following, partial(lying, joined.store, seq=seq))
