"""What is stored of an item of a batch that was refused makes the same error again."""

import inspect

import pytest

from service.domain import errors
from service.domain.errors import DomainError, ErrorDetail
from service.usecases.batches import ERRORS_BY_CODE

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, DomainError)
]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_restored_from_its_code(error: type[DomainError]) -> None:
    assert ERRORS_BY_CODE[error.code] is error
    again = ERRORS_BY_CODE[error.code]("why", (ErrorDetail("/ref", "how"),))
    assert (again.detail, again.errors) == ("why", (ErrorDetail("/ref", "how"),))


@pytest.mark.parametrize("name", ["Invalid", "Malformed", "Conflict", "NotAllowed", "NotDone"])
def test_the_names_of_classes_that_release_0_1_0_stored_are_read(name: str) -> None:
    assert name in ERRORS_BY_CODE
