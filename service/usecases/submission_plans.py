"""What the submission of a report would record, planned by reads only.

A submission that takes long to plan is planned before the write lock is taken, so that no other
writer waits for it. Under the lock only what the plan has read is read again: if that has not
changed, the plan is the one that would be made there.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from service.domain.entities import Entity, make_empty_scope_message
from service.domain.errors import (
    ConflictError,
    ErrorDetail,
    InvalidInputError,
    invalid_field,
    summarize_errors,
)
from service.domain.normalize import find_wording_errors
from service.domain.report import RecordedReport, Report, ReportWarning
from service.domain.report_state import MovedLink
from service.domain.submission import Submission, SubmittedFigure
from service.store.encoded_reports import EncodedReport, encode_report
from service.store.event_log import NewEvent
from service.store.interface import Connection, Store
from service.store.read_log import ReadLog
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.reclassifications import plan_reclassifications
from service.usecases.report_refs import resolve_refs
from service.usecases.resolve_entities import EntityResolver, resolve_entities
from service.usecases.submission_lookups import SubmissionLookups
from service.usecases.submission_warnings import find_warnings

Result = TypeVar("Result")

MAX_PLAIN_SIZE: Final = 60
"""The size of a report up to which it is planned under the write lock."""

MAX_WIDE_SIZE: Final = 50_000
"""How many characters the long lists of places may have that are compared under the write lock."""

MAX_ATTEMPTS: Final = 4
"""How often a submission is planned in advance before it is planned under the write lock."""


@dataclass(frozen=True, slots=True)
class SubmissionPlan:
    """What the submission of a report would record.

    ``known`` is the report that was recorded before under the same ref with the same content; if
    there is one, nothing is recorded. ``new_entities`` contains each parent before its children.
    ``earlier_events`` are recorded before that of the report, and ``later_events`` after it.
    ``moved_links`` are the links of reclassifying figures that these events move.
    """

    report: Report
    encoded: EncodedReport
    known: RecordedReport | None = None
    new_entities: tuple[Entity, ...] = ()
    warnings: tuple[ReportWarning, ...] = ()
    earlier_events: tuple[NewEvent, ...] = ()
    later_events: tuple[NewEvent, ...] = ()
    moved_links: tuple[MovedLink, ...] = ()


def plan_submission(
    item: NormalizedSubmission, lookups: SubmissionLookups, *, supersede_known: bool = False
) -> SubmissionPlan:
    """Return what the submission would record as of this transaction; records nothing.

    The words of a report that was recorded before are not
    checked again: an earlier lexicon may have read them. Raises InvalidInputError or ConflictError
    if it cannot be recorded.
    """
    submission = item.submission
    report, known_id = resolve_refs(item, lookups, supersede_known=supersede_known)
    # Before a known report is returned: the description of an entity in this one may differ.
    resolver = resolve_entities(lookups.db, submission, lookups.entities)
    if known_id is not None:
        return SubmissionPlan(report, item.encoded, lookups.get_report(known_id))
    superseded_events = _make_superseded_events(report, lookups)
    if report.relays is not None and lookups.reports.get(report.relays) is None:
        raise invalid_field("/relays", "There is no such report to relay.")
    lookups.write_before_links(report)
    reclassifications = plan_reclassifications(lookups, submission, report, resolver)
    report = reclassifications.report
    _check_meaning(submission, report, resolver)
    warnings = find_warnings(report, resolver, lookups)
    return SubmissionPlan(
        report,
        item.encoded if report is item.report else encode_report(report),
        new_entities=resolver.new_entities,
        warnings=warnings,
        earlier_events=(*resolver.make_events(), *superseded_events),
        later_events=reclassifications.events,
        moved_links=reclassifications.moved_links,
    )


class PlanAheadError(Exception):
    """The submission is to be planned before the write lock is taken, maybe once more."""


@dataclass(frozen=True, slots=True)
class AdvancePlan:
    """The plan of a submission, or its error, and the reads on which it rests.

    If they have changed, the last plan is replaced by one that is made under the write lock.
    """

    outcome: SubmissionPlan | InvalidInputError | ConflictError
    reads: ReadLog
    is_last: bool

    def get_plan(self) -> SubmissionPlan:
        """Return the plan; raises its error if there is none."""
        if isinstance(self.outcome, SubmissionPlan):
            return self.outcome
        raise self.outcome


def size_of(submission: Submission) -> int:
    """Return how many figures the submission has and how many places and groups it names."""
    scopes: tuple[Submission | SubmittedFigure, ...] = (submission, *submission.figures)
    return len(submission.figures) + sum(
        len(scope.places or ()) + len(scope.groups or ()) for scope in scopes
    )


def write_with_plan(
    store: Store,
    item: NormalizedSubmission,
    job: Callable[[Connection, AdvancePlan | None], Result],
    *,
    supersede_known: bool,
) -> Result:
    """Return the result of the job, which records the item, after the commit.

    The job gets a plan of a large item. It raises PlanAheadError to get one of another item, and if
    what the plan has read has changed.
    """
    if size_of(item.submission) <= MAX_PLAIN_SIZE:
        with suppress(PlanAheadError):
            return store.write(lambda db: job(db, None))
    for _ in range(1, MAX_ATTEMPTS):
        plan = _plan_in_advance(store, item, supersede_known, is_last=False)
        try:
            return _write_planned(store, job, plan)
        except PlanAheadError:
            continue
    return _write_planned(store, job, _plan_in_advance(store, item, supersede_known, is_last=True))


def _write_planned(
    store: Store, job: Callable[[Connection, AdvancePlan | None], Result], plan: AdvancePlan
) -> Result:
    return store.write(lambda db: job(db, plan), is_long=True)


def _plan_in_advance(
    store: Store, item: NormalizedSubmission, supersede_known: bool, *, is_last: bool
) -> AdvancePlan:
    with store.read_transaction() as db:
        reads = ReadLog(db)
        lookups = SubmissionLookups(reads)
        try:
            lookups.prefetch([item])
            outcome = plan_submission(item, lookups, supersede_known=supersede_known)
        except (InvalidInputError, ConflictError) as error:
            return AdvancePlan(error, reads, is_last)
    return AdvancePlan(outcome, reads, is_last)


def _make_superseded_events(report: Report, lookups: SubmissionLookups) -> list[NewEvent]:
    """Return the event of the report that this one supersedes, if any."""
    if report.supersedes is None:
        return []
    superseded = lookups.reports.get(report.supersedes)
    if superseded is None:
        raise invalid_field("/supersedes", "There is no such report to supersede.")
    detail = None
    if superseded.reporter not in lookups.entities.list_equivalent_ids("reporter", report.reporter):
        detail = f"Only {superseded.reporter} can supersede its own report {superseded.id}."
    elif superseded.superseded_by is not None:
        detail = f"The report is superseded already; supersede {superseded.superseded_by} instead."
    if detail:
        other = superseded.superseded_by or superseded.id
        raise ConflictError(detail, (ErrorDetail("/supersedes", detail, other),))
    return [NewEvent("superseded", superseded.id, {"by": report.id})]


def _check_meaning(submission: Submission, report: Report, resolver: EntityResolver) -> None:
    """Raise InvalidInputError for words that the figures do not fit, and for empty scopes."""
    errors = find_wording_errors(submission, report)
    for kind, name in (("place", "places"), ("group", "groups")):
        pointers_by_ids: dict[tuple[str, ...], list[str]] = {}
        if not report.figures and len(getattr(report, name)) > 1:
            pointers_by_ids[getattr(report, name)] = [f"/{name}"]
        for position, figure in enumerate(report.figures):
            ids = getattr(figure, name)
            if len(ids) > 1:
                sent = submission.figures[position]
                is_of_report = getattr(sent, name) is None and getattr(submission, name)
                pointer = f"/{name}" if is_of_report else f"/figures/{position}/{name}"
                pointers_by_ids.setdefault(ids, []).append(pointer)
        if pointers_by_ids:
            selections = resolver.select(kind, *pointers_by_ids)
            for (ids, pointers), selection in zip(pointers_by_ids.items(), selections, strict=True):
                if not selection.alternatives:
                    detail = make_empty_scope_message(kind, ids)
                    errors += [ErrorDetail(pointer, detail) for pointer in pointers]
    errors = list(dict.fromkeys(errors))
    if errors:
        raise InvalidInputError(summarize_errors(errors), tuple(errors))
