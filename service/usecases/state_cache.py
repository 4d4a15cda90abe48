"""States of the record in memory, with the engines that totals need."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from threading import Lock
from typing import Final

from service.bounds.component_cache import ComponentCache
from service.bounds.component_solver import Component
from service.bounds.engine import TotalsEngine
from service.bounds.relaxation.engine import RelaxedEngine
from service.bounds.relaxation.local_engine import MAX_NEARBY_FIGURES, LocalEngine
from service.bounds.relaxation.register_engine import RegisterEngine
from service.columns.column_figures import CountedRows
from service.columns.column_terms import NumberedScopes
from service.columns.entity_state import EntityState
from service.columns.record_columns import RecordColumns
from service.columns.record_state import RecordState
from service.domain.entities import Place
from service.domain.figure import Figure
from service.domain.report_state import ReportState
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.domain.trees import Tree
from service.object_size import measure_bytes
from service.shared_cache import CacheSection, SharedCache
from service.store import column_loader
from service.store.column_loader import StaleColumnsError
from service.store.entities import find_last_entity_seq
from service.store.event_log import last_redaction_seq
from service.store.interface import Connection
from service.usecases.figure_counts import count_figures
from service.usecases.subjects import RecordSubject, list_subjects

MAX_RESULT_SHARE: Final = 0.25
"""The largest share of the cache that the result of one query may take."""

MAX_EXACT_FIGURES: Final = 5_000
"""Totals of more counted figures are those of the relaxed engine."""

MAX_PREPARED_FIGURES: Final = 300_000
"""More counted figures are not prepared as a whole, which takes minutes and gigabytes.

