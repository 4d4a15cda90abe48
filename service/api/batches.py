"""The route of batches: many reports in one request."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from flask import Response, request
from marshmallow import ValidationError

from schemas.batch import BatchOut, BatchParameters
from schemas.problem import Problem
from schemas.quick_load import ReportIn
from schemas.report_out import WarningOut
from service.domain.errors import DomainError, InvalidInputError, invalid_field
from service.domain.submission import BatchOptions, Submission
from service.http import idempotency
from service.http.auth import get_key_id, get_principal, requires
from service.http.context import get_services, request_time
from service.http.negotiation import to_json_text
from service.http.problems import describe_error
from service.http.request_parsing import make_schema_error, parse_json, read_body_bytes
from service.http.smorest import Blueprint
from service.usecases import batches
from service.usecases.batches import MAX_BATCH_REPORTS, ItemResult, RecordedItem

blueprint = Blueprint(
    "batches", __name__, url_prefix="/v1", description="Many reports in one request."
)

MAX_BATCH_BYTES: Final = 32 << 20

NDJSON: Final = "application/x-ndjson"

_PROBLEM_SCHEMA: Final = Problem()
_REPORT_SCHEMA: Final = ReportIn()
_WARNING_SCHEMA: Final = WarningOut()

REQUEST_BODY: Final = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["reports"],
                "properties": {
                    "reports": {
                        "type": "array",
                        "description": f"The reports, at most {MAX_BATCH_REPORTS:,}.",
                        "maxItems": MAX_BATCH_REPORTS,
                        "items": {"$ref": "#/components/schemas/ReportIn"},
                    }
                },
            }
        },
        NDJSON: {"schema": {"type": "string"}},
    },
}


@blueprint.route("/reports/batch", methods=["POST"])
@requires("report")
@blueprint.arguments(BatchParameters, location="query")
@blueprint.response(207, BatchOut, description="One result for each report.")
@blueprint.doc(requestBody=REQUEST_BODY)
def post_batch(options: BatchOptions) -> Any:
    """Record many reports.

    Send `{"reports": […]}`, or one report on each line (`application/x-ndjson`): at most 10,000
    reports and 32 MiB. The answer has one result for each report, in order, and a summary. An
    invalid report does not affect the others, unless `atomic=true`. A report may refer to entities
    and reports of earlier items. Unless `atomic=true`, the reports are recorded up to 100 at a
    time, and others can write between them: if the answer does not arrive, part of the batch may be
    recorded. Sent again with the same `Idempotency-Key`, it continues where it ended. Needs the
    scope `report`.
    """
    services = get_services()
    results, is_replay = batches.submit_batch(
        services.store,
        _read_items(),
        options=options,
        actor=get_key_id(),
        now=request_time(),
        new_id=services.new_id,
        principal=get_principal(),
        idempotency_key=idempotency.read_idempotency_key(),
        load_item=_load_submission,
    )
    rendered = [_render_result(index, result) for index, result in enumerate(results)]
    text = to_json_text({"results": rendered, "summary": _summarize(results)})
    headers = idempotency.replay_headers(is_replay)
    return Response(f"{text}\n", 207, headers, mimetype="application/json")


def _read_items() -> list[Any]:
    """Return each report of the body as it was parsed, or the line of the body that it is."""
    media_type, data = read_body_bytes(request, ("application/json", NDJSON), MAX_BATCH_BYTES)
    if media_type == NDJSON:
        items: list[Any] = [line for line in data.split(b"\n") if line.strip()]
    else:
        items = _extract_reports(parse_json(data))
    if len(items) > MAX_BATCH_REPORTS:
        raise invalid_field(
            "/reports", f"These are {len(items):,} reports; send at most {MAX_BATCH_REPORTS:,}."
        )
    return items


def _extract_reports(body: Any) -> list[Any]:
    if not isinstance(body, dict) or set(body) != {"reports"}:
        raise invalid_field("/reports", "Send an object with the field reports and no other.")
    if not isinstance(body["reports"], list):
        raise invalid_field("/reports", "This must be a list.")
    return list(body["reports"])


def _load_submission(item: Any) -> Submission | DomainError:
    try:
        if isinstance(item, bytes):
            item = parse_json(item)
        if not isinstance(item, dict):
            return InvalidInputError("A report must be an object.")
        submission: Submission = _REPORT_SCHEMA.load(item)
        return submission
    except ValidationError as error:
        return make_schema_error(error.messages)
    except DomainError as error:
        return error


def _summarize(results: Sequence[ItemResult]) -> dict[str, Any]:
    """Return how many reports had each result, and how many warnings of each code they have."""
    done = [result for result in results if isinstance(result, RecordedItem)]
    recorded = sum(result.is_new for result in done)
    codes = Counter(warning.code for result in done for warning in result.warnings)
    return {
        "recorded": recorded,
        "known": len(done) - recorded,
        "refused": len(results) - len(done),
        "warnings": dict(sorted(codes.items())),
    }


def _render_result(index: int, result: ItemResult) -> dict[str, Any]:
    """Return the JSON of a result as its schema documents it; to dump it would take longer."""
    if isinstance(result, DomainError):
        problem = _PROBLEM_SCHEMA.dump(describe_error(result))
        return {"index": index, "status": problem["status"], "problem": problem}
    replaced = {} if result.supersedes is None else {"supersedes": result.supersedes}
    return {
        "index": index,
        "status": 201 if result.is_new else 200,
        "id": result.report_id,
        "seq": result.seq,
        **replaced,
        "warnings": [_WARNING_SCHEMA.dump(warning) for warning in result.warnings],
    }
