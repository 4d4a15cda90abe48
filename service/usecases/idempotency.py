"""Idempotency: a request that is sent again is not run again and gets the first response.

The result is stored in the same transaction as the events. It refers to them, and the replayed
response is read from the record as of then, so that free text is stored in one place only.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from service.domain.errors import invalid_field
from service.store import idempotency
from service.store.idempotency import IdempotencyKey, StoredResponse
from service.store.interface import Connection

Result = TypeVar("Result")

HEADER = "Idempotency-Key"


def run_once(
    db: Connection,
    idempotency_key: IdempotencyKey | None,
    job: Callable[[], Result],
    dump_result: Callable[[Result], Any],
    load_result: Callable[[Any], Result],
) -> tuple[Result, bool]:
    """Return the result of the job and whether it is a replay of an earlier request.

    ``dump_result`` turns a result into what is stored, and ``load_result`` turns it back. Without
    an idempotency key the job is run and nothing is stored. Raises InvalidInputError if the key was
    used with another body. The error of a job is not stored: it recorded nothing, and the same
    request may succeed later.
    """
    if idempotency_key is None:
        return job(), False
    stored = find_stored(db, idempotency_key)
    if stored is not None:
        return load_result(stored.parts[0]), True
    result = job()
    idempotency.store_response(db, idempotency_key, dump_result(result))
    return result, False


def find_stored(db: Connection, idempotency_key: IdempotencyKey) -> StoredResponse | None:
    """Return the response to the first request with this key; None where there is none.

    Raises InvalidInputError if the key was used with another body.
    """
    stored = idempotency.find_response(db, idempotency_key)
    if stored is not None and stored.fingerprint != idempotency_key.fingerprint:
        raise invalid_field(HEADER, "This key was used with another body; use a new one.")
    return stored
