"""Everything in one ZIP file, written while it is sent: tables, totals, and what they mean."""

import json
from collections.abc import Iterable, Iterator
from io import RawIOBase
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from service.exports.csv_writer import iterate_csv
from service.exports.data_package import FILE_NAME, Resource, make_data_package
from service.exports.fields import ExportTable
from service.exports.record_reader import RecordReader
from service.exports.record_stamp import READING_RULES, RecordStamp
from service.exports.record_tables import (
    ENTITY_TABLES,
    FIGURES,
    REPORTS,
    iterate_json,
    make_table,
)
from service.exports.text_formats import iterate_ndjson, join_texts

ARCHIVE_FILE: Final = "casualties.zip"

REPORTS_FILE: Final = f"{REPORTS}.ndjson"

_README: Final = """\
Casualty figures
================

{state}.
Exported at {exported_at}.

Cite as: {citation}

Files
-----

{files}

How to read the numbers
-----------------------

{rules}

{package} describes every column.
"""


def iterate_archive(
    record: RecordReader, totals: ExportTable, stamp: RecordStamp
) -> Iterator[bytes]:
    """Yield the archive, in constant memory: one file after another, a piece at a time."""
    tables = [*make_tables(record), totals]
    resources = list_resources(tables)
    package = make_data_package(resources, stamp)
    files: list[tuple[str, Iterable[str]]] = [
        ("README.txt", [_make_readme(resources, stamp)]),
        (FILE_NAME, [json.dumps(package, ensure_ascii=False, indent=2), "\n"]),
        *((f"{each.name}.csv", iterate_csv(each.columns, each.rows)) for each in tables),
        *(
            (f"{name}.ndjson", iterate_ndjson(iterate_json(record, name)))
            for name in (*ENTITY_TABLES, REPORTS)
        ),
    ]
    yield from _iterate_zip(files, stamp)


def make_tables(record: RecordReader) -> list[ExportTable]:
    """Return all tables of the record but the totals."""
    return [make_table(record, name) for name in (FIGURES, *ENTITY_TABLES)]


def list_resources(tables: Iterable[ExportTable]) -> list[Resource]:
    """Return the CSV file of each table, and the file of the reports."""
    resources = [
        Resource(
            each.name,
            f"{each.name}.csv",
            each.title,
            each.fields,
            "id" if each.name in ENTITY_TABLES else None,
        )
        for each in tables
    ]
    answers = "as the API answers them, one in JSON on each line; imports need this file"
    return [
        *resources,
        *(
            Resource(f"{name}-json", f"{name}.ndjson", f"{name.capitalize()} {answers}")
            for name in (*ENTITY_TABLES, REPORTS)
        ),
    ]


def _make_readme(resources: Iterable[Resource], stamp: RecordStamp) -> str:
    return _README.format(
        state=stamp.state_text,
        exported_at=stamp.exported_at.isoformat(timespec="seconds"),
        citation=stamp.citation,
        files="\n".join(f"{each.path}: {each.title}" for each in resources),
        rules="\n\n".join(READING_RULES),
        package=FILE_NAME,
    )


def _iterate_zip(files: Iterable[tuple[str, Iterable[str]]], stamp: RecordStamp) -> Iterator[bytes]:
    sink = _Sink()
    moment = stamp.exported_at.timetuple()[:6]
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for name, texts in files:
            info = ZipInfo(name, moment)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as file:
                for text in join_texts(texts):
                    file.write(text.encode())
                    yield from sink.take()
    yield from sink.take()


class _Sink(RawIOBase):
    """A file that cannot be sought: what is written to it waits until it is taken."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> list[bytes]:
        """Return what was written since the last call."""
        written, self._written = self._written, []
        return written
