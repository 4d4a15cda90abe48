"""Tables for spreadsheets: rows of named values as CSV, in which no text is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_FORMULA_START: Final = re.compile(
    r"""[\t\r\n]|[\s"'`‘’“”\u200b-\u200f\u2060\ufeff]*[=+\-@\u2212＝＋－＠]"""
)
"""How a text begins that some spreadsheet would work out: what it skips, then an operator.

The wide signs count too: a spreadsheet in an East Asian language takes them for the narrow ones.
"""


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the header and the rows; what a row does not have, or has as None, is empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([format_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def format_cell(value: Any) -> str:
    """Return the value as it stands in a cell: numbers as they are, texts so that none is worked
    out when the table is opened.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _FORMULA_START.match(value):
        return f"'{value}"
    return str(value)
