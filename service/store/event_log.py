"""The event log: the append-only list of events from which all other tables are derived.

A hash chain: each event has a hash over itself and the hash of the event before it, so that a
change, removal or insertion in the past is detected.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from service.domain.timestamps import format_timestamp, next_timestamp
from service.store import redactable_text
from service.store.interface import Connection, Row, translate_corrupt_rows
from service.store.tables import EventRow

INITIAL_HASH: Final = "0" * 64
"""The hash that the first event follows."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be recorded: its kind, the id that it is about, and its body."""

    kind: str
    subject: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log; ``request`` is the seq of the first event of the same request.

    ``actor`` is the id of the API key, None for an operator on the machine. ``redacted`` are the
    JSON pointers of free texts that were blanked and are missing from the body.
    """

    seq: int
    request: int
    recorded_at: str
    kind: str
    subject: str
    actor: str | None
    body: dict[str, Any]
    redacted: tuple[str, ...] = ()


class StoredEvent(EventRow):
    """One event as it is stored: its body has a hash in place of each free text."""

    __slots__ = ()

    def compute_hash(self, previous_hash: str) -> str:
        """Return the hash that the event must have after an event with ``previous_hash``."""
        # canonical_json of the list of all fields but the hash itself.
        fields = (
            f"[{self.seq},{self.request},{_quote(self.recorded_at)},{_quote(self.kind)},"
            f"{_quote(self.subject)},{'null' if self.actor is None else _quote(self.actor)},"
            f"{_quote(self.body)}]"
        )
        return sha256(f"{previous_hash}\n{fields}".encode()).hexdigest()

    @translate_corrupt_rows
    def parse_body(self) -> Any:
        """Return the body, with a hash in place of each free text."""
        return json.loads(self.body)

    def to_event(self, texts: Mapping[str, redactable_text.RedactableText]) -> Event:
        """Return the event with its free texts in the body."""
        blanked_pointers = tuple(pointer for pointer, text in texts.items() if text.text is None)
        body = redactable_text.open_texts(self.parse_body(), texts)
        return Event(
            seq=self.seq,
            request=self.request,
            recorded_at=self.recorded_at,
            kind=self.kind,
            subject=self.subject,
            actor=self.actor,
            body=body,
            redacted=blanked_pointers,
        )


LogEnd = tuple[int, str]
"""The seq and the hash of the last event: of no two different logs are both the same."""


class RequestEvents:
    """Numbers, dates and hashes the events of one request, in a write transaction; stores nothing.

    Timestamps never go backwards, even if the clock does: each request is dated after the one
    before, so that the record at a timestamp never changes later.
    """

    def __init__(self, db: Connection, actor: str | None, now: datetime) -> None:
        """Continue the log as it is now; only this object may append until its last event."""
        last_row = db.fetch_one("select_last_event")
        seq, self._hash, last_timestamp = last_row or (0, INITIAL_HASH, None)
        self._seq: int = seq
        self._first_seq = self._seq + 1
        self._actor = actor
        self._timestamp = format_timestamp(now)
        if last_timestamp is not None:
            self._timestamp = max(self._timestamp, next_timestamp(last_timestamp))

    @property
    def last_seq(self) -> int:
        """The seq of the last event, of this request or before it."""
        return self._seq

    @property
    def log_end(self) -> LogEnd:
        """The end of the log with the events of this request so far."""
        return self._seq, self._hash

    def add(self, new_event: NewEvent) -> tuple[Event, "StoredEvent", "Texts"]:
        """Return the next event, as it is read and as it is to be stored, with its free texts."""
        body, texts = redactable_text.seal_texts(new_event.body)
        stored = self.add_sealed(new_event.kind, new_event.subject, canonical_json(body))
        return Event(*stored[:6], dict(new_event.body)), stored, texts

    def add_sealed(self, kind: str, subject: str, body: str) -> "StoredEvent":
        """Return the next event as it is to be stored; ``body`` is canonical JSON, and sealed."""
        self._seq += 1
        fields = (self._seq, self._first_seq, self._timestamp, kind, subject, self._actor, body)
        self._hash = StoredEvent(*fields, "").compute_hash(self._hash)
        return StoredEvent(*fields, self._hash)


Texts = Mapping[str, redactable_text.RedactableText]
"""The free texts of an event by their JSON pointers."""


def make_event_rows(stored: StoredEvent, texts: Texts) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the event and of its texts."""
    yield stored
    yield from redactable_text.make_text_rows(stored.seq, texts)


TEXT_BATCH_SIZE: Final = 100
"""The texts of so many events are read in one query. An event may have a million characters."""

