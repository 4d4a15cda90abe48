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
from service.usecases.idempotency import once
from service.usecases.reports import completed, posted_before, taken_in, told

LARGEST: Final = 10_000
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
"""Release 0.1.0 stored the name of an error's class; the record may hold these for ever."""

ERRORS_BY_CODE: Final[dict[str, type[DomainError]]] = {
    **_CLASS_NAMES_OF_0_1_0,
    **{error.code: error for error in _CLASSES},
}
"""The class of a stored error by what is stored of it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one item: the recorded report, or the error because of which there is none."""

    recorded: RecordedReport | None = None
    new: bool = False
    error: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of every item, in the order in which they were sent; ``again`` as for a report."""

    results: tuple[Result, ...]
    again: bool = False


_Ready = tuple[Submission, Report] | DomainError


def submit_all(
    store: Store,
    items: Sequence[Submission | DomainError],
    *,
    atomic: bool,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
    holder: Principal | None = None,
    claim: IdempotencyKey | None = None,
) -> Batch:
    """Return what came of every item, one bad item harming no other; writes.

    An item that could not be read stands among them as its error. With ``atomic`` all are recorded
    or none: then those that nothing is wrong with are told so by FailedDependencyError.
    """
    ready = [_completed(item, new_id, holder) for item in items]

    def work(db: Connection) -> tuple[Result, ...]:
        request = event_log.last_seq(db) + 1
        with db.savepoint("batch") as undo:
            results = [_result(db, item, actor, now, request) for item in ready]
            return tuple(_all_or_none(results, undo) if atomic else results)

    def job(db: Connection) -> Batch:
        results, again = once(
            db,
            claim,
            lambda: work(db),
            lambda results: [_told(db, result) for result in results],
            lambda was: tuple(_told_before(db, each) for each in was),
        )
        return Batch(results, again)

    return store.write(job)


def _completed(
    item: Submission | DomainError, new_id: Callable[[], str], holder: Principal | None
) -> _Ready:
    if isinstance(item, DomainError):
        return item
    try:
        return item, completed(item, new_id(), holder)
    except DomainError as error:
        return error


def _result(db: Connection, item: _Ready, actor: str | None, now: datetime, request: int) -> Result:
    if isinstance(item, DomainError):
        return Result(error=item)
    with db.savepoint("item") as undo:
        try:
            posted = taken_in(db, *item, actor, now, request)
        except DomainError as error:
            undo()
            return Result(error=error)
    return Result(posted.recorded, posted.new)


def _all_or_none(results: list[Result], undo: Callable[[], None]) -> list[Result]:
    """Return the results, all of them undone if one is an error."""
    refused = next((at for at, result in enumerate(results) if result.error), None)
    if refused is None:
        return results
    undo()
    detail = f"Not recorded, because item {refused} was refused and all or none was asked for."
    return [
        result if result.error else Result(error=FailedDependencyError(detail))
        for result in results
    ]


def _told(db: Connection, result: Result) -> list[Any]:
    if result.recorded is not None:
        return told(db, result.recorded, result.new)
    error = result.error or DomainError("")
    errors = [[each.pointer, each.detail] for each in error.errors]
    return [error.code, error.detail, errors]


def _told_before(db: Connection, was: list[Any]) -> Result:
    if isinstance(was[2], bool):
        posted = posted_before(db, was)
        return Result(posted.recorded, posted.new)
    code, detail, errors = was
    return Result(error=ERRORS_BY_CODE[code](detail, tuple(ErrorDetail(*each) for each in errors)))