Those of a register are, if there is memory for them: its incidents share nobody.
"""

REGISTER_BYTES: Final = 400
"""What an engine of a register takes for each figure: 430 MB for a million."""

MAX_REGISTER_SHARE: Final = 4
"""The engine of a register may take so many times the memory of the cache, besides it."""

Engine = TotalsEngine | RelaxedEngine | LocalEngine
"""The counted figures of one selection, prepared for totals."""

_MEASURED_APART: Final = frozenset(
    (
        RecordColumns,
        RecordState,
        EntityState,
        Tree,
        CountedRows,
        Component,
        ComponentCache,
        SharedCache,
        Figure,
        NumberedScopes,
        TotalsQuery,
    )
)
"""What engines and results refer to and do not own."""


class Snapshot:
    """One state of the record, with the engines made from its figures."""

    def __init__(
        self,
        state: RecordState,
        component_cache: ComponentCache | None = None,
        cache: SharedCache | None = None,
    ) -> None:
        """``cache`` keeps what is made of the state; None is one of its own."""
        self.state = state
        self._component_cache = component_cache or ComponentCache()
        self.places, self.groups = state.entities.place_tree, state.entities.group_tree
        cache = cache or SharedCache()
        self._max_register_bytes = MAX_REGISTER_SHARE * cache.max_bytes
        self._counted = CacheSection(cache, "selections", _measure_counted)
        self._engines = CacheSection(cache, "engines", _measure_engine, needs_largest=True)
        self.results = CacheSection(cache, "results", _measure_result, max_share=MAX_RESULT_SHARE)
        self._summaries = CacheSection(cache, "summaries")
        self._is_preferred = False
        self._sections = (self._counted, self._engines, self.results, self._summaries)

    def prefer(self, is_preferred: bool) -> None:
        """Let what is made of the state be evicted after all else, or not any more."""
        self._is_preferred = is_preferred
        if not is_preferred:
            self.__dict__.pop("_register_engine", None)
        for section in self._sections:
            section.prefer(is_preferred)

    def clear(self) -> None:
        """Drop what is made of the state from the cache."""
        self.__dict__.pop("_register_engine", None)
        for section in self._sections:
            section.clear(is_valid=True)

    def measure_again(self) -> None:
        """Count what engines have added since the last call: they grow with each query."""
        self._engines.measure_again()

    def list_ancestors(self, place_id: str) -> list[Place]:
        """Return the places that contain the place, the smallest first."""
        ancestors: list[Place] = []
        parent_id = self.state.places[place_id].parent
        while parent_id is not None:
            ancestors.append(self.state.places[parent_id])
            parent_id = ancestors[-1].parent
        return ancestors

    def find_points(self, place_ids: Iterable[str]) -> dict[str, tuple[float, float]]:
        """Return longitude and latitude of those of the places that have both, by their ids."""
        points = {}
        for place_id in place_ids:
            place = self.state.places[place_id]
            if place.longitude is not None and place.latitude is not None:
                points[place_id] = (place.longitude, place.latitude)
        return points

    def count_figures_by_place(self) -> Mapping[str, int]:
        """Return how many live figures are about each place or places below it; none: left out."""
        counts: Mapping[str, int] = self._summaries.get_or_make(
            "places", lambda: count_figures(self.state, "places", self.places)
        )
        return counts

    def count_figures_by_group(self) -> Mapping[str, int]:
        """Return how many live figures are about each group or groups below it; none: left out."""
        counts: Mapping[str, int] = self._summaries.get_or_make(
            "groups", lambda: count_figures(self.state, "groups", self.groups)
        )
        return counts

    def list_subjects(self, reporter: str | None = None) -> Sequence[RecordSubject]:
        """Return the subjects of the live figures, or of one reporter's, the latest first."""
        subjects: Sequence[RecordSubject] = self._summaries.get_or_make(
            ("subjects", reporter), lambda: list_subjects(self.state, self.places, reporter)
        )
        return subjects

    def get_engine(
        self, key: Hashable, counted: CountedRows, whole: Engine | None = None
    ) -> Engine:
        """Return the engine of the key, made from the counted figures if there is none.

        ``whole`` is an engine of more figures, among them these. All live figures have one engine,
        whatever the key.
        """
        if counted is self._all_live:
            key = _ALL_LIVE
            if self._is_preferred and _is_register(counted, self._max_register_bytes):
                return self._register_engine

        def make_engine() -> Engine:
            trees_and_cache = self.places, self.groups, self._component_cache
            is_part = isinstance(whole, LocalEngine) and counted.count > MAX_NEARBY_FIGURES
            if is_part or counted.count > MAX_PREPARED_FIGURES:
                return LocalEngine(counted, *trees_and_cache)
            large = whole if isinstance(whole, RelaxedEngine) else None
            if isinstance(whole, RegisterEngine):
                return RegisterEngine(counted, *trees_and_cache, whole)
            if counted.count > MAX_EXACT_FIGURES or large is not None:
                return RelaxedEngine(counted, *trees_and_cache, large)
            return TotalsEngine(
                counted.list_figures(),
                self.places,
                self.groups,
                self.state.reclassifiable_figures,
                self._component_cache,
            )

        engine: Engine = self._engines.get_or_make(key, make_engine)
        return engine

    def passes_filters(self, query: TotalsQuery, reporter: str) -> bool:
        """Whether reports of the reporter pass the filters of the query."""
        return (
            (not query.reporters or reporter in query.reporters)
            and reporter not in query.exclude_reporters
            and not (query.exclude_parties and self.state.reporters[reporter].party)
        )

    def count_rows(self, query: TotalsQuery, *, is_live: bool) -> CountedRows:
        """Return the figures that pass the filters: those of live reports, or all others."""

        def select_rows() -> CountedRows:
            state = self.state
            if not (query.reporters or query.exclude_reporters or query.exclude_parties):
                if is_live:
                    return self._all_live
                return CountedRows(state, state.is_valid & ~state.is_live)
            passing = state.flag_reporters(partial(self.passes_filters, query))
            if is_live and passing[state.is_live].all():
                return self._all_live
            flags = state.is_live if is_live else state.is_valid & ~state.is_live
            return CountedRows(state, flags & passing)

        filters = (query.reporters, query.exclude_reporters, query.exclude_parties)
        counted: CountedRows = self._counted.get_or_make((is_live, *filters), select_rows)
        return counted

    @cached_property
    def _register_engine(self) -> RegisterEngine:
        """The engine of all live figures of a very large register.

        Only the present state has one. It is not part of the limit of the cache, which it is larger
        than, but limited by ``MAX_REGISTER_SHARE``.
        """
        return RegisterEngine(self._all_live, self.places, self.groups, self._component_cache)

    @cached_property
    def _all_live(self) -> CountedRows:
        """All figures of live reports."""
        return CountedRows(self.state, self.state.is_live)

    def list_silent_reports(self, query: TotalsQuery) -> list[ReportState]:
        """Return the live reports that give no number and pass the filters."""
        return [
            report for report in self._silent_reports if self.passes_filters(query, report.reporter)
        ]

    @cached_property
    def _silent_reports(self) -> list[ReportState]:
        """The live reports that give no number."""
        return self.state.list_silent_reports()


_ALL_LIVE: Final = "all"
"""The key of the engine of all live figures."""


def _is_register(counted: CountedRows, max_bytes: float) -> bool:
    """Whether the figures are too many to be prepared as others are, but are of a register.

    ``max_bytes`` is the memory that the engine of a register may take.
    """
    return (
        MAX_PREPARED_FIGURES < counted.count <= max_bytes / REGISTER_BYTES
        and counted.count_beside_register <= MAX_PREPARED_FIGURES
    )


def _measure_result(result: TotalsResult, seen: set[int]) -> int:
    return measure_bytes(result, _MEASURED_APART, seen)


def _measure_engine(engine: Engine, seen: set[int]) -> int:
    """Return the bytes of the engine, and of its components with one constraint each."""
    if isinstance(engine, RelaxedEngine | LocalEngine):
        return measure_bytes(engine.own_parts, _MEASURED_APART, seen)
    own_bytes = measure_bytes(engine, _MEASURED_APART, seen)
    return own_bytes + FIGURE_BYTES * len(engine.counted_figures)


