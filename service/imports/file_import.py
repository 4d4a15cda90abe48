"""The import of one file: its rows are converted, sent in batches, and accounted for one by one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from service.imports.conversion_ahead import FIRST_ROWS, ConversionAhead
from service.imports.converted_rows import ConvertedRow, RefusedRow, SkippedRow
from service.imports.errors import FileError
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Counts, Mapping
from service.imports.receivers import (
    BATCH_SIZE,
    ItemOutcome,
    KnownReport,
    Receiver,
    leave_unprepared,
)
from service.imports.row_converter import (
    Conversion,
    FileConversion,
    RefuseRow,
    ignore_refused_row,
)
from service.imports.row_ends import find_end, make_refused_row
from service.imports.running_totals import Correction, resolve_falls
from service.imports.vanished import FileReach, find_vanished

Item = TypeVar("Item")

MAX_RUNNING_ROWS: Final = 100_000
"""How many rows a file of running totals may have: they are held in memory, to be sorted."""

MIN_AHEAD_BYTES: Final = 1_500_000
"""From which size a file is worth another process, which takes a third of a second to start."""

VANISHED_REASON: Final = "The publisher's newer edition does not have this row any more."


@dataclass(frozen=True, slots=True)
class RowChange:
    """What the import of a file changed in the record: a report added, revised or gone.

    ``line`` is None for a report that is gone. ``before`` and ``after`` are its figures in words.
    """

    kind: str
    line: int | None
    ref: str
    report: str
    replaced: str | None
    before: str
    after: str


ReportProgress = Callable[[ImportCounts, float | None], None]
"""Called with what became of the rows so far, and how much of the file was read, from 0 to 1."""


def ignore_progress(counts: ImportCounts, fraction: float | None) -> None:
    """Show nothing."""


class FileImport:
    """Sends the rows of a file to a receiver. One bad row never loses the rest."""

    def __init__(
        self,
        mapping: Mapping,
        receiver: Receiver,
        refuse: RefuseRow = ignore_refused_row,
        *,
        note_change: Callable[[RowChange], None] | None = None,
        finds_vanished: bool = False,
        done_rows: int = 0,
        refused_lines: Collection[int] = (),
        converts_ahead: bool = False,
    ) -> None:
        """Send to the receiver.

        ``refuse`` takes each row that gives no report in the record, and ``note_change`` each
        change of the record. ``finds_vanished`` keeps the refs of the file in memory. The first
        ``done_rows`` rows are not sent: an interrupted import has recorded them, or refused those
        in ``refused_lines``. ``converts_ahead`` converts large files in a process of its own, for
        which the main module of the program must be importable.
        """
        self._done_rows, self._refused_lines = done_rows, refused_lines
        self._mapping, self._receiver = mapping, receiver
        self._refuse_row, self._note_change = refuse, note_change
        self._reach = FileReach(mapping) if finds_vanished else None
        self._converts_ahead = converts_ahead
        self.counts = ImportCounts()
        """What became of the rows so far."""

    def run(self, path: Path, report_progress: ReportProgress = ignore_progress) -> None:
        """Import the file; ``report_progress`` is called after each batch.

        Raises FileError before anything is sent if the file is not as the mapping says, and the
        receiver's errors. The same file can be imported again: what is recorded already is known.
        """
        is_large = path.is_file() and path.stat().st_size >= MIN_AHEAD_BYTES
        is_running = self._mapping.counts == Counts.RUNNING
        file: ConversionAhead | FileConversion
        if self._converts_ahead and is_large:
            # Falls of running totals change reports, which cannot be prepared before.
            prepare = leave_unprepared if is_running else self._receiver.get_preparation()
            file, first_size = ConversionAhead(path, self._mapping, prepare), FIRST_ROWS
        else:
            file, first_size = FileConversion(path, self._mapping), BATCH_SIZE
        rows = self._leave_out_done(self._count_rows(file))
        corrections: Sequence[Correction] = ()
        if is_running:
            falls = resolve_falls(_hold_rows(rows, path))
            rows, corrections = iter(falls.rows), falls.corrections
        ids_by_ref: dict[str, str] = {}
        wanted = {each.ref for each in corrections}
        for batch in cut_batches(rows, BATCH_SIZE, first_size):
            row_count = 0 if is_running else self.counts.rows
            outcomes = self._receiver.submit(
                [row.report if row.prepared is None else row.prepared for row in batch], row_count
            )
            for row, outcome in zip(batch, outcomes, strict=True):
                self._count(row, outcome)
                if outcome.id is not None and row.report["ref"] in wanted:
                    ids_by_ref[row.report["ref"]] = outcome.id
            self._note_changes(batch, outcomes)
            report_progress(self.counts, file.fraction)
        for correction in corrections:
            if correction.ref in ids_by_ref:
                self._retract(ids_by_ref[correction.ref], correction.reason)

    def list_vanished(self) -> list[KnownReport]:
        """Return the reports of earlier editions of the file whose rows are gone, after ``run``.

        Raises FileError if a refused row has no ref: its report could be taken for one of these.
        """
        if self._reach is None:
            return []
        return list(find_vanished(self._reach, self._receiver))

    def retract_vanished(self, vanished: Sequence[KnownReport]) -> None:
        """Retract the reports that ``list_vanished`` has returned."""
        for each in vanished:
            if self._retract(each.id, VANISHED_REASON) and self._note_change is not None:
                ref = each.ref or ""
                self._note_change(RowChange("gone", None, ref, each.id, None, each.text, ""))

    def _retract(self, report_id: str, reason: str) -> bool:
        is_new = self._receiver.retract(report_id, reason)
        self.counts.retracted += is_new
        return is_new

    def _count_rows(self, conversions: Iterable[Conversion]) -> Iterator[ConvertedRow]:
        """Yield the rows that give a report; count all of them."""
        for each in conversions:
            self.counts.rows += 1
            if isinstance(each, ConvertedRow):
                yield each
            elif isinstance(each, SkippedRow):
                self.counts.skipped[each.reason] += 1
            else:
                self._refuse(each)

    def _leave_out_done(self, rows: Iterator[ConvertedRow]) -> Iterator[ConvertedRow]:
        """Yield the rows that an interrupted import has not done; count the others as known."""
        for row in rows:
            if self.counts.rows > self._done_rows:
                yield row
                continue
            if row.line in self._refused_lines:
                self.counts.count_refused(row.line, "", "refused before the interruption")
            else:
                self.counts.known += 1
            if self._reach is not None:
                self._reach.read(row)

    def _refuse(self, row: RefusedRow) -> None:
        self.counts.count_refused(row.line, row.column, row.reason)
        if self._reach is not None:
            self._reach.read_refused(row)
        if self.counts.rows > self._done_rows:
            self._refuse_row(row)

    def _count(self, row: ConvertedRow, outcome: ItemOutcome) -> None:
        end = find_end(row, outcome)
        if end == "refused":
            self._refuse(make_refused_row(self._mapping, row, outcome))
            return
        if self._reach is not None:
            self._reach.read(row)
        self.counts.count_end(end, outcome.warnings)

    def _note_changes(self, rows: Sequence[ConvertedRow], outcomes: Sequence[ItemOutcome]) -> None:
        if self._note_change is None:
            return
        new = [(row, each) for row, each in zip(rows, outcomes, strict=True) if each.is_new]
        ids = [each.id for _, each in new if each.id is not None]
        replaced = [each.replaced for _, each in new if each.replaced is not None]
        texts = {each.id: each.text for each in self._receiver.get_reports([*ids, *replaced])}
        for row, each in new:
            self._note_change(
                RowChange(
                    "added" if each.replaced is None else "revised",
                    row.line, row.report["ref"], each.id or "", each.replaced,
                    texts.get(each.replaced or "", ""), texts.get(each.id or "", ""),
                )
            )  # fmt: skip


def _hold_rows(rows: Iterator[ConvertedRow], path: Path) -> list[ConvertedRow]:
    held = list(islice(rows, MAX_RUNNING_ROWS))
    if next(rows, None) is not None:
        raise FileError(
            f"{path.name} has more than {MAX_RUNNING_ROWS:,} rows of running totals: divide it."
        )
    return held


def cut_batches(
    items: Iterator[Item], size: int, first_size: int | None = None
) -> Iterator[list[Item]]:
    """Yield the items in lists of at most this size; the first one may have another size."""
    next_size = size if first_size is None else first_size
    while batch := list(islice(items, next_size)):
        yield batch
        next_size = size
