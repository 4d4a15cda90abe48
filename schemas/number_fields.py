"""Numbers: JSON numbers in bodies, plain digits in query strings, never one for the other."""

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

from service.domain.vocabulary import MAX_COUNT


class Count(fields.Integer):
    """A whole number as a JSON number: 30 and 30.0, but not 30.5, "30" or true."""

    def __init__(self, *, maximum: int = MAX_COUNT, minimum: int = 0, **kwargs: Any) -> None:
        """Accept the numbers from ``minimum`` to ``maximum``, both included."""
        super().__init__(validate=_make_range(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("This must be a whole number, written as a JSON number.")
        if isinstance(value, float) and not value.is_integer():
            raise ValidationError("This must be a whole number.")
        return int(value)


class Coordinate(fields.Float):
    """A number of degrees as a JSON number."""

    default_error_messages = {"special": "This must be a finite number."}  # noqa: RUF012

    def __init__(self, *, maximum: int, **kwargs: Any) -> None:
        """Accept the numbers from -``maximum`` to ``maximum``, both included."""
        super().__init__(validate=_make_range(-maximum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("This must be a JSON number of degrees.")
        return super()._deserialize(value, attr, data, **kwargs)


class IntegerParameter(fields.Integer):
    """A whole number in a query string, written in plain digits."""

    def __init__(self, *, minimum: int, maximum: int, **kwargs: Any) -> None:
        """Accept the numbers from ``minimum`` to ``maximum``, both included."""
        super().__init__(validate=_make_range(minimum, maximum), **kwargs)
        self._message = _range_message(minimum, maximum)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,18}", value):
            raise ValidationError(self._message)
        return int(value)


def _make_range(minimum: int, maximum: int) -> validate.Range:
    return validate.Range(min=minimum, max=maximum, error=_range_message(minimum, maximum))


def _range_message(minimum: int, maximum: int) -> str:
    return f"This must be a number from {minimum} to {maximum:,}."
