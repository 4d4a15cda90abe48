"""Totals of large records: exact where components are small, sound and close where they are not."""

from typing import Final, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from service.bounds.combined_total import make_unknown_total
from service.bounds.component_cache import ComponentCache
from service.bounds.computation import Computation, Steps
from service.bounds.relaxation.bound_components import WindowBounds, bound_components
from service.bounds.relaxation.column_engine import ColumnEngine
from service.bounds.relaxation.constraint_table import ConstraintTable
from service.bounds.relaxation.free_points import FreePoints
from service.bounds.relaxation.large_record import LargeRecord
from service.bounds.relaxation.narrow_components import WIDE, find_narrow_components
from service.bounds.relaxation.packing import Overlaps, pack_lows
from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.query_total import QueryTotal
from service.bounds.relaxation.record_objects import KnownComponents, RecordObjects
from service.bounds.relaxation.refined_query import Refinements
from service.bounds.relaxation.special_components import SpecialComponent, solve_special
from service.bounds.relaxation.weighted_components import ComponentWeigher
from service.bounds.solver import Deadline
from service.bounds.solver_effort import accumulate_effort
from service.columns.arrays import BoolArray, IntArray, flag_members, list_distinct
from service.columns.column_figures import ColumnFigures, CountedRows
from service.columns.record_columns import NONE
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.trees import Tree

PREPARATION_SECONDS: Final = 10.0
"""How much longer than it was given a total may take, to prepare the engine for all later ones."""


MAX_KEPT_TOTALS: Final = 4
"""How many totals an engine keeps."""


class _Preparation(NamedTuple):
    """What is known of all counted figures before any query, and what queries add to it."""

    record: LargeRecord
    refinements: Refinements


