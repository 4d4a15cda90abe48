"""Answers that can be large: one declaration of their JSON, and a fast way to write it."""

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar

from marshmallow import fields, missing

from schemas.fields import Schema

GetValue = Callable[[Any], Any]


class CompiledSchema(Schema):
    """A schema whose ``to_json`` is several times faster than marshmallow's ``dump``.

    A field takes its value from the function ``value`` in its metadata, else from the attribute of
    its name. A function that returns marshmallow's ``missing`` leaves the field out; it is one of
    ``OPTIONAL``. All other fields are in every answer.
    """

    OPTIONAL: ClassVar[frozenset[str]] = frozenset()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Declare the field as required, unless it is optional."""
        field_obj.required = field_name not in self.OPTIONAL

    def to_json(self, source: Any) -> dict[str, Any]:
        """Return the JSON object for the source."""
        document = {}
        for name, get_value in self._getters:
            value = get_value(source)
            if value is not missing:
                document[name] = value
        return document

    @cached_property
    def _getters(self) -> list[tuple[str, GetValue]]:
        return [
            (field.data_key or name, _compile_field(name, field))
            for name, field in self.dump_fields.items()
        ]


def _compile_field(name: str, field: fields.Field[Any]) -> GetValue:
    """Return the function from the source of the object to the field's JSON."""
    get_value: GetValue = field.metadata.get("value") or attrgetter(name)
    if isinstance(field, fields.Nested):
        return _compile_nested(get_value, _writer_of(field))
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        write_member = _writer_of(field.inner)
        return _compile_nested(get_value, lambda values: [write_member(each) for each in values])
    return get_value


def _writer_of(field: fields.Nested) -> GetValue:
    schema = field.schema
    return schema.to_json if isinstance(schema, CompiledSchema) else schema.dump


def _compile_nested(get_value: GetValue, write: GetValue) -> GetValue:
    def get_json(source: Any) -> Any:
        value = get_value(source)
        return value if value is None or value is missing else write(value)

    return get_json
