"""Previews: what recording a report would change."""

from marshmallow import fields

from schemas.entities import GroupOut, PlaceOut, ReporterOut
from schemas.fields import Schema
from schemas.report_out import ReportOut, WarningOut
from schemas.totals import TotalsOut


class PreviewedReportOut(ReportOut):
    """A report as it would be recorded.

    Its id is `preview` and those of its figures are `preview-1`, `preview-2`, …; a known report has
    its own ids.
    """

    class Meta:
        """A previewed report has no position in the event log."""

        exclude = ("seq", "recorded_at")


class NewOut(Schema):
    """The entities that the report would create."""

    places = fields.List(
        fields.Nested(PlaceOut),
        required=True,
        metadata={"description": "The places that would be created."},
    )
    groups = fields.List(
        fields.Nested(GroupOut),
        required=True,
        metadata={"description": "The groups that would be created."},
    )
    reporters = fields.List(
        fields.Nested(ReporterOut),
        required=True,
        metadata={"description": "The reporters that would be created."},
    )


class PreviewOut(Schema):
    """What recording the report now would change."""

    known = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the report is recorded already, with the same `ref` and "
            "content. Then sending it changes nothing, and `report` has its own ids."
        },
    )
    report = fields.Nested(
        PreviewedReportOut,
        required=True,
        metadata={"description": "The report as it would be recorded."},
    )
    warnings = fields.List(
        fields.Nested(WarningOut),
        required=True,
        metadata={"description": "The warnings that the report would get."},
    )
    new = fields.Nested(
        NewOut, required=True, metadata={"description": "The entities that it would create."}
    )
    before = fields.Nested(
        TotalsOut,
        required=True,
        metadata={
            "description": "The totals as they are now, of the places and groups of all figures of "
            "the report, from the first to the last of their days."
        },
    )
    after = fields.Nested(
        TotalsOut,
        required=True,
        metadata={
            "description": "The same totals, in the same order, as they would be with the report."
        },
    )
