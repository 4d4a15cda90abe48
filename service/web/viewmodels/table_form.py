"""The form for a table of reports: the choices that it offers, and the texts of its scripts."""

from functools import cache
from typing import Any, Final

from service.imports.gazetteer import Gazetteer
from service.imports.mapping import Counts
from service.imports.shipped_maps import list_map_names, load_mapping
from service.web.viewmodels.report_form import select_form_messages, select_messages

SCRIPT_PREFIX: Final = "table.say."
"""The keys of the messages that only the scripts of this form show begin with this."""

COUNTS: Final = tuple(each.value for each in Counts)

ENCODINGS: Final = ("windows-1252", "windows-1251", "windows-1256", "utf-16le")
"""Encodings that a browser reads, for files that are not UTF-8."""

ROLES: Final = (
    "ref", "reporter", "day", "from", "to",
    "country", "region", "district", "place", "places", "place_id", "latitude", "longitude",
    "killed", "wounded", "missing", "captured", "killed_wounded", "words",
    "side", "group", "incident", "url", "published", "quote", "note",
)  # fmt: skip
"""What a column can contain."""

MEANINGS: Final = ("exactly", "low", "high", "best", "range", "wording")
"""What the numbers of a column mean; these are the keys of a figure in a mapping."""


@cache
def list_maps() -> tuple[tuple[str, str], ...]:
    """Return the names and titles of the mappings of figures that come with the service."""
    loaded = ((name, load_mapping(name)) for name in list_map_names())
    return tuple((name, each.title) for name, each in loaded if not isinstance(each, Gazetteer))


def select_table_messages() -> dict[str, Any]:
    """Return the texts that the scripts of the form show, by their keys without the prefixes."""
    return select_form_messages() | select_messages(SCRIPT_PREFIX, SCRIPT_PREFIX)
