"""Batches: many reports in one request, each with a result of its own.

A batch is recorded in several transactions, so that other writers get their turn, unless it is
atomic. Each of them is a request of its own in the event log.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, Final

from service.domain.access import Principal
from service.domain.errors import (
    ConflictError,
    DatabaseUnreachableError,
    DomainError,
    ErrorDetail,
    FailedDependencyError,
    ForbiddenError,
    InvalidInputError,
    LockTimeoutError,
    MalformedInputError,
    NotFoundError,
    OverloadedError,
    PreconditionFailedError,
    RateLimitExceededError,
    StoreUnavailableError,
    TimeBudgetExceededError,
)
from service.domain.report import RecordedReport, ReportWarning
from service.domain.submission import BatchOptions, Submission
from service.store import reports
from service.store.entity_cache import KeptEntities
from service.store.idempotency import IdempotencyKey, store_response
from service.store.interface import Connection, Store
from service.usecases.idempotency import find_stored
from service.usecases.imports import check_import, make_progress_event
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.reports import ReportRecorder, check_and_normalize, check_reporter
from service.usecases.submission_plans import (
    MAX_PLAIN_SIZE,
    AdvancePlan,
    PlanAheadError,
    size_of,
    write_with_plan,
)

MAX_BATCH_REPORTS: Final = 10_000
"""How many reports a batch may contain."""

MAX_TRANSACTION_REPORTS: Final = 100
"""How many reports of a batch one transaction records: other writers wait for less than 0.1 s."""

MAX_TRANSACTION_SIZE: Final = 300
"""How many figures, places and groups they name together; a larger report is recorded alone."""

_CLASSES: Final[tuple[type[DomainError], ...]] = (
    DomainError,
    InvalidInputError,
    MalformedInputError,
    ConflictError,
    PreconditionFailedError,
    FailedDependencyError,
    NotFoundError,
    ForbiddenError,
    LockTimeoutError,
    StoreUnavailableError,
    DatabaseUnreachableError,
    TimeBudgetExceededError,
    RateLimitExceededError,
    OverloadedError,
)

_CLASS_NAMES_OF_0_1_0: Final[dict[str, type[DomainError]]] = {
    "DomainError": DomainError,
    "Invalid": InvalidInputError,
    "NotUnderstood": InvalidInputError,
    "Malformed": MalformedInputError,
    "Conflict": ConflictError,
    "Stale": PreconditionFailedError,
    "NotDone": FailedDependencyError,
    "NotFound": NotFoundError,
    "NotAllowed": ForbiddenError,
    "Busy": LockTimeoutError,
    "Unavailable": StoreUnavailableError,
    "Away": DatabaseUnreachableError,
    "TooCostly": TimeBudgetExceededError,
    "TooMany": RateLimitExceededError,
}
"""The class names that release 0.1.0 stored for errors; a record may still contain them."""

ERRORS_BY_CODE: Final[dict[str, type[DomainError]]] = {
    **_CLASS_NAMES_OF_0_1_0,
    **{error.code: error for error in _CLASSES},
}
"""The error class for each stored code, and for each class name of release 0.1.0."""


@dataclass(frozen=True, slots=True)
class RecordedItem:
    """An item that was recorded, or is known: then ``is_new`` is False.

    ``supersedes`` is the id of the report that it replaces; None if it replaces none.
    """

    report_id: str
    seq: int
    is_new: bool
    warnings: tuple[ReportWarning, ...]
    supersedes: str | None = None


ItemResult = RecordedItem | DomainError
"""The result of one item, or the error that prevented it."""

_NormalizedItem = NormalizedSubmission | DomainError


def submit_batch(
    store: Store,
    items: Sequence[Any],
    *,
    options: BatchOptions,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
    principal: Principal | None = None,
    idempotency_key: IdempotencyKey | None = None,
    load_item: Callable[[Any], Submission | _NormalizedItem] = lambda item: item,
    kept_entities: KeptEntities | None = None,
) -> tuple[tuple[ItemResult, ...], bool]:
    """Return the results of all items in their order, and whether this is a replay; writes.

    An error of one item does not affect the others. ``load_item`` returns the submission of an
    item, with its report if that was normalized before, or its error, which is its result. If the
    batch is atomic, all items are recorded or none: if one fails, the result of each valid item is
    a FailedDependencyError.

    Items of another batch are recorded MAX_TRANSACTION_REPORTS at a time, or as many times more as
    the options say. If the database fails
    between two of these transactions, its error is the result of each item that is left; the same
    request with the same idempotency key then continues there. Raises the error if nothing of the
    batch is recorded. Several batches of one job may share ``kept_entities``.
    """
    batch = _Batch(options, actor, now, idempotency_key, principal, kept_entities or KeptEntities())
    queue = _ItemQueue(items, lambda item: _normalize_item(load_item(item), new_id, principal))
    results: list[ItemResult] = []
    is_replay = True
    part = 0
    while not part or len(results) < len(items):
        if options.is_atomic:
            some = queue.take(0, len(items))
        else:
            factor = options.transaction_factor
            most, size = MAX_TRANSACTION_REPORTS * factor, MAX_TRANSACTION_SIZE * factor
            some = queue.take(len(results), most, size)
        try:
            is_last = len(results) + len(some) >= len(items)
            parts, is_recorded = batch.write_part(store, part, some, is_last=is_last)
        except DomainError as error:
            if not part or isinstance(error, InvalidInputError):
                raise
            results += [error] * (len(items) - len(results))
            break
        for results_of_part in parts:
            results += results_of_part
        part += len(parts)
        is_replay &= not is_recorded
    return tuple(results), is_replay


class _ItemQueue:
    """The items of a batch, each normalized once, when its turn comes."""

    def __init__(self, items: Sequence[Any], normalize: Callable[[Any], _NormalizedItem]) -> None:
        self._items = items
        self._normalize = normalize
        self._normalized: dict[int, _NormalizedItem] = {}

    def take(self, start: int, count: int, size: float = inf) -> list[_NormalizedItem]:
        """Return the items from this position on: at most ``count``, and of at most this size.

        There is at least one, if any is left. A large one is alone, unless the size has no limit.
        Earlier items are not taken again.
        """
        taken: list[_NormalizedItem] = []
        for position in range(start, min(start + count, len(self._items))):
            if position not in self._normalized:
                self._normalized[position] = self._normalize(self._items[position])
            item = self._normalized[position]
            own_size = size_of(item.submission) if isinstance(item, NormalizedSubmission) else 0
            if own_size > MAX_PLAIN_SIZE:
                own_size = max(own_size, MAX_TRANSACTION_SIZE)
            size -= own_size
            if taken and size < 0:
                break
            taken.append(item)
        self._normalized = {at: each for at, each in self._normalized.items() if at >= start}
        return taken


def _normalize_item(
    item: Submission | _NormalizedItem,
    new_id: Callable[[], str],
    principal: Principal | None,
) -> _NormalizedItem:
    if isinstance(item, DomainError):
        return item
    try:
        if isinstance(item, Submission):
            return check_and_normalize(item, new_id(), principal)
        check_reporter(item.submission, principal)
        return item
    except DomainError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the transactions of one batch have in common."""

    options: BatchOptions
    actor: str | None
    now: datetime
    idempotency_key: IdempotencyKey | None
    principal: Principal | None
    kept_entities: KeptEntities

    def write_part(
        self, store: Store, part: int, items: Sequence[_NormalizedItem], *, is_last: bool
    ) -> tuple[list[list[ItemResult]], bool]:
        """Return what ``record_part`` returns, after the commit.

        If the items would take the turn of the writer for too long, only the first one is recorded.
        ``is_last``: there are no items after these.
        """
        if len(items) > 1 or self.options.is_atomic:
            try:
                return store.write(
                    lambda db: self.record_part(part, items, db, is_last=is_last), is_long=True
                )
            except PlanAheadError:
                is_last &= len(items) == 1
                items = items[:1]
        valid = [item for item in items if isinstance(item, NormalizedSubmission)]
        if not valid:
            return store.write(lambda db: self.record_part(part, items, db, is_last=is_last))
        return write_with_plan(
            store,
            valid[0],
            lambda db, plan: self.record_part(part, items, db, plan, is_last=is_last),
            supersede_known=self.options.supersede_known,
        )

    def record_part(
        self,
        part: int,
        items: Sequence[_NormalizedItem],
        db: Connection,
        plan: AdvancePlan | None = None,
        *,
        is_last: bool,
    ) -> tuple[list[list[ItemResult]], bool]:
        """Return the results of this part and maybe of later ones, and whether it was recorded now.

        If an earlier or a concurrent request with the same key has recorded it, they are its
        results.
        """
        if self.idempotency_key is None:
            return [self._record_items(db, items, plan, is_last=is_last)[0]], True
        stored = find_stored(db, self.idempotency_key)
        if stored is not None and len(stored.parts) > part:
            return [_load_results(db, each) for each in stored.parts[part:]], False
        results, last_seq = self._record_items(db, items, plan, is_last=is_last)
        dumped = [_dump_result(result, last_seq) for result in results]
        store_response(db, self.idempotency_key, dumped, stored)
        return [results], True

    def _record_items(
        self,
        db: Connection,
        items: Sequence[_NormalizedItem],
        plan: AdvancePlan | None,
        *,
        is_last: bool,
    ) -> tuple[list[ItemResult], int]:
        """Return the results of the items, and the last seq."""
        if self.options.progress is not None:
            import_id = self.options.progress.import_id
            check_import(db, import_id, self.actor, self.principal).check_running()
        # Only all items together are undone. With a savepoint, SQLite copies each page once more.
        with db.savepoint("batch") if self.options.is_atomic else nullcontext() as undo:
            valid = [item for item in items if isinstance(item, NormalizedSubmission)]
            is_bounded = not self.options.is_atomic
            recorder = ReportRecorder(
                db, valid, self.actor, self.now, plan,
                is_bounded=is_bounded, kept_entities=self.kept_entities,
            )  # fmt: skip
            results = [self._record_item(recorder, item) for item in items]
            if undo is not None and any(isinstance(each, DomainError) for each in results):
                undo()
                return _fail_all(results), recorder.first_seq - 1
            last_seq = recorder.last_seq
            if self.options.progress is not None:
                self._record_progress(recorder, results, is_last=is_last)
            recorder.flush()
            return results, last_seq

    def _record_progress(
        self, recorder: ReportRecorder, results: Sequence[ItemResult], *, is_last: bool
    ) -> None:
        """Record which events belong to the import, if there are any."""
        progress = self.options.progress
        new = sum(isinstance(each, RecordedItem) and each.is_new for each in results)
        if progress is not None and new:
            recorder.record_event(
                make_progress_event(
                    progress.import_id,
                    first=recorder.first_seq,
                    last=recorder.last_seq,
                    reports=new,
                    rows=progress.rows if is_last else 0,
                )
            )

    def _record_item(self, recorder: ReportRecorder, item: _NormalizedItem) -> ItemResult:
        if isinstance(item, DomainError):
            return item
        try:
            result = recorder.record(item, supersede_known=self.options.supersede_known)
        except DomainError as error:
            return error
        return make_recorded_item(result.recorded, result.is_new)


