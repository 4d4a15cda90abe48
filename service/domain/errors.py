"""Errors of the domain; service.http.problems maps each to a status code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One error in an input: where (a JSON pointer or a parameter's name) and how to correct it.

    ``report`` is the id of the recorded report that the input contradicts, if it is one.
    """

    pointer: str
    detail: str
    report: str | None = None


class DomainError(Exception):
    """Base of all errors whose text may be shown to the client.

    ``code`` names the kind of error. It is stored with results of batches and never changes. A
    subclass without a code has that of its base.
    """

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, errors: tuple[ErrorDetail, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class InvalidInputError(DomainError):
    """The input is readable but invalid; ``errors`` lists each field and how to correct it."""

    code: ClassVar[str] = "invalid_input"


class MalformedInputError(DomainError):
    """The input cannot be parsed in the format that it claims to have."""

    code: ClassVar[str] = "malformed_input"


class ConflictError(DomainError):
    """The input contradicts what is recorded already."""

    code: ClassVar[str] = "conflict"


class PreconditionFailedError(DomainError):
    """The entity to be replaced was changed since the client read it."""

    code: ClassVar[str] = "precondition_failed"


class FailedDependencyError(DomainError):
    """This item is valid but was not recorded, because another item of its batch was rejected."""

    code: ClassVar[str] = "failed_dependency"


class NotFoundError(DomainError):
    """Nothing is recorded under this id."""

    code: ClassVar[str] = "not_found"


class ForbiddenError(DomainError):
    """The API key may not do this."""

    code: ClassVar[str] = "forbidden"


class LockTimeoutError(DomainError):
    """A lock or a replica was not ready in time; the same request may succeed later."""

    code: ClassVar[str] = "lock_timeout"


class StoreUnavailableError(DomainError):
    """The database cannot be used until an operator acts, for example because the disk is full."""

    code: ClassVar[str] = "store_unavailable"


class DatabaseUnreachableError(StoreUnavailableError):
    """The database cannot be reached temporarily, for example during a failover."""

    code: ClassVar[str] = "database_unreachable"


class TimeBudgetExceededError(DomainError):
    """The answer takes more time than one request may use; a smaller query may succeed."""

    code: ClassVar[str] = "time_budget_exceeded"


class OverloadedError(DomainError):
    """As many costly requests are being worked on as may be; the same request may succeed later."""

    code: ClassVar[str] = "overloaded"


class RateLimitExceededError(DomainError):
    """The client sent too many requests; it may retry after ``retry_after_seconds``."""

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
    """Return the error for one invalid field."""
    return InvalidInputError(detail, (ErrorDetail(pointer, detail),))
