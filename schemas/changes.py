"""The feed on the wire."""

from marshmallow import fields

from schemas.base import Parameters
from schemas.fields import Schema
from schemas.lifecycle import EntryOut
from schemas.number_fields import IntegerParameter

MAX_WAIT_SECONDS = 60


class ChangesParameters(Parameters):
    """From which entry on, how many, and how long to wait for one where there is none yet."""

    since = IntegerParameter(
        minimum=0,
        maximum=10**15,
        load_default=0,
        metadata={"description": "The last entry that the reader has seen."},
    )
    limit = IntegerParameter(minimum=1, maximum=1_000, load_default=100)
    wait = IntegerParameter(
        minimum=0,
        maximum=MAX_WAIT_SECONDS,
        load_default=0,
        metadata={"description": "Seconds to wait for an entry where there is none yet."},
    )


class ChangesOut(Schema):
    """Entries of the ledger in order; ask again since ``last_seq``.

    ``pending`` tells how many more there are already.
    """

    changes = fields.List(fields.Nested(EntryOut), required=True)
    last_seq = fields.Integer(required=True)
    pending = fields.Integer(required=True)