PAGE_BATCH_SIZE: Final = 20
"""A page reads so many events at once, and then checks its length."""

MAX_PAGE_LENGTH: Final = 8_000_000
"""How many characters the events of a page have together, but for the last one of them."""


def iterate_stored_events(db: Connection, after: int = 0) -> Iterator[tuple[StoredEvent, Texts]]:
    """Yield each stored event after ``after`` in order, with its texts by JSON pointer."""
    while batch := _load_stored_events(db, after, TEXT_BATCH_SIZE):
        yield from batch
        after = batch[-1][0].seq


def load_page(db: Connection, after: int, limit: int) -> list[tuple[StoredEvent, Texts]]:
    """Return the stored events after ``after`` with their texts: at most ``limit``.

    They are fewer, at least one, if they have more than MAX_PAGE_LENGTH characters.
    """
    page: list[tuple[StoredEvent, Texts]] = []
    length = 0
    while len(page) < limit and length < MAX_PAGE_LENGTH:
        batch = _load_stored_events(db, after, min(PAGE_BATCH_SIZE, limit - len(page)))
        if not batch:
            break
        for stored, texts in batch:
            page.append((stored, texts))
            length += len(stored.body) + sum(len(each.text or "") for each in texts.values())
            if length >= MAX_PAGE_LENGTH:
                break
        after = page[-1][0].seq
    return page


def _load_stored_events(db: Connection, after: int, limit: int) -> list[tuple[StoredEvent, Texts]]:
    rows = db.fetch_all("select_events_page", after=after, limit=limit)
    batch = [StoredEvent(*row) for row in rows]
    texts_by_seq = redactable_text.load_texts(db, [stored.seq for stored in batch])
    return [(stored, texts_by_seq.get(stored.seq, {})) for stored in batch]


def load_events(db: Connection, after: int = 0) -> list[Event]:
    """Return all events after ``after`` in order."""
    return [stored.to_event(texts) for stored, texts in iterate_stored_events(db, after)]


def load_events_about(db: Connection, subject: str, kinds: Sequence[str]) -> list[Event]:
    """Return the events of the given kinds about one id, in order."""
    return _to_events(
        db, db.fetch_all("select_events_about", subject=subject, kinds=json.dumps(kinds))
    )


def load_event(db: Connection, seq: int) -> Event:
    """Return the event, which must exist."""
    return _to_events(db, db.fetch_all("select_event", seq=seq))[0]


@translate_corrupt_rows
def _to_events(db: Connection, rows: Sequence[Row]) -> list[Event]:
    stored_events = [StoredEvent(*row) for row in rows]
    texts_by_seq = redactable_text.load_texts(db, [stored.seq for stored in stored_events])
    return [stored.to_event(texts_by_seq.get(stored.seq, {})) for stored in stored_events]


def last_seq(db: Connection) -> int:
    """Return the seq of the last event; 0 before the first."""
    return int(db.fetch_value("select_last_seq"))


def last_seq_and_hash(db: Connection) -> tuple[int, str]:
    """Return seq and hash of the last event; 0 and INITIAL_HASH before the first."""
    row = db.fetch_one("select_last_event")
    return (0, INITIAL_HASH) if row is None else (int(row[0]), str(row[1]))


def hash_of(db: Connection, seq: int) -> str | None:
    """Return the hash of the event; INITIAL_HASH for 0, None for an event that does not exist."""
    row = db.fetch_one("select_event_hash", seq=seq)
    return (INITIAL_HASH if seq == 0 else None) if row is None else str(row[0])


def last_redaction_seq(db: Connection) -> int:
    """Return the seq of the last event that blanked a text; 0 where there is none."""
    return int(db.fetch_value("select_last_redaction_seq"))


def last_seq_of_request(db: Connection, seq: int) -> int:
    """Return the last seq of the request that recorded ``seq``; ``seq`` if it does not exist."""
    last_seq_found = db.fetch_value("select_last_seq_of_request", seq=seq)
    return seq if last_seq_found is None else int(last_seq_found)


def seq_at(db: Connection, timestamp: str) -> int:
    """Return the last seq recorded at or before the formatted timestamp; 0 where there is none."""
    return int(db.fetch_value("select_seq_at", moment=timestamp))


def timestamp_of(db: Connection, seq: int) -> str | None:
    """Return the timestamp of the event; None for one that does not exist."""
    row = db.fetch_one("select_event_timestamp", seq=seq)
    return None if row is None else str(row[0])


_quote: Final = json.encoder.encode_basestring

_encode: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False
).encode


def canonical_json(value: Any) -> str:
    """Return the value as JSON in the form that is hashed and stored."""
    return _encode(value)
