"""Stored responses to requests with an idempotency key.

A response refers to the events of its request; it contains no text of them.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from service.domain.timestamps import format_timestamp
from service.store.interface import Connection, translate_corrupt_rows
from service.store.tables import ResponseRow

RETENTION: Final = timedelta(hours=24)
"""How long a repeated request is recognized."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The idempotency key of a principal for one request.

    ``request`` is the method and the address, ``fingerprint`` a hash of the body.
    """

    principal_id: str
    request: str
    key: str
    fingerprint: str
    now: datetime


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The results of a request's transactions, with the fingerprint of the request's body."""

    fingerprint: str
    parts: tuple[Any, ...]
    expires_at: str


@translate_corrupt_rows
def find_response(db: Connection, idempotency_key: IdempotencyKey) -> StoredResponse | None:
    """Return the response to the first request with this key; None where there is none."""
    rows = db.fetch_all(
        "select_idempotent_response",
        principal=idempotency_key.principal_id,
        request=_indexable_request(idempotency_key),
        key=idempotency_key.key,
        now=format_timestamp(idempotency_key.now),
    )
    if not rows:
        return None
    fingerprint, expires_at, _ = rows[0]
    return StoredResponse(fingerprint, tuple(json.loads(row[2]) for row in rows), expires_at)


def store_response(
    db: Connection,
    idempotency_key: IdempotencyKey,
    response: Any,
    earlier: StoredResponse | None = None,
) -> None:
    """Store the response, and delete expired ones; writes.

    ``earlier`` is the response of the same request's earlier transactions, with which this part of
    it expires.
    """
    if earlier is None:
        db.change("delete_expired_idempotent_responses", now=format_timestamp(idempotency_key.now))
    expires_at = format_timestamp(idempotency_key.now + RETENTION)
    db.insert(
        ResponseRow(
            principal=idempotency_key.principal_id,
            request=_indexable_request(idempotency_key),
            key=idempotency_key.key,
            part=0 if earlier is None else len(earlier.parts),
            fingerprint=idempotency_key.fingerprint,
            response=json.dumps(response, ensure_ascii=False),
            expires_at=expires_at if earlier is None else earlier.expires_at,
        )
    )


def _indexable_request(idempotency_key: IdempotencyKey) -> str:
    """Return the request, or a hash of a long one: PostgreSQL limits the size of index entries."""
    request = idempotency_key.request
    return request if len(request) <= 500 else sha256(request.encode()).hexdigest()


def copy_responses(source: Connection, target: Connection) -> None:
    """Replace the stored responses of the target by those of the source; writes."""
    target.change("delete_all_idempotent_responses")
    rows = source.fetch_all("select_all_idempotent_responses")
    target.insert_many([ResponseRow._make(row) for row in rows])
