"""What came of requests that may be sent again: which entries they made, not the words."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from service.domain.instants import instant
from service.store.sqlite import Database, legible

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
    row = db.execute(
        "SELECT fingerprint, told FROM answers"
        " WHERE holder = ? AND request = ? AND key = ? AND until > ?",
        (claim.holder, claim.request, claim.key, instant(claim.now)),
    ).fetchone()
    return None if row is None else Kept(row[0], json.loads(row[1]))


def keep(db: Database, claim: Claim, told: Any) -> None:
    """Keep what came of the request, and let go of what is too old; writes."""
    db.execute("DELETE FROM answers WHERE until <= ?", (instant(claim.now),))
    db.execute(
        "INSERT INTO answers (holder, request, key, fingerprint, told, until)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            claim.holder,
            claim.request,
            claim.key,
            claim.fingerprint,
            json.dumps(told, ensure_ascii=False),
            instant(claim.now + KEPT),
        ),
    )
