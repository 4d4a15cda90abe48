"""Requests sent again because their answer was lost: done once, answered as the first time.

What is kept is which entries were made, in the same transaction as these: the answer is read from
the record as of then, so that no text is kept in a second place.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from service.domain.errors import invalid_field
from service.store import idempotency
from service.store.idempotency import IdempotencyKey
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
    """Return what the job returns, or ``again`` of what it ``told`` the first time, and which.

    The flag is True for a request that was sent before. Without a claim it is just the job. Raises
    InvalidInputError where the same key came with another body. A job that raises is not
    remembered: nothing was recorded, and the same request may be right the next time.
    """
    if idempotency_key is None:
        return job(), False
    stored = idempotency.find_response(db, idempotency_key)
    if stored is not None:
        if stored.fingerprint != idempotency_key.fingerprint:
            raise invalid_field(HEADER, "This key came with another body before; use a new one.")
        return load_result(stored.response), True
    result = job()
    idempotency.store_response(db, idempotency_key, dump_result(result))
    return result, False
