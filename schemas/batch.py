"""Batches: the parameters of a batch, and one result for each report in it."""

from typing import Any

from marshmallow import fields, post_load

from schemas.base import Parameters
from schemas.enums import BOOLEAN_TEXT
from schemas.fields import EnumText, Schema
from schemas.problem import Problem
from schemas.report_out import WarningOut


class BatchParameters(Parameters):
    """The parameters of a batch; loads as whether the batch is atomic."""

    atomic = EnumText(
        BOOLEAN_TEXT,
        metadata={
            "description": "`true`: record all reports, or none if one is rejected; the valid ones "
            "then have the status 424. Default `false`: record every valid report."
        },
    )

    @post_load
    def load_atomic(self, data: dict[str, Any], **kwargs: Any) -> bool:
        """Return whether all reports are recorded or none."""
        return data.get("atomic") == "true"


class ResultOut(Schema):
    """The result of one report of a batch: the recorded report's id, or a problem."""

    index = fields.Integer(
        required=True,
        metadata={
            "description": "The position of the report in the batch, from 0; blank lines do not "
            "count."
        },
    )
    status = fields.Integer(
        required=True,
        metadata={
            "description": "201: recorded. 200: already recorded, with the same `ref` and content. "
            "424: not recorded because another report of an atomic batch was rejected. Else the "
            "status of `problem`."
        },
    )
    id = fields.String(
        metadata={"description": "The id of the report. Only with the status 200 or 201."}
    )
    seq = fields.Integer(
        metadata={
            "description": "The position of the report in the event log. Only with the status 200 "
            "or 201."
        }
    )
    warnings = fields.List(
        fields.Nested(WarningOut),
        metadata={"description": "Warnings about the report. Only with the status 200 or 201."},
    )
    problem = fields.Nested(
        Problem, metadata={"description": "Why the report was not recorded. Only then."}
    )


class BatchOut(Schema):
    """One result for each report, in the order of the batch."""

    results = fields.List(
        fields.Nested(ResultOut),
        required=True,
        metadata={"description": "One result for each report, in the order of the batch."},
    )
