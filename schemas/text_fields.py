"""Text on the wire: kept as it was sent, refused where it holds what no text needs."""

import re
import unicodedata
from typing import Any, Final

from marshmallow import ValidationError, fields

BIDI_CONTROLS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)

MAX_NAME_LENGTH: Final = 200
MAX_TEXT_LENGTH: Final = 20_000


class Text(fields.String):
    """Free text, kept as it was sent; only what no text needs is refused.

    ``multiline`` allows tabs and line breaks.
    """

    default_error_messages = {"invalid": "This must be text."}  # noqa: RUF012

    def __init__(
        self, *, max_length: int = MAX_TEXT_LENGTH, multiline: bool = False, **kwargs: Any
    ) -> None:
        """Accept up to ``max_length`` characters, at least one of them visible."""
        self.max_length, self.multiline = max_length, multiline
        metadata = {"minLength": 1, "maxLength": max_length}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > self.max_length:
            raise ValidationError(f"This is longer than {self.max_length:,} characters.")
        for character in value:
            self._check_character(character)
        if not any(map(_is_visible, value)):
            raise ValidationError("This must not be empty: give it a visible character.")
        return value

    def _check_character(self, character: str) -> None:
        category = unicodedata.category(character)
        if category == "Cs":
            raise ValidationError("This holds half of a character (a lone surrogate).")
        if category == "Cc" and not (self.multiline and character in "\t\n"):
            raise ValidationError(f"This holds the control character U+{ord(character):04X}.")


def _is_visible(character: str) -> bool:
    """Whether the character is neither a space nor a control, a format mark or unassigned."""
    return unicodedata.category(character)[0] not in "ZC"


class Line(Text):
    """Text on one line, without the controls that turn its direction; kept as it was sent."""

    def __init__(self, *, max_length: int = MAX_NAME_LENGTH, **kwargs: Any) -> None:
        """Accept up to ``max_length`` characters."""
        super().__init__(max_length=max_length, **kwargs)

    def _check_character(self, character: str) -> None:
        super()._check_character(character)
        if character in BIDI_CONTROLS:
            raise ValidationError(
                f"This holds U+{ord(character):04X}, which turns the direction of text."
            )


class Name(Line):
    """A name, in the composed form of Unicode, so that it is equal to itself however typed."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        return unicodedata.normalize("NFC", super()._deserialize(value, attr, data, **kwargs))


class PatternText(fields.String):
    """Text of a fixed pattern; ``message`` tells in words what that is."""

    def __init__(
        self, pattern: str, message: str, max_length: int = MAX_NAME_LENGTH, **kwargs: Any
    ) -> None:
        """Accept what the pattern matches from end to end."""
        self._pattern, self._message, self._max_length = re.compile(pattern), message, max_length
        super().__init__(
            metadata={"pattern": f"^(?:{pattern})$", "maxLength": max_length}, **kwargs
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        is_usable = isinstance(value, str) and len(value) <= self._max_length
        if not is_usable or not self._pattern.fullmatch(value):
            raise ValidationError(self._message)
        return str(value)
