"""Reports: take one in, show one, list many."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.domain.access import Principal
from service.domain.errors import (
    ConflictError,
    ErrorDetail,
    InvalidInputError,
    NotFoundError,
    invalid_field,
)
from service.domain.list_queries import ReportListQuery
from service.domain.normalize import normalize_submission
from service.domain.report import RecordedReport, Report
from service.domain.submission import Submission
from service.store import entities, event_log, reports
from service.store.codec import hash_content
from service.store.event_log import NewEvent
from service.store.idempotency import IdempotencyKey
from service.store.interface import Connection, Reader, Store
from service.store.projections.dispatch import record_events
from service.store.projections.reports import body_of
from service.usecases.as_of import seq_asked
from service.usecases.idempotency import once
from service.usecases.resolve_entities import missing, resolve
from service.usecases.submission_warnings import warnings


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of a report that was sent: as it is recorded, and whether it is new.

    ``again`` is True where the very same request had come before.
    """

    recorded: RecordedReport
    new: bool
    again: bool = False


def submit(
    store: Store,
    sent: Submission,
    *,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
    holder: Principal | None = None,
    claim: IdempotencyKey | None = None,
) -> Posted:
    """Return the recorded report and whether it is new; writes.

    A ref that is known with the same content gives the report recorded then; what is said of its
    places, groups and reporter must be what is recorded even so. Raises InvalidInputError or
    ConflictError, and then nothing at all is recorded, no new place either; ForbiddenError where
    the holder of the key may not report for the reporter (None may for all).
    """
    report = completed(sent, new_id(), holder)

    def job(db: Connection) -> Posted:
        posted, again = once(
            db,
            claim,
            lambda: taken_in(db, sent, report, actor, now),
            lambda posted: told(db, posted.recorded, posted.new),
            lambda was: posted_before(db, was),
        )
        return replace(posted, again=again)

    return store.write(job)


def completed(sent: Submission, id: str, holder: Principal | None) -> Report:
    """Return the report made whole.

    Raises InvalidInputError, and ForbiddenError as ``submit`` does.
    """
    if holder is not None:
        holder.check_can_report_for(sent.reporter.id)
    return normalize_submission(sent, id)


def taken_in(
    db: Connection,
    sent: Submission,
    report: Report,
    actor: str | None,
    now: datetime,
    request: int | None = None,
) -> Posted:
    """Return what comes of the report, within a transaction; ``request`` as for ``record``."""
    known = _known(db, report)
    named = resolve(db, sent)  # Before the known one is shown: an object in it may differ.
    if known is not None:
        return Posted(known, False)
    replaced = _superseded(db, report)
    _check_links(db, report)
    body = body_of(report, warnings(db, report, named))
    # All of it in one go, because what one request records is one moment.
    reported = NewEvent("reported", report.id, body)
    drafts = [*named.drafts(), *replaced, reported, *_reclassified(db, report)]
    record_events(db, drafts, actor, now, request=request)
    return Posted(_found(db, report.id), True)


def told(db: Connection, recorded: RecordedReport, new: bool) -> list[Any]:
    """Return what is to be kept of what came of a report: by it the same answer can be given."""
    return [recorded.report.id, event_log.last_seq(db), new]


def posted_before(db: Connection, was: list[Any]) -> Posted:
    """Return what came of a report, as it was ``told`` then."""
    id, seq, new = was
    return Posted(_found(db, id, seq), new)


def show(store: Reader, id: str, as_of: int | str | None, now: datetime) -> RecordedReport:
    """Return the report in its state as of then (None: now).

    Raises NotFoundError where it was not recorded yet, and InvalidInputError for a moment still to
    come.
    """
    with store.read_transaction() as db:
        return _found(db, id, seq_asked(db, as_of, now))


def several(store: Reader, ids: Iterable[str], seq: int) -> dict[str, RecordedReport]:
    """Return the reports by their ids, in their states after the entry ``seq``.

    Those that were not recorded yet are left out.
    """
    with store.read_transaction() as db:
        return {each.report.id: each for each in reports.get_many(db, ids, seq)}


def moment_asked(store: Reader, as_of: int | str | None, now: datetime) -> int:
    """Return the entry of the ledger that counts as of then (None: now).

    Raises InvalidInputError for a moment still to come.
    """
    with store.read_transaction() as db:
        return seq_asked(db, as_of, now)


