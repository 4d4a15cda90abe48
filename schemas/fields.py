"""The kinds of value on the wire, each refusing whatever it would otherwise have to guess."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

from marshmallow import Schema as MarshmallowSchema
from marshmallow import ValidationError, fields

from service.domain.timestamps import format_timestamp

SLUG_PATTERN: Final = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
DAY_PATTERN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIMESTAMP_PATTERN: Final = rf"{DAY_PATTERN}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,6}})?Z"

MAX_ID_LENGTH: Final = 100
MAX_LIST_LENGTH: Final = 1_000


# The library's own sentences do not say what to do; fields of its own kinds would still use them.
fields.Field.default_error_messages.update(
    required="This field is needed.", null="This is null; give it a value."
)


class Schema(MarshmallowSchema):
    """A schema that refuses unknown fields in plain words, and names those that there are."""

    FIELD_NOUN: ClassVar[str] = "field"
    """What one of them is called."""

    error_messages = {"type": "This must be an object."}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        """Take the usual schema options."""
        super().__init__(**options)
        known = (field.data_key or name for name, field in self.load_fields.items())
        self.error_messages["unknown"] = unknown_field_message(self.FIELD_NOUN, known)


def unknown_field_message(kind: str, known: Iterable[str]) -> str:
    """Return the sentence that refuses an unknown field or parameter, and names the known ones."""
    return f"There is no such {kind}. Known here: {', '.join(sorted(known)) or 'none'}."


class Flag(fields.Field[bool]):
    """true or false, and nothing that could be taken for one of them."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
        super().__init__(metadata={"type": "boolean"}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("This must be true or false.")
        return value


class Slug(fields.String):
    """An id: lower-case letters, digits, - and _."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
        metadata = {"pattern": f"^{SLUG_PATTERN}$", "maxLength": MAX_ID_LENGTH}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not is_slug(value):
            raise ValidationError(
                "An id has lower-case letters a-z, digits, - and _ inside, like ru-kursk;"
                f" at most {MAX_ID_LENGTH} of them."
            )
        return str(value)


class OneOf(fields.String):
    """One of a few words."""

    def __init__(self, choices: tuple[str, ...], **kwargs: Any) -> None:
        """Accept the words, and nothing near them."""
        self._choices = choices
        super().__init__(metadata={"enum": list(choices)}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self._choices:
            raise ValidationError(f"This must be one of {', '.join(self._choices)}.")
        return value


class Day(fields.Field[date]):
    """A day, YYYY-MM-DD."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
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
    """A moment, RFC 3339 in UTC with Z; loads as the text by which moments are put in order."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
        metadata = {"format": "date-time"}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str) and re.fullmatch(TIMESTAMP_PATTERN, value):
            try:
                return normalize_timestamp(value)
            except ValueError:
                raise ValidationError("There is no such moment.") from None
        raise ValidationError("This must be an instant in UTC, like 2026-01-05T10:00:00Z.")


class BoundedList(fields.List[Any]):
    """A list in which nothing stands twice, unless it may."""

    def __init__(
        self,
        inner: fields.Field[Any],
        *,
        min_length: int = 0,
        max_length: int = MAX_LIST_LENGTH,
        distinct: bool = True,
        **kwargs: Any,
    ) -> None:
        """Accept from ``min_length`` to ``max_length`` members, different unless told otherwise."""
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
    """A query parameter of several values with commas between them."""

    def __init__(self, inner: fields.Field[Any], **kwargs: Any) -> None:
        """Accept from one value on."""
        super().__init__(inner, min_length=1, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(str(value).split(","), attr, data, **kwargs)
        except ValidationError as error:
            raise ValidationError(find_first_message(error.messages)) from None


class RepeatedParameter(fields.List[Any]):
    """A query parameter that may be given several times."""

    is_multiple = True

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return tuple(super()._deserialize(value, attr, data, **kwargs))
        except ValidationError as error:
            raise ValidationError(find_first_message(error.messages)) from None


class Cursor(fields.String):
    """Where a page of a list left off; opaque to whoever sends it back."""

    def __init__(self, list_name: str, pattern: str, **kwargs: Any) -> None:
        """Accept the cursors of one list only; the pattern is that of the value inside."""
        self._list_name, self._pattern = list_name, pattern
        super().__init__(metadata={"minLength": 1}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            text = urlsafe_b64decode(f"{value}{'=' * (-len(value) % 4)}").decode()
        except ValueError:
            text = ""
        list_name, _, position = text.partition(":")
        if list_name != self._list_name or not re.fullmatch(self._pattern, position):
            raise ValidationError("Take this from the next of an answer, as it is.")
        return position


def make_cursor(list_name: str, value: object) -> str:
    """Return the cursor that a page of the list ends with."""
    return urlsafe_b64encode(f"{list_name}:{value}".encode()).decode().rstrip("=")


def is_slug(value: object) -> bool:
    """Whether the value is text that can be an id."""
    return (
        isinstance(value, str)
        and len(value) <= MAX_ID_LENGTH
        and bool(re.fullmatch(SLUG_PATTERN, value))
    )


def normalize_timestamp(value: str) -> str:
    """Return an RFC 3339 instant in UTC as the record writes it; raises ValueError for others."""
    if not re.fullmatch(TIMESTAMP_PATTERN, value):
        raise ValueError("not an instant in UTC")
    return format_timestamp(datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC))


def check_distinct(members: list[Any]) -> None:
    """Raise for the first member that stood in the list before; objects are known by their id."""
    seen: set[Hashable] = set()
    for position, member in enumerate(members):
        key = getattr(member, "id", member)
        if key in seen:
            raise ValidationError({position: ["This stands in the list already."]})
        seen.add(key)


def find_first_message(messages: Any) -> str:
    """Return the first text in marshmallow's nested messages."""
    while not isinstance(messages, str):
        values = messages.values() if isinstance(messages, Mapping) else messages
        messages = next(iter(values))
    return messages
