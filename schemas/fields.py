"""The kinds of value on the wire, each refusing whatever it would otherwise have to guess."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

from marshmallow import Schema as MarshmallowSchema
from marshmallow import ValidationError, fields

from service.domain.timestamps import instant

SLUG: Final = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
INSTANT: Final = rf"{DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,6}})?Z"

ID_LENGTH: Final = 100
LIST_LENGTH: Final = 1_000


# The library's own sentences do not say what to do; fields of its own kinds would still use them.
fields.Field.default_error_messages.update(
    required="This field is needed.", null="This is null; give it a value."
)


class Schema(MarshmallowSchema):
    """A schema that refuses unknown fields in plain words, and names those that there are."""

    KIND: ClassVar[str] = "field"
    """What one of them is called."""

    error_messages = {"type": "This must be an object."}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        """Take the usual schema options."""
        super().__init__(**options)
        known = (field.data_key or name for name, field in self.load_fields.items())
        self.error_messages["unknown"] = no_such(self.KIND, known)


def no_such(kind: str, known: Iterable[str]) -> str:
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
        metadata = {"pattern": f"^{SLUG}$", "maxLength": ID_LENGTH}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not is_slug(value):
            raise ValidationError(
                "An id has lower-case letters a-z, digits, - and _ inside, like ru-kursk;"
                f" at most {ID_LENGTH} of them."
            )
        return str(value)


class OneOf(fields.String):
    """One of a few words."""

    def __init__(self, words: tuple[str, ...], **kwargs: Any) -> None:
        """Accept the words, and nothing near them."""
        self._words = words
        super().__init__(metadata={"enum": list(words)}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self._words:
            raise ValidationError(f"This must be one of {', '.join(self._words)}.")
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
        if isinstance(value, str) and re.fullmatch(DAY, value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise ValidationError("There is no such day.") from None
        raise ValidationError("This must be a day, written YYYY-MM-DD.")


class Instant(fields.String):
    """A moment, RFC 3339 in UTC with Z; loads as the text by which moments are put in order."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
        metadata = {"format": "date-time"}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str) and re.fullmatch(INSTANT, value):
            try:
                return instant_text(value)
            except ValueError:
                raise ValidationError("There is no such moment.") from None
        raise ValidationError("This must be an instant in UTC, like 2026-01-05T10:00:00Z.")


class Several(fields.List[Any]):
    """A list in which nothing stands twice, unless it may."""

    def __init__(
        self,
        inner: fields.Field[Any],
        *,
        least: int = 0,
        most: int = LIST_LENGTH,
        distinct: bool = True,
        **kwargs: Any,
    ) -> None:
        """Accept from ``least`` to ``most`` members, all different unless told otherwise."""
        self._least, self._most, self._distinct = least, most, distinct
        metadata = {"minItems": least, "maxItems": most, "uniqueItems": distinct}
        super().__init__(inner, metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("This must be a list.")
        if not self._least <= len(value) <= self._most:
            raise ValidationError(f"This must have from {self._least} to {self._most:,} members.")
        members = super()._deserialize(value, attr, data, **kwargs)
        if self._distinct:
            check_distinct(members)
        return tuple(members)


class CommaList(Several):
    """A query parameter of several values with commas between them."""

    def __init__(self, inner: fields.Field[Any], **kwargs: Any) -> None:
        """Accept from one value on."""
        super().__init__(inner, least=1, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(str(value).split(","), attr, data, **kwargs)
        except ValidationError as error:
            raise ValidationError(first_message(error.messages)) from None


class Repeated(fields.List[Any]):
    """A query parameter that may be given several times."""

    is_multiple = True

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return tuple(super()._deserialize(value, attr, data, **kwargs))
        except ValidationError as error:
            raise ValidationError(first_message(error.messages)) from None


class Cursor(fields.String):
    """Where a page of a list left off; opaque to whoever sends it back."""

    def __init__(self, listed: str, pattern: str, **kwargs: Any) -> None:
        """Accept the cursors of one list only; the pattern is that of the value inside."""
        self._listed, self._pattern = listed, pattern
        super().__init__(metadata={"minLength": 1}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            text = urlsafe_b64decode(f"{value}{'=' * (-len(value) % 4)}").decode()
        except ValueError:
            text = ""
        listed, _, inner = text.partition(":")
        if listed != self._listed or not re.fullmatch(self._pattern, inner):
            raise ValidationError("Take this from the next of an answer, as it is.")
        return inner


def cursor(listed: str, value: object) -> str:
    """Return the cursor that a page of the list ends with."""
    return urlsafe_b64encode(f"{listed}:{value}".encode()).decode().rstrip("=")


def is_slug(value: object) -> bool:
    """Whether the value is text that can be an id."""
    return isinstance(value, str) and len(value) <= ID_LENGTH and bool(re.fullmatch(SLUG, value))


def instant_text(value: str) -> str:
    """Return an RFC 3339 instant in UTC as the record writes it; raises ValueError for others."""
    if not re.fullmatch(INSTANT, value):
        raise ValueError("not an instant in UTC")
    return instant(datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC))


def check_distinct(members: list[Any]) -> None:
    """Raise for the first member that stood in the list before; objects are known by their id."""
    seen: set[Hashable] = set()
    for position, member in enumerate(members):
        known = getattr(member, "id", member)
        if known in seen:
            raise ValidationError({position: ["This stands in the list already."]})
        seen.add(known)


def first_message(messages: Any) -> str:
    """Return the first text in marshmallow's nested messages."""
    while not isinstance(messages, str):
        values = messages.values() if isinstance(messages, Mapping) else messages
        messages = next(iter(values))
    return messages
