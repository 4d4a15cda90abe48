"""Previews of tables: what the import of a small file would record, row by row, and the totals.

Nothing is recorded. The size of everything is bounded, for files that anybody with a key can send.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from service.domain.access import Principal
from service.domain.errors import DomainError, TimeBudgetExceededError
from service.domain.periods import Period
from service.domain.report import RecordedReport, ReportWarning
from service.imports.conversion import Json
from service.imports.converted_rows import ConvertedRow, RefusedRow, SkippedRow
from service.imports.errors import FileError
from service.imports.file_totals import ChangedTotal, FileSubjects, compute_file_totals
from service.imports.gazetteer import Gazetteer
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Counts, FileFormat, Mapping
from service.imports.prepared_reports import load_submission
from service.imports.questions import Question, ask_about_mapping, ask_about_rows
from service.imports.row_converter import Conversion, FileConversion
from service.imports.row_ends import find_end, make_refused_row
from service.imports.row_files import RowFile
from service.imports.running_totals import Correction, Falls, resolve_falls
from service.imports.shipped_maps import list_map_names, load_mapping
from service.imports.store_receiver import make_known, make_outcome
from service.store import event_log
from service.store.interface import Reader
from service.usecases.batches import make_recorded_item
from service.usecases.imagined_record import ImaginedRecord
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.reports import check_and_normalize
from service.usecases.state_cache import Snapshot, StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals_in

MAX_ROWS: Final = 1_000
"""How many rows a table may have. Larger files are for the command, which reads them in parts."""

MAX_COLUMNS: Final = 500

MAX_CELL_LENGTH: Final = 5_000
"""How many characters a cell may have: a mapping can repeat it in many fields."""

MAX_CELLS_LENGTH: Final = 2_000_000
"""How many characters all cells may have. A workbook has a text once that many cells refer to."""

MAX_DEPTH: Final = 50
"""How deep the values of JSON may be nested."""

MAX_REPORTS_LENGTH: Final = 8_000_000
"""How many characters all reports may have as JSON."""

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")

WITHDRAWN_REASON: Final = "It was withdrawn, and does not count again."

MAX_UNPACKED_BYTES: Final = 16 << 20
"""How much a workbook may have when it is unpacked."""


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A mapping that reads no column: the cells of a file as they are."""

    file: FileFormat

    def list_columns(self) -> tuple[str, ...]:
        """Return no column."""
        return ()


@dataclass(frozen=True, slots=True)
class TableContent:
    """The columns of a table in their order, and the cells of each row by its line."""

    columns: tuple[str, ...]
    rows: dict[int, dict[str, str]]

    def list_fitting_maps(self) -> list[str]:
        """Return the names of the shipped mappings of figures that name no other columns."""
        return [name for name, columns in _list_map_columns().items() if columns <= {*self.columns}]