class RelaxedEngine(ColumnEngine):
    """The counted figures of a large record, prepared once for all queries.

    Threads may share an engine; its totals are those of the exact engine, or wider and not exact.
    """

    def __init__(
        self,
        counted: CountedRows,
        places: Tree,
        groups: Tree,
        cache: ComponentCache | None = None,
        whole: "RelaxedEngine | None" = None,
    ) -> None:
        """``whole`` is an engine of more figures, whose preparation is used.

        The counted figures are then those of it that are wholly inside the places, the days and the
        groups of the only queries that the engine will get.
        """
        super().__init__(counted, places, groups, cache)
        self._is_whole = whole is None
        self._totals: dict[Scope, Total] = {}
        self._preparation: Computation[_Preparation] = (
            Computation(self._prepare()) if whole is None else whole._preparation
        )

    def _prepare(self) -> Steps[_Preparation]:
        yield
        table = ConstraintTable(self._counted)
        yield
        components = yield from find_narrow_components(table)
        bounds = yield from bound_components(table, components, self._cache.solved)
        known_components: KnownComponents = WeakValueDictionary()
        objects = RecordObjects(
            table, self._counted.is_counted, self._trees, self._cache, known_components
        )
        special: dict[int, SpecialComponent] = {}
        for component in np.flatnonzero(bounds.is_special).tolist():
            yield
            found = solve_special(table, objects, components.members_of(component))
            if found is not None:
                special[component] = found
        overlaps = Overlaps(table, components)
        packing = yield from pack_lows(table, components, bounds, overlaps, special)
        yield
        record = LargeRecord(
            table,
            components,
            bounds,
            packing,
            overlaps,
            WindowBounds(table),
            FreePoints(table, components),
            special,
            ComponentWeigher(table, components, special),
            known_components,
        )
        return _Preparation(record, Refinements(record))

    @property
    def own_parts(self) -> tuple[object, ...]:
        """What no other engine has: for the memory that the engine takes."""
        return (self._preparation, self._totals) if self._is_whole else ()

    def total(self, scope: Scope, seconds: float) -> Total:
        """Return the total of the scope, whose incident must be None.

        No solver run is started after ``seconds``, but the first totals may take
        ``PREPARATION_SECONDS`` longer. A total that is not exact is wider than it could be, never
        narrower. Contradictions of figures outside of the query are not looked for.
        """
        with accumulate_effort():
            figures = self.overlapping_figures(scope)
            if not figures:
                return Total()
            return self._compute(figures, scope, seconds)

    def _compute(self, figures: ColumnFigures, scope: Scope, seconds: float) -> Total:
        """Return the total of the figures, which are those that overlap the scope."""
        prepared = self._preparation.run(Deadline(seconds + PREPARATION_SECONDS))
        if prepared is None:
            return make_unknown_total(figures, figures.select_open())
        known = self._totals.get(scope)
        if known is not None:
            return known
        query = self._make_query(prepared.record, figures, scope)
        total = QueryTotal(query, prepared.refinements).compute(Deadline(seconds))
        if total.is_final and self._is_whole:
            self._keep(scope, total)
        return total

    def _keep(self, scope: Scope, total: Total) -> None:
        """Keep the total: the parts of an answer ask for it several times."""
        self._totals[scope] = total
        for old in list(self._totals)[:-MAX_KEPT_TOTALS]:
            self._totals.pop(old, None)

    def _make_query(
        self, record: LargeRecord, figures: ColumnFigures, scope: Scope
    ) -> QueryFigures:
        return QueryFigures(
            record,
            figures,
            self._counted.is_counted,
            scope,
            self._trees,
            self._cache,
            has_all=self._is_whole,
        )

    def dependent_figures(self, scope: Scope, seconds: float) -> ColumnFigures:
        """Return counted figures such that the total of the scope depends on no other.

        These are all counted figures if a wide one is among them, or if time is not enough.
        """
        prepared = self._preparation.run(Deadline(seconds))
        if prepared is None:
            return self.counted_figures
        record = prepared.record
        components = self._find_independent(record, scope)
        if components is None:
            return self.counted_figures
        return self._counted.select(self._flag_members(record, components))

    def _find_independent(self, record: LargeRecord, scope: Scope) -> IntArray | None:
        """Return the narrow components that overlap the scope; None if a wide figure ties them."""
        rows = self.overlapping_figures(scope).rows
        constraints = list_distinct(record.table.constraint_of_row[rows], len(record.table))
        labels = record.components.labels[record.table.add_partners(constraints)]
        if (labels == WIDE).any() or record.packing.is_shared[labels].any():
            return None
        return list_distinct(labels, record.components.count)

    def _flag_members(self, record: LargeRecord, components: IntArray) -> BoolArray:
        members = record.components.find_members(components)
        flags: BoolArray = np.zeros(len(self._counted.is_counted), dtype=bool)
        flags[record.table.find_rows(members)] = True
        return flags

    def are_disjoint(self, scope: Scope, seconds: float) -> bool:
        """Whether no figure that overlaps the scope can share people with another figure.

        False if that is not known in so many seconds.
        """
        prepared = self._preparation.run(Deadline(seconds))
        if prepared is None:
            return False
        record = prepared.record
        components = self._find_independent(record, scope)
        if components is None:
            return False
        constraints = record.components.firsts[components]
        return bool(
            (record.components.sizes[components] == 1).all()
            and not record.table.is_irregular[constraints].any()
            and (record.table.count_figures(constraints) == 1).all()
        )

    def find_elsewhere(self, figures: ColumnFigures) -> list[Figure]:
        """Return those of the figures whose incident another reporter puts elsewhere.

        The places or the days of the two figures do not meet; their outcomes and groups do. None
        are known before the engine is prepared.
        """
        prepared = self._preparation.run(Deadline(0))
        if prepared is None:
            return []
        table = prepared.record.table
        rows = table.find_rows(np.flatnonzero(table.is_irregular & (table.incident != NONE)))
        rows = rows[self._counted.is_counted[rows]]
        candidates = table.state.sort_rows(rows[flag_members(rows, figures.rows.astype(np.int64))])
        make_figures = table.state.make_figures
        return self._select_elsewhere(
            make_figures(candidates.tolist()), make_figures(rows.tolist())
        )
