"""The command that exports the record, or a part of it, as files."""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from service.cli.errors import show_errors_in_one_line
from service.cli.progress import show_progress
from service.cli.queries import make_report_query, make_totals_query, select_either
from service.cli.stores import open_store
from service.domain.list_queries import ReportListQuery
from service.exports.archive import ARCHIVE_FILE, iterate_archive
from service.exports.csv_writer import iterate_csv
from service.exports.data_package import FILE_NAME, Resource, make_data_package
from service.exports.export_files import (
    BINARY_FORMATS,
    TABLE_FILES,
    TEXT_FORMATS,
    TableFile,
    iterate_text_file,
    write_binary_file,
    write_tables,
)
from service.exports.fields import ExportTable
from service.exports.record_reader import RecordReader
from service.exports.record_stamp import RecordStamp
from service.exports.record_tables import FIGURES, REPORTS, make_table
from service.exports.text_formats import iterate_ndjson, join_texts
from service.exports.tidy_database import write_database
from service.exports.total_tables import TOTALS, compute_overall_totals, make_totals_tables
from service.settings import load_settings
from service.store.interface import Store
from service.usecases.totals_reader import TotalsReader

_TABLES: Final = (*dict.fromkeys(each.table for each in TABLE_FILES), TOTALS)

OVERALL_SECONDS: Final = 30
"""How long the totals of an archive or a database may take before they are wider."""

_EVERYTHING: Final = ("zip", "db")
"""The formats of files with all tables."""


@click.command()
@click.argument("dest", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--table",
    type=click.Choice([*dict.fromkeys(each.table for each in TABLE_FILES), TOTALS]),
    help="What to export; by default the name of DEST says it.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["csv", "ndjson", "geojson", "xlsx", "parquet"]),
    help="The format; by default the ending of DEST says it.",
)
@click.option("--force", is_flag=True, help="Replace DEST if it exists.")
@select_either
@show_errors_in_one_line
def export(
    dest: Path, table: str | None, format_name: str | None, force: bool, **options: Any
) -> None:
    """Export the record, or a part of it, to the file DEST.

    \b
    Everything, as an archive of tables, and as a database for Datasette:
        python -m service export casualties.zip
        python -m service export casualties.db
    One table; the name says which: figures, reports, places, groups,
    reporters or totals as .csv .ndjson .geojson .xlsx .parquet
        python -m service export figures.csv
        python -m service export figures.geojson --place ru-kursk
        python -m service export totals.xlsx --place ru --by month
        python -m service export - --table figures --format ndjson | jq .

    Beside each file of tables, NAME.datapackage.json describes every column. Withdrawn and replaced
    reports are left out. docs/exporting.md has the tables, and says what not to do with them.
    """
    chosen = _choose_file(dest, table, format_name)
    is_standard_output = str(dest) == "-"
    if not is_standard_output and dest.exists() and not force:
        raise click.UsageError(f"{dest} exists: give another name, or --force to replace it.")
    if not is_standard_output and dest.resolve() == _find_own_database():
        raise click.UsageError(f"{dest} is the database of the service: give another name.")
    folder = None if is_standard_output else dest.resolve().parent
    with TemporaryDirectory(prefix=".casualty-export-", dir=folder) as temporary:
        path = Path(temporary) / (f"export.{chosen.format}" if is_standard_output else dest.name)
        stamp, described = _write_export(chosen, path, options)
        if is_standard_output:
            with path.open("rb") as file:
                copyfileobj(file, sys.stdout.buffer)
            return
        size = path.stat().st_size
        for name, content in described.items():
            text = json.dumps(content, ensure_ascii=False, indent=2)
            (path.parent / name).write_text(f"{text}\n", encoding="utf-8")
        for each in (*described, dest.name):
            (path.parent / each).replace(dest.parent / each)
    click.echo(f"{dest}: {size:,} bytes. {stamp.state_text}.", err=True)


def _find_own_database() -> Path | None:
    database = load_settings().database
    return database.resolve() if isinstance(database, Path) else None


