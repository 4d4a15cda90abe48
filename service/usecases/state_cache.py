"""States of the record in memory, with the trees and engines that totals need."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import Any, Final

from service.bounds.boxes import Region, make_region
from service.bounds.component_cache import ComponentCache
from service.bounds.engine import TotalsEngine
from service.domain.entities import Place
from service.domain.figure import Figure
from service.domain.record_state import RecordState, ReportState
from service.domain.totals_query import TotalsQuery
from service.domain.trees import Tree, TreeNode
from service.domain.vocabulary import DEFAULT_DIVISION, LOSSES, ROOT_GROUP
from service.store.event_log import last_redaction_seq
from service.store.interface import Connection
from service.store.state_loader import load_state

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
    """One state of the record, with its trees and the engines made from its figures."""

    def __init__(self, state: RecordState, component_cache: ComponentCache | None = None) -> None:
        self.state = state
        self._component_cache = component_cache or ComponentCache()
        self.places = Tree(
            {each.id: TreeNode(each.parent, each.division) for each in state.places.values()},
            top_facet=DEFAULT_DIVISION,
        )
        self.groups = Tree(
            {each.id: TreeNode(each.parent, each.facet) for each in state.groups.values()},
            root=ROOT_GROUP,
        )
        self._engines = LRUCache(MAX_ENGINES)
        self.results = LRUCache(MAX_RESULTS)
        self._regions: dict[str, Region] = {}

    @cached_property
    def _figures_by_id(self) -> dict[str, Figure]:
        return {figure.id: figure for figure in self.state.figures}

    @cached_property
    def _reclassifying_figures(self) -> list[tuple[Figure, set[str]]]:
        """The figures that reclassify others, each with the ids of all figures before it."""
        reclassifying = []
        for figure in self.state.figures:
            earlier_ids, earlier_id = set(), figure.reclassifies
            while earlier_id is not None:
                earlier_ids.add(earlier_id)
                earlier_id = self._figures_by_id[earlier_id].reclassifies
            if earlier_ids:
                reclassifying.append((figure, earlier_ids))
        return reclassifying

    def find_region(self, figure: Figure) -> Region:
        """Return the places, days and groups of a figure of this state, with all outcomes."""
        region = self._regions.get(figure.id)
        if region is None:
            scope = replace(figure.scope, outcomes=LOSSES)
            region = self._regions[figure.id] = make_region(scope, self.places, self.groups)
        return region

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
        """Return the figures, counted or not, that reclassify people of any of the given ones."""
        if not self._reclassifying_figures:
            return []
        ids = {figure.id for figure in figures}
        return [figure for figure, earlier_ids in self._reclassifying_figures if earlier_ids & ids]

    def get_engine(
        self, key: Hashable, select_figures: Callable[[], Sequence[Figure]]
    ) -> TotalsEngine:
        """Return the engine of the key, made from the selected figures if there is none."""

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
        """Whether reports of the reporter pass the filters of the query."""
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
        """Return the live reports that give no number and pass the filters."""
        return [
            report for report in self._silent_reports if self.passes_filters(query, report.reporter)
        ]

    @cached_property
    def _silent_reports(self) -> list[ReportState]:
        """The live reports that give no number."""
        reports = self.state.reports.values()
        return [each for each in reports if each.stance != "asserts" and each.state == "live"]


class StateCache:
    """The states of one record that were used last; safe to share between threads."""

    def __init__(self) -> None:
        self._snapshots = LRUCache(MAX_STATES)
        self._component_cache = ComponentCache()

    def find(self, seq: int, redaction_seq: int) -> Snapshot | None:
        """Return the state as of the event ``seq`` if it is cached, None if it must be loaded."""
        snapshot: Snapshot | None = self._snapshots.get((seq, redaction_seq))
        return snapshot

    def load(self, db: Connection, seq: int, redaction_seq: int | None = None) -> Snapshot:
        """Return the state as of the event ``seq``, loaded from the store if it is not cached.

        A state that was loaded before the last redaction is not used any more. ``redaction_seq`` is
        the seq of that redaction; None if the caller has not looked it up in this transaction.
        """
        key = (seq, last_redaction_seq(db) if redaction_seq is None else redaction_seq)
        snapshot: Snapshot = self._snapshots.get_or_make(
            key, lambda: Snapshot(load_state(db, seq), self._component_cache)
        )
        return snapshot
