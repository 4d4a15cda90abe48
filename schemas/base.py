"""The base classes of request schemas: query strings and JSON bodies."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import fields, pre_load

from schemas.fields import Schema


class Parameters(Schema):
    """The parameters of a query string."""

    FIELD_NOUN: ClassVar[str] = "parameter"


class Body(Schema):
    """An object in a body; null in an optional field is the same as leaving the field out.

    ``MEANINGFUL_NULLS`` names the fields in which null has a meaning of its own.
    """

    MEANINGFUL_NULLS: ClassVar[frozenset[str]] = frozenset()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Allow null in every optional field."""
        if not field_obj.required:
            field_obj.allow_none = True

    @pre_load
    def drop_nulls(self, data: Any, **kwargs: Any) -> Any:
        """Return the object without its optional fields that are null."""
        if not isinstance(data, Mapping):
            return data
        optional = {
            field.data_key or name
            for name, field in self.load_fields.items()
            if not field.required and name not in self.MEANINGFUL_NULLS
        }
        return {
            name: value for name, value in data.items() if value is not None or name not in optional
        }
