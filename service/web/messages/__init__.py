"""Every word that the pages say, by its key, from one catalogue."""

import json
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

CATALOGUE_FILE: Final = Path(__file__).with_name("en.json")

_LEFT_TO_RIGHT_TYPES: Final = frozenset(
    {"L", "EN", "ES", "ET", "CS", "NSM", "BN", "B", "S", "WS", "ON"}
)
"""The bidirectional types of letters and signs that never run from right to left."""


@lru_cache(maxsize=1)
def load_catalogue() -> dict[str, Any]:
    """Return all texts by key; one that depends on a number has a form for one and for other."""
    messages: dict[str, Any] = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    return messages


def plain_text(key: str, **values: Any) -> str:
    """Return the text with the values put in, not yet escaped for HTML.

    Where it depends on a number, that is the value ``count``. Numbers are written as people read
    them: 3,001. Raises KeyError for a text that is not in the catalogue.
    """
    message = load_catalogue()[key]
    if isinstance(message, dict):
        message = message["one" if values["count"] == 1 else "other"]
    return str(message).format(**{name: _prepare_value(value) for name, value in values.items()})


def _prepare_value(value: Any) -> Any:
    if isinstance(value, int):
        return f"{value:,}"
    return isolate_bidi(value) if isinstance(value, str) else value


def isolate_bidi(text: str) -> str:
    """Return the words so that letters from right to left turn nothing around beside them."""
    if all(unicodedata.bidirectional(letter) in _LEFT_TO_RIGHT_TYPES for letter in text):
        return text
    isolated_text = f"\u2068{text}\u2069"
    return Markup(isolated_text) if isinstance(text, Markup) else isolated_text  # noqa: S704 - as it was


def markup(key: str, **values: Any) -> Markup:
    """Return the text as ``plain_text`` does, with the values escaped for HTML."""
    return Markup(plain_text(key, **{  # noqa: S704 - the catalogue is ours, the values are escaped
        name: value if isinstance(value, int) else escape(value) for name, value in values.items()
    }))  # fmt: skip
