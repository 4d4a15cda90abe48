"""Batches: many reports in one request, each with a result of its own, all with one timestamp."""

from collections.abc import Callable, Sequence
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
    OverloadedError,
    PreconditionFailedError,
    RateLimitExceededError,
    StoreUnavailableError,
    TimeBudgetExceededError,
)
from service.domain.report import Report
from service.domain.submission import BatchOptions, Submission
from service.store import event_log
from service.store.idempotency import IdempotencyKey
from service.store.interface import Connection, Store
from service.usecases.idempotency import run_once
from service.usecases.reports import (
    SubmitResult,
    check_and_normalize,
    dump_submit_result,
    load_submit_result,
    record_report,
)
from service.usecases.submission_lookups import SubmissionLookups, make_batch_lookups

MAX_BATCH_REPORTS: Final = 10_000
"""How many reports a batch may contain."""

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


ItemResult = SubmitResult | DomainError
"""The result of one item: the recorded report, or the error that prevented it."""

_NormalizedItem = tuple[Submission, Report] | DomainError


def submit_batch(
    store: Store,
    items: Sequence[Submission | DomainError],
    *,
    options: BatchOptions,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
    principal: Principal | None = None,
    idempotency_key: IdempotencyKey | None = None,
) -> tuple[tuple[ItemResult, ...], bool]:
    """Return the results of all items in their order, and whether this is a replay; writes.

    An error of one item does not affect the others. Items that could not be parsed are given as
    their errors and returned as such. If the batch is atomic, all items are recorded or none: if
    one fails, the result of each valid item is a FailedDependencyError.
    """
    normalized = [_normalize_item(item, new_id, principal) for item in items]

    def record_items(db: Connection) -> tuple[ItemResult, ...]:
        request = event_log.last_seq(db) + 1
        lookups = make_batch_lookups(db, [item for item in normalized if isinstance(item, tuple)])
        with db.savepoint("batch") as undo:
            results = [
                _record_item(db, item, actor, now, request, options.supersede_known, lookups)
                for item in normalized
            ]
            return tuple(_undo_if_any_failed(results, undo) if options.is_atomic else results)

    return store.write(
        lambda db: run_once(
            db,
            idempotency_key,
            lambda: record_items(db),
            lambda results: [_dump_result(db, result) for result in results],
            lambda stored: tuple(_load_result(db, each) for each in stored),
        )
    )


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
    db: Connection,
    item: _NormalizedItem,
    actor: str | None,
    now: datetime,
    request: int,
    supersede_known: bool,
    lookups: SubmissionLookups,
) -> ItemResult:
    if isinstance(item, DomainError):
        return item
    with db.savepoint("item") as undo:
        try:
            return record_report(
                db,
                *item,
                actor,
                now,
                request,
                supersede_known=supersede_known,
                lookups=lookups,
            )
        except DomainError as error:
            undo()
            return error


def _undo_if_any_failed(results: list[ItemResult], undo: Callable[[], None]) -> list[ItemResult]:
    """Return the results, with all items undone if one is an error."""
    is_failed = [isinstance(result, DomainError) for result in results]
    if not any(is_failed):
        return results
    undo()
    detail = (
        f"Not recorded: item {is_failed.index(True)} failed, and atomic=true means all or none."
    )
    return [
        result if isinstance(result, DomainError) else FailedDependencyError(detail)
        for result in results
    ]


def _dump_result(db: Connection, result: ItemResult) -> list[Any]:
    if isinstance(result, SubmitResult):
        return dump_submit_result(db, result)
    return [result.code, result.detail, [_dump_error_detail(each) for each in result.errors]]


def _dump_error_detail(error: ErrorDetail) -> list[str]:
    link = () if error.report is None else (error.report,)
    return [error.pointer, error.detail, *link]


def _load_result(db: Connection, stored: list[Any]) -> ItemResult:
    if isinstance(stored[2], bool):
        return load_submit_result(db, stored)
    code, detail, errors = stored
    return ERRORS_BY_CODE[code](detail, tuple(ErrorDetail(*each) for each in errors))
