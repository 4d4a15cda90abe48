"""The health checks: liveness and readiness."""

from typing import Any

from marshmallow import fields

from schemas.fields import Schema
from service.http.context import get_services
from service.http.problems import problem_response
from service.http.smorest import Blueprint
from service.serving import runtime_dir
from service.usecases import health

blueprint = Blueprint("health", __name__, description="Health checks.")


class HealthOut(Schema):
    """The state of the process."""

    status = fields.String(required=True, metadata={"description": "`alive` or `ready`."})


@blueprint.route("/livez")
@blueprint.response(200, HealthOut, description="The process runs.")
def livez() -> dict[str, str]:
    """Check that the process runs; nothing else is checked.

    Needs no API key. A process that does not answer should be restarted.
    """
    return {"status": "alive"}


@blueprint.route("/readyz")
@blueprint.response(200, HealthOut, description="The process can answer requests.")
def readyz() -> Any:
    """Check that the record can be read and the process is not about to stop; else 503.

    Needs no API key. A load balancer should send requests only to a process that answers 200.
    """
    if runtime_dir.is_draining():
        # This is no error of the service, so no error is logged.
        response = problem_response(503, "This server is about to stop; try another one.")
        response.headers["Retry-After"] = "1"
        return response
    health.check_readable(get_services().read_store)
    return {"status": "ready"}
