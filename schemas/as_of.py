"""The parameters that choose a state of the record."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from schemas.base import Parameters
from schemas.fields import normalize_timestamp


class AsOf(fields.Field[int | str]):
    """A `seq` of the event log or a timestamp; loads as int or as text."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        metadata = {"type": "string", "minLength": 1}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | str:
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) <= 15:
            return int(text)
        try:
            return normalize_timestamp(text)
        except ValueError:
            raise ValidationError(
                "This must be a timestamp in UTC, such as 2026-01-05T10:00:00Z, or a seq."
            ) from None


class AsOfParameters(Parameters):
    """The parameter `as_of` alone; loads as its value, None for now."""

    as_of = AsOf(
        metadata={
            "description": "Show the report as it was after this `seq`, or at this timestamp in "
            "UTC. Default: now. A `seq` or timestamp that is still to come is a 422; before the "
            "report was recorded the answer is 404."
        }
    )

    @post_load
    def load_as_of(self, data: dict[str, Any], **kwargs: Any) -> int | str | None:
        """Return the value of `as_of`."""
        as_of: int | str | None = data.get("as_of")
        return as_of
