"""Places, groups and reporters: as reports mention them, as PUT describes them, as answered."""

from collections.abc import Callable
from typing import Any, Final

from marshmallow import ValidationError, fields, post_load

from schemas.base import Body
from schemas.fields import BoundedList, Flag, Schema, Slug
from schemas.number_fields import Coordinate, Count
from schemas.text_fields import Line, Name, PatternText
from service.domain.entities import MAX_LEVELS, EntityMention

MAX_ALIASES = 200

MAX_PARENTS_IN_PLACE: Final = 8
"""How many parents, one inside the other, a report may describe in one place or group."""

_ID_FIELD: Final = Slug()

NEXT_DESCRIPTION = (
    "A link to the next page, relative to the address of the request; null on the last page."
)


class ParentReference(fields.Field[str | EntityMention]):
    """The id of the parent, or an object that describes it and may have a parent in turn."""

    def __init__(self, get_schema: Callable[[], type[Schema]], **kwargs: Any) -> None:
        """Accept ids, and objects of the schema, which may be the one that has this field."""
        self._get_schema = get_schema
        self._schema: Schema | None = None
        super().__init__(**kwargs)

    @property
    def schema(self) -> Schema:
        """The schema of an object."""
        if self._schema is None:
            self._schema = self._get_schema()()
        return self._schema

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | EntityMention:
        if isinstance(value, str):
            return _ID_FIELD.deserialize(value)
        if not isinstance(value, dict):
            raise ValidationError("This must be an id, or an object with an id.")
        if _count_parents(value) > MAX_PARENTS_IN_PLACE:
            raise ValidationError(
                f"Describe at most {MAX_PARENTS_IN_PLACE} parents one inside the other; name the"
                " last one by its id, after it was described in `places` or by a PUT."
            )
        mention: EntityMention = self.schema.load(value)
        return mention


def _count_parents(value: Any) -> int:
    """Return how many objects there are in the line of parents that begins with the value."""
    number = 0
    while isinstance(value, dict):
        number += 1
        value = value.get("parent")
    return number


class _EntityFields(Body):
    """What can be stated of every entity besides its id and its name."""

    kind = Line(
        max_length=100,
        metadata={
            "description": "What it is, in a word of your own, such as `village` or `ministry`."
        },
    )
    aliases = BoundedList(
        Name(),
        max_length=MAX_ALIASES,
        metadata={"description": "Other names. `q` of the lists searches them too."},
    )
    wikidata = PatternText(
        "Q[0-9]{1,15}",
        "This must be a Wikidata id, such as Q5838.",
        metadata={"description": "The id in Wikidata, such as `Q5838`."},
    )
    country = Line(
        max_length=100,
        metadata={"description": "The country, in a code or name of your own, such as `RU`."},
    )


class _PlaceFields(_EntityFields):
    parent: fields.Field[Any] = Slug(
        metadata={
            "description": "The id of the place that contains this one. It must exist. Without it "
            "the place is a root."
        }
    )
    division = Slug(
        metadata={
            "description": "The division of places that it belongs to, such as `hydrography` for "
            "a river basin. Places of one division are disjoint unless one is below the other; "
            "places of different divisions may share people. Default: that of the parent, "
            "`administrative` for a root."
        }
    )
    latitude = Coordinate(
        maximum=90,
        metadata={"description": "Latitude in degrees (WGS 84); north is positive."},
    )
    longitude = Coordinate(
        maximum=180,
        metadata={"description": "Longitude in degrees (WGS 84); east is positive."},
    )
    geonames_id = Count(minimum=1, metadata={"description": "The id in GeoNames."})
    pcode = Line(
        max_length=50, metadata={"description": "The place code (P-code) of the United Nations."}
    )


class _GroupFields(_EntityFields):
    parent: fields.Field[Any] = Slug(
        metadata={
            "description": "The id of the group that contains this one. It must exist. Default: "
            "`everyone`, the root."
        }
    )
    facet = Slug(
        metadata={
            "description": "The way to tell people apart that it belongs to, such as `side` or "
            "`sex`. Groups of one facet are disjoint unless one is below the other; groups of "
            "different facets may share people. Default: that of the parent; a group right below "
            "`everyone` has a facet of its own."
        }
    )


class _ReporterFields(_EntityFields):
    party = Flag(
        metadata={
            "description": "Whether the reporter is a party to the conflict. Default: `false`."
        }
    )


