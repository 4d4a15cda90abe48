"""What was known after one entry of the ledger, kept in memory for the questions asked of it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Final

from service.bounds.component_solver import ComponentCache
from service.bounds.engine import TotalsEngine
from service.domain.entities import Place
from service.domain.figure import Figure
from service.domain.record_state import RecordState, ReportState
from service.domain.totals_query import TotalsQuery
from service.domain.trees import Tree
from service.store.event_log import last_redaction_seq
from service.store.interface import Connection
from service.store.state_loader import load_state

MAX_STATES: Final = 3
"""How many states of the ledger are kept: the present one, and a few that are asked again."""

MAX_ENGINES: Final = 64
"""How many choices of figures are kept for one state: filters, reporters alone."""


MAX_RESULTS: Final = 32
"""How many whole answers are kept for one state: those that readers ask again and again."""


class LRUCache:
    """The last few results by key; what is missing is made while others wait for it."""

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        """Return what is kept under the key; None where nothing is."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        """Keep what somebody has made meanwhile."""
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._max_entries:
                self._values.popitem(last=False)

    def get_or_make(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is kept under the key, made by ``make`` if it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            value = self._values[key] = make()
            if len(self._values) > self._max_entries:
                self._values.popitem(last=False)
            return value


class Snapshot:
    """The claims of one state, with their trees, and the reckoners made of them."""

    def __init__(self, state: RecordState, component_cache: ComponentCache | None = None) -> None:
        self.state = state
        self._component_cache = component_cache or ComponentCache()
        self.places = Tree({place_id: place.parent for place_id, place in state.places.items()})
        self.groups = Tree({group_id: group.parent for group_id, group in state.groups.items()})
        self._engines = LRUCache(MAX_ENGINES)
        self.results = LRUCache(MAX_RESULTS)

    @cached_property
    def _figures_by_id(self) -> dict[str, Figure]:
        return {figure.id: figure for figure in self.state.figures}

    @cached_property
    def _reclassifying_figures(self) -> list[tuple[Figure, set[str]]]:
        """The figures that reclassify others, each with the ids of all those before it."""
        reclassifying = []
        for figure in self.state.figures:
            earlier_ids, earlier_id = set(), figure.reclassifies
            while earlier_id is not None:
                earlier_ids.add(earlier_id)
                earlier_id = self._figures_by_id[earlier_id].reclassifies
            if earlier_ids:
                reclassifying.append((figure, earlier_ids))
        return reclassifying

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

    def find_reclassifying(self, figures: Iterable[Figure]) -> list[Figure]:
        """Return the figures of whatever state that reclassify people of any of the given ones."""
        if not self._reclassifying_figures:
            return []
        ids = {figure.id for figure in figures}
        return [figure for figure, earlier_ids in self._reclassifying_figures if earlier_ids & ids]

    def get_engine(
        self, key: Hashable, select_figures: Callable[[], Sequence[Figure]]
    ) -> TotalsEngine:
        """Return the reckoner kept under the key, made of the chosen figures if it is not there."""

        def make_engine() -> TotalsEngine:
            return TotalsEngine(
                select_figures(),
                self.places,
                self.groups,
                self._figures_by_id,
                self._component_cache,
            )

        engine: TotalsEngine = self._engines.get_or_make(key, make_engine)
        return engine

    def passes_filters(self, query: TotalsQuery, reporter: str) -> bool:
        """Whether the question's filters let the reporter's reports through."""
        return (
            (not query.reporters or reporter in query.reporters)
            and reporter not in query.exclude_reporters
            and not (query.exclude_parties and self.state.reporters[reporter].party)
        )

    def select_figures(self, query: TotalsQuery, is_live: bool) -> list[Figure]:
        """Return the figures that pass the filters: those of live reports, or all others."""
        reports = self.state.reports
        return [
            figure
            for figure in self.state.figures
            if (reports[figure.report].state == "live") == is_live
            and self.passes_filters(query, figure.reporter)
        ]

    def list_silent_reports(self, query: TotalsQuery) -> list[ReportState]:
        """Return the live statements that give no number and pass the filters."""
        return [
            report
            for report in self.state.reports.values()
            if report.stance != "asserts"
            and report.state == "live"
            and self.passes_filters(query, report.reporter)
        ]


class StateCache:
    """The states of one record that were asked for lately; safe to share between threads."""

    def __init__(self) -> None:
        self._snapshots = LRUCache(MAX_STATES)
        self._component_cache = ComponentCache()

    def load(self, db: Connection, seq: int) -> Snapshot:
        """Return what was known after the entry, read from the record if it is not kept.

        What was read before a text was blanked is not used any more.
        """
        key = (seq, last_redaction_seq(db))
        snapshot: Snapshot = self._snapshots.get_or_make(
            key, lambda: Snapshot(load_state(db, seq), self._component_cache)
        )
        return snapshot
