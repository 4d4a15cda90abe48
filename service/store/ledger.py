"""The append-only list of what was recorded: the truth from which all other tables are derived."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.instants import instant
from service.store.sqlite import Database


@dataclass(frozen=True, slots=True)
class Draft:
    """Something about to be recorded: what happened, to which id, and all that is known of it."""

    kind: str
    subject: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the ledger; ``moment`` is the last entry that the same request made.

    ``actor`` is the id of the key that asked for it, None for the machine's own keeper.
    """

    seq: int
    moment: int
    recorded_at: str
    kind: str
    subject: str
    actor: str | None
    body: dict[str, Any]


def append(
    db: Database, drafts: Sequence[Draft], actor: str | None, now: datetime
) -> tuple[Event, ...]:
    """Return the drafts as entries of the ledger, numbered without a gap; writes.

    A clock that went backwards does not take the ledger with it: no entry is dated before the
    one that it follows.
    """
    last = last_seq(db)
    dated = max(instant(now), recorded_at(db, last) or "")
    moment = last + len(drafts)
    events = tuple(
        Event(last + place, moment, dated, draft.kind, draft.subject, actor, draft.body)
        for place, draft in enumerate(drafts, start=1)
    )
    for event in events:
        db.execute(
            "INSERT INTO events (seq, moment, recorded_at, kind, subject, actor, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                event.seq,
                event.moment,
                event.recorded_at,
                event.kind,
                event.subject,
                event.actor,
                json.dumps(event.body, ensure_ascii=False, separators=(",", ":")),
            ),
        )
    return events


def events(db: Database, after: int = 0) -> Sequence[Event]:
    """Return every entry after the given one, in order."""
    rows = db.execute(
        "SELECT seq, moment, recorded_at, kind, subject, actor, body"
        " FROM events WHERE seq > ? ORDER BY seq",
        (after,),
    )
    return [
        Event(seq, moment, dated, kind, subject, actor, json.loads(body))
        for seq, moment, dated, kind, subject, actor, body in rows
    ]


def last_seq(db: Database) -> int:
    """Return the number of the last entry; 0 before the first."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])


def moment_of(db: Database, seq: int) -> int:
    """Return the last entry made by the request that made ``seq``; ``seq`` where there is none."""
    row = db.execute("SELECT moment FROM events WHERE seq = ?", (seq,)).fetchone()
    return seq if row is None else int(row[0])


def seq_at(db: Database, when: str) -> int:
    """Return the last entry made by then; ``when`` as ``instant`` writes it. 0 if none was."""
    row = db.execute("SELECT max(seq) FROM events WHERE recorded_at <= ?", (when,)).fetchone()
    return int(row[0] or 0)


def recorded_at(db: Database, seq: int) -> str | None:
    """Return when the entry was made; None for one that does not exist."""
    row = db.execute("SELECT recorded_at FROM events WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else str(row[0])
