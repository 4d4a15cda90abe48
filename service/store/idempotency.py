"""What came of requests that may be sent again: which entries they made, not the words."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from service.domain.timestamps import format_timestamp
from service.store.interface import Connection, translate_corrupt_rows
from service.store.tables import AnswerRow

RETENTION: Final = timedelta(hours=24)
"""For how long a request that is sent again is known again."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request that its sender may send again: who sends what, under which key of their own.

    ``request`` is its method and its address, ``fingerprint`` a hash of its body.
    """

    principal_id: str
    request: str
    key: str
    fingerprint: str
    now: datetime


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """What came of a request: the fingerprint of its body, and what it was told."""

    fingerprint: str
    response: Any


@translate_corrupt_rows
def find_response(db: Connection, idempotency_key: IdempotencyKey) -> StoredResponse | None:
    """Return what came of the request when it was first sent; None where that is not known."""
    row = db.fetch_one(
        "select_idempotent_response",
        holder=idempotency_key.principal_id,
        request=_indexable_request(idempotency_key),
        key=idempotency_key.key,
        now=format_timestamp(idempotency_key.now),
    )
    return None if row is None else StoredResponse(row[0], json.loads(row[1]))


def store_response(db: Connection, idempotency_key: IdempotencyKey, response: Any) -> None:
    """Keep what came of the request, and let go of what is too old; writes."""
    db.change("delete_expired_idempotent_responses", now=format_timestamp(idempotency_key.now))
    db.insert(
        AnswerRow(
            holder=idempotency_key.principal_id,
            request=_indexable_request(idempotency_key),
            key=idempotency_key.key,
            fingerprint=idempotency_key.fingerprint,
            told=json.dumps(response, ensure_ascii=False),
            until=format_timestamp(idempotency_key.now + RETENTION),
        )
    )


def _indexable_request(idempotency_key: IdempotencyKey) -> str:
    """Return what the request is found by: an index of PostgreSQL holds no text of any length."""
    request = idempotency_key.request
    return request if len(request) <= 500 else sha256(request.encode()).hexdigest()


def copy_responses(source: Connection, target: Connection) -> None:
    """Make what the target knows of requests what the source knows; writes."""
    target.change("delete_all_idempotent_responses")
    rows = source.fetch_all("select_all_idempotent_responses")
    target.insert_many([AnswerRow._make(row) for row in rows])
