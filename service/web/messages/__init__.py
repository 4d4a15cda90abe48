"""Every word that the pages say, by its key, from one catalogue."""

import json
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

CATALOGUE: Final = Path(__file__).with_name("en.json")

_LEFT_TO_RIGHT: Final = frozenset({"L", "EN", "ES", "ET", "CS", "NSM", "BN", "B", "S", "WS", "ON"})
"""The bidirectional types of letters and signs that never run from right to left."""


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Any]:
    """Return all texts by key; one that depends on a number has a form for one and for other."""
    found: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return found


def plain(key: str, **values: Any) -> str:
    """Return the text with the values put in, not yet escaped for HTML.

    Where it depends on a number, that is the value ``count``. Numbers are written as people read
    them: 3,001. Raises KeyError for a text that is not in the catalogue.
    """
    found = catalogue()[key]
    if isinstance(found, dict):
        found = found["one" if values["count"] == 1 else "other"]
    return str(found).format(**{name: _shown(value) for name, value in values.items()})


def _shown(value: Any) -> Any:
    if isinstance(value, int):
        return f"{value:,}"
    return isolated(value) if isinstance(value, str) else value


def isolated(words: str) -> str:
    """Return the words so that letters from right to left turn nothing around beside them."""
    if all(unicodedata.bidirectional(letter) in _LEFT_TO_RIGHT for letter in words):
        return words
    isolate = f"\u2068{words}\u2069"
    return Markup(isolate) if isinstance(words, Markup) else isolate  # noqa: S704 - as it was


def text(key: str, **values: Any) -> Markup:
    """Return the text as ``plain`` does, with the values escaped for HTML."""
    return Markup(plain(key, **{  # noqa: S704 - the catalogue is ours, the values are escaped
        name: value if isinstance(value, int) else escape(value) for name, value in values.items()
    }))  # fmt: skip
