"""The change feed: its parameters and its pages."""

from marshmallow import fields

from schemas.base import Parameters
from schemas.fields import Schema
from schemas.lifecycle import EntryOut
from schemas.number_fields import IntegerParameter

MAX_WAIT_SECONDS = 60


class ChangesParameters(Parameters):
    """Where a page of the feed begins, how long it is, and how long to wait for an event."""

    since = IntegerParameter(
        minimum=0,
        maximum=10**15,
        load_default=0,
        metadata={
            "description": "List the events after this `seq`: the last one that you have. "
            "Default 0: from the beginning. A value beyond the end of the event log is a 422."
        },
    )
    limit = IntegerParameter(
        minimum=1,
        maximum=1_000,
        load_default=100,
        metadata={
            "description": "The largest number of events in the answer, 1 to 1,000. Default: 100. "
            "The answer has fewer if they are very large."
        },
    )
    wait = IntegerParameter(
        minimum=0,
        maximum=MAX_WAIT_SECONDS,
        load_default=0,
        metadata={
            "description": "If there is no event yet, wait up to this many seconds for one. "
            "Default 0: answer at once."
        },
    )


class LogEventOut(Schema):
    """An event as the log stores it, with what its hash is computed from."""

    seq = fields.Integer(required=True, metadata={"description": "The position in the log."})
    request = fields.Integer(
        required=True,
        metadata={"description": "The `seq` of the first event of the same request."},
    )
    recorded_at = fields.String(required=True, metadata={"description": "When it was recorded."})
    kind = fields.String(required=True, metadata={"description": "What happened."})
    subject = fields.String(required=True, metadata={"description": "The id that it is about."})
    actor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the key that caused it; null for an operator."},
    )
    body = fields.String(
        required=True,
        metadata={"description": "The content as canonical JSON, with hashes in place of texts."},
    )
    hash = fields.String(
        required=True,
        metadata={"description": "The SHA-256 of the event and of the hash before it."},
    )
    texts = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String(allow_none=True)),
        required=True,
        metadata={
            "description": "By JSON pointer, the salt and the text of each free text; both null if "
            "it was erased."
        },
    )


class LogOut(Schema):
    """A page of the event log; the next page begins after `last_seq`."""

    events = fields.List(
        fields.Nested(LogEventOut),
        required=True,
        metadata={"description": "The events after `since`, in order, without gaps."},
    )
    last_seq = fields.Integer(
        required=True,
        metadata={"description": "The `seq` of the last event in `events`; `since` without one."},
    )
    pending = fields.Integer(
        required=True,
        metadata={"description": "How many events the event log already holds after `last_seq`."},
    )


class ChangesOut(Schema):
    """A page of the change feed; the next page begins after `last_seq`."""

    changes = fields.List(
        fields.Nested(EntryOut),
        required=True,
        metadata={"description": "The events after `since`, in order, without gaps."},
    )
    last_seq = fields.Integer(
        required=True,
        metadata={
            "description": "The `seq` of the last event in `changes`; `since` if there is none. "
            "Send it as `since` of the next request."
        },
    )
    pending = fields.Integer(
        required=True,
        metadata={"description": "How many events the event log already holds after `last_seq`."},
    )
