"""The description of exported files as a Data Package (Frictionless Standards, version 2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.exports.fields import Field
from service.exports.media_types import MEDIA_TYPES
from service.exports.record_stamp import READING_RULES, RecordStamp

FILE_NAME: Final = "datapackage.json"

_PACKAGE_PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
_RESOURCE_PROFILE: Final = "https://datapackage.org/profiles/2.0/dataresource.json"
_SCHEMA_PROFILE: Final = "https://datapackage.org/profiles/2.0/tableschema.json"


@dataclass(frozen=True, slots=True)
class Resource:
    """One file of the package; ``fields`` is None for a file that is no table.

    ``key`` is the column that identifies a row, if one does.
    """

    name: str
    path: str
    title: str
    fields: Sequence[Field] | None = None
    key: str | None = None


def make_data_package(
    resources: Iterable[Resource], stamp: RecordStamp, about: Sequence[str] = READING_RULES
) -> dict[str, Any]:
    """Return the package of the files, with the description of every column."""
    package: dict[str, Any] = {
        "$schema": _PACKAGE_PROFILE,
        "name": "casualty-figures",
        "title": "Casualty figures",
        "description": "\n\n".join((*about, stamp.state_text + ".", stamp.citation)),
        "version": str(stamp.seq),
        "created": stamp.exported_at.isoformat(),
        "resources": [_make_resource(each) for each in resources],
    }
    if stamp.address:
        package["homepage"] = stamp.address
    return package


def _make_resource(resource: Resource) -> dict[str, Any]:
    extension = resource.path.rpartition(".")[2]
    described: dict[str, Any] = {
        "$schema": _RESOURCE_PROFILE,
        "name": resource.name,
        "path": resource.path,
        "title": resource.title,
        "format": extension,
        "mediatype": MEDIA_TYPES[extension],
        "encoding": "utf-8",
    }
    if resource.fields is not None:
        described["type"] = "table"
        described["schema"] = _make_schema(resource.fields, resource.key)
    return described


def _make_schema(fields: Iterable[Field], key: str | None) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "$schema": _SCHEMA_PROFILE,
        "fields": [
            {"name": field.name, "type": field.type, "description": field.description}
            | ({"format": "any"} if field.type == "datetime" else {})
            for field in fields
        ],
        "missingValues": [""],
    }
    if key is not None:
        schema["primaryKey"] = [key]
    return schema
