"""The rows of a file as reports, each with its line; what gives no report is accounted for."""

import json
import re
from collections.abc import Callable, Iterable, Iterator

from service.imports.conversion import Skipped, convert_row
from service.imports.converted_rows import ConvertedRow, RefusedRow
from service.imports.errors import RowError
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Mapping
from service.imports.receivers import ItemOutcome
from service.imports.row_files import SourceRow
from service.imports.seen_refs import Seen, SeenRefs

RefuseRow = Callable[[RefusedRow], None]


def ignore_refused_row(row: RefusedRow) -> None:
    """Do nothing with a refused row, which is counted."""


SkipRow = Callable[[int, str], None]
"""Takes the line of a row that gives no report, and why."""


def ignore_skipped_row(line: int, reason: str) -> None:
    """Do nothing with a skipped row, which is counted."""


class RowConverter:
    """Converts rows by a mapping. ``counts`` has the rows that were read, refused and skipped."""

    def __init__(
        self,
        mapping: Mapping,
        refuse: RefuseRow = ignore_refused_row,
        skip: SkipRow = ignore_skipped_row,
    ) -> None:
        """Give each refused row to ``refuse``, and each skipped one to ``skip``."""
        self.counts = ImportCounts()
        self._mapping, self._refuse_row, self._skip_row = mapping, refuse, skip
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
                self._skip_row(row.line, converted.reason)
            else:
                yield converted

    def count(self, row: ConvertedRow, outcome: ItemOutcome) -> None:
        """Count what became of the report of a row."""
        if outcome.id is None:
            column = find_column(self._mapping, outcome.pointer)
            self.refuse(RefusedRow(row.line, row.cells, column, outcome.reason))
            return
        if not outcome.is_new:
            self.counts.known += 1
        elif outcome.replaced is not None and "supersedes" not in row.report:
            self.counts.replaced += 1
        else:
            self.counts.recorded += 1
        self.counts.warnings.update(outcome.warnings)

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


def find_column(mapping: Mapping, pointer: str) -> str:
    """Return the column from which the field of the report was made; "" if there is no one such."""
    name = pointer.strip("/").partition("/")[0]
    if name == "figures":
        match = re.match(r"/figures/[0-9]+/(\w+)", pointer)
        for rule in mapping.figures:
            for number, template in rule.numbers.items():
                if match is not None and match[1] in (number, "wording"):
                    return template.column
        return ""
    if name == "places":
        return mapping.places[-1].name.column
    templates = {
        "ref": mapping.ref,
        "incident": mapping.incident,
        "period": mapping.period.last,
        **mapping.texts,
    }
    found = templates.get(name)
    return "" if found is None else found.column
