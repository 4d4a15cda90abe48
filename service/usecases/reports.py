"""Reports: submit, get and list them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.domain.access import Principal
from service.domain.errors import ErrorDetail, InvalidInputError, NotFoundError
from service.domain.list_queries import ReportListQuery
from service.domain.report import RecordedReport
from service.domain.report_state import move_report_links
from service.domain.submission import Submission
from service.store import coordinates, entities, event_log, reports
from service.store.entity_cache import MAX_SUGGESTIONS, EntityCache, KeptEntities
from service.store.event_log import NewEvent
from service.store.idempotency import IdempotencyKey
from service.store.interface import Connection, Reader, Store
from service.store.projections.dispatch import RecordWriter
from service.usecases.as_of import resolve_as_of
from service.usecases.idempotency import run_once
from service.usecases.normalized_submissions import NormalizedSubmission, normalize
from service.usecases.resolve_entities import make_unknown_id_message
from service.usecases.submission_lookups import SubmissionLookups
from service.usecases.submission_plans import (
    MAX_WIDE_SIZE,
    AdvancePlan,
    PlanAheadError,
    plan_submission,
    write_with_plan,
)


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The recorded report, and whether this request recorded it.

    ``is_replay`` is True if the result is that of an earlier request with the same idempotency key.
    """

    recorded: RecordedReport
    is_new: bool
    is_replay: bool = False


def submit_report(
    store: Store,
    submission: Submission,
    *,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
    principal: Principal | None = None,
    idempotency_key: IdempotencyKey | None = None,
    supersede_known: bool = False,
) -> SubmitResult:
    """Return the recorded report and whether it is new; writes.

    If a report with the same ref and the same content is known, it is returned; even then the
    descriptions of entities in the submission must agree with the recorded ones. With
    ``supersede_known`` a report supersedes the one that has its ref with other content. Raises
    InvalidInputError or ConflictError, and then records nothing, no new entity either. Raises
    ForbiddenError if the principal may not report for the reporter (None may for all).
    """
    item = check_and_normalize(submission, new_id(), principal)

    def record(db: Connection, plan: AdvancePlan | None) -> SubmitResult:
        recorder = ReportRecorder(db, [item], actor, now, plan)
        result = recorder.record(item, supersede_known=supersede_known)
        recorder.flush()
        return result

    def job(db: Connection, plan: AdvancePlan | None) -> SubmitResult:
        posted, is_replay = run_once(
            db,
            idempotency_key,
            lambda: record(db, plan),
            lambda result: dump_submit_result(db, result),
            lambda stored: load_submit_result(db, stored),
        )
        return replace(posted, is_replay=is_replay)

    return write_with_plan(store, item, job, supersede_known=supersede_known)


def check_and_normalize(
    submission: Submission, report_id: str, principal: Principal | None
) -> NormalizedSubmission:
    """Return the submission with its normalized report.

    Raises InvalidInputError, and ForbiddenError if the principal may not report for the reporter.
    """
    check_reporter(submission, principal)
    return normalize(submission, report_id)


def check_reporter(submission: Submission, principal: Principal | None) -> None:
    """Raise ForbiddenError if the principal may not report for the reporter (None may for all)."""
    if principal is not None:
        principal.check_can_report_for(submission.reporter.id)


class ReportRecorder:
    """Records the reports of one request in a write transaction.

    Each is recorded as if those before it had been recorded by themselves. What they add is written
    by ``flush``, with one statement a table.
    """

    def __init__(
        self,
        db: Connection,
        items: Collection[NormalizedSubmission],
        actor: str | None,
        now: datetime,
        plan: AdvancePlan | None = None,
        *,
        is_bounded: bool = True,
        kept_entities: KeptEntities | None = None,
    ) -> None:
        """Look up what the items need; they are then recorded in their order.

        ``kept_entities`` are those of the transaction before, and then of this one for the next.
        ``plan`` is that of the only item, made in advance. Raises PlanAheadError if it no longer
        holds, and if it is bounded how long the items take and they would take longer.
        """
        self._writer = RecordWriter(db, actor, now)
        self._kept_entities = kept_entities
        self._lookups = SubmissionLookups(db, self._writer, kept_entities)
        self.first_seq = self._writer.last_seq + 1
        self._plan = plan
        if plan is not None:
            if plan.reads.is_unchanged(db):
                return
            if not plan.is_last:
                raise PlanAheadError
            self._plan = None
        self._lookups.prefetch(items)
        if is_bounded and plan is None and self._lookups.figures.wide_size > MAX_WIDE_SIZE:
            raise PlanAheadError

    @property
    def last_seq(self) -> int:
        """The seq of the last event, written or not."""
        return self._writer.last_seq

    def record(self, item: NormalizedSubmission, *, supersede_known: bool = False) -> SubmitResult:
        """Return the recorded report. Raises as ``plan_submission`` does, with nothing recorded."""
        if self._plan is not None:
            plan = self._plan.get_plan()
        else:
            plan = plan_submission(item, self._lookups, supersede_known=supersede_known)
        if plan.known is not None:
            return SubmitResult(plan.known, False)
        figures = self._lookups.counted_figures(plan.report)
        self._writer.record(plan.earlier_events)
        rows = self._writer.record_report(plan.report, plan.encoded, plan.warnings, figures)
        self._writer.record(plan.later_events)
        moves = any(event.kind == "reclassified" for event in plan.later_events)
        self._lookups.add(plan.report, rows, plan.new_entities, moves=moves)
        recorded = RecordedReport(
            move_report_links(plan.report, plan.moved_links),
            rows.report.seq,
            rows.report.recorded_at,
            "live" if plan.report.relays is None else "relay",
            rows.report.origin,
            warnings=plan.warnings,
        )
        return SubmitResult(recorded, True)

    def record_event(self, event: NewEvent) -> None:
        """Record an event that is about no report."""
        self._lookups.flush()
        self._writer.record([event])

    def flush(self) -> None:
        """Write everything that waits; nothing more is recorded in this transaction."""
        self._lookups.flush()
        if self._kept_entities is not None:
            self._kept_entities.keep(self._lookups.entities, self._writer.log_end)


