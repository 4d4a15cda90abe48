"""Whether the process is alive, and whether it can answer."""

from marshmallow import fields

from schemas.fields import Schema
from service.api.parts import parts
from service.api.smorest import Blueprint
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
def readyz() -> dict[str, str]:
    """Tell that the record can be read; else 503."""
    health.check(parts().store)
    return {"status": "ready"}
