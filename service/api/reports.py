"""Reports over HTTP: post one, get one, list many."""

from functools import partial
from typing import Any

from flask import url_for

from schemas.listing import ReportsQuery
from schemas.recorded import ReportOut, ReportsOut
from schemas.report import ReportIn
from service.api.auth import actor, holder, requires
from service.api.paging import page
from service.api.parts import now, parts
from service.api.smorest import Blueprint
from service.domain.listing import ReportsAsked
from service.domain.report import Recorded
from service.domain.submission import Submission
from service.usecases import reports

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
        joined.store,
        sent,
        actor=actor(),
        now=now(),
        new_id=joined.new_id,
        holder=holder(),
    )
    location = url_for("reports.get_report", id=recorded.report.id)
    return recorded, 201 if new else 200, {"Location": location}


@blueprint.route("/reports/<id>")
@requires("read")
@blueprint.response(200, ReportOut)
def get_report(id: str) -> Recorded:
    """Show a report in its present state."""
    return reports.show(parts().store, id)


@blueprint.route("/reports")
@requires("read")
@blueprint.arguments(ReportsQuery, location="query")
@blueprint.response(200, ReportsOut)
def list_reports(asked: ReportsAsked) -> Any:
    """List reports, oldest first.

    A place or group stands for everything below it too; a period for every report that meets it.
    """
    find = partial(reports.find, parts().store)
    shown, following = page("reports", asked, find, "seq")
    return {"reports": shown, "next": following}
