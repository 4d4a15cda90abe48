"""Text on the wire: kept as it was sent, refused where it holds what no text needs."""

import re
import unicodedata
from typing import Any, Final

from marshmallow import ValidationError, fields

BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

NAME_LENGTH: Final = 200
TEXT_LENGTH: Final = 20_000


class Text(fields.String):
    """Free text, kept as it was sent; only what no text needs is refused.

    ``lines`` allows tabs and line breaks.
    """

    default_error_messages = {"invalid": "This must be text."}  # noqa: RUF012

    def __init__(self, *, most: int = TEXT_LENGTH, lines: bool = False, **kwargs: Any) -> None:
        """Accept up to ``most`` characters, at least one of them visible."""
        self.most, self.lines = most, lines
        metadata = {"minLength": 1, "maxLength": most}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > self.most:
            raise ValidationError(f"This is longer than {self.most:,} characters.")
        for character in value:
            self._check(character)
        if not any(map(_is_visible, value)):
            raise ValidationError("This must not be empty: give it a visible character.")
        return value

    def _check(self, character: str) -> None:
        category = unicodedata.category(character)
        if category == "Cs":
            raise ValidationError("This holds half of a character (a lone surrogate).")
        if category == "Cc" and not (self.lines and character in "\t\n"):
            raise ValidationError(f"This holds the control character U+{ord(character):04X}.")


def _is_visible(character: str) -> bool:
    """Whether the character is neither a space nor a control, a format mark or unassigned."""
    return unicodedata.category(character)[0] not in "ZC"


class Line(Text):
    """Text on one line, without the controls that turn its direction; kept as it was sent."""

    def __init__(self, *, most: int = NAME_LENGTH, **kwargs: Any) -> None:
        """Accept up to ``most`` characters."""
        super().__init__(most=most, **kwargs)

    def _check(self, character: str) -> None:
        super()._check(character)
        if character in BIDI:
            raise ValidationError(
                f"This holds U+{ord(character):04X}, which turns the direction of text."
            )


class Name(Line):
    """A name, in the composed form of Unicode, so that it is equal to itself however typed."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        return unicodedata.normalize("NFC", super()._deserialize(value, attr, data, **kwargs))


class Matching(fields.String):
    """Text of a fixed pattern; ``says`` tells in words what that is."""

    def __init__(self, pattern: str, says: str, most: int = NAME_LENGTH, **kwargs: Any) -> None:
        """Accept what the pattern matches from end to end."""
        self._pattern, self._says, self._most = re.compile(pattern), says, most
        super().__init__(metadata={"pattern": f"^(?:{pattern})$", "maxLength": most}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        usable = isinstance(value, str) and len(value) <= self._most
        if not usable or not self._pattern.fullmatch(value):
            raise ValidationError(self._says)
        return str(value)
