"""Many reports in one request: each with a result of its own, all of one moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    PreconditionFailedError,
    RateLimitExceededError,
    StoreUnavailableError,
    TimeBudgetExceededError,
)
from service.domain.report import RecordedReport, Report
from service.domain.submission import Submission
from service.store import event_log
from service.store.idempotency import IdempotencyKey
from service.store.interface import Connection, Store
from service.usecases.idempotency import run_once
from service.usecases.reports import (
    check_and_normalize,
    dump_submit_result,
    load_submit_result,
    record_report,
)

MAX_BATCH_REPORTS: Final = 10_000
"""So many reports may come in one batch."""

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
class BatchItemResult:
    """The result of one item: the recorded report, or the error that prevented it."""

    recorded: RecordedReport | None = None
    is_new: bool = False
    error: DomainError | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The results of all items, in the order in which they were sent.

    ``is_replay`` is True if the same request was answered before.
    """

    results: tuple[BatchItemResult, ...]
    is_replay: bool = False


_NormalizedItem = tuple[Submission, Report] | DomainError


def submit_batch(
    store: Store,
    items: Sequence[Submission | DomainError],
    *,
    atomic: bool,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
    principal: Principal | None = None,
    idempotency_key: IdempotencyKey | None = None,
) -> BatchResult:
    """Return what came of every item, one bad item harming no other; writes.

    An item that could not be read stands among them as its error. With ``atomic`` all are recorded
    or none: then those that nothing is wrong with are told so by FailedDependencyError.
    """
    normalized = [_normalize_item(item, new_id, principal) for item in items]

    def record_items(db: Connection) -> tuple[BatchItemResult, ...]:
        request = event_log.last_seq(db) + 1
        with db.savepoint("batch") as undo:
            results = [_record_item(db, item, actor, now, request) for item in normalized]
            return tuple(_undo_if_any_refused(results, undo) if atomic else results)

    def job(db: Connection) -> BatchResult:
        results, is_replay = run_once(
            db,
            idempotency_key,
            lambda: record_items(db),
            lambda results: [_dump_result(db, result) for result in results],
            lambda was: tuple(_load_result(db, each) for each in was),
        )
        return BatchResult(results, is_replay)

    return store.write(job)


def _normalize_item(
    item: Submission | DomainError, new_id: Callable[[], str], principal: Principal | None
) -> _NormalizedItem:
    if isinstance(item, DomainError):
        return item
    try:
        return item, check_and_normalize(item, new_id(), principal)
    except DomainError as error:
        return error


def _record_item(
    db: Connection, item: _NormalizedItem, actor: str | None, now: datetime, request: int
) -> BatchItemResult:
    if isinstance(item, DomainError):
        return BatchItemResult(error=item)
    with db.savepoint("item") as undo:
        try:
            submitted = record_report(db, *item, actor, now, request)
        except DomainError as error:
            undo()
            return BatchItemResult(error=error)
    return BatchItemResult(submitted.recorded, submitted.is_new)


def _undo_if_any_refused(
    results: list[BatchItemResult], undo: Callable[[], None]
) -> list[BatchItemResult]:
    """Return the results, all of them undone if one is an error."""
    first_refused = next((index for index, result in enumerate(results) if result.error), None)
    if first_refused is None:
        return results
    undo()
    detail = (
        f"Not recorded, because item {first_refused} was refused and all or none was asked for."
    )
    return [
        result if result.error else BatchItemResult(error=FailedDependencyError(detail))
        for result in results
    ]


def _dump_result(db: Connection, result: BatchItemResult) -> list[Any]:
    if result.recorded is not None:
        return dump_submit_result(db, result.recorded, result.is_new)
    error = result.error or DomainError("")
    errors = [[each.pointer, each.detail] for each in error.errors]
    return [error.code, error.detail, errors]


def _load_result(db: Connection, stored: list[Any]) -> BatchItemResult:
    if isinstance(stored[2], bool):
        submitted = load_submit_result(db, stored)
        return BatchItemResult(submitted.recorded, submitted.is_new)
    code, detail, errors = stored
    return BatchItemResult(
        error=ERRORS_BY_CODE[code](detail, tuple(ErrorDetail(*each) for each in errors))
    )
