"""The files that can be exported, and how each is written."""

from collections.abc import Iterable, Iterator
from typing import IO, Final, NamedTuple

from service.exports.csv_writer import iterate_csv
from service.exports.fields import ExportTable
from service.exports.parquet import write_parquet
from service.exports.record_reader import RecordReader
from service.exports.record_stamp import READING_RULES, RecordStamp
from service.exports.record_tables import (
    ENTITY_TABLES,
    FEATURES,
    FIGURES,
    REPORTS,
    iterate_json,
    make_table,
)
from service.exports.text_formats import iterate_geojson, iterate_ndjson
from service.exports.workbook import write_workbook

TEXT_FORMATS: Final = ("csv", "ndjson", "geojson")

BINARY_FORMATS: Final = ("xlsx", "parquet")


class TableFile(NamedTuple):
    """A file with one table: which, and in which format."""

    table: str
    format: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return f"{self.table}.{self.format}"


TABLE_FILES: Final = tuple(
    TableFile(table, each)
    for table in (FIGURES, REPORTS, *ENTITY_TABLES)
    for each in (*TEXT_FORMATS, *BINARY_FORMATS)
    if (table != REPORTS or each == "ndjson") and (each != "geojson" or table in FEATURES)
)
"""Every table in each of its formats. A report is no row, so that it has lines of JSON alone."""


def iterate_text_file(
    record: RecordReader, file: TableFile, about: Iterable[str] = (), *, bom: bool = False
) -> Iterator[str]:
    """Yield the file in pieces; ``about`` and ``bom`` are for CSV alone."""
    if file.format == "geojson":
        return iterate_geojson(FEATURES[file.table](record))
    if file.format == "ndjson":
        return iterate_ndjson(iterate_json(record, file.table))
    table = make_table(record, file.table)
    return iterate_csv(table.columns, table.rows, bom=bom, about=about)


def write_binary_file(
    record: RecordReader, file: TableFile, stamp: RecordStamp, dest: IO[bytes]
) -> None:
    """Write the file; raises InvalidInputError if the format cannot hold it, or is not there."""
    write_tables(file.format, [make_table(record, file.table, list_about(stamp))], dest)


def write_tables(format_name: str, tables: list[ExportTable], dest: IO[bytes]) -> None:
    """Write the tables as a spreadsheet, or the first of them as Parquet."""
    if format_name == "xlsx":
        write_workbook(tables, (tables[0].title, *tables[0].about), dest)
    else:
        write_parquet(tables[0], dest)


def list_about(stamp: RecordStamp) -> tuple[str, ...]:
    """Return the sentences about an export of a table."""
    return (*READING_RULES, f"{stamp.state_text}.", stamp.citation)
