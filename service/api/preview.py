"""The route of previews: what a report would change, without recording it."""

from typing import Any, Final

from flask import Response

from schemas.preview import NewOut, PreviewedReportOut, PreviewOut
from schemas.quick_load import ReportIn
from schemas.report_in import PostReportParameters
from schemas.totals import dump_totals
from service.bounds.solver_effort import measure_effort
from service.domain.entities import ENTITY_CLASSES
from service.domain.submission import Submission
from service.http import metrics
from service.http.auth import get_principal, requires
from service.http.context import get_services, request_time, start_time_budget
from service.http.costly_work import take_slot
from service.http.negotiation import make_response, to_json_text
from service.http.smorest import Blueprint
from service.usecases import preview

blueprint = Blueprint(
    "preview",
    __name__,
    url_prefix="/v1",
    description="What a report would change, before it is sent.",
)

_REPORT_SCHEMA: Final = PreviewedReportOut()
_NEW_ENTITIES_SCHEMA: Final = NewOut()


@blueprint.route("/reports/preview", methods=["POST"])
@requires("report")
@blueprint.arguments(PostReportParameters, location="query")
@blueprint.arguments(ReportIn)
@blueprint.response(200, PreviewOut, description="What the report would change.")
def post_preview(supersede_known: bool, submission: Submission) -> Response:
    """Preview a report without recording anything.

    Takes the parameters and the body of `POST /v1/reports` and rejects them for the same reasons.
    The answer has the report as it would be recorded, its warnings, the entities that it would
    create, and the totals before and after. An `Idempotency-Key` is ignored. Needs the scope
    `report`.
    """
    services = get_services()
    take_slot()
    with measure_effort() as efforts:
        try:
            result = preview.preview_report(
                services.store,
                services.state_cache,
                submission,
                now=request_time(),
                time_budget=start_time_budget(),
                principal=get_principal(),
                supersede_known=supersede_known,
            )
        finally:
            metrics.get_current_metrics().count_solver_effort(efforts)
    return make_response("json", to_json_text(_render_preview(result)) + "\n")


def _render_preview(result: preview.Preview) -> dict[str, Any]:
    report = _REPORT_SCHEMA.dump(result.recorded)
    new_entities = {
        f"{kind}s": [each for each in result.new_entities if isinstance(each, entity_class)]
        for kind, entity_class in ENTITY_CLASSES.items()
    }
    return {
        "known": result.is_known,
        "report": report,
        "warnings": report["warnings"],
        "new": _NEW_ENTITIES_SCHEMA.dump(new_entities),
        "before": dump_totals(result.before),
        "after": dump_totals(result.after),
    }
