"""Totals of records that are too large to be prepared as a whole: from the figures nearby alone.

A figure that is left out widens a range, never narrows it. So a total from the figures that overlap
its scope is sound, unless these contradict figures further away.
"""

from dataclasses import replace
from threading import Lock
from typing import Final

import numpy as np

from service.bounds.combined_total import make_unknown_total
from service.bounds.component_cache import ComponentCache
from service.bounds.relaxation.column_engine import ColumnEngine
from service.bounds.relaxation.engine import RelaxedEngine
from service.columns.arrays import BoolArray
from service.columns.column_figures import ColumnFigures, CountedRows
from service.columns.record_columns import NONE
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.trees import Tree

MAX_NEARBY_FIGURES: Final = 20_000
"""A total that more figures overlap is not known."""

MAX_KEPT: Final = 8
"""The engines of so many scopes are kept: a total is asked for several times in one answer."""


class LocalEngine(ColumnEngine):
    """The counted figures of a very large record; nothing is prepared. Threads may share it."""

    def __init__(
        self,
        counted: CountedRows,
        places: Tree,
        groups: Tree,
        cache: ComponentCache | None = None,
    ) -> None:
        super().__init__(counted, places, groups, cache)
        self._engines: dict[bytes, RelaxedEngine] = {}
        self._lock = Lock()

    @property
    def own_parts(self) -> tuple[object, ...]:
        """What no other engine has: for the memory that the engine takes."""
        return tuple(each.own_parts for each in list(self._engines.values()))

    def total(self, scope: Scope, seconds: float) -> Total:
        """Return the total of the scope, whose incident must be None; it is never exact.

        It is not known if more than ``MAX_NEARBY_FIGURES`` figures overlap the scope.
        """
        figures = self.overlapping_figures(scope)
        if not figures:
            return Total()
        if len(figures) > MAX_NEARBY_FIGURES:
            return replace(make_unknown_total(figures, figures.select_open()), is_relaxed=True)
        total = self._get_engine(figures).total(scope, seconds)
        return replace(total, exact=False, is_relaxed=total.is_final)

    def _get_engine(self, figures: ColumnFigures) -> RelaxedEngine:
        """Return an engine of the figures and of all others that may move their people."""
        key = figures.rows.tobytes()
        engine = self._engines.get(key)
        if engine is None:
            nearby = CountedRows(self._counted.state, self._flag_nearby(figures))
            engine = RelaxedEngine(nearby, *self._trees, self._cache)
            with self._lock:
                self._engines[key] = engine
                for old in list(self._engines)[:-MAX_KEPT]:
                    del self._engines[old]
        return engine

    def _flag_nearby(self, figures: ColumnFigures) -> BoolArray:
        """Return which rows have one of the figures, or another one that may move their people.

        These are about the same incident, or reclassify the people of a figure.
        """
        state = self._counted.state
        incident = state.column("incident")
        incidents = np.unique(incident[figures.rows])
        flags: BoolArray = np.isin(incident, incidents[incidents != NONE])
        flags[figures.rows] = True
        for row, earlier in state.reclassified_rows.items():
            chain = [row, *earlier]
            flags[chain] |= flags[chain].any()
        flags &= self._counted.is_counted
        return flags

    def dependent_figures(self, scope: Scope, seconds: float) -> ColumnFigures:
        """Return all counted figures: which of them a total depends on is not known."""
        return self.counted_figures

    def are_disjoint(self, scope: Scope, seconds: float) -> bool:
        """Whether it is known that no two figures of the scope share people: it is not."""
        return False

    def find_elsewhere(self, figures: ColumnFigures) -> list[Figure]:
        """Return those of the figures whose incident another reporter puts elsewhere.

        Of more than ``MAX_NEARBY_FIGURES`` figures none are known.
        """
        if len(figures) > MAX_NEARBY_FIGURES:
            return []
        state = self._counted.state
        rows = np.flatnonzero(self._flag_nearby(figures))
        rows = rows[state.column("incident")[rows] != NONE]
        return self._select_elsewhere(figures, state.make_figures(rows.tolist()))
