"""How a CSV is written: the parameters that only this format has."""

from typing import Any, Final, NamedTuple

from schemas.base import Parameters
from schemas.enums import BOOLEAN_TEXT
from schemas.fields import EnumText


class CsvForm(NamedTuple):
    """Whether a CSV begins with a byte order mark, and whether it says what it is about."""

    bom: bool = False
    about: bool = False


BOM: Final = EnumText(
    BOOLEAN_TEXT,
    metadata={
        "description": "`true`: begin the CSV with a byte order mark, by which some spreadsheets "
        "recognize UTF-8. Default: `false`."
    },
)
"""The parameter ``bom`` of a schema."""

ABOUT: Final = EnumText(
    BOOLEAN_TEXT,
    metadata={
        "description": "`true`: let the CSV say what it is about, in lines before the header that "
        "begin with `#`: the question in words, the state of the record, and the address. The "
        "columns `parent`, `longitude` and `latitude` then follow for rows about one place. "
        "Default: `false`."
    },
)
"""The parameter ``about`` of a schema."""


class CsvFormParameters(Parameters):
    """The parameters of the form alone, for the CSV of a page."""

    bom = BOM
    about = ABOUT


def pop_csv_form(data: dict[str, Any]) -> CsvForm:
    """Return the form of the CSV, and remove its parameters."""
    return CsvForm(*(data.pop(name, "false") == "true" for name in CsvForm._fields))
