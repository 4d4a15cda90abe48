"""Imports of files: as a client begins and ends them, and as they are answered."""

from typing import Any

from marshmallow import fields, post_load

from schemas.base import Body, Parameters
from schemas.enums import IMPORT_STATE
from schemas.fields import Cursor, EnumText, Schema
from schemas.number_fields import Count, IntegerParameter
from schemas.text_fields import Line, PatternText, Text
from service.domain.file_import import ImportedFile

MAX_LIMIT = 1_000

_HASH_DESCRIPTION = "SHA-256 of its bytes, in hexadecimal."


def _hash_field(description: str) -> PatternText:
    return PatternText(
        "[0-9a-f]{64}",
        "This must be a SHA-256 of 64 hexadecimal digits.",
        64,
        required=True,
        metadata={"description": description},
    )


class ImportIn(Body):
    """A file that a client is about to import."""

    file = Line(
        max_length=255,
        required=True,
        metadata={"description": "The name of the file, without its folder. Public."},
    )
    file_sha256 = _hash_field(f"The file: {_HASH_DESCRIPTION}")
    mapping = Line(
        max_length=255, required=True, metadata={"description": "The title of the mapping."}
    )
    mapping_sha256 = _hash_field(f"The mapping: {_HASH_DESCRIPTION}")

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> ImportedFile:
        """Return the file and its mapping."""
        return ImportedFile(**data)


class CompletionIn(Body):
    """What became of the rows of the file."""

    added = Count(load_default=0, metadata={"description": "Rows whose report is new."})
    revised = Count(
        load_default=0, metadata={"description": "Rows whose report superseded that of before."}
    )
    known = Count(load_default=0, metadata={"description": "Rows that were recorded already."})
    skipped = Count(load_default=0, metadata={"description": "Rows that give no report."})
    refused = Count(load_default=0, metadata={"description": "Rows that were rejected."})
    retracted = Count(
        load_default=0, metadata={"description": "Earlier reports that were retracted."}
    )


class WithdrawalIn(Body):
    """Why an import is withdrawn."""

    reason = Text(
        multiline=True,
        required=True,
        metadata={"description": "Why the import is withdrawn. Public; free text."},
    )


class ImportCountsOut(Schema):
    """What became of the rows of a file."""

    added = fields.Integer(required=True, metadata={"description": "Rows whose report is new."})
    revised = fields.Integer(
        required=True, metadata={"description": "Rows whose report superseded that of before."}
    )
    known = fields.Integer(
        required=True, metadata={"description": "Rows that were recorded already."}
    )
    skipped = fields.Integer(required=True, metadata={"description": "Rows that gave no report."})
    refused = fields.Integer(required=True, metadata={"description": "Rows that were rejected."})
    retracted = fields.Integer(
        required=True, metadata={"description": "Earlier reports that were retracted."}
    )


class ImportOut(Schema):
    """An import of a file."""

    id = fields.String(required=True, metadata={"description": "The id of the import."})
    seq = fields.Integer(
        required=True, metadata={"description": "Where it began in the event log."}
    )
    started_at = fields.String(
        required=True,
        attribute="recorded_at",
        metadata={"description": "When it began: a timestamp in UTC."},
    )
    finished_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When it came to its end; null if it did not yet."},
    )
    withdrawn_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When it was withdrawn; null if it was not."},
    )
    state = EnumText(
        IMPORT_STATE,
        required=True,
        metadata={"description": "Whether it goes on, or how it ended."},
    )
    file = fields.String(
        required=True, attribute="imported.file", metadata={"description": "The name of the file."}
    )
    file_sha256 = fields.String(
        required=True,
        attribute="imported.file_sha256",
        metadata={"description": f"The file: {_HASH_DESCRIPTION}"},
    )
    mapping = fields.String(
        required=True,
        attribute="imported.mapping",
        metadata={"description": "The title of the mapping."},
    )
    mapping_sha256 = fields.String(
        required=True,
        attribute="imported.mapping_sha256",
        metadata={"description": f"The mapping: {_HASH_DESCRIPTION}"},
    )
    rows = fields.Integer(
        required=True,
        attribute="row_count",
        metadata={
            "description": "How many rows of the file have been read for certain: an interrupted "
            "import continues there."
        },
    )
    reports = fields.Integer(
        required=True,
        attribute="report_count",
        metadata={"description": "How many reports it recorded."},
    )
    live_reports = fields.Integer(
        required=True,
        attribute="live_count",
        metadata={"description": "How many of these reports count now, or relay others."},
    )
    counts = fields.Nested(
        ImportCountsOut,
        required=True,
        allow_none=True,
        metadata={"description": "What became of the rows; null until it is finished."},
    )


class WithdrawnImportOut(ImportOut):
    """A withdrawn import."""

    retracted_now = fields.Integer(
        required=True,
        metadata={
            "description": "How many reports this request retracted, at most 1,000. If "
            "`live_reports` is not 0, send the request again."
        },
    )


class ImportsOut(Schema):
    """A page of imports, the newest first."""

    imports = fields.List(
        fields.Nested(ImportOut), required=True, metadata={"description": "The imports."}
    )
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "A link to the next page, relative to the address of the request; null "
            "on the last page."
        },
    )


class ImportListParameters(Parameters):
    """Which page of the imports."""

    after = Cursor(
        "imports",
        "[0-9]{1,18}",
        metadata={"description": "The position after which the page begins: from `next`."},
    )
    limit = IntegerParameter(
        minimum=1,
        maximum=MAX_LIMIT,
        load_default=100,
        metadata={"description": f"How many imports a page has, at most {MAX_LIMIT:,}."},
    )
