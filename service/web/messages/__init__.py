"""The message catalogue: the texts of the pages by key."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import format_count

CATALOGUE_FILE: Final = Path(__file__).with_name("en.json")


@lru_cache(maxsize=1)
def load_catalogue() -> dict[str, Any]:
    """Return all texts by key.

    A text that depends on a number is a dict with the forms ``one`` and ``other``.
    """
    messages: dict[str, Any] = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    return messages


def plain_text(key: str, **values: Any) -> str:
    """Return the text with the values inserted, not escaped for HTML.

    The value ``count`` selects the form of a text that depends on a number. Numbers are formatted
    like 3,001, and strings are isolated if their direction requires it. Raises KeyError if the
    catalogue does not contain the key.
    """
    message = load_catalogue()[key]
    if isinstance(message, dict):
        message = message["one" if values["count"] == 1 else "other"]
    return str(message).format(**{name: _prepare_value(value) for name, value in values.items()})


def _prepare_value(value: Any) -> Any:
    if isinstance(value, int):
        return format_count(value)
    return isolate_bidi(value) if isinstance(value, str) else value


def markup(key: str, **values: Any) -> Markup:
    """Return the text as ``plain_text`` does, with the values escaped for HTML."""
    return Markup(plain_text(key, **{  # noqa: S704 - the catalogue is ours, the values are escaped
        name: value if isinstance(value, int) else escape(value) for name, value in values.items()
    }))  # fmt: skip
