"""What is made of a report before it is recorded, without the database: so by another process too.

That process loads this module, which therefore imports no engine of a database.
"""

from collections.abc import Callable
from typing import Any, Final

from marshmallow import ValidationError

from schemas.quick_load import ReportIn
from service.domain.errors import DomainError, ErrorDetail, InvalidInputError
from service.domain.submission import Submission
from service.usecases.normalized_submissions import NormalizedSubmission, normalize

PreparedReport = NormalizedSubmission | DomainError
"""The normalized submission of a report, or why it is refused."""

_REPORT_SCHEMA: Final = ReportIn()


def prepare_report(report: dict[str, Any], *, new_id: Callable[[], str]) -> PreparedReport:
    """Return what is to be recorded of a report in JSON."""
    submission = load_submission(report)
    if isinstance(submission, DomainError):
        return submission
    try:
        return normalize(submission, new_id())
    except DomainError as error:
        return error


def load_submission(report: dict[str, Any]) -> Submission | DomainError:
    """Return the submission of a report, or why it is none."""
    try:
        submission: Submission = _REPORT_SCHEMA.load(report)
    except ValidationError as error:
        pointer, reason = find_first_message(error.messages)
        return InvalidInputError(reason, (ErrorDetail(pointer, reason),))
    return submission


def find_first_message(messages: Any) -> tuple[str, str]:
    """Return the JSON pointer and the text of the first message of a ValidationError."""
    pointer = ""
    while isinstance(messages, dict):
        key, messages = next(iter(messages.items()))
        pointer += "" if key == "_schema" else f"/{key}"
    return pointer, str(messages[0])
