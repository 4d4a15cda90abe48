"""Places, groups and reporters as flat rows."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.domain.entities import Entity
from service.exports.fields import Field

_ALIASES: Final = Field("aliases", "other names, separated by `; `")
_WIKIDATA: Final = Field("wikidata", "the id in Wikidata")
_COUNTRY: Final = Field("country", "the country, as it was sent")

FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "place": (
        Field("id", "the place's id"),
        Field("name", "its name"),
        Field("parent", "the place that contains it; empty for a root"),
        Field("division", "the way to divide the land that it belongs to; empty: the parent's"),
        Field("kind", "what it is, such as a region or a town"),
        _ALIASES,
        Field("latitude", "latitude in degrees (WGS 84); north is positive", "number"),
        Field("longitude", "longitude in degrees (WGS 84); east is positive", "number"),
        Field("geonames_id", "the id in GeoNames", "integer"),
        Field("pcode", "the place code (P-code) of the United Nations"),
        _WIKIDATA,
        _COUNTRY,
    ),
    "group": (
        Field("id", "the group's id"),
        Field("name", "its name"),
        Field("parent", "the group that contains it; empty for `everyone`"),
        Field("facet", "the way to tell people apart that it belongs to; empty: the parent's"),
        Field("kind", "what it is"),
        _ALIASES,
        _WIKIDATA,
        _COUNTRY,
    ),
    "reporter": (
        Field("id", "the reporter's id"),
        Field("name", "its name"),
        Field("kind", "what it is, such as a government or a newspaper"),
        Field("party", "whether it is a party to the conflict", "boolean"),
        _ALIASES,
        _WIKIDATA,
        _COUNTRY,
    ),
}
"""The columns of each kind: the fields of the JSON answer."""


def list_columns(kind: str) -> tuple[str, ...]:
    """Return the names of the columns of the kind."""
    return tuple(field.name for field in FIELDS[kind])


def iterate_rows(kind: str, entities: Iterable[Entity]) -> Iterator[dict[str, Any]]:
    """Yield a row for each entity of the kind."""
    columns = list_columns(kind)
    for entity in entities:
        row = {column: getattr(entity, column) for column in columns}
        yield {**row, "aliases": "; ".join(entity.aliases) or None}
