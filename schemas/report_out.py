"""Reports on the wire as they are answered: what was sent, and what the service made of it."""

from typing import Any

from marshmallow import fields

from schemas.fields import Day, Schema


class PeriodOut(Schema):
    """First and last day, both included; from null is an open beginning."""

    first = Day(data_key="from", required=True, allow_none=True)
    last = Day(data_key="to", required=True)


class ReclassifiesOut(Schema):
    """The earlier figure, and the outcome its people had there."""

    figure = fields.String(required=True)
    source = fields.String(data_key="from", required=True)


class SourceOut(Schema):
    """Where the statement can be found."""

    url = fields.String(allow_none=True)
    publisher = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    language = fields.String(allow_none=True)


class FigureOut(Schema):
    """One figure with its own whole scope, and the range that it was sent with or read as."""

    id = fields.String(required=True)
    outcomes = fields.List(fields.String(), required=True)
    low = fields.Integer(required=True)
    high = fields.Integer(required=True, allow_none=True)
    soft = fields.List(fields.String(), required=True)
    exactly = fields.Integer(allow_none=True)
    best = fields.Integer(required=True, allow_none=True)
    wording = fields.String(required=True, allow_none=True)
    qualifier = fields.String(required=True, allow_none=True)
    lexicon = fields.String(required=True, allow_none=True)
    disclosed = fields.Boolean(required=True)
    note = fields.String(allow_none=True)
    period = fields.Nested(PeriodOut, required=True)
    places = fields.List(fields.String(), required=True)
    groups = fields.List(fields.String(), required=True)
    incident = fields.String(required=True, allow_none=True)
    reclassifies = fields.Nested(ReclassifiesOut, required=True, allow_none=True)


class WarningOut(Schema):
    """A question to whoever posted the report; it refuses nothing."""

    code = fields.String(required=True)
    text = fields.String(required=True)
    figures = fields.List(fields.String(), required=True)
    reports = fields.List(fields.String(), required=True)
    places = fields.List(fields.String(), required=True)


class RetractionOut(Schema):
    """When and why a report was withdrawn; the reason is null once it is blanked."""

    seq = fields.Integer(required=True)
    recorded_at = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)


class ReportOut(Schema):
    """A report as it is recorded, with its present state and with ids for all that it names."""

    id = fields.String(required=True)
    seq = fields.Integer(required=True)
    recorded_at = fields.String(required=True)
    state = fields.String(required=True)
    reporter = fields.String(required=True)
    ref = fields.String(required=True, allow_none=True)
    published_at = fields.String(required=True, allow_none=True)
    source = fields.Nested(SourceOut, required=True, allow_none=True)
    quote = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    period = fields.Nested(PeriodOut, required=True, allow_none=True)
    places = fields.List(fields.String(), required=True)
    groups = fields.List(fields.String(), required=True)
    figures = fields.List(fields.Nested(FigureOut), required=True)
    stance = fields.String(required=True)
    incident = fields.String(required=True, allow_none=True)
    caveats = fields.List(fields.String(), required=True)
    relays = fields.String(required=True, allow_none=True)
    origin = fields.String(required=True, allow_none=True)
    supersedes = fields.String(required=True, allow_none=True)
    superseded_by = fields.String(required=True, allow_none=True)
    retraction = fields.Nested(RetractionOut, required=True, allow_none=True)
    redacted = fields.List(fields.String(), required=True)
    warnings = fields.List(fields.Nested(WarningOut), required=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return what the ledger knows of the report, else what the report itself says."""
        return getattr(obj, attr) if hasattr(obj, attr) else getattr(obj.report, attr)


class ReportsOut(Schema):
    """A page of reports, oldest first."""

    reports = fields.List(fields.Nested(ReportOut), required=True)
    next = fields.String(required=True, allow_none=True)
