"""Strict parsing of bodies and query strings: nothing is guessed."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

import marshmallow
from flask import Request, request
from marshmallow import ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from service.domain.errors import (
    ErrorDetail,
    InvalidInputError,
    MalformedInputError,
    summarize_errors,
)

MAX_BODY_BYTES: Final = 1 << 20
MAX_JSON_DEPTH: Final = 16
"""The depth of nested objects and lists; the deepest valid body, a batch with parents, has 15."""


class StrictParser(FlaskParser):  # type: ignore[misc]
    """Parses bodies and query strings, and turns the errors of schemas into InvalidInputError."""

    DEFAULT_UNKNOWN_BY_LOCATION: Final = {
        "json": marshmallow.RAISE,
        "query": marshmallow.RAISE,
    }

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:
        """Return the body of the request as Python objects."""
        return read_body(req)

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> dict[str, Any]:
        """Return the query parameters: a list for each that may be repeated, else a string."""
        repeatable = {
            field.data_key or name
            for name, field in schema.fields.items()
            if getattr(field, "is_multiple", False)
        }
        return parse_query_string(req, repeatable)

    def handle_error(
        self, error: ValidationError, req: Request, schema: Any, **kwargs: Any
    ) -> NoReturn:
        """Raise InvalidInputError with one entry for each error of the schema."""
        ((location, messages),) = error.messages_dict.items()
        separator = "" if location == "query" else "/"
        raise make_schema_error(messages, separator) from error


def parse_parameters(schema: marshmallow.Schema) -> dict[str, Any]:
    """Return the loaded query string of the present request; raises InvalidInputError."""
    parameters = StrictParser().load_querystring(request, schema)
    try:
        loaded: dict[str, Any] = schema.load(parameters)
    except ValidationError as error:
        raise make_schema_error(error.messages, "") from error
    return loaded


def make_schema_error(messages: Any, separator: str = "/") -> InvalidInputError:
    """Return the error for a schema's messages; ``separator`` is empty for a query."""
    return make_invalid_input_error(tuple(_iterate_errors(messages, "", separator)))


def make_invalid_input_error(errors: tuple[ErrorDetail, ...]) -> InvalidInputError:
    """Return the error of wrong fields; its detail names the only field, or how many there are."""
    detail = summarize_errors(errors)
    return InvalidInputError(
        f"{errors[0].pointer}: {detail}" if len(errors) == 1 else detail, errors
    )


def read_body(req: Request) -> Any:
    """Return the JSON body; raises MalformedInputError, or what answers 413 and 415."""
    _, data = read_body_bytes(req, ("application/json",), MAX_BODY_BYTES)
    return parse_json(data)


def read_body_bytes(req: Request, media_types: Sequence[str], max_bytes: int) -> tuple[str, bytes]:
    """Return media type and body; raises MalformedInputError, or what answers 413 and 415."""
    if req.headers.get("Content-Encoding") is not None:
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    charset = req.mimetype_params.get("charset", "utf-8")
    if req.mimetype not in media_types or charset.lower() != "utf-8":
        allowed_types = " or ".join(media_types)
        raise UnsupportedMediaType(f"Send JSON in UTF-8, with Content-Type: {allowed_types}.")
    # One byte more than allowed: werkzeug cuts a chunked body at the limit without an error, and
    # only the extra byte shows that the body was too large.
    req.max_content_length = max_bytes + 1
    try:
        data = _read_data(req)
    except RequestEntityTooLarge:
        data = None
    if data is None or len(data) > max_bytes:
        raise RequestEntityTooLarge(
            f"The body is too large; at most {max_bytes >> 20} MiB is accepted."
        )
    return req.mimetype, data


def _read_data(req: Request) -> bytes:
    try:
        return req.get_data()
    except HTTPException:
        raise
    except Exception as error:  # The WSGI server's own errors, for invalid chunks.
        raise MalformedInputError("The body could not be read to its end.") from error


