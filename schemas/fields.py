"""The field types of the API; each rejects what it would otherwise have to guess."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

from marshmallow import Schema as MarshmallowSchema
from marshmallow import ValidationError, fields, validate

from schemas.enums import NamedEnum
from service.domain.timestamps import format_timestamp

SLUG_PATTERN: Final = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
DAY_PATTERN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIMESTAMP_PATTERN: Final = rf"{DAY_PATTERN}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,6}})?Z"

MAX_ID_LENGTH: Final = 100
MAX_LIST_LENGTH: Final = 1_000


# marshmallow's own messages do not state the fix; fields of its own types would still use them.
fields.Field.default_error_messages.update(
    required="This field is required.", null="This must not be null."
)


class Schema(MarshmallowSchema):
    """A schema that rejects unknown fields; the error lists the known ones."""

    FIELD_NOUN: ClassVar[str] = "field"
    """What error messages call one field."""

    error_messages = {"type": "This must be an object."}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        """Take the options of marshmallow's schemas."""
        super().__init__(**options)
        known = (field.data_key or name for name, field in self.load_fields.items())
        self.error_messages["unknown"] = unknown_field_message(self.FIELD_NOUN, known)


def unknown_field_message(noun: str, known: Iterable[str]) -> str:
    """Return the message that rejects an unknown field or parameter and lists the known ones."""
    return f"There is no such {noun}. Known here: {', '.join(sorted(known)) or 'none'}."


class FirstErrorMixin:
    """Makes a field run its validators in order and report the first failure only.

    marshmallow runs all of them, and would report one wrong value several times.
    """

    validators: Any

    def _validate(self, value: Any) -> None:
        for validator in self.validators:
            validator(value)


class FullMatch(validate.Regexp):
    """A validator that accepts text which the pattern matches from end to end.

    The base class only matches at the start, and its ``$`` accepts a line break at the end.
    """

    def __call__(self, value: Any) -> Any:
        """Return the value; raise ValidationError if it does not match."""
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


class Flag(fields.Field[bool]):
    """true or false; marshmallow's Boolean also accepts 1 and "yes"."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        super().__init__(metadata={"type": "boolean", **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("This must be true or false.")
        return value


class Slug(FirstErrorMixin, fields.String):
    """An id: 1 to 100 lower-case letters, digits, - and _; the first and last is no - or _."""

    MESSAGE: ClassVar[str] = (
        f"This must be an id of 1 to {MAX_ID_LENGTH} lower-case letters (a-z), digits, - and _,"
        " such as ru-kursk; it must begin and end with a letter or digit."
    )

    default_error_messages = {"invalid": MESSAGE}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        validators = [
            validate.Length(max=MAX_ID_LENGTH, error=self.MESSAGE),
            FullMatch(f"^{SLUG_PATTERN}$", error=self.MESSAGE),
        ]
        super().__init__(validate=validators, **kwargs)


class OneOf(fields.String):
    """One of a few words."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        """Accept the words as they are written, in lower case."""
        message = f"This must be one of {', '.join(choices)}."
        super().__init__(
            validate=validate.OneOf(choices, error=message),
            error_messages={"invalid": message},
            **kwargs,
        )


class EnumText(OneOf):
    """One value of a named enum; the OpenAPI document refers to the enum's component."""

    def __init__(self, enum: NamedEnum, **kwargs: Any) -> None:
        """Accept the enum's values."""
        self.enum = enum
        super().__init__(enum.values, **kwargs)


class OpenEnumText(fields.String):
    """A value of a named enum, or other text."""

    def __init__(self, enum: NamedEnum, **kwargs: Any) -> None:
        """Accept any text; the OpenAPI document refers to the enum's component."""
        self.enum = enum
        super().__init__(**kwargs)


class Day(fields.Field[date]):
    """A day, YYYY-MM-DD."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        metadata = {"type": "string", "format": "date"}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _serialize(self, value: date | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> date:
        if isinstance(value, str) and re.fullmatch(DAY_PATTERN, value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise ValidationError("There is no such day.") from None
        raise ValidationError("This must be a day, written YYYY-MM-DD.")


class Timestamp(fields.String):
    """A timestamp, RFC 3339 in UTC with Z; loads as text with microseconds, which can be sorted."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        metadata = {"format": "date-time"}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str) and re.fullmatch(TIMESTAMP_PATTERN, value):
            try:
                return normalize_timestamp(value)
            except ValueError:
                raise ValidationError("There is no such time.") from None
        raise ValidationError("This must be a timestamp in UTC, such as 2026-01-05T10:00:00Z.")