@dataclass(frozen=True, slots=True)
class PreviewedRow:
    """What would become of one row: ``end`` is one of ROW_ENDS.

    ``report`` is None if the row gives none. ``column`` is the one at fault if the row is refused;
    "" if there is no single one. ``reason`` is why a row is refused or skipped, or why a known
    report does not count. ``replaced`` is the report that it supersedes, in words.
    """

    line: int
    cells: tuple[str, ...]
    end: str
    report: Json | None = None
    column: str = ""
    reason: str = ""
    replaced: str = ""
    warnings: tuple[ReportWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class TablePreview:
    """What an import of the table would do.

    Rows with a report come first, in the order in which the reports must be sent: a running total
    can supersede one of an earlier day, wherever that is in the table.
    ``corrections`` are the reports that have to be retracted after it. ``unused_columns`` are those
    that the mapping does not name. ``totals`` are those in ``period``, from the first to the last
    day of the reports; None if they take too long. Without a report, ``period`` is None.
    """

    columns: tuple[str, ...]
    unused_columns: tuple[str, ...]
    rows: list[PreviewedRow]
    counts: ImportCounts
    questions: list[Question]
    corrections: list[Correction]
    period: Period | None
    totals: list[ChangedTotal] | None


def read_table(path: Path, file_format: FileFormat) -> TableContent:
    """Return the content of a small file; raises FileError if it is too large, or cannot be read.

    Cells without a value are empty.
    """
    file = RowFile(path, PlainTable(file_format), max_lines=10 * MAX_ROWS)
    _check_nesting(file)
    _check_workbook(file)
    columns: dict[str, None] = {}
    rows: dict[int, dict[str, str]] = {}
    length = 0
    for row in file:
        columns |= dict.fromkeys(row.cells)
        if len(columns) > MAX_COLUMNS:
            raise FileError(f"The table has more than {MAX_COLUMNS} columns.")
        if any(len(cell) > MAX_CELL_LENGTH for cell in row.cells.values()):
            raise FileError(f"Line {row.line} has a cell of over {MAX_CELL_LENGTH:,} characters.")
        length += sum(map(len, row.cells.values()))
        if length > MAX_CELLS_LENGTH:
            raise FileError(
                f"The cells up to line {row.line} have over {MAX_CELLS_LENGTH:,} characters: import"
                " the file with the command, or divide it."
            )
        rows[row.line] = row.cells
        if len(rows) > MAX_ROWS:
            raise FileError(
                f"The table has more than {MAX_ROWS:,} rows: import it with the command, or divide"
                " it."
            )
    if not rows:
        raise FileError("The table has no rows below its header.")
    return TableContent(tuple(columns), rows)


def preview_table(
    reader: Reader,
    state_cache: StateCache,
    path: Path,
    content: TableContent,
    mapping: Mapping,
    *,
    now: datetime,
    time_budget: TimeBudget,
    principal: Principal | None = None,
) -> TablePreview:
    """Return what an import of the table would do now; nothing is recorded.

    ``content`` is that of the file, read in the format of the mapping. Raises FileError if the file
    is not as the mapping says.
    """
    ends = _RowEnds(content)
    rows = list(_limit_reports(ends.note_others(FileConversion(path, mapping))))
    questions = [*ask_about_mapping(mapping), *ask_about_rows(mapping, rows)]
    falls = resolve_falls(rows) if mapping.counts == Counts.RUNNING else Falls(rows)
    with reader.read_transaction() as db:
        snapshot = state_cache.load(db, event_log.last_seq(db))
        record = ImaginedRecord(db, snapshot.state, now)
        ids: dict[str, str] = {}
        submitted = _submit_rows(record, falls.rows, principal, time_budget)
        for row, result in zip(falls.rows, submitted, strict=True):
            if isinstance(result, DomainError):
                ends.refuse(make_refused_row(mapping, row, make_outcome(result)))
                continue
            item = make_recorded_item(*result)
            replaced = None if item.supersedes is None else record.get_report(item.supersedes)
            ends.add(row, find_end(row, make_outcome(item)), result[0], replaced)
            ids[row.report["ref"]] = item.report_id
        corrections = [
            each for each in falls.corrections
            if each.ref in ids and record.retract(ids[each.ref])
        ]  # fmt: skip
    ends.counts.retracted = len(corrections)
    before, after = (state_cache.imagine(each) for each in record.make_states())
    if not record.new_entities:  # Then much of this state may be computed already.
        before = snapshot
    subjects, named = ends.subjects, {*mapping.list_columns()}
    return TablePreview(
        content.columns,
        tuple(each for each in content.columns if each not in named),
        ends.list_rows(),
        ends.counts,
        questions,
        corrections,
        subjects.period if ids else None,
        _compare_totals(before, after, subjects, time_budget) if ids else [],
    )


def _compare_totals(
    before: Snapshot, after: Snapshot, subjects: FileSubjects, time_budget: TimeBudget
) -> list[ChangedTotal] | None:
    try:
        totals = (
            compute_file_totals(
                partial(compute_totals_in, each, time_budget=time_budget), subjects, subjects.period
            )
            for each in (before, after)
        )
        return [ChangedTotal(*each) for each in zip(*totals, strict=True)]
    except TimeBudgetExceededError:
        return None


class _RowEnds:
    """What became of each row of a table so far, and how many had each end."""

    def __init__(self, content: TableContent) -> None:
        self._cells = {
            line: tuple(row.get(column, "") for column in content.columns)
            for line, row in content.rows.items()
        }
        self._rows: dict[int, PreviewedRow] = {}
        self.counts, self.subjects = ImportCounts(), FileSubjects()

    def note_others(self, conversions: Iterable[Conversion]) -> Iterator[ConvertedRow]:
        """Yield the rows that give a report, and note the others."""
        for each in conversions:
            self.counts.rows += 1
            if isinstance(each, ConvertedRow):
                yield each
            elif isinstance(each, SkippedRow):
                self.skip(each)
            else:
                self.refuse(each)

    def refuse(self, row: RefusedRow) -> None:
        """Note a refused row."""
        self.counts.count_refused(row.line, row.column, row.reason)
        self._rows[row.line] = PreviewedRow(
            row.line, self._cells[row.line], "refused", column=row.column, reason=row.reason
        )

    def skip(self, row: SkippedRow) -> None:
        """Note a row that gives no report."""
        self.counts.skipped[row.reason] += 1
        self._rows[row.line] = PreviewedRow(
            row.line, self._cells[row.line], "skipped", reason=row.reason
        )

    def add(
        self,
        row: ConvertedRow,
        end: str,
        recorded: RecordedReport,
        replaced: RecordedReport | None,
    ) -> None:
        """Note a row with its report in the record, and the report that it supersedes."""
        self.counts.count_end(end, [each.code for each in recorded.warnings])
        self.subjects.read(row)
        if replaced is not None:
            self.subjects.widen(replaced.report)
        self._rows[row.line] = PreviewedRow(
            row.line,
            self._cells[row.line],
            end,
            row.report,
            reason=WITHDRAWN_REASON if recorded.state == "retracted" else "",
            replaced="" if replaced is None or end != "revised" else _describe(replaced),
            warnings=recorded.warnings,
        )

    def list_rows(self) -> list[PreviewedRow]:
        """Return all rows: those with a report in the order of adding, then the others."""
        return sorted(self._rows.values(), key=lambda row: row.report is None)


def _describe(recorded: RecordedReport) -> str:
    """Return the figures, the places and the days of the report in words."""
    known = make_known(recorded)
    days = sorted(
        day.isoformat() for each in known.figures for day in (each.first, each.last) if day
    )
    ends = " – ".join(dict.fromkeys((days[0], days[-1]))) if days else ""
    places = dict.fromkeys(each for figure in recorded.report.figures for each in figure.places)
    return " · ".join(filter(None, (known.text, ", ".join(places), ends)))


def _limit_reports(rows: Iterable[ConvertedRow]) -> Iterator[ConvertedRow]:
    """Yield the rows; raises FileError if their reports are too large together."""
    length = 0
    for row in rows:
        length += len(json.dumps(row.report))
        if length > MAX_REPORTS_LENGTH:
            raise FileError(
                f"The reports up to line {row.line} have more than {MAX_REPORTS_LENGTH:,}"
                " characters: import the file with the command, or divide it."
            )
        yield row


Submitted = tuple[RecordedReport, bool] | DomainError
"""A report as it would be recorded, and whether it would be new; or why it would not."""


def _submit_rows(
    record: ImaginedRecord,
    rows: Sequence[ConvertedRow],
    principal: Principal | None,
    time_budget: TimeBudget,
) -> list[Submitted]:
    """Return what would become of the report of each row.

    Raises FileError if this takes longer than an answer may take.
    """
    items = [_normalize(row, principal) for row in rows]
    record.prefetch([item for item in items if not isinstance(item, DomainError)])
    submitted = []
    for item in items:
        try:
            time_budget.next_seconds()
        except TimeBudgetExceededError:
            raise FileError(
                "The table takes too long to preview: import it with the command, or divide it."
            ) from None
        submitted.append(item if isinstance(item, DomainError) else _submit(record, item))
    return submitted


def _normalize(
    row: ConvertedRow, principal: Principal | None
) -> NormalizedSubmission | DomainError:
    submission = load_submission(row.report)
    if isinstance(submission, DomainError):
        return submission
    try:
        return check_and_normalize(submission, f"row-{row.line}", principal)
    except DomainError as error:
        return error


def _submit(record: ImaginedRecord, item: NormalizedSubmission) -> Submitted:
    try:
        return record.submit(item, supersede_known=True)
    except DomainError as error:
        return error


def _check_workbook(file: RowFile) -> None:
    """Raise FileError for a workbook that is much larger when it is unpacked."""
    if file.format != "xlsx":
        return
    with suppress(BadZipFile), ZipFile(file.path) as archive:  # The reader names a broken one.
        size = sum(each.file_size for each in archive.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise FileError(
                f"The workbook has {size >> 20:,} MiB when it is unpacked; at most"
                f" {MAX_UNPACKED_BYTES >> 20} MiB are read. Copy the rows into a new one."
            )


def _check_nesting(file: RowFile) -> None:
    """Raise FileError for JSON that is nested so deep that reading it takes much memory."""
    if file.format not in ("json", "ndjson"):
        return
    depth = 0
    for mark in _BRACKET.finditer(_STRING.sub(b"", file.path.read_bytes())):
        depth += 1 if mark[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            raise FileError(f"The values are nested more than {MAX_DEPTH} deep.")


@cache
def _list_map_columns() -> dict[str, frozenset[str]]:
    """Return the columns of each shipped mapping of figures, by its name."""
    mappings = {name: load_mapping(name) for name in list_map_names()}
    return {
        name: frozenset(each.list_columns())
        for name, each in mappings.items()
        if not isinstance(each, Gazetteer)
    }
