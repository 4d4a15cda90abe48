"""The feed on the wire."""

from marshmallow import fields

from schemas.base import Query
from schemas.fields import Schema
from schemas.lifecycle import EntryOut
from schemas.number_fields import Digits

LONGEST_WAIT = 60


class ChangesQuery(Query):
    """From which entry on, how many, and how long to wait for one where there is none yet."""

    since = Digits(
        least=0,
        most=10**15,
        load_default=0,
        metadata={"description": "The last entry that the reader has seen."},
    )
    limit = Digits(least=1, most=1_000, load_default=100)
    wait = Digits(
        least=0,
        most=LONGEST_WAIT,
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
