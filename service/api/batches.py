"""Many reports in one request over HTTP."""

from collections.abc import Iterator
from typing import Any, Final

from flask import request
from marshmallow import ValidationError

from schemas.batch import BatchOut, BatchParameters
from schemas.report_in import ReportIn
from service.domain.errors import DomainError, InvalidInputError, invalid_field
from service.domain.submission import Submission
from service.http import idempotency
from service.http.auth import actor, holder, requires
from service.http.context import now, parts
from service.http.problems import problem_of
from service.http.request_parsing import complaint, read_json, receive
from service.http.smorest import Blueprint
from service.usecases import batches
from service.usecases.batches import LARGEST, Result

blueprint = Blueprint("batches", __name__, url_prefix="/v1", description="Many reports at once.")

MAX_BATCH: Final = 32 << 20

LINES: Final = "application/x-ndjson"

_REPORT: Final = ReportIn()
"""Made once: it takes longer to make than to read a report with."""

BODY: Final = {
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
                        "maxItems": LARGEST,
                        "items": {"$ref": "#/components/schemas/ReportIn"},
                    }
                },
            }
        },
        LINES: {"schema": {"type": "string"}},
    },
}


@blueprint.route("/reports/batch", methods=["POST"])
@requires("report")
@blueprint.arguments(BatchParameters, location="query")
@blueprint.response(207, BatchOut)
@blueprint.doc(requestBody=BODY, parameters=[idempotency.DOCUMENTED])
def post_batch(atomic: bool) -> Any:
    """Record many reports: one result for each, in order; one bad item harms no other.

    Sent as an object with reports, or as lines of JSON. With atomic=true all are recorded or none.
    """
    items = [_taken(each) for each in _items()]
    joined = parts()
    batch = batches.submit_all(
        joined.store,
        items,
        atomic=atomic,
        actor=actor(),
        now=now(),
        new_id=joined.new_id,
        holder=holder(),
        claim=idempotency.claim(),
    )
    results = [_shown(index, result) for index, result in enumerate(batch.results)]
    return {"results": results}, 207, idempotency.answered(batch.again)


def _items() -> list[Any]:
    """Return what stands for each report in the body; an error for a line that is no JSON."""
    kind, data = receive(request, ("application/json", LINES), MAX_BATCH)
    items = list(_lines(data)) if kind == LINES else _listed(read_json(data))
    if len(items) > LARGEST:
        raise invalid_field(
            "/reports", f"These are {len(items):,} reports; send at most {LARGEST:,}."
        )
    return items


def _lines(data: bytes) -> Iterator[Any]:
    for line in data.split(b"\n"):
        if line.strip():
            try:
                yield read_json(line)
            except DomainError as error:
                yield error


def _listed(body: Any) -> list[Any]:
    if not isinstance(body, dict) or set(body) != {"reports"}:
        raise invalid_field("/reports", "Send an object with reports in it, and with nothing else.")
    if not isinstance(body["reports"], list):
        raise invalid_field("/reports", "This must be a list.")
    return list(body["reports"])


def _taken(item: Any) -> Submission | DomainError:
    if isinstance(item, DomainError):
        return item
    if not isinstance(item, dict):
        return InvalidInputError("A report must be an object.")
    try:
        sent: Submission = _REPORT.load(item)
    except ValidationError as error:
        return complaint(error.messages)
    return sent


def _shown(index: int, result: Result) -> dict[str, Any]:
    if result.recorded is None:
        told = problem_of(result.error or DomainError(""))
        return {"index": index, "status": told["status"], "problem": told}
    status = 201 if result.new else 200
    recorded = result.recorded
    return {
        "index": index,
        "status": status,
        "id": recorded.report.id,
        "seq": recorded.seq,
        "warnings": recorded.warnings,
    }
