"""Numbers on the wire: JSON numbers in bodies, plain digits in queries, never one for the other."""

import re
from typing import Any

from marshmallow import ValidationError, fields

from service.domain.vocabulary import MAX_COUNT


class Count(fields.Field[int]):
    """A whole number of people: 30 and 30.0, never 30.5, "30" or true."""

    def __init__(self, *, most: int = MAX_COUNT, least: int = 0, **kwargs: Any) -> None:
        """Accept the numbers from ``least`` to ``most``."""
        self.least, self.most = least, most
        metadata = {"type": "integer", "minimum": least, "maximum": most}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("This must be a whole number, written as a JSON number.")
        if isinstance(value, float) and not value.is_integer():
            raise ValidationError("This must be a whole number.")
        if not self.least <= value <= self.most:
            raise ValidationError(f"This must be from {self.least} to {self.most:,}.")
        return int(value)


class Coordinate(fields.Field[float]):
    """A number of degrees, from -``most`` to ``most``."""

    def __init__(self, *, most: float, **kwargs: Any) -> None:
        """Accept numbers up to ``most`` either way."""
        self.most = most
        super().__init__(metadata={"type": "number", "minimum": -most, "maximum": most}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("This must be a JSON number of degrees.")
        if not -self.most <= value <= self.most:
            raise ValidationError(f"This must be from -{self.most} to {self.most}.")
        return float(value)


class Digits(fields.Field[int]):
    """A whole number in a query, written in plain digits."""

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        """Accept the numbers from ``least`` to ``most``."""
        self._least, self._most = least, most
        metadata = {"type": "integer", "minimum": least, "maximum": most}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        plain = isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value)
        if not plain or not self._least <= int(value) <= self._most:
            raise ValidationError(
                f"This must be a whole number from {self._least} to {self._most:,}."
            )
        return int(value)
