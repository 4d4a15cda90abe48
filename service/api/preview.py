"""Previews over HTTP: a report is tried, and nothing is recorded."""

from typing import Any

from flask import Response

from schemas.preview import NewOut, PreviewedReportOut, PreviewOut
from schemas.report_in import ReportIn
from schemas.totals import dump_totals
from service.bounds.solver_effort import measure_effort
from service.domain.submission import Submission
from service.http import metrics
from service.http.auth import holder, requires
from service.http.context import budget, now, parts
from service.http.negotiation import answer_in, dumped
from service.http.smorest import Blueprint
from service.usecases import preview

blueprint = Blueprint(
    "preview", __name__, url_prefix="/v1", description="What a report would do, before it is sent."
)


@blueprint.route("/reports/preview", methods=["POST"])
@requires("report")
@blueprint.arguments(ReportIn)
@blueprint.response(200, PreviewOut)
def post_preview(sent: Submission) -> Response:
    """Tell what a report would do to the totals, without recording anything.

    It is refused for whatever the report would be refused for.
    """
    joined = parts()
    with measure_effort() as efforts:
        try:
            found = preview.preview(
                joined.store,
                joined.snapshots,
                sent,
                now=now(),
                budget=budget(),
                holder=holder(),
            )
        finally:
            metrics.kept().solved(efforts)
    return answer_in("json", dumped(_told(found)) + "\n")


def _told(found: preview.Preview) -> dict[str, Any]:
    imagined = found.imagined
    report = PreviewedReportOut().dump(imagined.recorded)
    return {
        "known": imagined.known,
        "report": report,
        "warnings": report["warnings"],
        "new": NewOut().dump(imagined),
        "before": dump_totals(found.before),
        "after": dump_totals(found.after),
    }
