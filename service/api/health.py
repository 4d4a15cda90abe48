"""Whether the process is alive, and whether it can answer."""

from typing import Any

from marshmallow import fields

from schemas.fields import Schema
from service.http.context import get_services
from service.http.problems import problem_response
from service.http.smorest import Blueprint
from service.serving import runtime_dir
from service.usecases import health

blueprint = Blueprint("health", __name__, description="For whoever runs the service.")


class HealthOut(Schema):
    """How it is."""

    status = fields.String(required=True)


@blueprint.route("/livez")
@blueprint.response(200, HealthOut)
def livez() -> dict[str, str]:
    """Tell that the process runs; looks at nothing else."""
    return {"status": "alive"}


@blueprint.route("/readyz")
@blueprint.response(200, HealthOut)
def readyz() -> Any:
    """Tell that the record can be read and that no end is near; else 503."""
    if runtime_dir.is_draining():
        # Not an error of the service's, hence no line in the log as for one.
        response = problem_response(503, "This server is about to stop; another one may be ready.")
        response.headers["Retry-After"] = "1"
        return response
    health.check_readable(get_services().read_store)
    return {"status": "ready"}
