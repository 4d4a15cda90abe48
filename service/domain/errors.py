"""What can be wrong with what somebody asks of the service; status codes are the web's business."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where (a JSON pointer or a parameter's name) and the fix."""

    pointer: str
    detail: str


class DomainError(Exception):
    """Base of all errors whose text may be shown to whoever asked."""

    def __init__(self, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults


class Invalid(DomainError):
    """The input was understood and is wrong; ``faults`` name each field and its fix."""


class Malformed(DomainError):
    """The input cannot be read for what it claims to be, so that nothing in it was understood."""


class Conflict(DomainError):
    """The input contradicts what is already recorded."""


class Stale(DomainError):
    """What was to be replaced is not any more what the sender has seen."""


class NotDone(DomainError):
    """Nothing is wrong with this item; it was not recorded because another one was refused."""


class NotFound(DomainError):
    """Nothing is recorded under the id that was asked for."""


class NotAllowed(DomainError):
    """The key that asked may not do this."""


class Busy(DomainError):
    """The work could not be done in the time allowed; the same request may succeed later."""


class Unavailable(DomainError):
    """The record cannot be read or written until somebody looks after it: a full disk, no file."""


class Away(Unavailable):
    """The record cannot be reached for the moment, while another server takes over from one."""


class TooCostly(DomainError):
    """Answering takes more time than one request may have; for a smaller question it would not."""


class TooMany(DomainError):
    """The same client asked too often; in ``seconds`` it is answered again."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


def invalid(pointer: str, detail: str) -> Invalid:
    """Return the error for one wrong field."""
    return Invalid(detail, (Fault(pointer, detail),))
