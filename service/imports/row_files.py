"""Files of rows: CSV, JSON, NDJSON and XLSX, read row by row in constant memory."""

import csv
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final
from zipfile import BadZipFile

import ijson

from service.imports.errors import FileError, RowError
from service.imports.mapping import TableMapping

_FORMATS: Final = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".xlsx": "xlsx",
}  # fmt: skip

_SNIFFED_BYTES: Final = 1 << 16
MAX_CELL_LENGTH: Final = 1 << 20
"""How many characters a cell may have: a quotation mark may never be closed."""

MAX_COLUMNS: Final = 5_000
"""How many columns a file may have."""

MAX_NAMED_COLUMNS: Final = 40
"""How many columns a message names."""

MAX_COMPARED_COLUMNS: Final = 500
"""How many columns are compared with the name of one that is lacking."""

_SURROGATES: Final = re.compile("[\ud800-\udfff]")

_WORKBOOK_ERRORS: Final = (
    BadZipFile, OSError, EOFError, zlib.error,
    ValueError, TypeError, LookupError, AttributeError, SyntaxError,
)  # fmt: skip
"""What openpyxl raises for a broken workbook: errors of XML are SyntaxErrors."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: where it is in the file, its cells, and why they cannot be read, if so.

    ``line`` counts from 1. It is the line where the row begins, or the number of the object in a
    JSON file.
    """

    line: int
    cells: dict[str, str]
    error: RowError | None = None


class RowFile:
    """The rows of a file; iterating reads it once, from its beginning.

    Iterating raises FileError if it is no such file, or lacks a column that the mapping names.
    """

    def __init__(self, path: Path, mapping: TableMapping, max_lines: int | None = None) -> None:
        """Read the file as the mapping says; raises FileError if its format is not known.

        A file with rows after line ``max_lines`` is refused; None: it may have any number.
        """
        self.path, self.mapping, self._max_lines = path, mapping, max_lines
        self.format = mapping.file.format or _FORMATS.get(path.suffix.lower(), "")
        """The format in which the file is read, such as "csv"."""
        self._file: IO[bytes] | None = None
        if not self.format:
            raise FileError(f"{path.name}: give the format in the mapping, as [file] format.")
        if not path.is_file():
            raise FileError(f"There is no file {path}.")

    @property
    def fraction(self) -> float | None:
        """How much of the file has been read, from 0 to 1; None where that is not known."""
        if self._file is None or self.format == "xlsx":
            return None
        if self._file.closed:
            return 1.0
        return self._file.tell() / max(self.path.stat().st_size, 1)

    def __iter__(self) -> Iterator[SourceRow]:
        with self.path.open("rb") as self._file:
            try:
                rows = _READERS[self.format](self._file, self.path, self.mapping)
                yield from _complete_rows(self._limit(rows), self.mapping)
            except UnicodeError:
                raise FileError(
                    f"{self.path.name} is not {self.mapping.file.encoding.removesuffix('-sig')}."
                    " Give [file] encoding in the mapping, such as cp1252."
                ) from None

    def _limit(self, rows: Iterable[SourceRow | None]) -> Iterator[SourceRow]:
        """Yield the rows that are not empty; raises FileError after the last line allowed."""
        for line, row in enumerate(rows, start=1):
            if self._max_lines is not None and max(line, row.line if row else 0) > self._max_lines:
                raise FileError(
                    f"{self.path.name} goes on after line {self._max_lines:,}: import it with the"
                    " command, or divide it."
                )
            if row is not None:
                yield row


def _complete_rows(rows: Iterable[SourceRow], mapping: TableMapping) -> Iterator[SourceRow]:
    """Yield the rows with all columns of the mapping, and missing values as empty cells."""
    missing, values = mapping.file.missing, mapping.file.values
    empty = dict.fromkeys(mapping.list_columns(), "")
    for row in rows:
        cells = {
            name: "" if (text := cell.strip()) in missing else text
            for name, cell in row.cells.items()
        }
        for name, names in values.items():
            if name in cells:
                cells[name] = names.get(cells[name], cells[name])
        yield SourceRow(row.line, empty | cells, row.error)


def _check_columns(header: list[str], mapping: TableMapping, path: Path) -> None:
    known_columns = set(header)
    lacking = [each for each in mapping.list_columns() if each not in known_columns]
    if not lacking:
        return
    lines = []
    for column in lacking[:MAX_NAMED_COLUMNS]:
        near = get_close_matches(column, header[:MAX_COMPARED_COLUMNS], 1)
        lines.append(f"  {column}" + (f" (there is {near[0]})" if near else ""))
    known = ", ".join(header[:MAX_NAMED_COLUMNS])
    raise FileError(
        f"{path.name} lacks columns that the mapping names:\n" + "\n".join(lines) + f"\n"
        f"It has: {known}"
    )


# Formats ----------------------------------------------------------------------------------


def _read_csv(file: IO[bytes], path: Path, mapping: TableMapping) -> Iterator[SourceRow]:
    delimiter = mapping.file.delimiter or _find_delimiter(file, mapping.file.encoding)
    previous_limit = csv.field_size_limit(MAX_CELL_LENGTH)
    try:
        with TextIOWrapper(file, encoding=mapping.file.encoding, newline="") as text:
            # Without quotes, a quotation mark is a sign like any other.
            reader = (
                csv.reader(text, delimiter=delimiter)
                if mapping.file.quotes
                else csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            )
            yield from _read_csv_rows(reader, path, mapping)
    except csv.Error as error:
        raise FileError(f"{path.name} is not valid CSV: {error}.") from None
    finally:
        csv.field_size_limit(previous_limit)


