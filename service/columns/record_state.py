"""One state of the record: which rows of the columns hold in it, and rows as objects."""

from collections.abc import Callable, Collection, Iterable
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.columns.arrays import BoolArray, IntArray
from service.columns.entity_state import EntityState
from service.columns.record_columns import (
    DISCLOSED,
    NONE,
    SOFT_BITS,
    RecordColumns,
)
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.report import move_own_incident
from service.domain.report_state import ReportState
from service.domain.vocabulary import OUTCOME_SETS, STANCES, STATES, encode_outcomes

LIVE, RELAY, SUPERSEDED, RETRACTED = range(len(STATES))
"""The states of reports as numbers: their positions in the vocabulary."""

MAX_OBJECTS: Final = 50_000
"""How many figures are kept as objects; a figure takes about 1 KB."""


class RecordState:
    """The reports, figures and entities of the record after the event ``seq``.

    Reports and figures are rows of columns that may have more rows, for later states. ``merged``
    maps, for each kind of entity, an id that was merged to the id that replaces it; nothing else
    that the state returns contains a merged id. ``recorded_at`` is None for an empty record.
    """

    def __init__(
        self,
        columns: RecordColumns,
        seq: int,
        recorded_at: str | None,
        entities: EntityState,
        last_seq: int | None = None,
    ) -> None:
        """``last_seq`` is the last event whose rows belong to the state; None means ``seq``."""
        self.columns, self.entities = columns, entities
        self.seq, self.recorded_at = seq, recorded_at
        self._last_seq = seq if last_seq is None else last_seq
        self.places, self.groups = entities.places, entities.groups
        self.reporters, self.merged = entities.reporters, entities.merged
        derived = entities.derive(columns)
        self.place_sets, self.group_sets = derived.place_sets, derived.group_sets
        self._objects = derived.figures
        report_count = int(np.searchsorted(columns.reports["seq"], self._last_seq, "right"))
        figure_count = int(np.searchsorted(columns.figures["since"], self._last_seq, "right"))
        self._reports = {
            name: columns.reports[name][:report_count] for name in columns.reports.names
        }
        self._figures = {
            name: columns.figures[name][:figure_count] for name in columns.figures.names
        }

    def resolve_merged(self, kind: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Return the ids that replace the given ones, each once."""
        return self.entities.resolve_merged(kind, ids)

    @property
    def report_count(self) -> int:
        """How many reports there are, whatever their state."""
        return len(self._reports["seq"])

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of figures, with one element for each row up to this state."""
        return self._figures[name]

    def report_column(self, name: str) -> NDArray[Any]:
        """Return a column of reports, with one element for each report up to this state."""
        return self._reports[name]

    @cached_property
    def report_states(self) -> NDArray[np.uint8]:
        """The state of each report, as its index in STATES."""
        states = np.zeros(len(self._reports["seq"]), dtype=np.uint8)
        states[self._reports["relays"] != NONE] = RELAY
        states[self._reports["superseded"] <= self._last_seq] = SUPERSEDED
        states[self._reports["retracted"] <= self._last_seq] = RETRACTED
        return states

    @cached_property
    def is_valid(self) -> BoolArray:
        """Which rows of figures hold in this state, bool[n_rows]: one of each figure."""
        flags: BoolArray = self._figures["until"] > self._last_seq
        return flags

    @cached_property
    def is_live(self) -> BoolArray:
        """Which rows hold and are of live reports, bool[n_rows]."""
        flags: BoolArray = self.is_valid & (self.report_states == LIVE)[self._figures["report"]]
        return flags

    @cached_property
    def reporter_ids(self) -> list[str]:
        """The id of each reporter number, the one that replaces it if it was merged."""
        merged = self.merged.get("reporter", {})
        return [merged.get(each, each) for each in self.columns.reporters.values]

    @cached_property
    def reporter_numbers(self) -> IntArray:
        """The reporter of each report as a number, equal for reporters that were merged."""
        numbers: dict[str, int] = {}
        canonical = [
            numbers.setdefault(each, number) for number, each in enumerate(self.reporter_ids)
        ]
        reporter_numbers: IntArray = np.array(canonical, dtype=np.int64)[self._reports["reporter"]]
        return reporter_numbers

    @cached_property
    def reclassified_rows(self) -> dict[int, list[int]]:
        """For each row that holds and reclassifies a figure, the rows of that one and before it."""
        reclassifies, origins = self._figures["reclassifies"], self._figures["origin"]
        rows = np.flatnonzero((reclassifies != NONE) & self.is_valid).tolist()
        targets = np.unique(reclassifies[rows])
        valid = np.flatnonzero(np.isin(origins, targets) & self.is_valid)
        row_of = dict(zip(origins[valid].tolist(), valid.tolist(), strict=True))
        chains: dict[int, list[int]] = {}
        for row in rows:
            chain, earlier = [], int(reclassifies[row])
            while earlier != NONE:
                chain.append(row_of[earlier])
                earlier = int(reclassifies[chain[-1]])
            chains[row] = chain
        return chains

    def flag_overlapping(self, scope: Scope) -> BoolArray:
        """Return which rows have a scope of their own that overlaps this one, bool[n_rows]."""
        columns, bits = self._figures, encode_outcomes(scope.outcomes)
        flags: BoolArray = (columns["first"] <= scope.period.stop) & (
            columns["last"] >= scope.period.start
        )
        flags &= (columns["outcomes"] & np.uint8(bits)) != 0
        if scope.places:
            flags &= self.place_sets.flag_overlapping(scope.places)[columns["places"]]
        flags &= self.group_sets.flag_overlapping(scope.groups)[columns["groups"]]
        return flags

    def flag_inside(self, scope: Scope) -> BoolArray:
        """Return which rows are about no other places, days or groups than these, bool[n_rows]."""
        columns = self._figures
        flags: BoolArray = (columns["first"] >= scope.period.start) & (
            columns["last"] <= scope.period.stop
        )
        flags &= self.place_sets.flag_within(scope.places)[columns["places"]]
        flags &= self.group_sets.flag_within(scope.groups)[columns["groups"]]
        return flags

    def flag_of_reports(self, rows: Collection[int]) -> BoolArray:
        """Return which rows of figures are of the reports in these rows, bool[n_rows]."""
        is_chosen = np.zeros(self.report_count, dtype=bool)
        is_chosen[[row for row in rows if row < self.report_count]] = True
        flags: BoolArray = is_chosen[self._figures["report"]]
        return flags

    def get_caveats(self, number: int) -> tuple[str, ...]:
        """Return the caveats that a number in the column ``caveats`` of reports stands for."""
        return self.columns.caveat_lists.values[number]

    def get_report_id(self, row: int) -> str:
        """Return the id of the report in a row."""
        return self.columns.report_ids[row]

    def flag_reporters(self, condition: Callable[[str], bool]) -> BoolArray:
        """Return which rows of figures are of reporters that meet the condition."""
        # The columns also have reporters that were recorded later, and no row of this state.
        is_met = np.array(
            [each in self.reporters and condition(each) for each in self.reporter_ids], dtype=bool
        )
        flags: BoolArray = is_met[self._reports["reporter"]][self._figures["report"]]
        return flags

    def make_figures(self, rows: Iterable[int]) -> tuple[Figure, ...]:
        """Return the figures of the rows as objects."""
        objects = self._objects
        if len(objects) > MAX_OBJECTS:
            objects.clear()
        return tuple(
            objects[row] if row in objects else objects.setdefault(row, self._make_figure(row))
            for row in rows
        )

    def _make_figure(self, row: int) -> Figure:
        columns, values = self.columns, {name: each[row] for name, each in self._figures.items()}
        report = int(values["report"])
        reporter = self.reporter_ids[self._reports["reporter"][report]]
        number = int(values["incident"])
        incident = None if number == NONE else columns.incidents.values[number]
        flags, reclassified = int(values["flags"]), int(values["reclassifies"])
        return Figure(
            columns.figure_ids[row],
            columns.report_ids[report],
            reporter,
            Scope(
                self.place_sets.get_ids(int(values["places"])),
                _make_period(int(values["first"]), int(values["last"])),
                OUTCOME_SETS[values["outcomes"]],
                self.group_sets.get_ids(int(values["groups"])),
                move_own_incident(incident, reporter),
            ),
            _make_quantity(int(values["low"]), int(values["high"]), flags),
            None if values["best"] == NONE else int(values["best"]),
            None if reclassified == NONE else columns.figure_ids[reclassified],
            bool(flags & DISCLOSED),
        )

    def make_report(self, row: int) -> ReportState:
        """Return a report as an object."""
        columns, values = self.columns, {name: each[row] for name, each in self._reports.items()}
        stance = STANCES[values["stance"]]
        is_silent = stance != "asserts"

        def name_report(number: int) -> str | None:
            return None if number == NONE else columns.report_ids[number]

        return ReportState(
            columns.report_ids[row],
            int(values["seq"]),
            self.reporter_ids[values["reporter"]],
            STATES[self.report_states[row]],
            stance,
            self.place_sets.get_ids(int(values["places"])) if is_silent else (),
            _make_period(int(values["first"]), int(values["last"])) if is_silent else None,
            self.group_sets.get_ids(int(values["groups"])) if is_silent else (),
            columns.caveat_lists.values[values["caveats"]],
            name_report(int(values["relays"])),
            name_report(int(values["origin"])),
            name_report(int(values["supersedes"])),
        )

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """All figures as objects, in the order of recording: a large record takes long."""
        return self.make_figures(self.sort_rows(np.flatnonzero(self.is_valid)).tolist())

    @cached_property
    def reports(self) -> dict[str, ReportState]:
        """All reports as objects by their ids: a large record takes long."""
        return {each.id: each for each in map(self.make_report, range(self.report_count))}

    @cached_property
    def reclassifiable_figures(self) -> dict[str, Figure]:
        """The figures that others reclassify and those others, by their ids, in any state."""
        chains = self.reclassified_rows
        rows = dict.fromkeys(row for chain in chains.items() for row in (chain[0], *chain[1]))
        return {figure.id: figure for figure in self.make_figures(rows)}

    def find_reclassifying(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        """Return the figures, counted or not, that reclassify people of any of the given ones."""
        ids = {figure.id for figure in figures}
        rows = [
            row
            for row, earlier in self.reclassified_rows.items()
            if not ids.isdisjoint(self.columns.figure_ids[each] for each in earlier)
        ]
        return self.make_figures(self.sort_rows(np.array(rows, dtype=np.int64)).tolist())

    def list_silent_reports(self) -> list[ReportState]:
        """Return the live reports that give no number."""
        is_silent = self._reports["stance"] != STANCES.index("asserts")
        rows = np.flatnonzero(is_silent & (self.report_states == LIVE))
        return [self.make_report(row) for row in rows.tolist()]

    def check_references(self, first_report: int = 0, first_figure: int = 0) -> None:
        """Raise LookupError for an id that is not in the state, ValueError for an impossible day.

        Only damage can cause them. Only the rows from the given ones on are checked.
        """
        firsts, lasts = (self._figures[name][first_figure:] for name in ("first", "last"))
        if (firsts > lasts).any() or (lasts > date.max.toordinal()).any():
            raise ValueError("impossible day")

        def list_used(name: str) -> list[int]:
            rows = self._reports[name][first_report:], self._figures[name][first_figure:]
            numbers: list[int] = np.unique(np.concatenate(rows)).tolist()
            return numbers

        reporters = np.unique(self._reports["reporter"][first_report:]).tolist()
        for known, ids in (
            (self.places, self.place_sets.find_ids(list_used("places"))),
            (self.groups, self.group_sets.find_ids(list_used("groups"))),
            (self.reporters, {self.reporter_ids[number] for number in reporters}),
        ):
            if unknown := ids - known.keys():
                raise LookupError(f"unknown id {sorted(unknown)[0]}")

    def find_reports(self, report_ids: Iterable[str]) -> dict[str, ReportState]:
        """Return those of the reports that are in this state, by their ids."""
        rows = self.columns.find_report_ids(report_ids)
        return {
            report_id: self.make_report(row)
            for report_id, row in rows.items()
            if row < self.report_count
        }

    def count_reports_by_reporter(self) -> dict[str, int]:
        """Return how many reports each reporter has, whatever their state."""
        numbers, counts = np.unique(self.reporter_numbers, return_counts=True)
        ids = self.reporter_ids
        pairs = zip(numbers.tolist(), counts.tolist(), strict=True)
        return {ids[number]: count for number, count in pairs}

    def find_relay_rows(self) -> dict[int, list[int]]:
        """Return the rows of the relays of each report that has any, by its row.

        A relay of a relay is one of the first report too. Relays that were withdrawn or replaced
        are left out.
        """
        repeated_rows = self._reports["relays"]
        relays: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.report_states == RELAY).tolist():
            repeated = int(repeated_rows[row])
            while repeated != NONE:
                relays.setdefault(repeated, []).append(row)
                repeated = int(repeated_rows[repeated])
        return relays

    def equals(self, other: "RecordState") -> bool:
        """Whether two states with columns of their own have the same rows and entities."""
        return (
            (self.seq, self.recorded_at) == (other.seq, other.recorded_at)
            and self.entities.equals(other.entities)
            and self.columns.equals(other.columns)
        )

    def replace_entities(self, entities: EntityState) -> "RecordState":
        """Return the same reports and figures with other entities."""
        return RecordState(self.columns, self.seq, self.recorded_at, entities, self._last_seq)

    def copy_columns(self) -> RecordColumns:
        """Return columns of their own with only the rows of this state."""
        return self.columns.copy(self.report_count, len(self._figures["since"]), self._last_seq)

    def sort_rows(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return rows in the order in which their figures were recorded."""
        return rows[np.argsort(self._figures["origin"][rows], kind="stable")]


@lru_cache(maxsize=10_000)
def _make_period(first: int, last: int) -> Period:
    return Period.from_ordinals(first, last)


@lru_cache(maxsize=10_000)
def _make_quantity(low: int, high: int, flags: int) -> Quantity:
    soft = [name for name, bit in SOFT_BITS.items() if flags & bit]
    return Quantity(low, None if high == NONE else high, frozenset(soft))
