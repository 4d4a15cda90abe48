"""What came of requests that may be sent again: which entries they made, not the words."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from service.domain.timestamps import format_timestamp
from service.store.interface import Database, legible

KEPT: Final = timedelta(hours=24)
"""For how long a request that is sent again is known again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that its sender may send again: who sends what, under which key of their own.

    ``request`` is its method and its address, ``fingerprint`` a hash of its body.
    """

    holder: str
    request: str
    key: str
    fingerprint: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a request: the fingerprint of its body, and what it was told."""

    fingerprint: str
    told: Any


@legible
def find(db: Database, claim: Claim) -> Kept | None:
    """Return what came of the request when it was first sent; None where that is not known."""
    row = db.row(
        "answer_find",
        holder=claim.holder,
        request=_known_by(claim),
        key=claim.key,
        now=format_timestamp(claim.now),
    )
    return None if row is None else Kept(row[0], json.loads(row[1]))


def keep(db: Database, claim: Claim, told: Any) -> None:
    """Keep what came of the request, and let go of what is too old; writes."""
    db.change("answers_forget", now=format_timestamp(claim.now))
    db.change(
        "answer_put",
        holder=claim.holder,
        request=_known_by(claim),
        key=claim.key,
        fingerprint=claim.fingerprint,
        told=json.dumps(told, ensure_ascii=False),
        until=format_timestamp(claim.now + KEPT),
    )


def _known_by(claim: Claim) -> str:
    """Return what the request is found by: an index of PostgreSQL holds no text of any length."""
    asked = claim.request
    return asked if len(asked) <= 500 else sha256(asked.encode()).hexdigest()


def copy(source: Database, target: Database) -> None:
    """Make what the target knows of requests what the source knows; writes."""
    target.change("answers_clear")
    names = ("holder", "request", "key", "fingerprint", "told", "until")
    many = [dict(zip(names, row, strict=True)) for row in source.rows("answers_all")]
    target.change_all("answer_put", many)
