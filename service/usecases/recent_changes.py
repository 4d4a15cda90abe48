"""What was recorded lately: reports that were added, replaced and withdrawn, and of which day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from service.columns.arrays import BoolArray, IntArray
from service.columns.record_state import RecordState
from service.domain.trees import Tree
from service.domain.vocabulary import STANCES
from service.store import event_log
from service.store.interface import Connection
from service.usecases.state_cache import Snapshot
from service.usecases.subjects import RecordSubject, find_root

CHANGE_KINDS: Final = ("reported", "superseded", "retracted")
"""The kinds of events that add a report, replace it and withdraw it."""

ADDED, REPLACED, WITHDRAWN = range(len(CHANGE_KINDS))
"""The kinds as numbers: their positions."""

_COLUMNS: Final = ("seq", "superseded", "retracted")
"""The column of reports that has the event of each kind."""


@dataclass(frozen=True, slots=True)
class ReportChanges:
    """Changes of reports in the order of their events, int[n_changes].

    ``seqs`` are the events, ``kinds`` the numbers of their kinds, and ``rows`` those of their
    reports.
    """

    seqs: IntArray
    kinds: IntArray
    rows: IntArray

    def __len__(self) -> int:
        """How many changes there are."""
        return len(self.seqs)

    def cut(self, first: int, end: int) -> "ReportChanges":
        """Return the changes from position ``first`` to before ``end``."""
        return ReportChanges(self.seqs[first:end], self.kinds[first:end], self.rows[first:end])

    def select(self, which: BoolArray | IntArray) -> "ReportChanges":
        """Return the changes that are flagged, or those at the positions."""
        return ReportChanges(self.seqs[which], self.kinds[which], self.rows[which])

    def count(self, kind: int) -> int:
        """Return how many changes are of the kind."""
        return int((self.kinds == kind).sum())


def find_report_changes(
    state: RecordState, after: int, is_wanted: BoolArray | None = None
) -> ReportChanges:
    """Return the changes after the event ``after`` of the wanted reports (None: of all)."""
    return _join(_iterate_changes(state, after, is_wanted))


def find_latest_changes(
    state: RecordState, count: int, is_wanted: BoolArray | None = None
) -> ReportChanges:
    """Return the latest changes of the wanted reports (None: of all), at most so many."""
    latest = []
    for each in _iterate_changes(state, 0, is_wanted):
        if len(each) > count:  # Sorting all changes of a large record would take long.
            each = each.select(each.seqs >= np.partition(each.seqs, -count)[-count])
        latest.append(each)
    joined = _join(latest)
    return joined.cut(max(len(joined) - count, 0), len(joined))


def _iterate_changes(
    state: RecordState, after: int, is_wanted: BoolArray | None
) -> Iterator[ReportChanges]:
    for kind, name in enumerate(_COLUMNS):
        seqs = state.report_column(name)
        flags = (seqs > after) & (seqs <= state.seq)
        if is_wanted is not None:
            flags &= is_wanted
        rows = np.flatnonzero(flags)
        yield ReportChanges(seqs[rows].astype(np.int64), np.full(len(rows), kind), rows)


def _join(changes: Iterator[ReportChanges] | Sequence[ReportChanges]) -> ReportChanges:
    parts = list(changes)
    seqs, kinds, rows = (
        np.concatenate([getattr(each, name) for each in parts])
        for name in ("seqs", "kinds", "rows")
    )
    order = np.argsort(seqs, kind="stable")
    return ReportChanges(seqs[order], kinds[order], rows[order])


def flag_reports(
    state: RecordState, places: Sequence[str], reporters: Sequence[str]
) -> BoolArray | None:
    """Return which reports have people in any of the places and are by any of the reporters.

    bool[n_reports]; empty lists set no condition, and None means that there is none.
    """
    if not places and not reporters:
        return None
    flags: BoolArray = np.ones(state.report_count, dtype=bool)
    if places:
        overlaps = state.place_sets.flag_overlapping(places)
        of_figures = state.column("report")[overlaps[state.column("places")]]
        # A report without figures has places of its own; for others the column means nobody.
        is_silent = state.report_column("stance") != STANCES.index("asserts")
        flags = overlaps[state.report_column("places")] & is_silent
        flags[of_figures] = True
    if reporters:
        wanted = np.array([each in reporters for each in state.reporter_ids], dtype=bool)
        flags &= wanted[state.report_column("reporter")]
    return flags


def split_by_day(
    db: Connection, changes: ReportChanges, max_days: int
) -> tuple[list[tuple[date, ReportChanges]], int]:
    """Return the changes of each day, the latest day first, and how many earlier ones are left.

    Days are those of the record, in UTC. A day's beginning is found by bisection, since the events
    of a day can be very many.
    """
    days: list[tuple[date, ReportChanges]] = []
    end = len(changes)
    while end and len(days) < max_days:
        day = _load_day(db, int(changes.seqs[end - 1]))
        low, high = 0, end - 1
        while low < high:
            middle = (low + high) // 2
            if _load_day(db, int(changes.seqs[middle])) < day:
                low = middle + 1
            else:
                high = middle
        days.append((date.fromisoformat(day), changes.cut(low, end)))
        end = low
    return days, end


def _load_day(db: Connection, seq: int) -> str:
    return (event_log.timestamp_of(db, seq) or "")[:10]


def find_touched_subjects(
    now: Snapshot, then: Snapshot, changes: ReportChanges, count: int
) -> list[RecordSubject]:
    """Return the subjects that most of the changed figures are about, at most ``count``.

    A subject of which nobody counts any more is as it was ``then``.
    """
    figures_by_key = count_changed_figures(now, changes)
    ordered = sorted(figures_by_key, key=lambda key: (-figures_by_key[key], key))
    subjects = _list_by_key(now)
    if not subjects.keys() >= set(ordered):
        subjects = {**_list_by_key(then), **subjects}
    return [subjects[key] for key in ordered if key in subjects][:count]


SubjectKey = tuple[tuple[str, ...], tuple[str, ...]]
"""What a subject is of: the places without a parent, and the groups."""


def count_changed_figures(now: Snapshot, changes: ReportChanges) -> dict[SubjectKey, int]:
    """Return of how many figures of each subject the reports changed."""
    state = now.state
    is_changed = np.zeros(state.report_count, dtype=bool)
    is_changed[changes.rows] = True
    rows = is_changed[state.column("report")] & state.is_valid
    pairs, counts = np.unique(
        np.stack([state.column("places")[rows], state.column("groups")[rows]], axis=1),
        axis=0,
        return_counts=True,
    )
    figures_by_key: dict[SubjectKey, int] = {}
    for (place_set, group_set), figure_count in zip(pairs.tolist(), counts.tolist(), strict=True):
        key = make_subject_key(
            now.places, state.place_sets.get_ids(place_set), state.group_sets.get_ids(group_set)
        )
        figures_by_key[key] = figures_by_key.get(key, 0) + figure_count
    return figures_by_key


def make_subject_key(places: Tree, place_ids: Sequence[str], groups: Sequence[str]) -> SubjectKey:
    """Return the key of the subject of figures of these places and groups."""
    roots = {find_root(places, each) for each in place_ids if each in places}
    return tuple(sorted(roots)), tuple(sorted(groups))


def _list_by_key(snapshot: Snapshot) -> dict[SubjectKey, RecordSubject]:
    return {
        make_subject_key(snapshot.places, each.places, each.groups): each
        for each in snapshot.list_subjects()
    }


@dataclass(frozen=True, slots=True)
class EventMark:
    """When an event was recorded, and its hash, which no other event of any record has."""

    recorded_at: str
    hash: str


def load_marks(db: Connection, seqs: Sequence[int]) -> list[EventMark]:
    """Return the marks of a few events, in their order; those of an unknown event are empty."""
    return [
        EventMark(event_log.timestamp_of(db, seq) or "", event_log.hash_of(db, seq) or "")
        for seq in seqs
    ]


def list_figure_rows(state: RecordState, report_rows: Sequence[int]) -> dict[int, list[int]]:
    """Return the rows of the figures of each report, in their order, by the row of the report."""
    rows = np.flatnonzero(np.isin(state.column("report"), list(report_rows)) & state.is_valid)
    figures: dict[int, list[int]] = {}
    for row in state.sort_rows(rows).tolist():
        figures.setdefault(int(state.column("report")[row]), []).append(row)
    return figures


def find_replacing_rows(state: RecordState, report_rows: Sequence[int]) -> dict[int, int]:
    """Return the row of the report that replaces each of these, by the row of the replaced one."""
    supersedes = state.report_column("supersedes")
    rows = np.flatnonzero(np.isin(supersedes, list(report_rows))).tolist()
    return {int(supersedes[row]): row for row in rows}
