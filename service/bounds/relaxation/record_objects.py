"""Figures, constraints and components of a large record as objects."""

from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from service.bounds.component_cache import ComponentCache
from service.bounds.component_solver import Component
from service.bounds.computation import Steps, run_steps
from service.bounds.constraints import Constraint, FigureScopes, Reclassifications
from service.bounds.engine import make_content_key
from service.bounds.relaxation.constraint_table import ConstraintTable
from service.columns.arrays import BoolArray, IntArray
from service.domain.figure import Figure
from service.domain.trees import Tree

KnownComponents = WeakValueDictionary[tuple[bytes, bytes], Component]
"""Components by their constraints and kept figures."""


class RecordObjects:
    """Figures of rows, constraints and components as objects; the rows of figures are remembered.

    Not safe to share between threads.
    """

    def __init__(
        self,
        table: ConstraintTable,
        is_kept: BoolArray,
        trees: tuple[Tree, Tree],
        cache: ComponentCache,
        known_components: KnownComponents,
    ) -> None:
        """``is_kept``, bool[n_rows], flags the rows that are counted in the total.

        Components are looked up in ``known_components``, and added to them.
        """
        self._state, self._table, self._is_kept = table.state, table, is_kept
        self._trees, self._cache, self._known_components = trees, cache, known_components
        self._rows: dict[str, int] = {}

    def make(self, rows: NDArray[np.integer[Any]]) -> tuple[Figure, ...]:
        """Return the figures of the rows."""
        numbers = rows.tolist()
        figures = self._state.make_figures(numbers)
        self._rows.update((each.id, row) for each, row in zip(figures, numbers, strict=True))
        return figures

    def make_of_constraints(self, constraints: IntArray) -> list[Figure]:
        """Return the kept figures of some constraints, in an order that their content gives."""
        rows = self._table.find_rows(constraints)
        return sorted(self.make(rows[self._is_kept[rows]]), key=make_content_key)

    def row_of(self, figure: Figure) -> int:
        """Return the row of a figure that was made here."""
        return self._rows[figure.id]

    def find_position(self, figure: Figure) -> int:
        """Return the position of a figure in the order of recording."""
        return int(self._state.column("origin")[self.row_of(figure)])

    def make_component(self, members: IntArray) -> Component:
        """Return the constraints of the kept figures in some rows of the table as a component."""
        # Components are also cached by their constraints, which are hashed more slowly.
        key = members.tobytes(), self._is_kept[self._table.find_rows(members)].tobytes()
        component = self._known_components.get(key)
        if component is None:
            constraints = run_steps(self.build_constraints(members))
            component = self._cache.get_component(tuple(constraints))
            self._known_components[key] = component
        else:
            self.make_of_constraints(members)  # So that their rows are known.
        return component

    def build_constraints(self, members: IntArray) -> Steps[list[Constraint]]:
        """Return the constraints of the kept figures in some rows of the table."""
        figures = self.make_of_constraints(members)
        by_id = self._table.state.reclassifiable_figures
        reclassifications = Reclassifications(figures, by_id)
        scopes = FigureScopes(figures, reclassifications, *self._trees)
        constraints = yield from scopes.build_constraints()
        incomplete = self._table.find_incomplete(members)
        if not len(incomplete):
            return constraints
        # A low of theirs is about people of constraints that are not here.
        weakened = {each.id for each in self.make_of_constraints(incomplete)}
        return [_drop_lows(each, weakened) for each in constraints]


def _drop_lows(constraint: Constraint, figure_ids: set[str]) -> Constraint:
    """Return the constraint without the lows of some figures."""
    lower_figures = tuple(each for each in constraint.lower_figures if each.id not in figure_ids)
    return replace(constraint, lower_figures=lower_figures)
