"""Counted figures as rows of columns, and what totals ask of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from service.columns.arrays import BoolArray, IntArray, flag_members, sort_distinct
from service.columns.record_columns import DISCLOSED, NONE
from service.columns.record_state import RELAY, RecordState
from service.domain.figure import Figure, Scope
from service.domain.figure_set import (
    SCOPE_PARTS,
    FigureSet,
    ScopePart,
    find_backers,
    subtract_days,
)
from service.domain.periods import OPEN_START, Period
from service.domain.report import OWN_INCIDENT
from service.domain.total import Term
from service.domain.vocabulary import OUTCOME_SETS, encode_outcomes

ITERATION_ROWS: Final = 1_000
"""How many figures are made as objects at a time."""


_DAY_BITS: Final = 23
"""Ordinals of days are less than two to this power."""


class CountedRows:
    """The figures that a query counts, before its scope is looked at.

    A reclassifying figure counts people of an earlier one, which is widened by its outcomes among
    these people. So the earlier figure covers what the later one covers.
    """

    def __init__(self, state: RecordState, is_counted: BoolArray) -> None:
        """``is_counted``, bool[n_rows], flags only rows that hold in the state."""
        self.state, self.is_counted = state, is_counted

    @cached_property
    def count(self) -> int:
        """How many figures are counted."""
        return int(np.count_nonzero(self.is_counted))

    @cached_property
    def count_beside_register(self) -> int:
        """How many figures are not about incidents of the register with most figures.

        A register is a scheme of incidents; those of one scheme share nobody.
        """
        incidents = self.state.column("incident")[self.is_counted]
        sizes = np.bincount(incidents[incidents != NONE])
        sizes_by_scheme: dict[str, int] = {}
        for number in np.flatnonzero(sizes).tolist():
            scheme = self.state.columns.incidents.values[number].partition(":")[0]
            # An own incident of a reporter has a scheme for each reporter.
            if not scheme.startswith(OWN_INCIDENT):
                size = sizes_by_scheme.get(scheme, 0) + int(sizes[number])
                sizes_by_scheme[scheme] = size
        return self.count - max(sizes_by_scheme.values(), default=0)

    @cached_property
    def _reclassified(self) -> list[tuple[int, list[int]]]:
        """The counted rows that reclassify others, each with the rows down its chain."""
        return [
            (row, earlier)
            for row, earlier in self.state.reclassified_rows.items()
            if self.is_counted[row]
        ]

    @cached_property
    def outcomes(self) -> NDArray[np.uint8]:
        """The outcomes of each row and of the counted rows that reclassify its people, as bits."""
        own: NDArray[np.uint8] = self.state.column("outcomes")
        if not self._reclassified:
            return own
        widened = own.copy()
        for row, earlier in self._reclassified:
            widened[earlier] |= own[row]
        return widened

    def flag_overlapping(self, scope: Scope) -> BoolArray:
        """Return which counted rows cover people of the scope, bool[n_rows]."""
        flags = self.is_counted & self.state.flag_overlapping(scope)
        for row, earlier in self._reclassified:
            if flags[row]:
                flags[earlier] = self.is_counted[earlier]
        return flags

    def find_overlapping(self, scope: Scope) -> "ColumnFigures":
        """Return the counted figures that cover people of the scope."""
        return self.select(self.flag_overlapping(scope))

    def select(self, flags: BoolArray) -> "ColumnFigures":
        """Return the counted figures in the flagged rows, bool[n_rows]."""
        return ColumnFigures(self, self.state.sort_rows(np.flatnonzero(self.is_counted & flags)))

    def find_rows(self, figures: Collection[Figure]) -> IntArray:
        """Return the rows of those of the figures that are counted."""
        if isinstance(figures, ColumnFigures) and figures.state is self.state:
            rows: IntArray = figures.rows.astype(np.int64)
            return rows[self.is_counted[rows]]
        ids, columns = {each.id for each in figures}, self.state.columns
        reports = columns.find_report_ids({each.report for each in figures})
        flags = self.is_counted & self.state.flag_of_reports(reports.values())
        candidates = np.flatnonzero(flags).tolist()
        found = [row for row in candidates if columns.figure_ids[row] in ids]
        return np.array(found, dtype=np.int64)

    def list_figures(self) -> tuple[Figure, ...]:
        """Return all counted figures as objects, in the order of recording."""
        return tuple(self.select(self.is_counted))


class ColumnFigures(FigureSet):
    """A set of counted figures as row numbers; an object is made of a row when it is asked for."""

    def __init__(self, counted: CountedRows, rows: NDArray[np.integer[Any]]) -> None:
        """``rows``, int[n_figures], are in the order of recording."""
        self._counted, self._state = counted, counted.state
        self.rows: NDArray[np.int32] = rows.astype(np.int32)
        """The rows, in half of the usual bytes: an answer may have many millions."""

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Figure: ...

    @overload
    def __getitem__(self, index: slice) -> "ColumnFigures": ...

    def __getitem__(self, index: int | slice) -> "Figure | ColumnFigures":
        if isinstance(index, slice):
            return ColumnFigures(self._counted, self.rows[index])
        return self._state.make_figures([int(self.rows[index])])[0]

    def __iter__(self) -> Iterator[Figure]:
        for start in range(0, len(self.rows), ITERATION_ROWS):
            yield from self._state.make_figures(self.rows[start : start + ITERATION_ROWS].tolist())

    @property
    def state(self) -> RecordState:
        """The state of the record whose rows these are."""
        return self._state

    def _column(self, name: str) -> NDArray[Any]:
        return self._state.column(name)[self.rows]

    @property
    def byte_count(self) -> int:
        """About how many bytes of memory the figures take."""
        return self.rows.nbytes

    def select_among(self, figures: Collection[Figure]) -> "ColumnFigures":
        """Return those of the figures that are among these."""
        return self._select(self._flag_among(figures))

    def exclude(self, figures: Collection[Figure]) -> "ColumnFigures":
        """Return those of the figures that are not among these."""
        return self._select(~self._flag_among(figures))

    def sort_first(self, ranks: Mapping[Figure, tuple[Fraction, ...]]) -> Sequence[Figure]:
        """Return all figures, those with a rank first, the least rank before others."""
        flags = self._flag_among(ranks)
        ranked = [ranks[figure] for figure in self._select(flags)]
        order = sorted(range(len(ranked)), key=ranked.__getitem__)
        first = self.rows[flags][np.array(order, dtype=np.int64)]
        return ColumnFigures(self._counted, np.concatenate([first, self.rows[~flags]]))

    def _flag_among(self, figures: Collection[Figure]) -> BoolArray:
        return flag_members(self.rows.astype(np.int64), self._counted.find_rows(figures))

    @property
    def report_states(self) -> NDArray[np.uint8]:
        """The state of the report of each figure, as its index in STATES."""
        states: NDArray[np.uint8] = self._state.report_states[self._column("report")]
        return states

    def select_relays(self) -> "ColumnFigures":
        """Return the figures of reports that repeat others."""
        return self._select(self.report_states == RELAY)

    def sum_best_estimates(self, scope: Scope) -> int | None:
        """Return the sum of the reporters' best estimates; an exact figure is its own.

        None if a figure has none, or is not wholly in the scope.
        """
        lows, bests = self._column("low"), self._column("best")
        is_exact = lows == self._column("high")
        bits = encode_outcomes(scope.outcomes)
        is_inside = (self._column("outcomes") & ~np.uint8(bits)) == 0
        is_inside &= self._state.flag_inside(scope)[self.rows]
        has_best = is_exact | (bests != NONE)
        if not len(self.rows) or not (is_inside & has_best).all():
            return None
        return int(np.where(bests == NONE, lows, bests).sum(dtype=np.int64))

    def _select(self, flags: BoolArray) -> "ColumnFigures":
        return ColumnFigures(self._counted, self.rows[flags])

    def _flag_inside(self, scope: Scope, part: ScopePart) -> BoolArray:
        flags: BoolArray
        if part == "period":
            period = scope.period
            flags = (self._column("first") >= period.start) & (self._column("last") <= period.stop)
        elif part == "outcomes":
            bits = encode_outcomes(scope.outcomes)
            flags = (self._counted.outcomes[self.rows] & ~np.uint8(bits)) == 0
        elif part == "places":
            flags = self._state.place_sets.flag_within(scope.places)[self._column("places")]
        else:
            flags = self._state.group_sets.flag_within(scope.groups)[self._column("groups")]
        return flags

    def select_beyond(self, scope: Scope, part: ScopePart) -> "ColumnFigures":
        """Return the figures that also cover people outside of the scope, in this part of it."""
        return self._select(~self._flag_inside(scope, part))

    def has_inside(self, scope: Scope) -> bool:
        """Whether any figure, with those that reclassify its people, is wholly in the scope."""
        flags = np.ones(len(self.rows), dtype=bool)
        for part in SCOPE_PARTS:
            flags &= self._flag_inside(scope, part)
        return bool(flags.any())

    def select_without_beginning(self) -> "ColumnFigures":
        """Return the figures whose period has no stated first day."""
        return self._select(self._column("first") == OPEN_START)

    def select_undisclosed(self) -> "ColumnFigures":
        """Return the figures whose words give no number."""
        return self._select((self._column("flags") & DISCLOSED) == 0)

    def select_open(self) -> "ColumnFigures":
        """Return the figures without a high."""
        return self._select(self._column("high") == NONE)

    def select_zeros(self) -> "ColumnFigures":
        """Return the figures that say that there was nobody: their high is 0."""
        return self._select(self._column("high") == 0)

    def group_by_report_caveat(self) -> "dict[str, ColumnFigures]":
        """Return the figures by the caveats that their reports state."""
        numbers = self._state.report_column("caveats")[self._column("report")]
        lists_of_caveat: dict[str, list[int]] = {}
        for number in np.unique(numbers).tolist():
            for caveat in self._state.get_caveats(number):
                lists_of_caveat.setdefault(caveat, []).append(number)
        return {
            caveat: self._select(np.isin(numbers, lists))
            for caveat, lists in lists_of_caveat.items()
        }

    @cached_property
    def _reporter_counts(self) -> dict[str, int]:
        numbers = self._state.reporter_numbers[self._column("report")]
        distinct, firsts, counts = np.unique(numbers, return_index=True, return_counts=True)
        order = np.argsort(firsts)
        ids = self._state.reporter_ids
        return {
            ids[number]: count
            for number, count in zip(distinct[order].tolist(), counts[order].tolist(), strict=True)
        }

    def count_by_reporter(self) -> dict[str, int]:
        """Return how many figures each reporter has, in the order of their first ones."""
        return self._reporter_counts

    def count_by_groups(self) -> dict[tuple[str, ...], int]:
        """Return how many figures are about each distinct set of groups."""
        numbers, counts = np.unique(self._column("groups"), return_counts=True)
        found: dict[tuple[str, ...], int] = {}
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            groups = self._state.group_sets.get_ids(number)
            found[groups] = found.get(groups, 0) + count
        return found

    @cached_property
    def _reports(self) -> NDArray[Any]:
        """The rows of the reports, in the order of their first figures."""
        distinct, firsts = np.unique(self._column("report"), return_index=True)
        return distinct[np.argsort(firsts)]

    def count_reports(self) -> int:
        """Return how many reports the figures are of."""
        return len(self._reports)

    def list_reports(self, limit: int) -> list[str]:
        """Return the ids of the first reports."""
        return [self._state.get_report_id(row) for row in self._reports[:limit].tolist()]

    def find_reports(self, report_ids: Collection[str]) -> set[str]:
        """Return those of the reports that any of the figures is of."""
        rows = self._state.columns.find_report_ids(report_ids)
        flags = np.zeros(self._state.report_count, dtype=bool)
        flags[self._column("report")] = True
        return {each for each, row in rows.items() if row < len(flags) and flags[row]}

    def list_outcome_sets(self) -> frozenset[frozenset[str]]:
        """Return the distinct sets of outcomes of the figures."""
        return frozenset(OUTCOME_SETS[bits] for bits in np.unique(self._column("outcomes")))

    def find_spoken_outcomes(self) -> frozenset[str]:
        """Return all outcomes of the figures and of those that reclassify their people."""
        return OUTCOME_SETS[int(np.bitwise_or.reduce(self._counted.outcomes[self.rows], initial=0))]

    def list_place_sets(self) -> list[tuple[str, ...]]:
        """Return the distinct places of the scopes."""
        numbers = np.unique(self._column("places")).tolist()
        return list(dict.fromkeys(self._state.place_sets.get_ids(number) for number in numbers))

    def find_uncovered_days(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the runs of days from start to stop (ordinals, included) that no figure covers."""
        firsts, lasts = (self._column(name).astype(np.int64) for name in ("first", "last"))
        distinct = sort_distinct(np.left_shift(firsts, _DAY_BITS) + lasts)
        days = np.stack([distinct >> _DAY_BITS, distinct & ((1 << _DAY_BITS) - 1)], axis=1)
        return subtract_days(start, stop, map(tuple, days.tolist()))

    def enclose_period(self) -> Period:
        """Return the period from the first to the last day; open if the beginning of one is."""
        if not len(self.rows):
            return Period(None, None)
        first, last = self._column("first").min(), self._column("last").max()
        return Period.from_ordinals(int(first), int(last))

    def find_day_range(self) -> tuple[date, date] | None:
        """Return the first and the last day that any figure states; None if there is none."""
        if not len(self.rows):
            return None
        firsts, lasts = self._column("first"), self._column("last")
        stated = np.concatenate([firsts[firsts != OPEN_START], lasts])
        return date.fromordinal(int(stated.min())), date.fromordinal(int(lasts.max()))

    def find_backers(self, terms: Sequence[Term]) -> list[frozenset[str]]:
        """Return for each term the reporters that give its end of the same scope."""
        last_days = {term.figure.scope.period.stop for term in terms}
        people = {term.people for term in terms}
        lows, highs = self._column("low"), self._column("high")
        is_candidate = np.isin(self._column("last"), list(last_days)) & (
            np.isin(lows, list(people)) | np.isin(highs, list(people))
        )
        return find_backers(self._select(is_candidate), terms)
