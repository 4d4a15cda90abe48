"""Places, groups and reporters on the wire."""

from typing import Any

from marshmallow import fields, post_load

from schemas.base import Body
from schemas.fields import Flag, Schema, Several, Slug
from schemas.number_fields import Coordinate, Count
from schemas.text_fields import Line, Matching, Name
from service.domain.entities import Mention

ALIASES = 200


class _Fields(Body):
    """What may be said of any entry besides its id and its name."""

    kind = Line(most=100)
    aliases = Several(Name(), most=ALIASES)
    wikidata = Matching("Q[0-9]{1,15}", "This must be like Q5838.")
    country = Line(most=100)


class _PlaceFields(_Fields):
    parent = Slug()
    latitude = Coordinate(most=90)
    longitude = Coordinate(most=180)
    geonames_id = Count(least=1)
    pcode = Line(most=50)


class _GroupFields(_Fields):
    parent = Slug()


class _ReporterFields(_Fields):
    party = Flag()


class _Mentioned(Body):
    """An entry inside a report: a new one needs a name, a known one no more than its id."""

    id = Slug(required=True)
    name = Name()

    @post_load
    def mention(self, data: dict[str, Any], **kwargs: Any) -> Mention:
        """Return the id and, apart from it, whatever was said."""
        return Mention(data.pop("id"), data)


class PlaceMention(_Mentioned, _PlaceFields):
    """A place inside a report."""


class GroupMention(_Mentioned, _GroupFields):
    """A group inside a report."""


class ReporterMention(_Mentioned, _ReporterFields):
    """The reporter inside a report."""


class _Described(Body):
    """A full description: what is left out is cleared. The id stands in the path."""

    id = Slug()
    name = Name(required=True)


class PlaceIn(_Described, _PlaceFields):
    """A place as it is from now on."""


class GroupIn(_Described, _GroupFields):
    """A group as it is from now on; without a parent it lies below everyone."""


class ReporterIn(_Described, _ReporterFields):
    """A reporter as it is from now on; ``party`` is true for a party to the conflict."""


class MergeIn(Body):
    """The id that stands for both from now on."""

    into = Slug(required=True)


class _Out(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, allow_none=True)
    aliases = fields.List(fields.String(), required=True)
    wikidata = fields.String(required=True, allow_none=True)
    country = fields.String(required=True, allow_none=True)


class PlaceOut(_Out):
    """A place as it is recorded."""

    parent = fields.String(required=True, allow_none=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    geonames_id = fields.Integer(required=True, allow_none=True)
    pcode = fields.String(required=True, allow_none=True)


class GroupOut(_Out):
    """A group as it is recorded; only the root has no parent."""

    parent = fields.String(required=True, allow_none=True)


class ReporterOut(_Out):
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
