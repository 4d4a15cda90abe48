"""The life of a report: its retraction, the redaction of its texts, and its history."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.domain.access import Principal
from service.domain.errors import ConflictError, ErrorDetail, InvalidInputError
from service.domain.public_event import PublicEvent
from service.domain.report import RecordedReport
from service.store import event_log, redactable_text, reports
from service.store.event_log import Event, NewEvent
from service.store.idempotency import IdempotencyKey
from service.store.interface import Connection, Reader, Store
from service.store.projections.dispatch import record_events
from service.usecases.idempotency import run_once
from service.usecases.reports import get_report_or_fail

REPORT_EVENT_KINDS: Final = ("reported", "superseded", "reclassified", "retracted", "redacted")
"""The kinds of events whose subject is a report."""


def retract_report(
    store: Store,
    report_id: str,
    reason: str,
    *,
    actor: str | None,
    now: datetime,
    principal: Principal | None = None,
    idempotency_key: IdempotencyKey | None = None,
) -> tuple[RecordedReport, bool]:
    """Return the report, retracted from now on, and whether this is a replay; writes.

    Its figures are not counted any more. Raises NotFoundError, ForbiddenError if the principal may
    not report for its reporter (None may for all), and ConflictError if it is already retracted.
    """

    def work(db: Connection) -> RecordedReport:
        known = get_report_or_fail(db, report_id)
        if principal is not None:
            principal.check_can_report_for(known.report.reporter)
        if known.retraction is not None:
            raise ConflictError(f"The report was retracted at {known.retraction.recorded_at}.")
        record_events(db, [NewEvent("retracted", report_id, {"reason": reason})], actor, now)
        return get_report_or_fail(db, report_id)

    return store.write(lambda db: _run_once(db, idempotency_key, report_id, work))


def redact_report(
    store: Store,
    report_id: str,
    fields: Sequence[str],
    reason: str,
    *,
    actor: str | None,
    now: datetime,
    idempotency_key: IdempotencyKey | None = None,
) -> tuple[RecordedReport, bool]:
    """Return the report without the free texts of ``fields``, and whether this is a replay; writes.

    ``fields`` are JSON pointers; none means every free text. The texts are erased from all tables
    for good. The event log keeps their hashes, so that its chain stays valid. Raises NotFoundError,
    InvalidInputError for a pointer to anything else, and ConflictError if all are erased already.
    """

    def work(db: Connection) -> RecordedReport:
        get_report_or_fail(db, report_id)
        texts_by_pointer = {text.pointer: text for text in iterate_free_texts(db, report_id)}
        errors = tuple(
            ErrorDetail(
                f"/fields/{position}",
                f"The report has no free text there; it has {_join_pointers(texts_by_pointer)}.",
            )
            for position, pointer in enumerate(fields)
            if pointer not in texts_by_pointer
        )
        if errors:
            raise InvalidInputError(errors[0].detail, errors)
        chosen = [
            texts_by_pointer[pointer]
            for pointer in fields or texts_by_pointer
            if not texts_by_pointer[pointer].is_blanked
        ]
        if not chosen:
            raise ConflictError("These texts of the report are already redacted.")
        for text in chosen:
            redactable_text.blank_text(db, text.seq, text.stored_pointer)
        body = {"fields": [text.pointer for text in chosen], "reason": reason}
        record_events(db, [NewEvent("redacted", report_id, body)], actor, now)
        return get_report_or_fail(db, report_id)

    redacted = store.write(lambda db: _run_once(db, idempotency_key, report_id, work))
    store.erase_overwritten()
    return redacted


def _run_once(
    db: Connection,
    idempotency_key: IdempotencyKey | None,
    report_id: str,
    work: Callable[[Connection], RecordedReport],
) -> tuple[RecordedReport, bool]:
    return run_once(
        db,
        idempotency_key,
        lambda: work(db),
        lambda recorded: event_log.last_seq(db),
        lambda seq: get_report_or_fail(db, report_id, seq),
    )


def load_history(reader: Reader, report_id: str) -> list[PublicEvent]:
    """Return the events of the report, oldest first; raises NotFoundError."""
    with reader.read_transaction() as db:
        get_report_or_fail(db, report_id)
        return [
            make_public_event(db, event)
            for event in event_log.load_events_about(db, report_id, REPORT_EVENT_KINDS)
        ]


def make_public_event(db: Connection, event: Event) -> PublicEvent:
    """Return the event as the API shows it, with the report that it recorded, if any."""
    report = reports.get(db, event.subject, event.seq) if event.kind == "reported" else None
    return PublicEvent(event.seq, event.recorded_at, event.kind, event.subject, event.body, report)


@dataclass(frozen=True, slots=True)
class FreeText:
    """A free text of a report: its pointer in the report, and where the event log keeps it."""

    pointer: str
    seq: int
    stored_pointer: str
    is_blanked: bool


def iterate_free_texts(db: Connection, report_id: str) -> Iterator[FreeText]:
    for event in event_log.load_events_about(db, report_id, ("reported", "retracted")):
        for stored_pointer, text in (
            redactable_text.load_texts(db, [event.seq]).get(event.seq, {}).items()
        ):
            shown = stored_pointer.removeprefix("/report")
            pointer = shown if event.kind == "reported" else f"/retraction{shown}"
            yield FreeText(pointer, event.seq, stored_pointer, text.text is None)


def _join_pointers(pointers: Iterable[str]) -> str:
    return ", ".join(pointers) or "none at all"
