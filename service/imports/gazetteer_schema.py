"""The TOML of a gazetteer's mapping, whose rows describe places and count nobody."""

from typing import Any

from marshmallow import fields, post_load

from schemas.base import Body
from schemas.fields import OneOf
from service.imports.gazetteer import Gazetteer, PlaceRule
from service.imports.mapping import FileFormat
from service.imports.mapping_fields import (
    PLACE_FIELDS,
    FileSchema,
    PlaceFields,
    TemplateField,
    Text,
    list_of,
    make_conditions,
)


class GazetteerPlaceSchema(PlaceFields):
    """A place of each row of a gazetteer."""

    id = list_of(TemplateField(), min_length=1, distinct=False, required=True)
    name = TemplateField(required=True)
    key = list_of(TemplateField(), distinct=False)
    parent = list_of(TemplateField(), distinct=False)
    aliases = list_of(TemplateField(), distinct=False)
    separator = Text()

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> PlaceRule:
        """Return the rule."""
        return PlaceRule(
            ids=tuple(data["id"]),
            name=data["name"],
            keys=tuple(data.get("key", ())),
            parents=tuple(data.get("parent", ())),
            aliases=tuple(data.get("aliases", ())),
            separator=data.get("separator", ","),
            conditions=make_conditions(data),
            fields={name: data[name] for name in PLACE_FIELDS if name in data},
        )


class GazetteerSchema(Body):
    """The whole mapping of a gazetteer."""

    title = Text(required=True)
    about = Text()
    counts = OneOf(("places",), required=True)
    file = fields.Nested(FileSchema)
    places = list_of(
        fields.Nested(GazetteerPlaceSchema), min_length=1, distinct=False, required=True
    )

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> Gazetteer:
        """Return the mapping."""
        return Gazetteer(
            data["title"],
            tuple(data["places"]),
            data.get("file", FileFormat()),
            data.get("about", ""),
        )
