"""Reports as they are answered: what was sent, and what the service derived from it."""

from typing import Any

from marshmallow import fields, missing, post_dump

from schemas.enums import OUTCOME, RANGE_END, REPORT_STATE, STANCE, WARNING_CODE
from schemas.fields import Day, EnumText, Schema
from service.domain.report import RecordedReport


class PeriodOut(Schema):
    """A period of whole days."""

    first = Day(
        data_key="from",
        required=True,
        allow_none=True,
        metadata={"description": "First day, included; null if it is not stated."},
    )
    last = Day(data_key="to", required=True, metadata={"description": "Last day, included."})


class ReclassifiesOut(Schema):
    """The earlier figure whose people a figure gives another outcome."""

    figure = fields.String(required=True, metadata={"description": "The id of the earlier figure."})
    source = EnumText(
        OUTCOME, data_key="from", required=True, metadata={"description": "Their outcome there."}
    )


class SourceOut(Schema):
    """Where the statement was published; a field that was not sent or was redacted is null."""

    url = fields.String(required=True, allow_none=True, metadata={"description": "The address."})
    publisher = fields.String(
        required=True, allow_none=True, metadata={"description": "The publisher."}
    )
    title = fields.String(required=True, allow_none=True, metadata={"description": "The title."})
    language = fields.String(
        required=True, allow_none=True, metadata={"description": "The language tag."}
    )


