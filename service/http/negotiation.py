"""Content negotiation: the format of the query, else the best that the client accepts."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, current_app, request

from schemas.csv_form import CsvForm
from service.domain.errors import invalid_field
from service.exports.media_types import MEDIA_TYPES as EXPORT_TYPES

MEDIA_TYPES: Final = {"json": "application/json", **EXPORT_TYPES}
"""The media types of all formats of responses; JSON is the default."""


LINK_HEADER: Final[Mapping[str, Any]] = {
    "Link": {
        "description": 'A link to the next page with `rel="next"`; left out on the last page.',
        "schema": {"type": "string"},
    }
}


def choose_format(requested_format: str | None, *offered_formats: str) -> str:
    """Return the requested format, else the best of JSON and those offered for the client.

    It is JSON if the client accepts none of them.
    """
    if requested_format is not None:
        return requested_format
    formats_by_type = {
        MEDIA_TYPES[format_name]: format_name for format_name in ("json", *offered_formats)
    }
    best_type = request.accept_mimetypes.best_match(formats_by_type)
    return formats_by_type[best_type] if best_type else "json"


def check_csv_form(form: CsvForm, format_name: str) -> None:
    """Raise InvalidInputError if what only a CSV has is requested for another format."""
    if form.bom and format_name != "csv":
        raise invalid_field("bom", "This requires format=csv: only a CSV has a byte order mark.")
    if form.about and format_name != "csv":
        raise invalid_field("about", "This requires format=csv: only a CSV has lines about it.")


def document_formats(
    *offered_formats: str, headers: Mapping[str, Any] | None = None
) -> dict[int, Any]:
    """Return the OpenAPI description of the formats besides JSON."""
    content = {
        MEDIA_TYPES[format_name]: {"schema": _describe_body(format_name)}
        for format_name in offered_formats
    }
    return {200: {"content": content, **({"headers": headers} if headers else {})}}


def _describe_body(format_name: str) -> dict[str, str]:
    """Return the schema of a body in the format; bytes have none (OpenAPI 3.1)."""
    if format_name == "geojson":
        return {"type": "object"}
    return {"type": "string"} if format_name in ("csv", "ndjson") else {}


def to_json_text(value: Any) -> str:
    """Return the value as JSON in one line, as in all responses."""
    return current_app.json.dumps(value, separators=(",", ":"))


def make_response(format_name: str, content: str | bytes) -> Response:
    """Return the response with the content in the format."""
    return Response(content, mimetype=MEDIA_TYPES[format_name])
