"""Text: stored as it was sent; characters that no text needs are rejected."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from marshmallow import ValidationError, fields, validate

from schemas.fields import FirstErrorMixin, FullMatch

BIDI_CONTROLS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)

MAX_NAME_LENGTH: Final = 200
MAX_TEXT_LENGTH: Final = 20_000

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_TAB_AND_NEWLINE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BIDI_CONTROLS: Final = re.compile(f"[{''.join(sorted(BIDI_CONTROLS))}]")


class _Excludes:
    """A validator that rejects text with one of the characters; ``{}`` is its code point."""

    def __init__(self, characters: re.Pattern[str], message: str) -> None:
        self._characters, self._message = characters, message

    def __call__(self, text: str) -> None:
        match = self._characters.search(text)
        if match is not None:
            raise ValidationError(self._message.format(f"U+{ord(match[0]):04X}"))


def _check_visible(text: str) -> None:
    """Raise ValidationError for text of spaces, controls and format characters alone."""
    if all(unicodedata.category(character)[0] in "ZC" for character in text):
        raise ValidationError("This must have at least one visible character.")


class Text(FirstErrorMixin, fields.String):
    """Free text; ``multiline`` allows tabs and line feeds."""

    default_error_messages = {"invalid": "This must be text."}  # noqa: RUF012

    def __init__(
        self, *, max_length: int = MAX_TEXT_LENGTH, multiline: bool = False, **kwargs: Any
    ) -> None:
        """Accept 1 to ``max_length`` characters, at least one of them visible."""
        validators: list[Callable[[str], Any]] = [
            validate.Length(
                min=1, max=max_length, error=f"This must have from 1 to {max_length:,} characters."
            ),
            _Excludes(_SURROGATES, "This contains {}, half of a character (a lone surrogate)."),
            _Excludes(
                _CONTROLS_BUT_TAB_AND_NEWLINE if multiline else _CONTROLS,
                "This contains the control character {}.",
            ),
            *self._extra_validators(),
            _check_visible,
        ]
        super().__init__(validate=validators, **kwargs)

    def _extra_validators(self) -> list[_Excludes]:
        return []


class Line(Text):
    """Text on one line without bidirectional controls; stored as it was sent."""

    def __init__(self, *, max_length: int = MAX_NAME_LENGTH, **kwargs: Any) -> None:
        """Accept 1 to ``max_length`` characters, at least one of them visible."""
        super().__init__(max_length=max_length, **kwargs)

    def _extra_validators(self) -> list[_Excludes]:
        return [_Excludes(_BIDI_CONTROLS, "This contains the bidirectional control {}.")]


class Name(Line):
    """A name; loads in Unicode's composed form (NFC), so that equal names compare equal."""

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the valid name, composed; the length limit applies to what was sent."""
        name = super().deserialize(value, *args, **kwargs)
        return unicodedata.normalize("NFC", name) if isinstance(name, str) else name


class PatternText(FirstErrorMixin, fields.String):
    """Text of a fixed pattern."""

    def __init__(
        self, pattern: str, message: str, max_length: int = MAX_NAME_LENGTH, **kwargs: Any
    ) -> None:
        """Accept text that the pattern matches from end to end; else ``message`` is the error."""
        validators = [
            validate.Length(max=max_length, error=message),
            FullMatch(f"^(?:{pattern})$", error=message),
        ]
        super().__init__(validate=validators, error_messages={"invalid": message}, **kwargs)
