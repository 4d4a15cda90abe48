"""Numbers on the wire: JSON numbers in bodies, plain digits in queries, never one for the other."""

import re
from typing import Any

from marshmallow import ValidationError, fields

from service.domain.vocabulary import MAX_COUNT


class Count(fields.Field[int]):
    """A whole number of people: 30 and 30.0, never 30.5, "30" or true."""

    def __init__(self, *, maximum: int = MAX_COUNT, minimum: int = 0, **kwargs: Any) -> None:
        """Accept the numbers from ``minimum`` to ``maximum``."""
        self.minimum, self.maximum = minimum, maximum
        metadata = {"type": "integer", "minimum": minimum, "maximum": maximum}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("This must be a whole number, written as a JSON number.")
        if isinstance(value, float) and not value.is_integer():
            raise ValidationError("This must be a whole number.")
        if not self.minimum <= value <= self.maximum:
            raise ValidationError(f"This must be from {self.minimum} to {self.maximum:,}.")
        return int(value)


class Coordinate(fields.Field[float]):
    """A number of degrees, from -``maximum`` to ``maximum``."""

    def __init__(self, *, maximum: float, **kwargs: Any) -> None:
        """Accept numbers up to ``maximum`` either way."""
        self.maximum = maximum
        super().__init__(
            metadata={"type": "number", "minimum": -maximum, "maximum": maximum}, **kwargs
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("This must be a JSON number of degrees.")
        if not -self.maximum <= value <= self.maximum:
            raise ValidationError(f"This must be from -{self.maximum} to {self.maximum}.")
        return float(value)


class IntegerParameter(fields.Field[int]):
    """A whole number in a query, written in plain digits."""

    def __init__(self, *, minimum: int, maximum: int, **kwargs: Any) -> None:
        """Accept the numbers from ``minimum`` to ``maximum``."""
        self._minimum, self._maximum = minimum, maximum
        metadata = {"type": "integer", "minimum": minimum, "maximum": maximum}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        is_plain = isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value)
        if not is_plain or not self._minimum <= int(value) <= self._maximum:
            raise ValidationError(
                f"This must be a whole number from {self._minimum} to {self._maximum:,}."
            )
        return int(value)