class BoundedList(fields.List[Any]):
    """A list with a minimum and maximum length and, by default, without duplicates.

    It loads as a tuple. The length is checked before the members, so that a list which is too long
    is one error.
    """

    def __init__(
        self,
        inner: fields.Field[Any],
        *,
        min_length: int = 0,
        max_length: int = MAX_LIST_LENGTH,
        distinct: bool = True,
        **kwargs: Any,
    ) -> None:
        """Accept from ``min_length`` to ``max_length`` members."""
        self._min_length, self._max_length, self._distinct = min_length, max_length, distinct
        metadata = {"minItems": min_length, "maxItems": max_length, "uniqueItems": distinct}
        super().__init__(inner, metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("This must be a list.")
        if not self._min_length <= len(value) <= self._max_length:
            raise ValidationError(
                f"This must have from {self._min_length} to {self._max_length:,} members."
            )
        members = super()._deserialize(value, attr, data, **kwargs)
        if self._distinct:
            check_distinct(members)
        return tuple(members)


class CommaList(BoundedList):
    """A query parameter of one or more values; commas and repetition separate them alike."""

    is_multiple = True

    def __init__(self, inner: fields.Field[Any], **kwargs: Any) -> None:
        """Accept at least one value."""
        super().__init__(inner, min_length=1, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            texts = [value] if isinstance(value, str) else value
            values = [each for text in texts for each in str(text).split(",")]
            return super()._deserialize(values, attr, data, **kwargs)
        except ValidationError as error:
            raise ValidationError(find_first_message(error.messages)) from None


class RepeatedParameter(fields.List[Any]):
    """A query parameter that may be given several times; it loads as a tuple."""

    is_multiple = True

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return tuple(super()._deserialize(value, attr, data, **kwargs))
        except ValidationError as error:
            raise ValidationError(find_first_message(error.messages)) from None


class Cursor(fields.String):
    """The position in a list after which a page begins; opaque to clients."""

    def __init__(self, list_name: str, pattern: str, **kwargs: Any) -> None:
        """Accept the cursors of one list only; ``pattern`` is that of the decoded position."""
        self._list_name, self._pattern = list_name, pattern
        super().__init__(metadata={"minLength": 1, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            text = urlsafe_b64decode(f"{value}{'=' * (-len(value) % 4)}").decode()
        except ValueError:
            text = ""
        list_name, _, position = text.partition(":")
        if list_name != self._list_name or not re.fullmatch(self._pattern, position):
            raise ValidationError("This is not a cursor of this list; follow the link in next.")
        return position


def make_cursor(list_name: str, value: object) -> str:
    """Return the cursor of the page that begins after the value."""
    return urlsafe_b64encode(f"{list_name}:{value}".encode()).decode().rstrip("=")


def is_slug(value: object) -> bool:
    """Return whether the value is text that can be an id."""
    return (
        isinstance(value, str)
        and len(value) <= MAX_ID_LENGTH
        and bool(re.fullmatch(SLUG_PATTERN, value))
    )


def normalize_timestamp(value: str) -> str:
    """Return an RFC 3339 timestamp in UTC as the event log writes it; raises ValueError."""
    if not re.fullmatch(TIMESTAMP_PATTERN, value):
        raise ValueError("not a timestamp in UTC")
    return format_timestamp(datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC))


def check_distinct(members: list[Any]) -> None:
    """Raise ValidationError for the first duplicate; objects are compared by their ``id``."""
    seen: set[Hashable] = set()
    for position, member in enumerate(members):
        key = getattr(member, "id", member)
        if key in seen:
            raise ValidationError({position: ["This is in the list twice."]})
        seen.add(key)


def find_first_message(messages: Any) -> str:
    """Return the first text in marshmallow's nested messages."""
    while not isinstance(messages, str):
        values = messages.values() if isinstance(messages, Mapping) else messages
        messages = next(iter(values))
    return messages