def parse_json(data: bytes) -> Any:
    """Return the parsed JSON; raises MalformedInputError if it is not valid JSON in UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedInputError("The body is not UTF-8.") from None
    if text.startswith("\ufeff"):
        raise MalformedInputError("The body begins with a byte order mark; leave it out.")
    try:
        value = json.loads(text, object_pairs_hook=_make_object)
    except RecursionError:
        raise MalformedInputError("The body is nested too deep.") from None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise MalformedInputError(f"The body is not JSON: {reason}.") from None
    if not _is_plain(value, 1):
        _check_json(value)
    return value


def list_parameters(req: Request) -> list[tuple[str, str]]:
    """Return the names and values of the query string in their order, with repetitions."""
    return list(_split_query_string(req.query_string))


def parse_query_string(req: Request, repeatable: set[str]) -> dict[str, Any]:
    """Return the query parameters by name; only those in ``repeatable`` may be repeated."""
    parameters: dict[str, Any] = {}
    for name, value in _split_query_string(req.query_string):
        if name in repeatable:
            parameters.setdefault(name, []).append(value)
        elif name in parameters:
            raise make_invalid_input_error(
                (ErrorDetail(name, "This parameter is given more than once."),)
            )
        else:
            parameters[name] = value
    return parameters


class _DuplicateNameObject(dict[str, Any]):
    """A JSON object with a duplicate name; ``duplicate_name`` is that name."""

    duplicate_name: str


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    names = [name for name, _ in pairs]
    result = _DuplicateNameObject(members)
    result.duplicate_name = next(name for index, name in enumerate(names) if name in names[:index])
    return result


def _is_plain(value: Any, depth: int) -> bool:
    """Whether the value needs no further check: most bodies are like that."""
    kind = type(value)
    if kind is dict:
        members = value.values()
        if not "".join(value).isascii():
            return False
    elif kind is list:
        members = value
    else:
        return kind is not _DuplicateNameObject and not _is_non_finite(value)
    if depth > MAX_JSON_DEPTH:
        return False
    for each in members:
        kind = type(each)
        if kind is not str and kind is not int and not _is_plain(each, depth + 1):
            return False
    return True


def _check_json(value: Any) -> None:
    """Raise MalformedInputError for input that Python accepts and JSON does not allow."""
    stack: list[tuple[Any, str, int]] = [(value, "", 1)]
    while stack:
        value, pointer, depth = stack.pop()
        if isinstance(value, float):
            raise _make_malformed_input_error(pointer, "This is not a number of JSON.")
        if depth > MAX_JSON_DEPTH:
            raise _make_malformed_input_error(
                pointer, f"The body is nested deeper than {MAX_JSON_DEPTH} levels."
            )
        if isinstance(value, _DuplicateNameObject):
            raise _make_malformed_input_error(
                f"{pointer}/{escape_pointer_token(value.duplicate_name)}", "This name is duplicate."
            )
        if isinstance(value, dict) and not all(map(_is_free_of_surrogates, value)):
            raise _make_malformed_input_error(
                pointer, "A name contains half of a character (a lone surrogate)."
            )
        members = value.items() if isinstance(value, dict) else enumerate(value)
        stack.extend(
            (member, f"{pointer}/{escape_pointer_token(key)}", depth + 1)
            for key, member in members
            if isinstance(member, dict | list) or _is_non_finite(member)
        )


def _is_non_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _make_malformed_input_error(pointer: str, detail: str) -> MalformedInputError:
    return MalformedInputError(detail, (ErrorDetail(pointer, detail),))


def _is_free_of_surrogates(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def escape_pointer_token(key: object) -> str:
    """Return the key as a token of a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _iterate_errors(messages: Any, pointer: str, separator: str) -> Iterator[ErrorDetail]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _iterate_errors(inner, pointer, separator)
            else:
                token = escape_pointer_token(key) if separator else str(key)
                yield from _iterate_errors(inner, f"{pointer}{separator}{token}", separator or "/")
    elif isinstance(messages, list):
        for inner in messages:
            yield from _iterate_errors(inner, pointer, separator)
    else:
        yield ErrorDetail(pointer, str(messages))


def _split_query_string(query_string: bytes) -> Iterator[tuple[str, str]]:
    for part in query_string.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            yield _decode_component(name), _decode_component(value)


def _decode_component(raw: bytes) -> str:
    if re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        raise MalformedInputError(
            "The query string has a % that is not followed by two hex digits."
        )
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedInputError("The query string is not UTF-8.") from None