def make_recorded_item(recorded: RecordedReport, is_new: bool) -> RecordedItem:
    """Return the result of an item from its report."""
    return RecordedItem(
        recorded.report.id, recorded.seq, is_new, recorded.warnings, recorded.report.supersedes
    )


def _fail_all(results: Sequence[ItemResult]) -> list[ItemResult]:
    """Return the errors of an atomic batch of which at least one item failed."""
    first = next(at for at, result in enumerate(results) if isinstance(result, DomainError))
    detail = f"Not recorded: item {first} failed, and atomic=true means all or none."
    return [
        result if isinstance(result, DomainError) else FailedDependencyError(detail)
        for result in results
    ]


def _dump_result(result: ItemResult, last_seq: int) -> list[Any]:
    if isinstance(result, RecordedItem):
        return [result.report_id, last_seq, result.is_new]
    return [result.code, result.detail, [_dump_error_detail(each) for each in result.errors]]


def _dump_error_detail(error: ErrorDetail) -> list[str]:
    link = () if error.report is None else (error.report,)
    return [error.pointer, error.detail, *link]


def _load_results(db: Connection, stored: Sequence[list[Any]]) -> list[ItemResult]:
    """Return the results that were stored, as they were then."""
    ids_by_seq: dict[int, list[str]] = {}
    for item in stored:
        if isinstance(item[2], bool):
            ids_by_seq.setdefault(item[1], []).append(item[0])
    recorded = {
        each.report.id: each
        for seq, ids in ids_by_seq.items()
        for each in reports.get_many(db, ids, seq)
    }
    return [_load_result(item, recorded) for item in stored]


def _load_result(stored: list[Any], recorded: Mapping[str, RecordedReport]) -> ItemResult:
    if isinstance(stored[2], bool):
        return make_recorded_item(recorded[stored[0]], stored[2])
    code, detail, errors = stored
    return ERRORS_BY_CODE[code](detail, tuple(ErrorDetail(*each) for each in errors))
