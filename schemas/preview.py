"""Previews on the wire: what a report would do, told before it is sent."""

from marshmallow import fields

from schemas.entities import GroupOut, PlaceOut, ReporterOut
from schemas.fields import Schema
from schemas.report_out import ReportOut, WarningOut
from schemas.totals import TotalsOut


class PreviewedReportOut(ReportOut):
    """A report as it would be recorded; its id and those of its figures stand for ids to come."""

    class Meta:
        """It has no place in the ledger yet."""

        exclude = ("seq", "recorded_at")


class NewOut(Schema):
    """What would be recorded along with the report, because it is new."""

    places = fields.List(fields.Nested(PlaceOut), required=True)
    groups = fields.List(fields.Nested(GroupOut), required=True)
    reporters = fields.List(fields.Nested(ReporterOut), required=True)


class PreviewOut(Schema):
    """What would come of a report if it were sent now."""

    known = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether it is recorded already, under its ref and with this content:"
            " then sending it changes nothing, and it is shown under its own ids."
        },
    )
    report = fields.Nested(PreviewedReportOut, required=True)
    warnings = fields.List(fields.Nested(WarningOut), required=True)
    new = fields.Nested(NewOut, required=True)
    before = fields.Nested(
        TotalsOut,
        metadata={
            "description": "The totals of all that the report speaks of, as they are now: of the"
            " places and groups of all its figures, from the first to the last of their days."
        },
    )
    after = fields.Nested(
        TotalsOut,
        metadata={
            "description": "The same totals, in the same order, as they would be with the report."
        },
    )