def find(store: Reader, asked: ReportListQuery, now: datetime) -> list[RecordedReport]:
    """Return the reports asked for, oldest first, in their states as of then.

    Raises InvalidInputError for ids under which nothing was recorded, and for a moment still to
    come.
    """
    with store.read_transaction() as db:
        seq = seq_asked(db, asked.as_of, now)
        faults = []
        for kind, parameter, ids in (
            ("place", "place", asked.places),
            ("group", "group", asked.groups),
            ("reporter", "reporter", asked.reporters),
        ):
            for id in entities.find_unknown_ids(db, kind, ids or (), seq)[:3]:
                faults.append(ErrorDetail(parameter, missing(db, kind, id)))
        if faults:
            raise InvalidInputError(faults[0].detail, tuple(faults))
        return reports.load_page(db, _by_present_ids(db, asked, seq), seq)


def _by_present_ids(db: Connection, asked: ReportListQuery, seq: int) -> ReportListQuery:
    """Return the question with every merged id replaced by the one that stands for it."""
    merged = entities.load_merges(db, seq)

    def present(kind: str, ids: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if ids is None else tuple(merged[kind].get(id, id) for id in ids)

    return replace(
        asked,
        places=present("place", asked.places),
        groups=present("group", asked.groups),
        reporters=present("reporter", asked.reporters),
    )


def _found(db: Connection, id: str, seq: int | None = None) -> RecordedReport:
    found = reports.get(db, id, seq)
    if found is None:
        raise NotFoundError("There is no such report.")
    return found


def _known(db: Connection, report: Report) -> RecordedReport | None:
    """Return the report sent earlier under the same ref with the same content, if there is one.

    A ref with other content stands only on the report that supersedes its bearer.
    """
    if report.ref is None:
        return None
    reporters = entities.list_equivalent_ids(db, "reporter", report.reporter)
    bearers = reports.find_by_ref(db, reporters, report.ref)
    same = hash_content(report)
    for id, content in bearers:
        if content == same:
            return _found(db, id)
    if bearers and bearers[0][0] != report.supersedes:
        detail = (
            f"The reporter's report {bearers[0][0]} has this ref with other content;"
            f' to replace it, send "supersedes": "{bearers[0][0]}".'
        )
        raise ConflictError(detail, (ErrorDetail("/ref", detail),))
    return None


def _superseded(db: Connection, report: Report) -> list[NewEvent]:
    """Return what the ledger is to say of the report that this one replaces."""
    if report.supersedes is None:
        return []
    old = reports.get(db, report.supersedes)
    if old is None:
        raise invalid_field("/supersedes", "There is no such report to supersede.")
    detail = None
    if old.report.reporter not in entities.list_equivalent_ids(db, "reporter", report.reporter):
        detail = f"Only {old.report.reporter} can supersede its own report {old.report.id}."
    elif old.superseded_by is not None:
        detail = f"The report is superseded already; supersede {old.superseded_by} instead."
    if detail:
        raise ConflictError(detail, (ErrorDetail("/supersedes", detail),))
    return [NewEvent("superseded", old.report.id, {"by": report.id})]


def _reclassified(db: Connection, report: Report) -> list[NewEvent]:
    """Return what the ledger is to say of the reports whose people this one speaks of again."""
    drafts = []
    for figure in report.figures:
        link = figure.reclassifies
        if link is not None:
            body = {
                "figure": link.figure,
                "from": link.source,
                "to": list(figure.outcomes),
                "by": report.id,
                "by_figure": figure.id,
            }
            drafts.append(
                NewEvent("reclassified", reports.get_report_id_of_figure(db, link.figure), body)
            )
    return drafts


def _check_links(db: Connection, report: Report) -> None:
    faults = []
    if report.relays is not None and reports.get(db, report.relays) is None:
        faults.append(ErrorDetail("/relays", "There is no such report to relay."))
    for position, figure in enumerate(report.figures):
        link = figure.reclassifies
        if link is None:
            continue
        pointer = f"/figures/{position}/reclassifies"
        outcomes = reports.get_figure_outcomes(db, link.figure)
        if outcomes is None:
            faults.append(ErrorDetail(f"{pointer}/figure", "There is no such figure."))
        elif link.source not in outcomes:
            detail = f"The figure {link.figure} does not speak of {link.source}."
            faults.append(ErrorDetail(f"{pointer}/from", detail))
    if faults:
        raise InvalidInputError(faults[0].detail, tuple(faults))
