"""Many reports in one request, on the wire."""

from typing import Any

from marshmallow import fields, post_load

from schemas.base import Parameters
from schemas.fields import OneOf, Schema
from schemas.problem import Problem
from schemas.report_out import WarningOut


class BatchParameters(Parameters):
    """Whether all are to be recorded or none; it loads as that alone."""

    atomic = OneOf(("true", "false"))

    @post_load
    def load_atomic(self, data: dict[str, Any], **kwargs: Any) -> bool:
        """Return whether all are to be recorded or none."""
        return data.get("atomic") == "true"


class ResultOut(Schema):
    """What came of one item: the report's id, or the problem because of which there is none."""

    index = fields.Integer(required=True)
    status = fields.Integer(required=True)
    id = fields.String()
    seq = fields.Integer()
    warnings = fields.List(fields.Nested(WarningOut))
    problem = fields.Nested(Problem)


class BatchOut(Schema):
    """One result for every item, in the order in which they were sent."""

    results = fields.List(fields.Nested(ResultOut), required=True)
