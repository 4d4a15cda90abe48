"""The rows of a file as reports, each with its line; what gives no report is accounted for."""

import json
from collections.abc import Callable, Iterable, Iterator

from service.imports.conversion import Skipped, convert_row
from service.imports.converted_rows import ConvertedRow, RefusedRow
from service.imports.errors import RowError
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Mapping
from service.imports.row_files import SourceRow
from service.imports.seen_refs import Seen, SeenRefs

RefuseRow = Callable[[RefusedRow], None]


def ignore_refused_row(row: RefusedRow) -> None:
    """Do nothing with a refused row, which is counted."""


class RowConverter:
    """Converts rows by a mapping. ``counts`` has the rows that were read, refused and skipped."""

    def __init__(self, mapping: Mapping, refuse: RefuseRow = ignore_refused_row) -> None:
        """Give each refused row to ``refuse``."""
        self.counts = ImportCounts()
        self._mapping, self._refuse_row = mapping, refuse
        self._seen = SeenRefs()

    def convert_rows(self, rows: Iterable[SourceRow]) -> Iterator[ConvertedRow]:
        """Yield the rows that give a report."""
        for row in rows:
            self.counts.rows += 1
            try:
                converted = self._convert(row)
            except RowError as error:
                self.refuse(RefusedRow(row.line, row.cells, error.column, error.reason))
                continue
            if isinstance(converted, Skipped):
                self.counts.skipped[converted.reason] += 1
            else:
                yield converted

    def refuse(self, row: RefusedRow) -> None:
        """Count the row as refused."""
        self.counts.count_refused(row.line, row.column, row.reason)
        self._refuse_row(row)

    def _convert(self, row: SourceRow) -> ConvertedRow | Skipped:
        if row.error is not None:
            raise row.error
        report = convert_row(self._mapping, row.cells)
        if isinstance(report, Skipped):
            return report
        seen = self._seen.add(report["ref"], json.dumps(report, sort_keys=True))
        if seen == Seen.SAME:
            return Skipped("the same as an earlier row")
        if seen == Seen.OTHER:
            raise RowError(
                self._mapping.ref.column,
                f"an earlier row of the file has the ref {report['ref']!r} too, so each of them"
                " would replace the other: add a column to [report] ref",
            )
        return ConvertedRow(row.line, row.cells, report)
