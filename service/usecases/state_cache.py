"""States of the record in memory, with the engines that totals need."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import cached_property, partial
from threading import Lock
from typing import Any, Final

from service.bounds.component_cache import ComponentCache
from service.bounds.engine import TotalsEngine
from service.columns.column_figures import CountedRows
from service.columns.entity_state import EntityState
from service.columns.record_columns import RecordColumns
from service.columns.record_state import RecordState
from service.domain.entities import Place
from service.domain.report_state import ReportState
from service.domain.totals_query import TotalsQuery
from service.store import column_loader
from service.store.column_loader import StaleColumnsError
from service.store.entities import find_last_entity_seq
from service.store.event_log import last_redaction_seq
from service.store.interface import Connection

MAX_STATES: Final = 3
"""How many states are cached: the present one and a few earlier ones."""

MAX_ENGINES: Final = 64
"""How many engines are cached for one state, each for one selection of its figures."""

MAX_RESULTS: Final = 32
"""How many results are cached for one state."""


class LRUCache:
    """The values used last, by key. Threads wait while another one makes a missing value."""

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        """Return the value of the key; None if there is none."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        """Store a value that was made outside of the lock."""
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._max_entries:
                self._values.popitem(last=False)

    def get_or_make(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value of the key, which ``make`` makes if there is none."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            value = self._values[key] = make()
            if len(self._values) > self._max_entries:
                self._values.popitem(last=False)
            return value


class Snapshot:
    """One state of the record, with the engines made from its figures."""

    def __init__(self, state: RecordState, component_cache: ComponentCache | None = None) -> None:
        self.state = state
        self._component_cache = component_cache or ComponentCache()
        self.places, self.groups = state.entities.place_tree, state.entities.group_tree
        self._counted = LRUCache(MAX_ENGINES)
        self._engines = LRUCache(MAX_ENGINES)
        self.results = LRUCache(MAX_RESULTS)

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

    def get_engine(self, key: Hashable, counted: CountedRows) -> TotalsEngine:
        """Return the engine of the key, made from the counted figures if there is none."""

        def make_engine() -> TotalsEngine:
            return TotalsEngine(
                counted.list_figures(),
                self.places,
                self.groups,
                self.state.reclassifiable_figures,
                self._component_cache,
            )

        engine: TotalsEngine = self._engines.get_or_make(key, make_engine)
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
            flags = state.is_live if is_live else state.is_valid & ~state.is_live
            if query.reporters or query.exclude_reporters or query.exclude_parties:
                flags = flags & state.flag_reporters(partial(self.passes_filters, query))
            return CountedRows(state, flags)

        filters = (query.reporters, query.exclude_reporters, query.exclude_parties)
        counted: CountedRows = self._counted.get_or_make((is_live, *filters), select_rows)
        return counted

    def list_silent_reports(self, query: TotalsQuery) -> list[ReportState]:
        """Return the live reports that give no number and pass the filters."""
        return [
            report for report in self._silent_reports if self.passes_filters(query, report.reporter)
        ]

    @cached_property
    def _silent_reports(self) -> list[ReportState]:
        """The live reports that give no number."""
        return self.state.list_silent_reports()


class StateCache:
    """The states of one record that were used last; safe to share between threads.

    They share one set of columns, to which later states add what was recorded since.
    """

    def __init__(self) -> None:
        self._snapshots = LRUCache(MAX_STATES)
        self._component_cache = ComponentCache()
        self._columns = RecordColumns()
        self._columns_lock = Lock()
        self._entity_states = LRUCache(MAX_STATES)

    def find(self, seq: int, redaction_seq: int) -> Snapshot | None:
        """Return the state as of the event ``seq`` if it is cached, None if it must be loaded."""
        snapshot: Snapshot | None = self._snapshots.get((seq, redaction_seq))
        return snapshot

    def load(self, db: Connection, seq: int, redaction_seq: int | None = None) -> Snapshot:
        """Return the state as of the event ``seq``, made from the columns if it is not cached.

        A state that was loaded before the last redaction is not used any more. ``redaction_seq`` is
        the seq of that redaction; None if the caller has not looked it up in this transaction.
        """
        if redaction_seq is None:
            redaction_seq = last_redaction_seq(db)
        key = (seq, redaction_seq)
        snapshot: Snapshot = self._snapshots.get_or_make(
            key, lambda: self._make_snapshot(db, seq, redaction_seq)
        )
        return snapshot

    def _make_snapshot(self, db: Connection, seq: int, redaction_seq: int) -> Snapshot:
        entities = self._entity_states.get_or_make(
            find_last_entity_seq(db, seq), lambda: column_loader.load_entity_state(db, seq)
        )
        with self._columns_lock:
            try:
                state = self._load_state(db, seq, entities, redaction_seq)
            except StaleColumnsError:
                self._snapshots = LRUCache(MAX_STATES)
                self._entity_states = LRUCache(MAX_STATES)
                entities = column_loader.load_entity_state(db, seq)
                state = self._load_state(db, seq, entities, redaction_seq)
        return Snapshot(state, self._component_cache)

    def _load_state(
        self, db: Connection, seq: int, entities: EntityState, redaction_seq: int
    ) -> RecordState:
        column_loader.check_reached(db, seq)
        columns, self._columns = self._columns, RecordColumns()
        state = column_loader.load_shared_state(db, columns, seq, entities, redaction_seq)
        self._columns = columns  # An error leaves new ones, since it may have filled them in part.
        return state