def _find_delimiter(file: IO[bytes], encoding: str) -> str:
    header = file.readline(_SNIFFED_BYTES).decode(encoding, errors="replace")
    file.seek(0)
    # A name of a column can have commas, but no tab.
    return "\t" if "\t" in header else max((",", ";", "|"), key=header.count)


def _read_csv_rows(reader: Any, path: Path, mapping: TableMapping) -> Iterator[SourceRow]:
    header = list(mapping.file.columns)
    if header:
        _check_columns(header, mapping, path)
    else:
        header = _read_header(next(reader, None), path, mapping)
    line = reader.line_num + 1
    for cells in reader:
        if cells:
            yield _make_row(line, header, cells)
        line = reader.line_num + 1


def _read_header(cells: list[str] | None, path: Path, mapping: TableMapping) -> list[str]:
    if not cells or not any(cells):
        raise FileError(f"{path.name} has no header: its first line must name the columns.")
    if len(cells) > MAX_COLUMNS:
        raise FileError(f"{path.name} has more than {MAX_COLUMNS:,} columns.")
    header = [cell.strip() for cell in cells]
    doubled = {each for each, count in Counter(header).items() if each and count > 1}
    if doubled:
        raise FileError(f"{path.name} has two columns with the name {min(doubled)}.")
    _check_columns(header, mapping, path)
    return header


def _make_row(line: int, header: list[str], cells: list[str]) -> SourceRow:
    named = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    if len(cells) == len(header):
        return SourceRow(line, named)
    reason = f"the row has {len(cells)} cells, the header {len(header)}"
    return SourceRow(line, dict.fromkeys(header, "") | named, RowError("", reason))


def _read_json(file: IO[bytes], path: Path, mapping: TableMapping) -> Iterator[SourceRow]:
    prefix = f"{mapping.file.records}.item" if mapping.file.records else "item"
    try:
        for line, record in enumerate(ijson.items(file, prefix, use_float=True), start=1):
            yield _make_json_row(line, record)
    except ijson.JSONError as error:
        first_line = str(error).removeprefix("b'").partition("\\n")[0].partition("\n")[0].strip()
        raise FileError(f"{path.name} is not valid JSON: {first_line}.") from None


def _read_ndjson(file: IO[bytes], path: Path, mapping: TableMapping) -> Iterator[SourceRow]:
    with TextIOWrapper(file, encoding=mapping.file.encoding) as lines:
        for line, text in enumerate(lines, start=1):
            if text.strip():
                try:
                    record = json.loads(text)
                except (ValueError, RecursionError) as error:
                    yield SourceRow(line, {}, RowError("", f"not valid JSON: {error}"))
                else:
                    yield _make_json_row(line, record)


def _make_json_row(line: int, record: Any) -> SourceRow:
    if not isinstance(record, dict):
        return SourceRow(line, {}, RowError("", "this is no object with named values"))
    try:
        cells = dict(_flatten(record))
    except RecursionError:
        return SourceRow(line, {}, RowError("", "this is nested too deep"))
    if any(_SURROGATES.search(text) for pair in cells.items() for text in pair):
        return SourceRow(line, {}, RowError("", "it has half of a character (a lone surrogate)"))
    return SourceRow(line, cells)


def _flatten(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values by their path, such as "verified.killed"; a list is joined by commas."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, ", ".join(map(_write_value, value))
        else:
            yield prefix + name, _write_value(value)


def _write_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _read_xlsx(file: IO[bytes], path: Path, mapping: TableMapping) -> Iterator[SourceRow | None]:
    """Yield the rows of a sheet; None for an empty row. A sheet can have a million of these."""
    # It takes a tenth of a second, in each process, and few files are workbooks.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
        try:
            names = book.sheetnames
            name = mapping.file.sheet or names[0]
            if name not in names:
                raise FileError(f"{path.name} has no sheet {name}. It has: {', '.join(names)}.")
            rows = book[name].iter_rows(values_only=True)
            names_of_columns = [_write_value(each) for each in next(rows, ())]
            while names_of_columns and not names_of_columns[-1].strip():
                names_of_columns.pop()
            header = _read_header(names_of_columns, path, mapping)
            for line, values in enumerate(rows, start=2):
                yield _make_sheet_row(line, header, values)
        finally:
            book.close()
    except (InvalidFileException, *_WORKBOOK_ERRORS):
        # The texts of these errors are about the inside of the file, or of this program.
        raise FileError(f"{path.name} is not a workbook of Excel, or it is damaged.") from None


def _make_sheet_row(line: int, header: list[str], values: tuple[Any, ...]) -> SourceRow | None:
    """Return the row of a sheet; None if it is empty."""
    # A sheet can have thousands of empty cells in each row.
    beyond = values[len(header) :]
    last = len(values) if beyond.count(None) < len(beyond) else len(header)
    cells = [_write_cell(each) for each in values[:last]]
    if not any(cells):
        return None
    return _make_row(line, header, cells + [""] * (len(header) - len(cells)))


def _write_cell(value: Any) -> str:
    """Return the text of a cell; a day without a time as YYYY-MM-DD."""
    with suppress(AttributeError):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return _write_value(value)


_READERS: Final[dict[str, Callable[..., Iterator[SourceRow | None]]]] = {
    "csv": _read_csv, "json": _read_json, "ndjson": _read_ndjson, "xlsx": _read_xlsx,
}  # fmt: skip
