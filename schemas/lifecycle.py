"""What happens to a report later: retraction, redaction, and the events of its history."""

from typing import Any, Final

from marshmallow import fields

from schemas.base import Body
from schemas.enums import EVENT_KIND
from schemas.fields import BoundedList, EnumText, Schema
from schemas.report_out import ReportOut
from schemas.text_fields import PatternText, Text
from service.domain.public_event import PublicEvent

_REPORT_SCHEMA: Final = ReportOut()


class RetractionIn(Body):
    """Why a report is withdrawn."""

    reason = Text(
        multiline=True,
        required=True,
        metadata={"description": "Why the report is withdrawn. Public; free text."},
    )


class Pointer(PatternText):
    """The position of a free text in a report, as a JSON pointer."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        pattern = r"(/[a-z_]+(/[0-9]{1,4})?){1,3}"
        super().__init__(pattern, "This must be a JSON pointer, such as /quote.", 100, **kwargs)


class RedactionIn(Body):
    """Which free texts of a report are erased, and why."""

    reason = Text(
        multiline=True,
        required=True,
        metadata={"description": "Why the texts are erased. Public; free text."},
    )
    pointers = BoundedList(
        Pointer(),
        min_length=1,
        data_key="fields",
        load_default=tuple,  # As a value, () would be documented as a default.
        metadata={
            "description": "The texts to erase, as JSON pointers into the report, such as `/quote` "
            "or `/figures/0/wording`. Default: every free text of the report."
        },
    )


class EntryOut(Schema):
    """One event of the event log."""

    seq = fields.Integer(
        required=True,
        metadata={
            "description": "The position of the event in the event log, from 1, without gaps."
        },
    )
    recorded_at = fields.String(
        required=True,
        metadata={"description": "When it was recorded: a timestamp in UTC with microseconds."},
    )
    kind = EnumText(EVENT_KIND, required=True, metadata={"description": "What happened."})
    subject = fields.String(
        required=True,
        metadata={"description": "The id of the report, place, group or reporter it is about."},
    )
    data = fields.Method(
        "get_data",
        required=True,
        metadata={
            "type": "object",
            "description": "The content of the event; its fields depend on `kind`, see EventKind. "
            "A free text that was erased later is null.",
        },
    )

    def get_data(self, event: PublicEvent) -> Any:
        """Return the content of the event; of a recorded report, the report as it was then."""
        if event.report is not None:
            return {"report": _REPORT_SCHEMA.dump(event.report)}
        return dict(event.data)


class HistoryOut(Schema):
    """The events about a report, oldest first."""

    history = fields.List(
        fields.Nested(EntryOut),
        required=True,
        metadata={"description": "The events about the report, oldest first."},
    )
