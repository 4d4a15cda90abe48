"""What can be wrong with what somebody asks of the service; status codes are the web's business."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One thing wrong with an input: where (a JSON pointer or a parameter's name) and the fix."""

    pointer: str
    detail: str


class DomainError(Exception):
    """Base of all errors whose text may be shown to whoever asked.

    ``code`` names the kind of error. It is stored with results of batches and never changes;
    subclasses without one of their own have that of their base.
    """

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, errors: tuple[ErrorDetail, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class InvalidInputError(DomainError):
    """The input was understood and is wrong; ``errors`` name each field and its fix."""

    code: ClassVar[str] = "invalid_input"


class MalformedInputError(DomainError):
    """The input cannot be read for what it claims to be, so that nothing in it was understood."""

    code: ClassVar[str] = "malformed_input"


class ConflictError(DomainError):
    """The input contradicts what is already recorded."""

    code: ClassVar[str] = "conflict"


class PreconditionFailedError(DomainError):
    """What was to be replaced is not any more what the sender has seen."""

    code: ClassVar[str] = "precondition_failed"


class FailedDependencyError(DomainError):
    """Nothing is wrong with this item; it was not recorded because another one was refused."""

    code: ClassVar[str] = "failed_dependency"


class NotFoundError(DomainError):
    """Nothing is recorded under the id that was asked for."""

    code: ClassVar[str] = "not_found"


class ForbiddenError(DomainError):
    """The key that asked may not do this."""

    code: ClassVar[str] = "forbidden"


class LockTimeoutError(DomainError):
    """The work could not be done in the time allowed; the same request may succeed later."""

    code: ClassVar[str] = "lock_timeout"


class StoreUnavailableError(DomainError):
    """The record cannot be read or written until somebody looks after it: a full disk, no file."""

    code: ClassVar[str] = "store_unavailable"


class DatabaseUnreachableError(StoreUnavailableError):
    """The record cannot be reached for the moment, while another server takes over from one."""

    code: ClassVar[str] = "database_unreachable"


class TimeBudgetExceededError(DomainError):
    """Answering takes more time than one request may have; for a smaller question it would not."""

    code: ClassVar[str] = "time_budget_exceeded"


class RateLimitExceededError(DomainError):
    """The same client asked too often; in ``retry_after_seconds`` it is answered again."""

    code: ClassVar[str] = "rate_limit_exceeded"

    def __init__(
        self,
        detail: str,
        errors: tuple[ErrorDetail, ...] = (),
        retry_after_seconds: int = 1,
    ) -> None:
        super().__init__(detail, errors)
        self.retry_after_seconds = retry_after_seconds


def summarize_errors(errors: Sequence[ErrorDetail]) -> str:
    """Return the detail of a single error, else the number of errors."""
    return errors[0].detail if len(errors) == 1 else f"{len(errors)} fields are wrong."


def invalid_field(pointer: str, detail: str) -> InvalidInputError:
    """Return the error for one wrong field."""
    return InvalidInputError(detail, (ErrorDetail(pointer, detail),))
