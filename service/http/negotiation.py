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

_KINDS: Final = {"ndjson": "string", "csv": "string", "geojson": "object"}

LINK: Final[Mapping[str, Any]] = {
    "Link": {
        "description": 'The address of the next page, with rel="next"; missing on the last.',
        "schema": {"type": "string"},
    }
}


def chosen(named: str | None, *offered: str) -> str:
    """Return the form to answer in: the named one, else the best of those offered besides JSON.

    A client that accepts none of them is answered in JSON.
    """
    if named is not None:
        return named
    types = {MEDIA_TYPES[form]: form for form in ("json", *offered)}
    best = request.accept_mimetypes.best_match(types)
    return types[best] if best else "json"


def documented(*offered: str, headers: Mapping[str, Any] | None = None) -> dict[int, Any]:
    """Return what the document is to say of the forms besides JSON."""
    content = {MEDIA_TYPES[form]: {"schema": {"type": _KINDS[form]}} for form in offered}
    return {200: {"content": content, **({"headers": headers} if headers else {})}}


def dumped(value: Any) -> str:
    """Return the value as JSON in one line, as every answer is written."""
    return current_app.json.dumps(value, separators=(",", ":"))


def answer_in(form: str, text: str) -> Response:
    """Return the answer that the text is."""
    return Response(text, mimetype=MEDIA_TYPES[form])
