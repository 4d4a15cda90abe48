"""CSV for spreadsheets: text that looks like a formula is escaped."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_FORMULA_START: Final = re.compile(
    r"""[\t\r\n]|[\s"'`‘’“”\u200b-\u200f\u2060\ufeff]*[=+\-@\u2212＝＋－＠]"""
)
"""The beginning of a text that a spreadsheet may evaluate: ignored characters and an operator.

The full-width signs count too: spreadsheets in East Asian languages accept them as operators.
"""


BYTE_ORDER_MARK: Final = "\ufeff"


def write_csv(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, bom: bool = False
) -> str:
    """Return the header and the rows as CSV; a missing value or None is an empty cell.

    With ``bom`` it begins with a byte order mark, by which some spreadsheets recognize UTF-8.
    """
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK if bom else "")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([format_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def format_cell(value: Any) -> str:
    """Return the text of a cell; a text that a spreadsheet may evaluate gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _FORMULA_START.match(value):
        return f"'{value}"
    return str(value)
