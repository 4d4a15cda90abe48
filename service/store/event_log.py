"""The append-only list of what was recorded: the truth from which all other tables are derived.

Every entry carries the hash of itself and of the entry before it, so that nothing in the past can
be changed, taken out or put in without being seen.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any, Final

from service.domain.timestamps import format_timestamp, next_timestamp
from service.store import redactable_text
from service.store.interface import Database, Row, legible

ROOT: Final = "0" * 64
"""What stands for the hash of an entry before the first."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Something about to be recorded: what happened, to which id, and all that is known of it."""

    kind: str
    subject: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the ledger; ``request`` is the first entry that the same request made.

    ``actor`` is the id of the key that asked for it, None for the machine's own keeper.
    ``redacted`` points to the free texts in the body that were blanked and are missing from it.
    """

    seq: int
    request: int
    recorded_at: str
    kind: str
    subject: str
    actor: str | None
    body: dict[str, Any]
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is kept: its body with a hash in the place of every free text."""

    seq: int
    request: int
    recorded_at: str
    kind: str
    subject: str
    actor: str | None
    body: str
    hash: str

    def hashed_after(self, before: str) -> str:
        """Return the hash that the entry must have when it follows an entry with that hash."""
        said = [self.seq, self.request, self.recorded_at, self.kind, self.subject, self.actor]
        return sha256(f"{before}\n{written([*said, self.body])}".encode()).hexdigest()

    @legible
    def read(self) -> Any:
        """Return the body; where a free text belongs there is its hash."""
        return json.loads(self.body)

    def opened(self, kept: Mapping[str, redactable_text.Text]) -> Event:
        """Return the entry with its free texts."""
        blanked = tuple(pointer for pointer, text in kept.items() if text.text is None)
        body = redactable_text.opened(self.read(), kept)
        return Event(
            self.seq,
            self.request,
            self.recorded_at,
            self.kind,
            self.subject,
            self.actor,
            body,
            blanked,
        )


def append(
    db: Database,
    drafts: Sequence[Draft],
    actor: str | None,
    now: datetime,
    *,
    request: int | None = None,
    salt: Callable[[], str] = redactable_text.new_salt,
) -> tuple[Event, ...]:
    """Return the drafts as entries of the ledger, numbered without a gap; writes.

    A clock that went backwards does not take the ledger with it: every request is dated after the
    one before, so that what was known at the date of an entry stays what it was. ``request`` is
    the first entry of the same request; it may be the first of these, as None says that it is.
    """
    last_line = db.row("ledger_last")
    seq, before, last_dated = (0, ROOT, None) if last_line is None else last_line
    first = seq + 1 if request is None else request
    dated = format_timestamp(now)
    if last_dated is not None:
        dated = max(dated, next_timestamp(last_dated) if first > seq else last_dated)
    made = []
    for draft in drafts:
        seq += 1
        body, kept = redactable_text.sealed(draft.body, salt)
        said = (seq, first, dated, draft.kind, draft.subject, actor)
        line = Line(*said, written(body), "")
        before = line.hashed_after(before)
        put(db, replace(line, hash=before), kept)
        made.append(Event(*said, dict(draft.body)))
    return tuple(made)


def put(db: Database, line: Line, kept: Mapping[str, redactable_text.Text]) -> None:
    """Keep the entry as it is, with its free texts; writes."""
    db.change("ledger_put", **asdict(line))
    if kept:
        redactable_text.keep(db, line.seq, kept)


def lines(db: Database, after: int = 0) -> Iterator[tuple[Line, dict[str, redactable_text.Text]]]:
    """Yield every entry after the given one as it is kept, in order, with its texts."""
    rows = db.stream("ledger_after", after=after)
    while some := [Line(*row) for row in islice(rows, TOGETHER)]:
        kept = redactable_text.of_entries(db, [line.seq for line in some])
        for line in some:
            yield line, kept.get(line.seq, {})


TOGETHER: Final = 500
"""Of so many entries the texts are read at once."""


def events(db: Database, after: int = 0, limit: int = 1_000_000) -> list[Event]:
    """Return the entries after the given one, in order, at most ``limit``."""
    return _opened(db, db.rows("ledger_page", after=after, limit=limit))


def events_of(db: Database, subject: str, kinds: Sequence[str]) -> list[Event]:
    """Return the entries of the given kinds about one id, in order."""
    return _opened(db, db.rows("ledger_of", subject=subject, kinds=json.dumps(kinds)))


def event(db: Database, seq: int) -> Event:
    """Return the one entry; there must be one."""
    return _opened(db, db.rows("ledger_entry", seq=seq))[0]


@legible
def _opened(db: Database, rows: Sequence[Row]) -> list[Event]:
    found = [Line(*row) for row in rows]
    kept = redactable_text.of_entries(db, [line.seq for line in found])
    return [line.opened(kept.get(line.seq, {})) for line in found]


def last_seq(db: Database) -> int:
    """Return the number of the last entry; 0 before the first."""
    return int(db.value("ledger_last_seq"))


def last(db: Database) -> tuple[int, str]:
    """Return number and hash of the last entry; 0 and what stands for no hash before the first."""
    row = db.row("ledger_last")
    return (0, ROOT) if row is None else (int(row[0]), str(row[1]))


def hash_of(db: Database, seq: int) -> str | None:
    """Return the hash of the entry; what stands for no hash for 0, None where there is none."""
    row = db.row("ledger_hash", seq=seq)
    return (ROOT if seq == 0 else None) if row is None else str(row[0])


def last_redaction(db: Database) -> int:
    """Return the number of the last entry that blanked a text; 0 where none did."""
    return int(db.value("ledger_last_redaction"))


def moment_of(db: Database, seq: int) -> int:
    """Return the last entry made by the request that made ``seq``; ``seq`` where there is none."""
    found = db.value("ledger_moment", seq=seq)
    return seq if found is None else int(found)


def seq_at(db: Database, when: str) -> int:
    """Return the last entry made by then, 0 if none was; ``when`` is a formatted timestamp."""
    return int(db.value("ledger_seq_at", moment=when))


def recorded_at(db: Database, seq: int) -> str | None:
    """Return when the entry was made; None for one that does not exist."""
    row = db.row("ledger_recorded_at", seq=seq)
    return None if row is None else str(row[0])


def written(value: Any) -> str:
    """Return the value as the ledger writes it: the hashes are of these very characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
