"""Fields that the mappings of figures and of gazetteers share."""

import codecs
from collections.abc import Mapping as MappingABC
from typing import Any, ClassVar, Final

from marshmallow import ValidationError, fields, post_load, validate

from schemas.base import Body
from schemas.fields import BoundedList, FirstErrorMixin, Flag, OneOf
from service.imports.mapping import Condition, Conditions, FileFormat
from service.imports.templates import Template

FORMATS: Final = ("csv", "json", "ndjson", "xlsx")

PLACE_FIELDS: Final = (
    "kind", "division", "country", "latitude", "longitude", "coordinates", "pcode", "geonames_id",
    "wikidata",
)  # fmt: skip

CONDITIONS: Final = ("when", "unless")

_NO_TEXT: Final = frozenset({"idna", "punycode"})
"""Encodings of names, not of text."""


class TemplateField(fields.Field[Template]):
    """Text with columns in braces."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Template:
        if not isinstance(value, str) or not value:
            raise ValidationError("This must be text with columns in braces, such as {deaths}.")
        try:
            return Template(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class ConditionsField(fields.Field[tuple[Condition, ...]]):
    """A table of columns and the values that they may have."""

    MESSAGE: ClassVar[str] = (
        'This must be a table of columns and values: {where_prec = ["1", "2"]}.'
    )

    def _deserialize(
        self, value: Any, attr: Any, data: Any, **kwargs: Any
    ) -> tuple[Condition, ...]:
        if not isinstance(value, MappingABC):
            raise ValidationError(self.MESSAGE)
        return tuple(self._read(column, each) for column, each in value.items())

    def _read(self, column: str, values: Any) -> Condition:
        listed = values if isinstance(values, list) else [values]
        if not listed or not all(isinstance(each, str | int) for each in listed):
            raise ValidationError(self.MESSAGE)
        return Condition(column, frozenset(str(each) for each in listed))


class Text(FirstErrorMixin, fields.String):
    """Any text that is not empty."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        super().__init__(validate=validate.Length(min=1, error="This must not be empty."), **kwargs)


class EncodingField(Text):
    """The name of an encoding of text that Python knows."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        name = super()._deserialize(value, attr, data, **kwargs)
        try:
            is_text = codecs.lookup(name).name not in _NO_TEXT
            "".encode(name)
        except (LookupError, ValueError):
            is_text = False
        if not is_text:
            raise ValidationError(
                "There is no such encoding; common ones are utf-8, utf-16, cp1251 and cp1252."
            )
        return name


class DelimiterField(Text):
    """The character that separates cells."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) != 1 or text in '"\r\n\0':
            raise ValidationError("This must be one character, such as a comma or a tab.")
        return text


def make_conditions(data: dict[str, Any]) -> Conditions:
    """Return the conditions of a part of a mapping."""
    return Conditions(*(data.get(name, ()) for name in CONDITIONS))


def list_of(inner: fields.Field[Any], **options: Any) -> BoundedList:
    """Return the field of a list of the inner field."""
    return BoundedList(inner, max_length=100, **options)


class FileSchema(Body):
    """How the file is written."""

    format = OneOf(FORMATS)
    encoding = EncodingField()
    delimiter = DelimiterField()
    quotes = Flag()
    sheet = Text()
    records = Text()
    missing = list_of(fields.String())
    columns = list_of(Text())
    values = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.String())
    )

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> FileFormat:
        """Return the format; an empty cell is always missing."""
        data["columns"] = tuple(data.get("columns", ()))
        if "missing" in data:
            data["missing"] = frozenset({"", *data["missing"]})
        return FileFormat(**data)


class PlaceFields(Body):
    """What can be said of a place besides its name and its id."""

    when = ConditionsField()
    unless = ConditionsField()
    kind = TemplateField()
    division = TemplateField()
    country = TemplateField()
    latitude = TemplateField()
    longitude = TemplateField()
    coordinates = TemplateField()
    pcode = TemplateField()
    geonames_id = TemplateField()
    wikidata = TemplateField()
