"""CSV for spreadsheets: text that looks like a formula is escaped, above the header, too."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from service.exports.fields import Row

_FORMULA_START: Final = re.compile(
    r"""[\t\r\n]|[\s"'`‘’“”\u200b-\u200f\u2060\ufeff]*[=+\-@\u2212＝＋－＠]"""
)
"""The beginning of a text that a spreadsheet may evaluate: ignored characters and an operator.

The full-width signs count too: spreadsheets in East Asian languages accept them as operators.
"""


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CELL_START: Final = re.compile(rf"[,;](?={_FORMULA_START.pattern})")
"""Where a spreadsheet that divides a line in front of the table finds a formula."""

BYTE_ORDER_MARK: Final = "\ufeff"


def write_csv(
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    bom: bool = False,
    about: Iterable[str] = (),
) -> str:
    """Return what ``iterate_csv`` yields as one text."""
    return "".join(iterate_csv(columns, rows, bom=bom, about=about))


def iterate_csv(
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    bom: bool = False,
    about: Iterable[str] = (),
) -> Iterator[str]:
    """Yield the header and the rows as lines of CSV; a missing value or None is an empty cell.

    With ``bom`` it begins with a byte order mark, by which some spreadsheets recognize UTF-8. Each
    text of ``about`` is a line of its own in front of the header, which begins with ``#``.
    """
    if bom:
        yield BYTE_ORDER_MARK
    for each in about:
        yield f"# {_format_line(each)}\r\n"
    line = _LastLine()
    writer = csv.writer(line)
    writer.writerow(columns)
    yield line.text
    for row in rows:
        writer.writerow([format_cell(row.get(name)) for name in columns])
        yield line.text


class _LastLine:
    """A file for a CSV writer, which holds the last line alone."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def describe_state(seq: int, recorded_at: str | None) -> str:
    """Return which state of the record a table is of."""
    moment = f", recorded at {recorded_at}" if recorded_at else ""
    return f"As known after event {seq} of the record{moment}"


def _format_line(text: str) -> str:
    """Return the text as one line that no spreadsheet reads as a formula or as quoted cells."""
    line = _CONTROL.sub(" ", text).replace('"', "'")
    return _CELL_START.sub(lambda found: f"{found.group()}'", line)


def format_cell(value: Any) -> str:
    """Return the text of a cell; a text that a spreadsheet may evaluate gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _FORMULA_START.match(value):
        return f"'{value}"
    return str(value)
