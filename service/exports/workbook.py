"""Spreadsheets in XLSX: a sheet for each table, and one that says what they are about."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import IO, Any, Final

import xlsxwriter

from service.domain.errors import InvalidInputError
from service.exports.fields import ExportTable, Field

MAX_ROWS: Final = 1_048_576
"""The rows of a sheet, its header included; the limit of the format."""

MAX_CELL_LENGTH: Final = 32_767
"""The characters of a cell; the limit of the format."""

ABOUT_SHEET: Final = "About"

_CUT: Final = " […]"

_FIRST_DAY: Final = date(1900, 3, 1)
"""Spreadsheets disagree about the days before it, so that they are written as text."""

_WIDTHS: Final = {"integer": 11, "number": 12, "boolean": 10, "date": 12, "datetime": 28}
_TEXT_WIDTH: Final = 24


def write_workbook(tables: Sequence[ExportTable], about: Iterable[str], file: IO[bytes]) -> None:
    """Write the tables as one spreadsheet, in constant memory.

    Numbers are numbers and days are days. Every other cell is a text, so that no text is taken for
    a formula or a date. The last sheet has the lines of ``about`` and describes the columns.
    Raises InvalidInputError for a table that has more rows than a sheet can.
    """
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        bold = book.add_format({"bold": True})
        day_format = book.add_format({"num_format": "yyyy-mm-dd"})
        for table in tables:
            _write_sheet(book.add_worksheet(table.name), table, bold, day_format)
        _write_about(book.add_worksheet(ABOUT_SHEET), tables, about, bold)


def _write_sheet(sheet: Any, table: ExportTable, bold: Any, day_format: Any) -> None:
    sheet.freeze_panes(1, 0)
    for position, field in enumerate(table.fields):
        sheet.set_column(position, position, _WIDTHS.get(field.type, _TEXT_WIDTH))
        sheet.write_string(0, position, field.name, bold)
    number = 0
    for number, row in enumerate(table.rows, start=1):
        if number == MAX_ROWS:
            raise InvalidInputError(
                f"The table {table.name} has more than {MAX_ROWS - 1:,} rows, the limit of a"
                " sheet. Select less with a filter, or export CSV."
            )
        for position, field in enumerate(table.fields):
            _write_cell(sheet, number, position, field, row.get(field.name), day_format)
    sheet.autofilter(0, 0, number, len(table.fields) - 1)


def _write_about(
    sheet: Any, tables: Sequence[ExportTable], about: Iterable[str], bold: Any
) -> None:
    sheet.set_column(0, 1, 20)
    sheet.set_column(2, 2, 100)
    number = 0
    for number, line in enumerate(about, start=1):
        sheet.write_string(number - 1, 0, _cut(line))
    number += 1
    for position, heading in enumerate(("Sheet", "Column", "Content")):
        sheet.write_string(number, position, heading, bold)
    for table in tables:
        for field in table.fields:
            number += 1
            for position, text in enumerate((table.name, field.name, field.description)):
                sheet.write_string(number, position, text)


def _write_cell(
    sheet: Any, number: int, position: int, field: Field, value: Any, day_format: Any
) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(number, position, value)
    elif isinstance(value, int | float):
        sheet.write_number(number, position, value)
    elif field.type == "date" and (day := _parse_day(value)) >= _FIRST_DAY:
        sheet.write_datetime(number, position, day, day_format)
    else:
        sheet.write_string(number, position, _cut(str(value)))


def _parse_day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL_LENGTH else text[: MAX_CELL_LENGTH - len(_CUT)] + _CUT
