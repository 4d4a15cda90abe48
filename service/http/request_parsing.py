"""What comes in over HTTP: one strict reader for bodies and query strings, nothing guessed."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

import marshmallow
from flask import Request
from marshmallow import ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from service.domain.errors import ErrorDetail, InvalidInputError, MalformedInputError

MAX_BODY: Final = 1 << 20
MAX_DEPTH: Final = 16
"""Objects and lists inside each other; the deepest body that means anything has six."""


class StrictParser(FlaskParser):  # type: ignore[misc]
    """Reads bodies and query strings, and turns a schema's complaints into faults."""

    DEFAULT_UNKNOWN_BY_LOCATION: Final = {
        "json": marshmallow.RAISE,
        "query": marshmallow.RAISE,
    }

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:
        """Return the body of the request as Python objects."""
        return read_body(req)

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> dict[str, Any]:
        """Return the query parameters: lists for those that may be repeated, else text."""
        several = {
            field.data_key or name
            for name, field in schema.fields.items()
            if getattr(field, "is_multiple", False)
        }
        return read_query(req, several)

    def handle_error(
        self, error: ValidationError, req: Request, schema: Any, **kwargs: Any
    ) -> NoReturn:
        """Raise InvalidInputError with one fault for every complaint of the schema."""
        ((location, messages),) = error.messages_dict.items()
        lead = "" if location == "query" else "/"
        raise complaint(messages, lead) from error


def complaint(messages: Any, lead: str = "/") -> InvalidInputError:
    """Return the error that tells of a schema's complaints; ``lead`` is empty for a query."""
    return faulty(tuple(_faults(messages, "", lead)))


def faulty(faults: tuple[ErrorDetail, ...]) -> InvalidInputError:
    """Return the error for the faults; its own text says the first, or how many there are."""
    if len(faults) == 1:
        return InvalidInputError(f"{faults[0].pointer}: {faults[0].detail}", faults)
    return InvalidInputError(f"{len(faults)} fields are wrong.", faults)


def read_body(req: Request) -> Any:
    """Return the JSON body; raises MalformedInputError, or what answers 413 and 415."""
    _, data = receive(req, ("application/json",), MAX_BODY)
    return read_json(data)


def receive(req: Request, types: Sequence[str], most: int) -> tuple[str, bytes]:
    """Return the body with its media type, one of ``types``; raises what answers 413 and 415."""
    if req.headers.get("Content-Encoding") is not None:
        raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
    charset = req.mimetype_params.get("charset", "utf-8")
    if req.mimetype not in types or charset.lower() != "utf-8":
        named = " or ".join(types)
        raise UnsupportedMediaType(f"Send JSON in UTF-8, with Content-Type: {named}.")
    # One more than is allowed: a body sent in chunks is cut at the limit without a word, and only
    # by the one byte more can it be told that there was too much of it.
    req.max_content_length = most + 1
    try:
        data = _received(req)
    except RequestEntityTooLarge:
        data = None
    if data is None or len(data) > most:
        raise RequestEntityTooLarge(f"The body is too large; at most {most >> 20} MiB is read.")
    return req.mimetype, data


def _received(req: Request) -> bytes:
    try:
        return req.get_data()
    except HTTPException:
        raise
    except Exception as error:  # The server's own, for chunks that are none.
        raise MalformedInputError("The body could not be read to its end.") from error


def read_json(data: bytes) -> Any:
    """Return what the bytes say.

    Raises MalformedInputError for all that is not plain JSON in UTF-8.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedInputError("The body is not UTF-8.") from None
    if text.startswith("\ufeff"):
        raise MalformedInputError("The body begins with a byte order mark; leave it out.")
    try:
        value = json.loads(text, object_pairs_hook=_Doubled.unless_distinct)
    except RecursionError:
        raise MalformedInputError("The body is nested too deep.") from None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise MalformedInputError(f"The body is not JSON: {reason}.") from None
    if isinstance(value, dict | list) or _is_no_number(value):
        _inspect(value)
    return value


def read_query(req: Request, several: set[str]) -> dict[str, Any]:
    """Return the query parameters by name; only those in ``several`` may stand twice."""
    found: dict[str, Any] = {}
    for name, value in _pairs(req.query_string):
        if name in several:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise faulty((ErrorDetail(name, "This parameter is given more than once."),))
        else:
            found[name] = value
    return found


class _Doubled(dict[str, Any]):
    """An object that has a name twice; ``name`` is that name."""

    name: str

    @classmethod
    def unless_distinct(cls, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        names = [name for name, _ in pairs]
        doubled = cls(found)
        doubled.name = next(name for place, name in enumerate(names) if name in names[:place])
        return doubled


def _inspect(value: Any) -> None:
    """Raise MalformedInputError for what Python reads as JSON and JSON does not know."""
    stack: list[tuple[Any, str, int]] = [(value, "", 1)]
    while stack:
        value, pointer, depth = stack.pop()
        if isinstance(value, float):
            raise _malformed(pointer, "This is not a number that JSON has.")
        if depth > MAX_DEPTH:
            raise _malformed(pointer, f"The body is nested deeper than {MAX_DEPTH} levels.")
        if isinstance(value, _Doubled):
            raise _malformed(f"{pointer}/{escaped(value.name)}", "This name stands twice.")
        if isinstance(value, dict) and not all(map(_is_text, value)):
            raise _malformed(pointer, "A name holds half of a character (a lone surrogate).")
        members = value.items() if isinstance(value, dict) else enumerate(value)
        stack.extend(
            (each, f"{pointer}/{escaped(key)}", depth + 1)
            for key, each in members
            if isinstance(each, dict | list) or _is_no_number(each)
        )


def _is_no_number(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _malformed(pointer: str, detail: str) -> MalformedInputError:
    return MalformedInputError(detail, (ErrorDetail(pointer, detail),))


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def escaped(key: object) -> str:
    """Return the key as a step of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _faults(messages: Any, pointer: str, lead: str) -> Iterator[ErrorDetail]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _faults(inner, pointer, lead)
            else:
                step = escaped(key) if lead else str(key)
                yield from _faults(inner, f"{pointer}{lead}{step}", lead or "/")
    elif isinstance(messages, list):
        for inner in messages:
            yield from _faults(inner, pointer, lead)
    else:
        yield ErrorDetail(pointer, str(messages))


def _pairs(query: bytes) -> Iterator[tuple[str, str]]:
    for part in query.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            yield _decoded(name), _decoded(value)


def _decoded(raw: bytes) -> str:
    if re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        raise MalformedInputError(
            "The query string has a % that is not followed by two hex digits."
        )
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedInputError("The query string is not UTF-8.") from None