def dump_submit_result(db: Connection, result: SubmitResult) -> list[Any]:
    """Return what is stored of a result, from which ``load_submit_result`` makes it again."""
    return [result.recorded.report.id, event_log.last_seq(db), result.is_new]


def load_submit_result(db: Connection, stored: list[Any]) -> SubmitResult:
    """Return the result as it was when ``dump_submit_result`` stored it."""
    report_id, seq, is_new = stored
    return SubmitResult(get_report_or_fail(db, report_id, seq), is_new)


def get_report(
    reader: Reader, report_id: str, as_of: int | str | None, now: datetime
) -> RecordedReport:
    """Return the report in its state as of then (None: now).

    Raises NotFoundError if it was not recorded by then, and InvalidInputError for an ``as_of`` in
    the future.
    """
    with reader.read_transaction() as db:
        return get_report_or_fail(db, report_id, resolve_as_of(db, as_of, now))


def get_reports(reader: Reader, ids: Iterable[str], seq: int) -> dict[str, RecordedReport]:
    """Return the reports by their ids, in their states as of the event ``seq``.

    Those that were not recorded by then are left out.
    """
    with reader.read_transaction() as db:
        return {each.report.id: each for each in reports.get_many(db, ids, seq)}


def load_points(
    reader: Reader, recorded: Iterable[RecordedReport], seq: int
) -> dict[str, coordinates.Point]:
    """Return the coordinates of all places that the reports and their figures name, by id.

    They are those as of the event ``seq``. Places without coordinates are left out.
    """
    place_ids: set[str] = set()
    for each in recorded:
        place_ids.update(each.report.places, *(figure.places for figure in each.report.figures))
    with reader.read_transaction() as db:
        return coordinates.load_points(db, sorted(place_ids), seq)


def list_reports(reader: Reader, query: ReportListQuery, now: datetime) -> list[RecordedReport]:
    """Return the reports that the query selects in its order, in their states as of then.

    Raises InvalidInputError for unknown ids and for an ``as_of`` in the future.
    """
    with reader.read_transaction() as db:
        seq = resolve_as_of(db, query.as_of, now)
        errors, known = [], EntityCache(db)
        for kind, parameter, ids in (
            ("place", "place", query.places),
            ("group", "group", query.groups),
            ("reporter", "reporter", query.reporters),
        ):
            for entity_id in entities.find_unknown_ids(db, kind, ids or (), seq)[:MAX_SUGGESTIONS]:
                errors.append(
                    ErrorDetail(parameter, make_unknown_id_message(known, kind, entity_id))
                )
        if errors:
            raise InvalidInputError(errors[0].detail, tuple(errors))
        return reports.load_page(db, _resolve_merged_ids(db, query, seq), seq)


def _resolve_merged_ids(db: Connection, query: ReportListQuery, seq: int) -> ReportListQuery:
    """Return the query with every merged id replaced by the current one."""
    merged = entities.load_merges(db, seq)

    def resolve(kind: str, ids: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return (
            None
            if ids is None
            else tuple(merged[kind].get(entity_id, entity_id) for entity_id in ids)
        )

    return replace(
        query,
        places=resolve("place", query.places),
        groups=resolve("group", query.groups),
        reporters=resolve("reporter", query.reporters),
    )


def get_report_or_fail(db: Connection, report_id: str, seq: int | None = None) -> RecordedReport:
    """Return the report as of the event ``seq`` (None: now); raises NotFoundError."""
    recorded = reports.get(db, report_id, seq)
    if recorded is None:
        raise NotFoundError("There is no such report.")
    return recorded