class FigureOut(Schema):
    """One figure with its complete scope, and the range that was sent or read from the words."""

    id = fields.String(
        required=True,
        metadata={"description": "The id: that of the report, `-`, and the number from 1."},
    )
    outcomes = fields.List(
        EnumText(OUTCOME),
        required=True,
        metadata={"description": "One joint set: the figure counts people with any of them."},
    )
    low = fields.Integer(required=True, metadata={"description": "The fewest people."})
    high = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The most people; null if there is no upper bound."},
    )
    soft = fields.List(
        EnumText(RANGE_END),
        required=True,
        metadata={
            "description": "The ends that rest on a convention, as in “about” or “dozens”; empty "
            "if none does."
        },
    )
    exactly = fields.Integer(
        allow_none=True,
        metadata={"description": "The exact number if it was sent as one; else null."},
    )
    best = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The reporter's own best estimate; null if there is none."},
    )
    wording = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The reporter's words; null if not sent, or redacted."},
    )
    qualifier = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The rule of the lexicon by which the words were read, such as "
            "`at_least`; null if numbers were sent."
        },
    )
    lexicon = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The version of the lexicon that read the words; null if numbers were "
            "sent."
        },
    )
    disclosed = fields.Boolean(
        required=True,
        metadata={
            "description": "`false` if the words acknowledge losses and withhold their number."
        },
    )
    note = fields.String(
        allow_none=True,
        metadata={"description": "The note on the figure; null if not sent, or redacted."},
    )
    period = fields.Nested(
        PeriodOut, required=True, metadata={"description": "The days that the figure covers."}
    )
    places = fields.List(
        fields.String(), required=True, metadata={"description": "The ids of its places."}
    )
    groups = fields.List(
        fields.String(), required=True, metadata={"description": "The ids of its groups."}
    )
    incident = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`scheme:id`, or `own`; null if there is no incident."},
    )
    own_event = fields.String(
        metadata={
            "description": "The id of the report if an incident of `own` is the report's, so that "
            "all its figures are of one event. Left out if it is the figure's own, or another one."
        }
    )
    reclassifies = fields.Nested(
        ReclassifiesOut,
        required=True,
        allow_none=True,
        metadata={
            "description": "The earlier figure whose people it gives another outcome; null if "
            "none. Where the report of the earlier figure was superseded, it is the figure to "
            "which the link has moved, and the scope is within that figure's."
        },
    )

    @post_dump
    def drop_other_event(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the figure without an event that is not the report's."""
        if data["own_event"] is None:
            del data["own_event"]
        return data


class WarningOut(Schema):
    """A question about a recorded report. It rejects and changes nothing."""

    code = EnumText(WARNING_CODE, required=True, metadata={"description": "What it is about."})
    text = fields.String(
        required=True, metadata={"description": "The question as a sentence in English."}
    )
    figures = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The ids of the figures of this report that it is about."},
    )
    reports = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The ids of the reports that it is about."},
    )
    places = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The ids of the places that it is about."},
    )
    groups = fields.List(
        fields.String(),
        metadata={"description": "The ids of the groups that it is about; left out if none."},
    )
    reporters = fields.List(
        fields.String(),
        metadata={"description": "The ids of the reporters that it is about; left out if none."},
    )

    @post_dump
    def drop_empty(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the warning without its optional lists that are empty."""
        return {
            name: value
            for name, value in data.items()
            if value or name not in ("groups", "reporters")
        }


class RetractionOut(Schema):
    """When and why a report was withdrawn."""

    seq = fields.Integer(
        required=True,
        metadata={"description": "The position of the retraction in the event log."},
    )
    recorded_at = fields.String(
        required=True, metadata={"description": "When it was recorded: a timestamp in UTC."}
    )
    reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why it was withdrawn; null if the text was redacted."},
    )


class ReportOut(Schema):
    """A recorded report in its present state, or in its state as of an earlier time."""

    id = fields.String(required=True, metadata={"description": "The id, assigned by the service."})
    seq = fields.Integer(
        required=True, metadata={"description": "The position of the report in the event log."}
    )
    recorded_at = fields.String(
        required=True,
        metadata={"description": "When it was recorded: a timestamp in UTC with microseconds."},
    )
    state = EnumText(
        REPORT_STATE, required=True, metadata={"description": "Whether its figures are counted."}
    )
    reporter = fields.String(required=True, metadata={"description": "The id of the reporter."})
    ref = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The reporter's own id of the report; null if not sent."},
    )
    published_at = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "When the statement was published, as it was sent; null if not sent."
        },
    )
    source = fields.Nested(
        SourceOut,
        required=True,
        allow_none=True,
        metadata={"description": "Where it was published; null if not sent."},
    )
    quote = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The statement, word for word; null if not sent, or redacted."},
    )
    note = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The note on the report; null if not sent, or redacted."},
    )
    period = fields.Nested(
        PeriodOut,
        required=True,
        allow_none=True,
        metadata={
            "description": "The period that was sent for the whole report; null if none was sent."
        },
    )
    places = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The ids of the places that were sent for the whole report."},
    )
    groups = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The ids of the groups that were sent for the whole report."},
    )
    figures = fields.List(
        fields.Nested(FigureOut),
        required=True,
        metadata={"description": "The figures; empty for a stance without figures."},
    )
    stance = EnumText(STANCE, required=True, metadata={"description": "What the report does."})
    incident = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The incident that was sent for the whole report; null if there is none."
        },
    )
    caveats = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What the report itself states against its figures."},
    )
    relays = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the report that it repeats; null if none."},
    )
    origin = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The id of the first report of the chain of relays; null if the report "
            "is no relay."
        },
    )
    supersedes = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the report that it replaces; null if none."},
    )
    superseded_by = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the report that replaces it; null if none."},
    )
    retraction = fields.Nested(
        RetractionOut,
        required=True,
        allow_none=True,
        metadata={"description": "When and why it was withdrawn; null if it was not."},
    )
    redacted = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "JSON pointers to the free texts that were sent and have been erased."
        },
    )
    warnings = fields.List(
        fields.Nested(WarningOut),
        required=True,
        metadata={"description": "The warnings that the report got when it was recorded."},
    )

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return what the record knows of the report, else the report's own field."""
        return getattr(obj, attr) if hasattr(obj, attr) else getattr(obj.report, attr)


class RetractedReportOut(ReportOut):
    """A report that was just retracted."""

    notice = fields.Method(
        "get_notice",
        metadata={
            "type": "string",
            "description": "Only if the report had replaced another one: a sentence in English "
            "that the other one is not counted again.",
        },
    )

    def get_notice(self, recorded: RecordedReport) -> Any:
        """Return the sentence about the report that stays superseded; missing if there is none."""
        superseded = recorded.report.supersedes
        if superseded is None:
            return missing
        return (
            f"The report {superseded}, which this one replaced, stays superseded and is not counted"
            " again. To count it, post it with another ref."
        )


class ReportsOut(Schema):
    """A page of reports, oldest first unless `order=newest` is sent."""

    reports = fields.List(
        fields.Nested(ReportOut),
        required=True,
        metadata={"description": "The reports of this page, in the order of `seq`."},
    )
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "A link to the next page, relative to the address of the request; null "
            "on the last page."
        },
    )
