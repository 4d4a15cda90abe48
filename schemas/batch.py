"""Batches: the parameters of a batch, and one result for each report in it."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from schemas.base import Parameters
from schemas.enums import BOOLEAN_TEXT, KNOWN_REF, WARNING_CODE
from schemas.fields import EnumText, Schema
from schemas.number_fields import IntegerParameter
from schemas.problem import Problem
from schemas.report_in import KNOWN_DESCRIPTION
from schemas.report_out import WarningOut
from schemas.text_fields import Line
from service.domain.file_import import ImportProgress
from service.domain.submission import BatchOptions
from service.domain.vocabulary import MAX_COUNT


class BatchParameters(Parameters):
    """The parameters of a batch."""

    atomic = EnumText(
        BOOLEAN_TEXT,
        metadata={
            "description": "`true`: record all reports, or none if one is rejected; the valid ones "
            "then have the status 424. Default `false`: record every valid report."
        },
    )

    known = EnumText(KNOWN_REF, metadata={"description": KNOWN_DESCRIPTION})

    import_id = Line(
        max_length=100,
        data_key="import",
        metadata={
            "description": "The id of the import that the reports belong to, which can be "
            "withdrawn as a whole. Needs the key that began it, or the scope `admin`."
        },
    )
    rows = IntegerParameter(
        minimum=0,
        maximum=MAX_COUNT,
        metadata={
            "description": "How many rows of the file have been read with this batch: where an "
            "interrupted import continues. Only with `import`."
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def check_rows(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require the import for its rows."""
        if "rows" in data and "import_id" not in data:
            raise ValidationError("Give the import that the rows belong to.", "rows")

    @post_load
    def load_options(self, data: dict[str, Any], **kwargs: Any) -> BatchOptions:
        """Return the options of the batch."""
        progress = None
        if "import_id" in data:
            progress = ImportProgress(data["import_id"], data.get("rows", 0))
        return BatchOptions(
            is_atomic=data.get("atomic") == "true",
            supersede_known=data.get("known") == "supersede",
            progress=progress,
        )


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
    supersedes = fields.String(
        metadata={"description": "The id of the report that it replaces. Only if it replaces one."}
    )
    warnings = fields.List(
        fields.Nested(WarningOut),
        metadata={"description": "Warnings about the report. Only with the status 200 or 201."},
    )
    problem = fields.Nested(
        Problem, metadata={"description": "Why the report was not recorded. Only then."}
    )


class BatchSummaryOut(Schema):
    """How many reports of a batch had each result, and how many warnings they got."""

    recorded = fields.Integer(
        required=True, metadata={"description": "The reports that were recorded: the status 201."}
    )
    known = fields.Integer(
        required=True,
        metadata={"description": "The reports that were recorded before: the status 200."},
    )
    refused = fields.Integer(
        required=True,
        metadata={"description": "The reports that were not recorded: those with a `problem`."},
    )
    warnings = fields.Dict(
        keys=EnumText(WARNING_CODE),
        values=fields.Integer(),
        required=True,
        metadata={
            "description": "The number of warnings in the results, by code; codes without one are "
            "left out."
        },
    )


class BatchOut(Schema):
    """One result for each report in the order of the batch, and a summary."""

    results = fields.List(
        fields.Nested(ResultOut),
        required=True,
        metadata={"description": "One result for each report, in the order of the batch."},
    )
    summary = fields.Nested(
        BatchSummaryOut,
        required=True,
        metadata={"description": "How many reports had each result, and of each warning."},
    )