def _choose_file(dest: Path, table: str | None, format_name: str | None) -> TableFile:
    """Return the table and the format; raises UsageError if the name of DEST does not say them."""
    format_name = format_name or dest.suffix.removeprefix(".").lower()
    if format_name in _EVERYTHING:
        if table is not None:
            raise click.UsageError(f"--table: a {format_name} has all tables.")
        return TableFile(ARCHIVE_FILE, format_name)
    if format_name not in (*TEXT_FORMATS, *BINARY_FORMATS):
        known = ", ".join(f".{each}" for each in (*TEXT_FORMATS, *BINARY_FORMATS, *_EVERYTHING))
        raise click.UsageError(f"DEST ends with none of {known}: give --format.")
    table = table or dest.stem
    if table not in _TABLES:
        raise click.UsageError(f"The name {dest.name} is no table: give --table.")
    chosen = TableFile(table, format_name)
    offered = [each.format for each in TABLE_FILES if each.table == table]
    if table == TOTALS:
        offered = ["csv", "ndjson", *BINARY_FORMATS]
    if format_name not in offered:
        raise click.UsageError(f"There is no {chosen.name}: {table} can be {', '.join(offered)}.")
    return chosen


def _write_export(
    chosen: TableFile, path: Path, options: Mapping[str, Any]
) -> tuple[RecordStamp, dict[str, Any]]:
    """Write the file; return its state, and what describes it, by the name of the file."""
    store, now = open_store(), datetime.now(UTC)
    address = load_settings().public_url
    if chosen.table == TOTALS:
        return _write_totals(store, chosen, path, options)
    query = make_report_query(options)
    is_filtered = query != ReportListQuery(as_of=query.as_of)
    if is_filtered and chosen.table not in (FIGURES, REPORTS):
        raise click.UsageError("Filters are for the tables figures, reports and totals.")
    with show_progress("Exporting") as report_progress:
        record = RecordReader(store, query, now, report_progress)
        stamp = record.make_stamp(address)
        if chosen.format in _EVERYTHING:
            with TotalsReader(store, OVERALL_SECONDS) as reader:
                totals = compute_overall_totals(reader, record.seq, reader.start_budget)
            if chosen.format == "db":
                metadata = write_database(record, totals, stamp, path)
                return stamp, {f"{path.stem}.metadata.json": metadata}
            with path.open("wb") as file:
                file.writelines(iterate_archive(record, totals, stamp))
            return stamp, {}
        if chosen.format in TEXT_FORMATS:
            _write_texts(path, iterate_text_file(record, chosen))
        else:
            with path.open("wb") as file:
                write_binary_file(record, chosen, stamp, file)
    table = None if chosen.table == REPORTS else make_table(record, chosen.table)
    return stamp, _describe(path, chosen.table, table, stamp)


def _write_totals(
    store: Store, chosen: TableFile, path: Path, options: Mapping[str, Any]
) -> tuple[RecordStamp, dict[str, Any]]:
    with TotalsReader(store) as reader:
        result = reader.compute(make_totals_query(options))
        address, now = load_settings().public_url, datetime.now(UTC)
        stamp = RecordStamp(result.seq, result.recorded_at, now, address)
        tables = make_totals_tables(reader, result, stamp)
    table = tables[0]
    if chosen.format == "csv":
        _write_texts(path, iterate_csv(table.columns, table.rows))
    elif chosen.format == "ndjson":
        _write_texts(path, iterate_ndjson(table.rows))
    else:
        with path.open("wb") as file:
            write_tables(chosen.format, tables, file)
    return stamp, _describe(path, TOTALS, table, stamp)


def _write_texts(path: Path, texts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(join_texts(texts))


def _describe(
    path: Path, name: str, table: ExportTable | None, stamp: RecordStamp
) -> dict[str, Any]:
    if table is None:
        resource = Resource(name, path.name, "Reports as the API answers them")
    else:
        resource = Resource(name, path.name, table.title, table.fields)
    return {f"{path.stem}.{FILE_NAME}": make_data_package([resource], stamp)}
