"""Applies events to the projections; nothing else changes these tables."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from service.domain.figure import Figure
from service.domain.report import Report, ReportWarning, counted_figures
from service.store.codec import decode_report
from service.store.encoded_reports import EncodedReport
from service.store.entities import apply_change, apply_merge, make_version_rows
from service.store.event_log import (
    Event,
    LogEnd,
    NewEvent,
    RequestEvents,
    StoredEvent,
    Texts,
    make_event_rows,
)
from service.store.interface import Connection
from service.store.projections.imports import (
    apply_recorded,
    change_finished,
    change_withdrawn,
    make_import_rows,
)
from service.store.projections.reports import (
    RecordedContent,
    ReportRows,
    apply_redacted,
    change_retracted,
    change_superseded,
    make_moved_link_rows,
    make_report_rows,
    read_content,
)
from service.store.row_buffer import RowBuffer

_ROW_MAKERS: Final[dict[str, Callable[[Event], Sequence[tuple[Any, ...]]]]] = {
    "reclassified": make_moved_link_rows,
    "place_added": make_version_rows,
    "group_added": make_version_rows,
    "reporter_added": make_version_rows,
    "import_started": make_import_rows,
}
"""The events that only insert rows."""

_CHANGES: Final = {
    "superseded": change_superseded,
    "retracted": change_retracted,
    "import_finished": change_finished,
    "import_withdrawn": change_withdrawn,
}
"""The events that change rows which no later event of a request reads."""

_HANDLERS: Final = {
    "redacted": apply_redacted,
    "place_changed": apply_change,
    "place_merged": apply_merge,
    "group_changed": apply_change,
    "group_merged": apply_merge,
    "reporter_changed": apply_change,
    "reporter_merged": apply_merge,
    "import_recorded": apply_recorded,
}
"""The events that read what is recorded."""


EVENT_KINDS: Final = ("reported", *_ROW_MAKERS, *_CHANGES, *_HANDLERS)
"""All kinds of events."""


class ProjectionWriter:
    """Stores events and applies them to the projections, many rows with one statement.

    What a projection contains depends only on the events, never on a clock or a lexicon, so that
    applying all events to empty tables gives the same tables again.
    """

    def __init__(self, db: Connection) -> None:
        """Write to the connection, which is in a write transaction."""
        self._db = db
        self._buffer = RowBuffer(db)
        self._origins: dict[str, str | None] = {}

    def store(self, stored: StoredEvent, texts: Texts) -> None:
        """Add the event as it is, with its free texts; it is written by ``flush``."""
        self._buffer.insert(make_event_rows(stored, texts))

    def apply(self, event: Event) -> None:
        """Apply the event; some of its rows are only written by ``flush``."""
        if event.kind == "reported":
            report = decode_report(event.body["report"])
            self.insert_report(read_content(event, report), report, counted_figures(report))
        elif event.kind in _ROW_MAKERS:
            self._buffer.insert(_ROW_MAKERS[event.kind](event))
        elif event.kind in _CHANGES:
            _CHANGES[event.kind](self._buffer, event)
        else:
            handler = _HANDLERS[event.kind]
            self.flush()
            handler(self._db, event)
        if self._buffer.is_full:
            self.flush()

    def insert_report(
        self, content: RecordedContent, report: Report, figures: Sequence[Figure]
    ) -> ReportRows:
        """Add a recorded report with its counted figures, and return its rows."""
        rows = make_report_rows(content, report, figures, self._find_origin)
        self._origins[report.id] = rows.report.origin
        self._buffer.insert_all(rows.figures)
        self._buffer.insert((rows.report, *rows.links))
        return rows

    def flush(self) -> None:
        """Write everything that waits."""
        self._buffer.flush()
        self._origins.clear()

    def _find_origin(self, report_id: str) -> str:
        """Return the report that a relay of this one goes back to: itself, if it is no relay."""
        if report_id in self._origins:
            return self._origins[report_id] or report_id
        return str(self._db.fetch_value("select_report_origin", id=report_id))


class RecordWriter:
    """Records the events of one request: in the log, and in the projections."""

    def __init__(self, db: Connection, actor: str | None, now: datetime) -> None:
        """Continue the log; nobody else may write in this transaction before the last ``flush``."""
        self._events = RequestEvents(db, actor, now)
        self._projections = ProjectionWriter(db)

    @property
    def last_seq(self) -> int:
        """The seq of the last event, written or not."""
        return self._events.last_seq

    @property
    def log_end(self) -> LogEnd:
        """The end of the log with all events, written or not."""
        return self._events.log_end

    def record(self, new_events: Iterable[NewEvent]) -> list[Event]:
        """Record the events and return them; they can be read after ``flush``."""
        events = []
        for new_event in new_events:
            event, stored, texts = self._events.add(new_event)
            self._projections.store(stored, texts)
            self._projections.apply(event)
            events.append(event)
        return events

    def record_report(
        self,
        report: Report,
        encoded: EncodedReport,
        warnings: Sequence[ReportWarning],
        figures: Sequence[Figure],
    ) -> ReportRows:
        """Record the report by an event, and return its rows; ``figures`` are its counted ones."""
        sealed_body = encoded.make_sealed_body(warnings)
        stored = self._events.add_sealed("reported", report.id, sealed_body)
        self._projections.store(stored, encoded.texts)
        body = encoded.make_body(warnings) if encoded.texts else sealed_body
        content = RecordedContent(
            stored.seq, stored.recorded_at, encoded.content_hash, body, encoded.words
        )
        return self._projections.insert_report(content, report, figures)

    def flush(self) -> None:
        """Write everything that waits."""
        self._projections.flush()


def apply_event(db: Connection, event: Event) -> None:
    """Apply one event to the projections; writes."""
    projections = ProjectionWriter(db)
    projections.apply(event)
    projections.flush()


def record_events(
    db: Connection, new_events: Iterable[NewEvent], actor: str | None, now: datetime
) -> list[Event]:
    """Append the events to the log, apply each to the projections, and return them; writes."""
    writer = RecordWriter(db, actor, now)
    events = writer.record(new_events)
    writer.flush()
    return events
