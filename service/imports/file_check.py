"""The check of a file: what an import would do, tried on a copy of the record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from service.imports.conversion import Json
from service.imports.converted_rows import ConvertedRow
from service.imports.file_import import FileImport, ReportProgress, ignore_progress
from service.imports.file_totals import ChangedTotal, FileSubjects, compute_recorded_totals
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Mapping
from service.imports.questions import Question, ask_about_mapping, ask_about_rows
from service.imports.row_converter import iterate_reports
from service.imports.row_files import RowFile
from service.imports.store_receiver import StoreReceiver
from service.store.interface import Store

MAX_EXAMPLES: Final = 3

MAX_SAMPLED_ROWS: Final = 2_000
"""How many rows an import reads for its questions before it sends anything."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What an import would do.

    ``examples`` are the first reports. ``unused_columns`` are those that the mapping does not name.
    """

    columns: tuple[str, ...]
    unused_columns: tuple[str, ...]
    examples: list[Json]
    questions: list[Question]
    counts: ImportCounts
    totals: list[ChangedTotal]


def ask_about_file(mapping: Mapping, path: Path) -> list[Question]:
    """Return the questions that the mapping and the first rows of the file raise.

    Raises FileError if the file is not as the mapping says.
    """
    rows = iterate_reports(path, mapping)
    return [
        *ask_about_mapping(mapping),
        *ask_about_rows(mapping, islice(rows, MAX_SAMPLED_ROWS)),
    ]


def check_file(
    mapping: Mapping,
    path: Path,
    trial: Store,
    make_receiver: Callable[[Store], StoreReceiver],
    report_progress: ReportProgress = ignore_progress,
) -> FileCheck:
    """Return what an import into the record of ``trial`` would do; writes into it.

    ``trial`` is a copy of the record that is thrown away afterwards, or an empty one. Raises
    FileError if the file is not as the mapping says.
    """
    subjects, examples = FileSubjects(), list[Json]()

    def watch(rows: Iterator[ConvertedRow]) -> Iterator[ConvertedRow]:
        for row in rows:
            subjects.read(row)
            if len(examples) < MAX_EXAMPLES:
                examples.append(row.report)
            yield row

    rows = iterate_reports(path, mapping)
    questions = [*ask_about_mapping(mapping), *ask_about_rows(mapping, watch(rows))]
    before = compute_recorded_totals(trial, subjects)
    file_import = FileImport(mapping, make_receiver(trial))
    file_import.run(path, report_progress)
    after = compute_recorded_totals(trial, subjects)
    first_row = next(iter(RowFile(path, mapping)), None)
    columns = mapping.list_columns()
    return FileCheck(
        columns,
        tuple(each for each in (first_row.cells if first_row else ()) if each not in columns),
        examples,
        questions,
        file_import.counts,
        [ChangedTotal(*each) for each in zip(before, after, strict=True)],
    )