FIGURE_BYTES: Final = 2_000
"""What a figure adds to an engine: as an object, and as a component of its own."""


def _measure_counted(counted: CountedRows, seen: set[int]) -> int:
    """Return the bytes of the flags, and of as many outcomes."""
    return 2 * counted.is_counted.nbytes


def _measure_entities(entities: EntityState, seen: set[int]) -> int:
    return measure_bytes(entities, frozenset((RecordColumns, SharedCache)), seen)


def _measure_snapshot(snapshot: Snapshot, seen: set[int]) -> int:
    """Return the bytes of the arrays that a state adds to the columns, once all are in use."""
    state = snapshot.state
    return ROW_BYTES * (state.report_count + len(state.column("since")))


ROW_BYTES: Final = 12
"""For each row: its state, two flags, and the number of its reporter."""


class StateCache:
    """The states of one record that were used last; safe to share between threads.

    They share one set of columns, to which later states add what was recorded since. The columns
    are the record itself, and not part of the limit of ``cache``. The present state, the latest one
    that was loaded, stays in memory, and what was made of it is evicted after all else.
    """

    def __init__(self, cache: SharedCache | None = None) -> None:
        """``cache`` keeps the states and what is made of them; None is one of its own."""
        self.cache = cache or SharedCache()
        self._component_cache = ComponentCache(self.cache)
        self._snapshots = CacheSection(
            self.cache, "states", _measure_snapshot, on_evict=Snapshot.clear
        )
        self._present_lock = Lock()
        self._present = CacheSection(self.cache, "states", _measure_snapshot, needs_largest=True)
        self._present.prefer(True)
        self._present_key = (-1, -1)
        self._columns = RecordColumns()
        self._columns_lock = Lock()
        self._entity_states = CacheSection(self.cache, "states", _measure_entities)

    def find(self, seq: int, redaction_seq: int) -> Snapshot | None:
        """Return the state as of the event ``seq`` if it is cached, None if it must be loaded."""
        key = (seq, redaction_seq)
        section = self._present if key == self._present_key else self._snapshots
        snapshot: Snapshot | None = section.get(key)
        return snapshot

    def load(self, db: Connection, seq: int, redaction_seq: int | None = None) -> Snapshot:
        """Return the state as of the event ``seq``, made from the columns if it is not cached.

        A state that was loaded before the last redaction is not used any more. ``redaction_seq`` is
        the seq of that redaction; None if the caller has not looked it up in this transaction.
        Threads wait only for those that load the same state.
        """
        if redaction_seq is None:
            redaction_seq = last_redaction_seq(db)
        snapshot = self.find(seq, redaction_seq)
        if snapshot is None:
            key = (seq, redaction_seq)
            snapshot = self._snapshots.get_or_make(
                key, lambda: self._make_snapshot(db, seq, redaction_seq)
            )
            self._note_present(key, snapshot)
        return snapshot

    def imagine(self, state: RecordState) -> Snapshot:
        """Return a state that is not recorded. It shares the components, which are of any state."""
        return Snapshot(state, self._component_cache)

    def _note_present(self, key: tuple[int, int], snapshot: Snapshot) -> None:
        """Let the state replace the present one if it is later."""
        with self._present_lock:
            if key <= self._present_key:
                return
            former_key, self._present_key = self._present_key, key
            former: Snapshot | None = self._present.get(former_key)
            self._present.clear()
            if former is not None:
                former.prefer(False)
                self._snapshots.put(former_key, former)
            snapshot.prefer(True)
            self._present.put(key, snapshot)
            self._snapshots.discard(key)

    def _make_snapshot(self, db: Connection, seq: int, redaction_seq: int) -> Snapshot:
        entities = self._entity_states.get_or_make(
            find_last_entity_seq(db, seq), lambda: column_loader.load_entity_state(db, seq)
        )
        with self._columns_lock:
            try:
                state = self._load_state(db, seq, entities, redaction_seq)
            except StaleColumnsError:
                self._forget_record()
                entities = column_loader.load_entity_state(db, seq)
                state = self._load_state(db, seq, entities, redaction_seq)
        return Snapshot(state, self._component_cache, self.cache)

    def _forget_record(self) -> None:
        """Drop all states: they are of another record."""
        with self._present_lock:
            self._present_key = (-1, -1)
            for section in (self._present, self._snapshots, self._entity_states):
                for value in section.clear():
                    if isinstance(value, Snapshot):
                        value.clear()

    def _load_state(
        self, db: Connection, seq: int, entities: EntityState, redaction_seq: int
    ) -> RecordState:
        column_loader.check_reached(db, seq)
        columns, self._columns = self._columns, RecordColumns()
        state = column_loader.load_shared_state(db, columns, seq, entities, redaction_seq)
        self._columns = columns  # An error leaves new ones, since it may have filled them in part.
        return state
