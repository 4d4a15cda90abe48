"""What becomes of a report later: withdrawn, blanked where law demands; and what became of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.domain.access import Principal
from service.domain.errors import ConflictError, ErrorDetail, InvalidInputError, NotFoundError
from service.domain.public_event import PublicEvent
from service.domain.report import RecordedReport
from service.store import event_log, redactable_text, reports
from service.store.event_log import Event, NewEvent
from service.store.idempotency import IdempotencyKey
from service.store.interface import Connection, Reader, Store
from service.store.projections.dispatch import record_events
from service.usecases.idempotency import once

KINDS: Final = ("reported", "superseded", "reclassified", "retracted", "redacted")
"""The kinds of entries whose subject is a report."""


def retract(
    store: Store,
    id: str,
    reason: str,
    *,
    actor: str | None,
    now: datetime,
    holder: Principal | None = None,
    claim: IdempotencyKey | None = None,
) -> tuple[RecordedReport, bool]:
    """Return the report, withdrawn from now on: its figures are counted no more; writes.

    The flag is True for the same request sent again.

    Raises NotFoundError, ForbiddenError where the holder of the key may not report for its reporter
    (None may for all), and ConflictError where it is withdrawn already.
    """

    def work(db: Connection) -> RecordedReport:
        known = _found(db, id)
        if holder is not None:
            holder.check_can_report_for(known.report.reporter)
        if known.retraction is not None:
            raise ConflictError(f"The report was retracted at {known.retraction.recorded_at}.")
        record_events(db, [NewEvent("retracted", id, {"reason": reason})], actor, now)
        return _found(db, id)

    return store.write(lambda db: _once(db, claim, id, work))


def redact(
    store: Store,
    id: str,
    fields: Sequence[str],
    reason: str,
    *,
    actor: str | None,
    now: datetime,
    claim: IdempotencyKey | None = None,
) -> tuple[RecordedReport, bool]:
    """Return the report without the free texts that the JSON pointers name, blanked for good.

    No pointer means every free text. The ledger keeps the hashes, so that its chain still holds;
    the texts themselves are gone from every table; writes. Raises NotFoundError, InvalidInputError
    for a pointer to anything but a free text, and ConflictError where nothing is left to blank.
    """

    def work(db: Connection) -> RecordedReport:
        _found(db, id)
        held = {text.pointer: text for text in _texts(db, id)}
        faults = tuple(
            ErrorDetail(
                f"/fields/{at}", f"The report has no free text there; it has {_listed(held)}."
            )
            for at, pointer in enumerate(fields)
            if pointer not in held
        )
        if faults:
            raise InvalidInputError(faults[0].detail, faults)
        chosen = [held[pointer] for pointer in fields or held if not held[pointer].blanked]
        if not chosen:
            raise ConflictError("Nothing is left to blank in this report.")
        for text in chosen:
            redactable_text.blank_text(db, text.seq, text.kept_at)
        body = {"fields": [text.pointer for text in chosen], "reason": reason}
        record_events(db, [NewEvent("redacted", id, body)], actor, now)
        return _found(db, id)

    redacted = store.write(lambda db: _once(db, claim, id, work))
    store.erase_overwritten()
    return redacted


def _once(
    db: Connection,
    claim: IdempotencyKey | None,
    id: str,
    work: Callable[[Connection], RecordedReport],
) -> tuple[RecordedReport, bool]:
    return once(
        db,
        claim,
        lambda: work(db),
        lambda recorded: event_log.last_seq(db),
        lambda seq: _found(db, id, seq),
    )


def history(store: Reader, id: str) -> list[PublicEvent]:
    """Return what happened to the report, oldest first; raises NotFoundError."""
    with store.read_transaction() as db:
        _found(db, id)
        return [told(db, event) for event in event_log.load_events_about(db, id, KINDS)]


def told(db: Connection, event: Event) -> PublicEvent:
    """Return the entry of the ledger as it is told, with the report that was recorded by it."""
    report = reports.get(db, event.subject, event.seq) if event.kind == "reported" else None
    return PublicEvent(event.seq, event.recorded_at, event.kind, event.subject, event.body, report)


@dataclass(frozen=True, slots=True)
class _FreeText:
    """A free text of a report: where the report shows it, and where the ledger keeps it."""

    pointer: str
    seq: int
    kept_at: str
    blanked: bool


def _texts(db: Connection, id: str) -> Iterator[_FreeText]:
    for event in event_log.load_events_about(db, id, ("reported", "retracted")):
        for kept_at, text in redactable_text.load_texts(db, [event.seq]).get(event.seq, {}).items():
            shown = kept_at.removeprefix("/report")
            pointer = shown if event.kind == "reported" else f"/retraction{shown}"
            yield _FreeText(pointer, event.seq, kept_at, text.text is None)


def _listed(held: Iterable[str]) -> str:
    return ", ".join(held) or "none at all"


def _found(db: Connection, id: str, seq: int | None = None) -> RecordedReport:
    found = reports.get(db, id, seq)
    if found is None:
        raise NotFoundError("There is no such report.")
    return found
