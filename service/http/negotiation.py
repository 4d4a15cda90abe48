"""In which form an answer is given: as the query names it, else as the client accepts it."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, current_app, request

MEDIA_TYPES: Final = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "geojson": "application/geo+json",
}
"""The media type of every form that an answer can have; JSON where none is asked for."""

_SCHEMA_TYPES: Final = {"ndjson": "string", "csv": "string", "geojson": "object"}

LINK_HEADER: Final[Mapping[str, Any]] = {
    "Link": {
        "description": 'A link to the next page with `rel="next"`; left out on the last page.',
        "schema": {"type": "string"},
    }
}


def choose_format(requested_format: str | None, *offered_formats: str) -> str:
    """Return the form to answer in: the named one, else the best of those offered besides JSON.

    A client that accepts none of them is answered in JSON.
    """
    if requested_format is not None:
        return requested_format
    formats_by_type = {
        MEDIA_TYPES[format_name]: format_name for format_name in ("json", *offered_formats)
    }
    best_type = request.accept_mimetypes.best_match(formats_by_type)
    return formats_by_type[best_type] if best_type else "json"


def document_formats(
    *offered_formats: str, headers: Mapping[str, Any] | None = None
) -> dict[int, Any]:
    """Return what the document is to say of the forms besides JSON."""
    content = {
        MEDIA_TYPES[format_name]: {"schema": {"type": _SCHEMA_TYPES[format_name]}}
        for format_name in offered_formats
    }
    return {200: {"content": content, **({"headers": headers} if headers else {})}}


def to_json_text(value: Any) -> str:
    """Return the value as JSON in one line, as every answer is written."""
    return current_app.json.dumps(value, separators=(",", ":"))


def make_response(format_name: str, text: str) -> Response:
    """Return the answer that the text is."""
    return Response(text, mimetype=MEDIA_TYPES[format_name])