class _EntityMentionIn(Body):
    """An entity in a report: a new one needs a name, a recorded one only its id."""

    id = Slug(required=True, metadata={"description": "The id."})
    name = Name(
        metadata={
            "description": "The name. Required if the id is new. If the id exists, another name "
            "changes nothing and is the warning `name_differs`; any other field that differs from "
            "the recorded one is a 409."
        }
    )

    @post_load
    def load_mention(self, data: dict[str, Any], **kwargs: Any) -> EntityMention:
        """Return the id and, apart from it, the other fields that were sent."""
        return EntityMention(data.pop("id"), data)


class PlaceMention(_EntityMentionIn, _PlaceFields):
    """A place in a report. It is created if its id is new."""

    parent = ParentReference(
        lambda: PlaceMention,
        metadata={
            "description": "The place that contains this one: its id, or an object that describes "
            f"it and may have a `parent` in turn, up to {MAX_PARENTS_IN_PLACE} of them. An id must "
            "exist or come earlier in the report. Without it a new place is a root. Places are at "
            f"most {MAX_LEVELS} levels deep."
        },
    )


class GroupMention(_EntityMentionIn, _GroupFields):
    """A group in a report. It is created if its id is new."""

    parent = ParentReference(
        lambda: GroupMention,
        metadata={
            "description": "The group that contains this one: its id, or an object that describes "
            f"it and may have a `parent` in turn, up to {MAX_PARENTS_IN_PLACE} of them. An id must "
            "exist or come earlier in the report. Default for a new group: `everyone`, the root. "
            f"Groups are at most {MAX_LEVELS} levels deep, the root included."
        },
    )


class ReporterMention(_EntityMentionIn, _ReporterFields):
    """The reporter in a report. It is created if its id is new."""


class _EntityIn(Body):
    """A full description: fields that are left out are cleared."""

    id = Slug(
        metadata={"description": "May be left out; if sent, it must be the id in the address."}
    )
    name = Name(required=True, metadata={"description": "The name."})


class PlaceIn(_EntityIn, _PlaceFields):
    """The full description of a place; fields that are left out are cleared."""


class GroupIn(_EntityIn, _GroupFields):
    """The full description of a group; fields that are left out are cleared."""


class ReporterIn(_EntityIn, _ReporterFields):
    """The full description of a reporter; fields that are left out are cleared."""


class MergeIn(Body):
    """The entity into which another is merged."""

    into = Slug(
        required=True,
        metadata={
            "description": "The id of the entity that remains. It must exist and must not lie "
            "below the other one."
        },
    )


class _EntityOut(Schema):
    id = fields.String(
        required=True,
        metadata={"description": "The id. After a merge: that of the entity that remains."},
    )
    name = fields.String(
        required=True,
        metadata={"description": "The name, in Unicode's composed form (NFC)."},
    )
    kind = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What it is; null if nobody stated it."},
    )
    aliases = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Other names, those of merged entities among them."},
    )
    wikidata = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id in Wikidata; null if not stated."},
    )
    country = fields.String(
        required=True, allow_none=True, metadata={"description": "The country; null if not stated."}
    )


class PlaceOut(_EntityOut):
    """A place as it is recorded."""

    parent = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the place that contains it; null for a root."},
    )
    division = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The division; null for that of the parent."},
    )
    latitude = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Latitude in degrees (WGS 84); null if not stated."},
    )
    longitude = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Longitude in degrees (WGS 84); null if not stated."},
    )
    geonames_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The id in GeoNames; null if not stated."},
    )
    pcode = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The place code (P-code); null if not stated."},
    )


class GroupOut(_EntityOut):
    """A group as it is recorded."""

    parent = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the group that contains it; null for `everyone`."},
    )
    facet = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The facet; null for that of the parent, or for one of its own right "
            "below `everyone`."
        },
    )


class ReporterOut(_EntityOut):
    """A reporter as it is recorded."""

    party = fields.Boolean(
        required=True,
        metadata={"description": "Whether the reporter is a party to the conflict."},
    )


class PlacesOut(Schema):
    """A page of places, ordered by id."""

    places = fields.List(
        fields.Nested(PlaceOut),
        required=True,
        metadata={"description": "The places of this page, ordered by id."},
    )
    next = fields.String(required=True, allow_none=True, metadata={"description": NEXT_DESCRIPTION})


class GroupsOut(Schema):
    """A page of groups, ordered by id."""

    groups = fields.List(
        fields.Nested(GroupOut),
        required=True,
        metadata={"description": "The groups of this page, ordered by id."},
    )
    next = fields.String(required=True, allow_none=True, metadata={"description": NEXT_DESCRIPTION})


class ReportersOut(Schema):
    """A page of reporters, ordered by id."""

    reporters = fields.List(
        fields.Nested(ReporterOut),
        required=True,
        metadata={"description": "The reporters of this page, ordered by id."},
    )
    next = fields.String(required=True, allow_none=True, metadata={"description": NEXT_DESCRIPTION})
