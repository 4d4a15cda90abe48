"""The columns of all reports and figures of a record, whatever their state."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from service.columns.column_table import ColumnTable, Interner, TextColumn
from service.domain.figure import Figure
from service.domain.vocabulary import STANCES, encode_outcomes

NEVER: Final = np.iinfo(np.int32).max
"""The seq from which a row ends that has not ended."""

NONE: Final = -1
"""In a column of numbers that cannot be negative: none, or no upper bound."""

SOFT_BITS: Final = {"low": 1, "high": 2}
"""The bits of the column ``flags`` of figures that say which ends are soft."""

DISCLOSED: Final = 4
"""The bit of the column ``flags`` of a figure whose words give a number."""


class ReportEntry(NamedTuple):
    """A report to be added. Other reports are named by their seq; days are ordinals.

    ``places``, ``groups`` and the days are those of a stance without figures.
    """

    id: str
    seq: int
    reporter: str
    stance: str
    places: tuple[str, ...]
    first_day: int | None
    last_day: int | None
    groups: tuple[str, ...]
    caveats: tuple[str, ...]
    relays: int | None
    origin: int | None
    supersedes: int | None
    superseded_seq: int | None
    retracted_seq: int | None


class FigureEntry(NamedTuple):
    """A figure to be added, of the report with the event ``seq``; ``soft`` are the bits of it.

    ``reclassifies`` is the seq of a report and the position of the figure in it.
    """

    id: str
    seq: int
    low: int
    high: int | None
    soft: int
    best: int | None
    outcomes: int
    first_day: int
    last_day: int
    incident: str | None
    reclassifies: tuple[int, int] | None
    is_disclosed: bool
    places: tuple[str, ...]
    groups: tuple[str, ...]

    @staticmethod
    def from_figure(
        figure: Figure, seq: int, reclassifies: tuple[int, int] | None
    ) -> "FigureEntry":
        """Return the entry of a figure of the report with this seq."""
        scope, quantity = figure.scope, figure.quantity
        return FigureEntry(
            figure.id,
            seq,
            quantity.low,
            quantity.high,
            sum(bit for end, bit in SOFT_BITS.items() if end in quantity.soft),
            figure.best,
            encode_outcomes(scope.outcomes),
            scope.period.start,
            scope.period.stop,
            scope.incident,
            reclassifies,
            figure.disclosed,
            scope.places,
            scope.groups,
        )


class MovedEntry(NamedTuple):
    """What a reclassifying figure reclassifies from the event ``seq`` on, and its scope then."""

    figure: tuple[int, int]
    seq: int
    reclassifies: tuple[int, int]
    places: tuple[str, ...]
    first_day: int
    last_day: int
    groups: tuple[str, ...]


class RecordColumns:
    """Columns that follow the event log: rows are added in the order of their events.

    A report's row ends with its supersession or retraction. A figure has a further row for each
    move of its link; ``since`` and ``until`` say for which events each of its rows holds, and
    ``origin`` is the number of its first one. All events up to ``seq`` are in the columns, the last
    one with the hash ``last_hash``, and all redactions up to ``redaction_seq``.

    ``reporters``, ``place_sets``, ``group_sets``, ``incidents`` and ``caveat_lists`` are the values
    that numbers in the columns stand for, as they were recorded, before any merge.
    """

    def __init__(self) -> None:
        self.seq = self.redaction_seq = 0
        self.last_hash: str | None = None
        self.reports = ColumnTable(
            {
                "seq": np.int32,
                "id_hash": np.int64,
                "reporter": np.int32,
                "stance": np.uint8,
                "places": np.int32,
                "first": np.int32,
                "last": np.int32,
                "groups": np.int32,
                "caveats": np.int32,
                "relays": np.int32,
                "origin": np.int32,
                "supersedes": np.int32,
                "superseded": np.int32,
                "retracted": np.int32,
            }
        )
        self.figures = ColumnTable(
            {
                "report": np.int32,
                "origin": np.int32,
                "since": np.int32,
                "until": np.int32,
                "places": np.int32,
                "groups": np.int32,
                "incident": np.int32,
                "outcomes": np.uint8,
                "first": np.int32,
                "last": np.int32,
                "low": np.int32,
                "high": np.int32,
                "best": np.int32,
                "flags": np.uint8,
                "reclassifies": np.int32,
            }
        )
        self.report_ids, self.figure_ids = TextColumn(), TextColumn()
        self.reporters: Interner[str] = Interner()
        self.place_sets: Interner[tuple[str, ...]] = Interner()
        self.group_sets: Interner[tuple[str, ...]] = Interner()
        self.incidents: Interner[str] = Interner()
        self.caveat_lists: Interner[tuple[str, ...]] = Interner()

    def append_reports(self, entries: Sequence[ReportEntry]) -> None:
        """Add reports in the order of their seqs; those that they name are added before them."""
        self.report_ids.append([each.id for each in entries])
        first = len(self.reports)
        rows = {each.seq: first + number for number, each in enumerate(entries)}

        def find_row(seq: int | None) -> int:
            if seq is None:
                return NONE
            return rows[seq] if seq in rows else self.find_report(seq)

        self.reports.append(
            (
                each.seq,
                hash(each.id),
                self.reporters.add(each.reporter),
                STANCES.index(each.stance),
                self.place_sets.add(each.places),
                each.first_day or 0,
                NONE if each.last_day is None else each.last_day,
                self.group_sets.add(each.groups),
                self.caveat_lists.add(each.caveats),
                find_row(each.relays),
                find_row(each.origin),
                find_row(each.supersedes),
                NEVER if each.superseded_seq is None else each.superseded_seq,
                NEVER if each.retracted_seq is None else each.retracted_seq,
            )
            for each in entries
        )

    def find_report_ids(self, report_ids: Iterable[str]) -> dict[str, int]:
        """Return the rows of those of the reports that are known, by their ids."""
        ids = list(report_ids)
        hashes = {hash(each) for each in ids}
        wanted = set(ids)
        candidates = np.flatnonzero(np.isin(self.reports["id_hash"], list(hashes))).tolist()
        found = {self.report_ids[row]: row for row in candidates}
        return {report_id: found[report_id] for report_id in wanted & found.keys()}

    def find_report(self, seq: int) -> int:
        """Return the row of the report with this seq; raises LookupError if there is none."""
        row = int(np.searchsorted(self.reports["seq"], seq))
        if row == len(self.reports) or self.reports["seq"][row] != seq:
            raise LookupError(f"no report has the seq {seq}")
        return row

    def append_figures(self, entries: Sequence[FigureEntry]) -> None:
        """Add the figures of reports that are added, in order of seq and position."""
        self.figure_ids.append([each.id for each in entries])
        first = len(self.figures)
        rows = _number_positions([each.seq for each in entries], first)
        reports = np.searchsorted(self.reports["seq"], [each.seq for each in entries]).tolist()

        def find_row(key: tuple[int, int] | None) -> int:
            if key is None:
                return NONE
            return rows[key] if key in rows else self.find_figure(*key)

        self.figures.append(
            (
                report,
                row,
                each.seq,
                NEVER,
                self.place_sets.add(each.places),
                self.group_sets.add(each.groups),
                NONE if each.incident is None else self.incidents.add(each.incident),
                each.outcomes,
                each.first_day,
                each.last_day,
                each.low,
                NONE if each.high is None else each.high,
                NONE if each.best is None else each.best,
                each.soft | (DISCLOSED if each.is_disclosed else 0),
                find_row(each.reclassifies),
            )
            for row, (each, report) in enumerate(zip(entries, reports, strict=True), first)
        )

    def find_figure_key(self, figure_id: str) -> tuple[int, int]:
        """Return the seq and the position of a figure; raises LookupError if it is unknown."""
        row = self.figure_ids.find(figure_id)
        if row is None:
            raise LookupError(f"no figure has the id {figure_id}")
        seq = int(self.figures["since"][row])
        return seq, row - int(np.searchsorted(self.figures["since"], seq))

    def find_figure(self, seq: int, position: int) -> int:
        """Return the first row of the figure of a report; raises LookupError if there is none."""
        row = int(np.searchsorted(self.figures["since"], seq)) + position
        if row >= len(self.figures) or self.figures["since"][row] != seq:
            raise LookupError(f"the report with the seq {seq} has no figure {position}")
        return row

    def append_move(self, move: MovedEntry) -> None:
        """Add a row for a figure whose link has moved, after the figures of the same event."""
        origin = self.find_figure(*move.figure)
        last = int(np.flatnonzero(self.figures["origin"] == origin)[-1])
        self.figures.update("until", last, move.seq)
        values = {name: self.figures[name][origin] for name in FIGURE_VALUES}
        self.figure_ids.append([self.figure_ids[origin]])
        values |= {
            "origin": origin,
            "since": move.seq,
            "until": NEVER,
            "places": self.place_sets.add(move.places),
            "groups": self.group_sets.add(move.groups),
            "first": move.first_day,
            "last": move.last_day,
            "reclassifies": self.find_figure(*move.reclassifies),
        }
        self.figures.append([[values[name] for name in self.figures.names]])

    def end_report(self, seq: int, kind: str, ended_seq: int) -> None:
        """Set from which event on the report is superseded or retracted."""
        self.reports.update(kind, self.find_report(seq), ended_seq)

    def change_caveats(self, seq: int, caveats: tuple[str, ...]) -> None:
        """Replace the caveats of a report, some of which were redacted."""
        self.reports.update("caveats", self.find_report(seq), self.caveat_lists.add(caveats))

    def copy(self, report_count: int, figure_count: int, seq: int) -> "RecordColumns":
        """Return columns of their own with only so many rows, as they were after the event."""
        copied = RecordColumns()
        copied.seq, copied.redaction_seq = seq, self.redaction_seq
        copied.reports = self.reports.copy(report_count)
        copied.figures = self.figures.copy(figure_count)
        copied.report_ids = self.report_ids.copy(report_count)
        copied.figure_ids = self.figure_ids.copy(figure_count)
        for table, name in (
            (copied.reports, "superseded"),
            (copied.reports, "retracted"),
            (copied.figures, "until"),
        ):
            table[name][table[name] > seq] = NEVER
        copied.reporters, copied.incidents = self.reporters.copy(), self.incidents.copy()
        copied.place_sets, copied.group_sets = self.place_sets.copy(), self.group_sets.copy()
        copied.caveat_lists = self.caveat_lists.copy()
        return copied

    def equals(self, other: "RecordColumns") -> bool:
        """Whether both have the same rows, which stand for the same values."""
        return (
            self.reports.equals(other.reports)
            and self.figures.equals(other.figures)
            and self.report_ids.equals(other.report_ids)
            and self.figure_ids.equals(other.figure_ids)
            and all(
                own.values == others.values
                for own, others in zip(self._interners, other._interners, strict=True)
            )
        )

    @property
    def _interners(self) -> tuple[Interner[Any], ...]:
        return (
            self.reporters,
            self.place_sets,
            self.group_sets,
            self.incidents,
            self.caveat_lists,
        )


FIGURE_VALUES: Final = ("report", "incident", "outcomes", "low", "high", "best", "flags")
"""The columns of a figure that do not change when its link moves."""


def _number_positions(seqs: Iterable[int], first: int) -> dict[tuple[int, int], int]:
    """Return the row of each figure by its seq and its position among the figures of that seq."""
    rows: dict[tuple[int, int], int] = {}
    previous, position = None, 0
    for row, seq in enumerate(seqs, first):
        position = position + 1 if seq == previous else 0
        rows[seq, position] = row
        previous = seq
    return rows
