"""The rows of a file with what becomes of each: its report, or why there is none."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from service.imports.conversion import Skipped, convert_row
from service.imports.converted_rows import ConvertedRow, RefusedRow, SkippedRow
from service.imports.errors import RowError
from service.imports.mapping import Mapping
from service.imports.receivers import Prepare, leave_unprepared
from service.imports.row_files import RowFile, SourceRow
from service.imports.seen_refs import Seen, SeenRefs

Conversion = ConvertedRow | RefusedRow | SkippedRow
"""What becomes of one row."""

MAX_REASON_LENGTH: Final = 1_000
"""How many characters of a reason are kept: it can quote a whole cell."""

RefuseRow = Callable[[RefusedRow], None]


def ignore_refused_row(row: RefusedRow) -> None:
    """Do nothing with a refused row, which is counted."""


class FileConversion:
    """The conversions of all rows of a file, in their order; iterating reads it once."""

    def __init__(self, path: Path, mapping: Mapping, prepare: Prepare = leave_unprepared) -> None:
        """Raise FileError if the format is not known; iterating raises it as RowFile does.

        ``prepare`` is the receiver's preparation of each report.
        """
        self._file, self._mapping, self._prepare = RowFile(path, mapping), mapping, prepare
        self._seen = SeenRefs()

    @property
    def fraction(self) -> float | None:
        """How much of the file has been read, from 0 to 1; None where that is not known."""
        return self._file.fraction

    def __iter__(self) -> Iterator[Conversion]:
        for row in self._file:
            try:
                yield self._convert(row)
            except RowError as error:
                reason = error.reason
                if len(reason) > MAX_REASON_LENGTH:
                    reason = f"{reason[:MAX_REASON_LENGTH]}…"
                yield RefusedRow(row.line, row.cells, error.column, reason)

    def _convert(self, row: SourceRow) -> ConvertedRow | SkippedRow:
        if row.error is not None:
            raise row.error
        report = convert_row(self._mapping, row.cells)
        if isinstance(report, Skipped):
            return SkippedRow(row.line, report.reason)
        seen = self._seen.add(report["ref"], repr(report))
        if seen == Seen.SAME:
            return SkippedRow(row.line, "the same as an earlier row")
        if seen == Seen.OTHER:
            raise RowError(
                self._mapping.ref.column,
                f"an earlier row of the file has the ref {report['ref']!r} too, so each of them"
                " would replace the other: the ref needs a column that tells them apart",
            )
        return ConvertedRow(row.line, row.cells, report, self._prepare(report))


def iterate_reports(path: Path, mapping: Mapping) -> Iterator[ConvertedRow]:
    """Yield the rows of the file that give a report; raises FileError as FileConversion does."""
    return (each for each in FileConversion(path, mapping) if isinstance(each, ConvertedRow))
