"""What becomes of a report later, on the wire; and entries of the ledger as they are shown."""

from typing import Any

from marshmallow import fields

from schemas.base import Body
from schemas.fields import BoundedList, Schema
from schemas.report_out import ReportOut
from schemas.text_fields import PatternText, Text
from service.domain.public_event import PublicEvent


class RetractionIn(Body):
    """Why a report is withdrawn."""

    reason = Text(multiline=True, required=True)


class Pointer(PatternText):
    """The place of a field in a report, as a JSON pointer."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
        pattern = r"(/[a-z_]+(/[0-9]{1,4})?){1,3}"
        super().__init__(pattern, "This must be a JSON pointer like /quote.", 100, **kwargs)


class RedactionIn(Body):
    """Which free texts are blanked, and why; without fields all of them are."""

    reason = Text(multiline=True, required=True)
    pointers = BoundedList(Pointer(), min_length=1, data_key="fields", load_default=())


class EntryOut(Schema):
    """One entry of the ledger: what happened, when, and to which id.

    ``data`` is what is known of it; of a report that was recorded, the report as it was then.
    """

    seq = fields.Integer(required=True)
    recorded_at = fields.String(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    data = fields.Method("get_data", required=True, metadata={"type": "object"})

    def get_data(self, event: PublicEvent) -> Any:
        """Return what is known of the entry."""
        if event.report is not None:
            return {"report": ReportOut().dump(event.report)}
        return dict(event.data)


class HistoryOut(Schema):
    """What happened to a report, oldest first."""

    history = fields.List(fields.Nested(EntryOut), required=True)
