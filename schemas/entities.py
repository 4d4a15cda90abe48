"""Places, groups and reporters on the wire."""

from typing import Any

from marshmallow import fields, post_load

from schemas.base import Body
from schemas.fields import BoundedList, Flag, Schema, Slug
from schemas.number_fields import Coordinate, Count
from schemas.text_fields import Line, Name, PatternText
from service.domain.entities import EntityMention

MAX_ALIASES = 200


class _EntityFields(Body):
    """What may be said of any entry besides its id and its name."""

    kind = Line(max_length=100)
    aliases = BoundedList(Name(), max_length=MAX_ALIASES)
    wikidata = PatternText("Q[0-9]{1,15}", "This must be like Q5838.")
    country = Line(max_length=100)


class _PlaceFields(_EntityFields):
    parent = Slug()
    latitude = Coordinate(maximum=90)
    longitude = Coordinate(maximum=180)
    geonames_id = Count(minimum=1)
    pcode = Line(max_length=50)


class _GroupFields(_EntityFields):
    parent = Slug()


class _ReporterFields(_EntityFields):
    party = Flag()


class _EntityMentionIn(Body):
    """An entry inside a report: a new one needs a name, a known one no more than its id."""

    id = Slug(required=True)
    name = Name()

    @post_load
    def load_mention(self, data: dict[str, Any], **kwargs: Any) -> EntityMention:
        """Return the id and, apart from it, whatever was said."""
        return EntityMention(data.pop("id"), data)


class PlaceMention(_EntityMentionIn, _PlaceFields):
    """A place inside a report."""


class GroupMention(_EntityMentionIn, _GroupFields):
    """A group inside a report."""


class ReporterMention(_EntityMentionIn, _ReporterFields):
    """The reporter inside a report."""


class _EntityIn(Body):
    """A full description: what is left out is cleared. The id stands in the path."""

    id = Slug()
    name = Name(required=True)


class PlaceIn(_EntityIn, _PlaceFields):
    """A place as it is from now on."""


class GroupIn(_EntityIn, _GroupFields):
    """A group as it is from now on; without a parent it lies below everyone."""


class ReporterIn(_EntityIn, _ReporterFields):
    """A reporter as it is from now on; ``party`` is true for a party to the conflict."""


class MergeIn(Body):
    """The id that stands for both from now on."""

    into = Slug(required=True)


class _EntityOut(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, allow_none=True)
    aliases = fields.List(fields.String(), required=True)
    wikidata = fields.String(required=True, allow_none=True)
    country = fields.String(required=True, allow_none=True)


class PlaceOut(_EntityOut):
    """A place as it is recorded."""

    parent = fields.String(required=True, allow_none=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    geonames_id = fields.Integer(required=True, allow_none=True)
    pcode = fields.String(required=True, allow_none=True)


class GroupOut(_EntityOut):
    """A group as it is recorded; only the root has no parent."""

    parent = fields.String(required=True, allow_none=True)


class ReporterOut(_EntityOut):
    """A reporter as it is recorded."""

    party = fields.Boolean(required=True)


class PlacesOut(Schema):
    """A page of places."""

    places = fields.List(fields.Nested(PlaceOut), required=True)
    next = fields.String(required=True, allow_none=True)


class GroupsOut(Schema):
    """A page of groups."""

    groups = fields.List(fields.Nested(GroupOut), required=True)
    next = fields.String(required=True, allow_none=True)


class ReportersOut(Schema):
    """A page of reporters."""

    reporters = fields.List(fields.Nested(ReporterOut), required=True)
    next = fields.String(required=True, allow_none=True)
