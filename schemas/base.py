"""What bodies and queries have in common: the sentences that refuse, and what null means."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import fields, pre_load

from schemas.fields import Schema


class Parameters(Schema):
    """The parameters of a query string."""

    FIELD_NOUN: ClassVar[str] = "parameter"


class Body(Schema):
    """An object in a body; a field that may be left out may be null instead, which is the same.

    ``MEANINGFUL_NULLS`` names the fields in which null says something of its own.
    """

    MEANINGFUL_NULLS: ClassVar[frozenset[str]] = frozenset()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Let every field be null that may be left out."""
        if not field_obj.required:
            field_obj.allow_none = True

    @pre_load
    def drop_nulls(self, data: Any, **kwargs: Any) -> Any:
        """Return the object without the fields that are null and might have been left out."""
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
