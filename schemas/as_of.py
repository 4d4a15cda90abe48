"""Moments of the record, as they are asked for."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from schemas.base import Parameters
from schemas.fields import normalize_timestamp


class AsOf(fields.Field[int | str]):
    """An entry of the ledger by its number, or an instant; loads as int or as text."""

    def __init__(self, description: str = "An instant or a seq; now.", **kwargs: Any) -> None:
        """Take the usual field options."""
        metadata = {"type": "string", "minLength": 1, "description": description}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | str:
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) <= 15:
            return int(text)
        try:
            return normalize_timestamp(text)
        except ValueError:
            raise ValidationError(
                "This must be an instant in UTC, like 2026-01-05T10:00:00Z, or a seq."
            ) from None


class AsOfParameters(Parameters):
    """As of when something is shown; it loads as the moment alone, None for now."""

    as_of = AsOf()

    @post_load
    def load_as_of(self, data: dict[str, Any], **kwargs: Any) -> int | str | None:
        """Return the moment."""
        as_of: int | str | None = data.get("as_of")
        return as_of
