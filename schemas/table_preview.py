"""Previews of tables: a small file with its mapping, and what its import would record."""

from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import PurePath
from typing import Any, Final

from marshmallow import ValidationError, fields, post_load, validates_schema

from schemas.base import Body
from schemas.enums import OUTCOME, ROW_END
from schemas.fields import EnumText, Schema
from schemas.imports import ImportCountsOut
from schemas.report_out import PeriodOut, WarningOut
from schemas.text_fields import Line

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".xlsx")

MAX_MAPPING_LENGTH: Final = 20_000
"""How many characters a mapping may have as JSON."""


class TableIn(Body):
    """A small file, as text or as bytes, and the mapping by which it is read."""

    file = Line(
        max_length=255,
        load_default="table.csv",
        metadata={
            "description": "The name of the file. Its ending says the format: "
            + ", ".join(f"`{each}`" for each in SUFFIXES)
            + "."
        },
    )
    content = fields.String(metadata={"description": "What is in it, if it is text."})
    content_base64 = fields.String(
        metadata={"description": "Its bytes in Base64, such as those of a workbook."}
    )
    map = Line(metadata={"description": "The name of a mapping that comes with the service."})
    mapping = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "A mapping: the tables of its TOML as objects. Without `map` and "
            "`mapping`, the answer has the content of the file alone."
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def check(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require one content, at most one mapping, and a format that is known."""
        if ("content" in data) == ("content_base64" in data):
            raise ValidationError("Give content or content_base64, one of them.", "content")
        if "map" in data and "mapping" in data:
            raise ValidationError("Give map or mapping, not both.", "mapping")
        if PurePath(data["file"]).suffix.lower() not in SUFFIXES:
            raise ValidationError(f"Its ending must be one of {', '.join(SUFFIXES)}.", "file")

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the fields, with the content as bytes."""
        try:
            if "content" in data:
                return {**data, "content": data["content"].encode()}
            return {**data, "content": b64decode(data["content_base64"], validate=True)}
        except UnicodeEncodeError:
            raise ValidationError("This contains half of a character.", "content") from None
        except (Base64Error, ValueError):
            raise ValidationError("This is not Base64.", "content_base64") from None


class PreviewedRowOut(Schema):
    """What would become of one row."""

    line = fields.Integer(
        required=True, metadata={"description": "The line of the file where the row begins."}
    )
    cells = fields.List(
        fields.String(), required=True, metadata={"description": "Its cells, one for each column."}
    )
    end = EnumText(ROW_END, metadata={"description": "What would become of it, by a mapping."})
    report = fields.Dict(metadata={"description": "Its report, as the body of `POST /v1/reports`."})
    column = fields.String(metadata={"description": "The column at fault, if the row is refused."})
    reason = fields.String(
        metadata={
            "description": "Why the row is refused or skipped, or why its known report does not "
            "count."
        }
    )
    replaced = fields.String(
        metadata={"description": "The report that it supersedes, in words, if its end is revised."}
    )
    warnings = fields.List(
        fields.Nested(WarningOut),
        metadata={"description": "The warnings that its report would get."},
    )


class QuestionOut(Schema):
    """Something that looks like a mistake of the mapping."""

    code = fields.String(required=True, metadata={"description": "What it is about."})
    text = fields.String(required=True, metadata={"description": "What looks like a mistake."})
    fix = fields.String(required=True, metadata={"description": "What to write if it is one."})


class CorrectionOut(Schema):
    """A report of the table that has to be retracted after the batch."""

    ref = fields.String(required=True, metadata={"description": "The `ref` of the report."})
    reason = fields.String(required=True, metadata={"description": "Why it does not count."})


class SubjectTotalOut(Schema):
    """A total at one time."""

    low = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The least number; null if nothing is reported."},
    )
    high = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The greatest number; null if there is no limit."},
    )
    text = fields.String(required=True, metadata={"description": "The total in words."})


class ChangedTotalOut(Schema):
    """The total of an outermost place of the table, before and after."""

    place = fields.String(
        required=True, attribute="after.place_id", metadata={"description": "The id of the place."}
    )
    name = fields.String(
        required=True, attribute="after.place", metadata={"description": "Its name."}
    )
    outcomes = fields.List(
        EnumText(OUTCOME),
        required=True,
        attribute="after.outcomes",
        metadata={"description": "The outcomes that are counted together."},
    )
    before = fields.Nested(
        SubjectTotalOut, required=True, metadata={"description": "The total as it is now."}
    )
    after = fields.Nested(
        SubjectTotalOut, required=True, metadata={"description": "The total with the table."}
    )


class TablePreviewOut(Schema):
    """The content of a file, and what its import by the mapping would record."""

    columns = fields.List(
        fields.String(), required=True, metadata={"description": "The columns in their order."}
    )
    maps = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "The mappings that come with the service and name no other columns."
        },
    )
    rows = fields.List(
        fields.Nested(PreviewedRowOut),
        required=True,
        metadata={
            "description": "Its rows. Those with a report come first, in the order in which the "
            "reports must be sent."
        },
    )
    file_sha256 = fields.String(
        required=True, metadata={"description": "SHA-256 of the content, in hexadecimal."}
    )
    mapping = fields.String(metadata={"description": "The title of the mapping."})
    mapping_sha256 = fields.String(
        metadata={"description": "SHA-256 of the mapping, in hexadecimal."}
    )
    unused_columns = fields.List(
        fields.String(), metadata={"description": "The columns that the mapping does not name."}
    )
    counts = fields.Nested(
        ImportCountsOut,
        attribute="counts.ends",
        metadata={"description": "How many rows would have each end."},
    )
    questions = fields.List(
        fields.Nested(QuestionOut),
        metadata={"description": "What looks like a mistake of the mapping."},
    )
    retractions = fields.List(
        fields.Nested(CorrectionOut),
        attribute="corrections",
        metadata={
            "description": "Running totals that the publisher has corrected and no other row "
            "supersedes: retract these reports after the batch."
        },
    )
    period = fields.Nested(
        PeriodOut,
        allow_none=True,
        metadata={
            "description": "From the first to the last day of the reports; null without a report."
        },
    )
    totals = fields.List(
        fields.Nested(ChangedTotalOut),
        allow_none=True,
        metadata={
            "description": "The totals of the outermost places of the table in that period, at "
            "most five places; null if they take too long."
        },
    )
