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


def once(
    db: Connection,
    claim: IdempotencyKey | None,
    job: Callable[[], Result],
    told: Callable[[Result], Any],
    again: Callable[[Any], Result],
) -> tuple[Result, bool]:
    """Return what the job returns, or ``again`` of what it ``told`` the first time, and which.

    The flag is True for a request that was sent before. Without a claim it is just the job. Raises
    InvalidInputError where the same key came with another body. A job that raises is not
    remembered: nothing was recorded, and the same request may be right the next time.
    """
    if claim is None:
        return job(), False
    kept = idempotency.find_response(db, claim)
    if kept is not None:
        if kept.fingerprint != claim.fingerprint:
            raise invalid_field(HEADER, "This key came with another body before; use a new one.")
        return again(kept.response), True
    result = job()
    idempotency.store_response(db, claim, told(result))
    return result, False
