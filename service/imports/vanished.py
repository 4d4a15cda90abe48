"""Reports of an earlier edition of a file whose rows are gone from this one."""

from collections.abc import Iterator
from datetime import date

from service.imports.converted_rows import ConvertedRow, RefusedRow
from service.imports.errors import FileError
from service.imports.file_totals import find_root
from service.imports.mapping import Mapping
from service.imports.receivers import KnownReport, Receiver


class FileReach:
    """What a file is about: its reporters, outermost places, days and refs.

    A report of an earlier edition belongs to the same part of the register if it has one of these
    reporters, lies in one of these places and within these days, and has a ref of the same form.
    """

    def __init__(self, mapping: Mapping) -> None:
        """Begin without any row."""
        self._ref = mapping.ref
        self.ref_prefix = mapping.ref.text.partition("{")[0]
        self.reporters: set[str] = set()
        self.places: set[str] = set()
        self.first: date | None = date.max
        self.last = date.min
        self.refs: set[str] = set()
        self.line_without_ref: int | None = None

    def read(self, row: ConvertedRow) -> None:
        """Take notice of a row."""
        report = row.report
        self.reporters.add(report["reporter"]["id"])
        self.places |= {find_root(each)["id"] for each in report["places"]}
        self.refs.add(report["ref"])
        first = report["period"]["from"]
        if first is None or self.first is None:
            self.first = None
        else:
            self.first = min(self.first, date.fromisoformat(first))
        self.last = max(self.last, date.fromisoformat(report["period"]["to"]))

    def read_refused(self, row: RefusedRow) -> None:
        """Take notice of a refused row, whose earlier report is not gone."""
        ref = self._ref.fill(row.cells)
        if ref:
            self.refs.add(ref)
        elif self.line_without_ref is None:
            self.line_without_ref = row.line


def find_vanished(reach: FileReach, receiver: Receiver) -> Iterator[KnownReport]:
    """Yield the live reports that belong to the part of the register and are not in the file.

    Raises FileError if a row without a ref was refused: its report could be taken for one of them.
    """
    if reach.line_without_ref is not None:
        raise FileError(
            f"Line {reach.line_without_ref} was refused and has no ref, so its report could be"
            " taken for one whose row is gone. Correct the line first. Nothing was retracted."
        )
    for reporter in sorted(reach.reporters):
        for place in sorted(reach.places):
            for known in receiver.list_reports(reporter, place, reach.first, reach.last):
                if known.ref is None or known.ref in reach.refs:
                    continue
                if known.ref.startswith(reach.ref_prefix) and known.is_within(
                    reach.first, reach.last
                ):
                    yield known
