"""Bounds on the people of all narrow components, and of parts of some of them."""

from dataclasses import replace
from threading import Lock
from typing import Final

import numpy as np

from service.bounds.computation import Computation, Steps
from service.bounds.relaxation.block_solver import BlockSolver
from service.bounds.relaxation.component_bounds import (
    ComponentBounds,
    make_term_keys,
)
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.equal_components import ComponentMembers, make_members
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.shapes import Window
from service.bounds.relaxation.solved_components import SolvedComponents
from service.bounds.solver import Deadline
from service.columns.column_terms import DENOMINATOR

MAX_WINDOW_COMPONENTS: Final = 2_000_000
"""The bounds of so many components in windows are kept, those of the last windows."""


def bound_components(
    table: ConstraintTable, components: NarrowComponents, solved: SolvedComponents
) -> Steps[ComponentBounds]:
    """Return the bounds of all components; each step solves some of them.

    ``solved`` are those of earlier states, to which the new ones are added.
    """
    members = components.find_members(np.arange(components.count))
    starts = np.cumsum(components.sizes) - components.sizes
    outcomes = table.reach_outcomes[members]
    bounds = ComponentBounds(
        np.bitwise_or.reduceat(outcomes, starts) if components.count else outcomes
    )
    if components.count:
        bounds.is_special[:] = np.logical_or.reduceat(table.is_irregular[members], starts)
        has_intervals = np.array(
            [each is not None for each in table.place_intervals.intervals], dtype=bool
        )
        bounds.is_special |= ~np.logical_and.reduceat(has_intervals[table.places[members]], starts)
    _bound_singles(table, components, bounds)
    is_multiple = (components.sizes > 1) & ~bounds.is_special
    # Only wide constraints need a world, to be met beside the components.
    solver = BlockSolver(table, bounds, solved, keeps_worlds=bool(len(components.wide)))
    all_members = make_members(np.arange(components.count), components.sizes, members)
    yield from solver.solve(all_members.select(is_multiple))
    bounds.finish()
    return bounds


def _bound_singles(
    table: ConstraintTable, components: NarrowComponents, bounds: ComponentBounds
) -> None:
    """Set the bounds of components with one constraint, and flag contradictory ones."""
    is_single = components.sizes == 1
    bounds.is_special |= is_single & (
        table.lower[components.firsts] > table.upper[components.firsts]
    )
    single = np.flatnonzero(is_single & ~bounds.is_special)
    constraints = components.firsts[single]
    lower, upper = table.lower[constraints], table.upper[constraints]
    outcomes = table.outcomes[constraints]
    for bits in bounds.lows.sets:
        bounds.lows[single, bits] = np.where(outcomes & ~bits, 0, lower)
        bounds.highs[single, bits] = np.where(outcomes & bits, upper, 0)
        bounds.is_exact[single, bits] = True
        is_low = (outcomes & ~bits == 0) & (lower > 0)
        is_high = (outcomes & bits != 0) & (upper < OPEN)
        for terms, flags in ((bounds.low_terms, is_low), (bounds.high_terms, is_high)):
            keys = make_term_keys(single[flags & (outcomes & bits == bits)], bits)
            chosen = constraints[flags & (outcomes & bits == bits)]
            terms.add(keys, chosen, np.full(len(keys), DENOMINATOR))


def bound_in_window(
    table: ConstraintTable, members: ComponentMembers, window: Window, solved: SolvedComponents
) -> Steps[ComponentBounds]:
    """Return bounds on the people that components have in a window.

    There is at least one component. The constraints of each are regular, and their places have
    intervals. The bounds of a component are at its position in ``members``.
    """
    outcomes = table.outcomes[members.constraints]
    bounds = ComponentBounds(np.bitwise_or.reduceat(outcomes, members.starts[:-1]))
    solver = BlockSolver(table, bounds, solved, window, keeps_worlds=False)
    yield from solver.solve(replace(members, components=np.arange(len(members.components))))
    bounds.finish()
    return bounds


class WindowBounds:
    """Bounds of components in the last windows: the totals of one query ask for the same ones.

    Threads may share it.
    """

    def __init__(self, table: ConstraintTable) -> None:
        self._table = table
        self._lock = Lock()
        self._computations: dict[tuple[Window, bytes], Computation[ComponentBounds]] = {}
        self._sizes: dict[tuple[Window, bytes], int] = {}

    def find(
        self,
        members: ComponentMembers,
        window: Window,
        solved: SolvedComponents,
        deadline: Deadline,
    ) -> ComponentBounds | None:
        """Return the bounds of ``bound_in_window``, which must not be changed.

        None if time ran out; a later call continues.
        """
        key = window, members.constraints.tobytes()
        with self._lock:
            computation = self._computations.pop(key, None)
            if computation is None:
                steps = bound_in_window(self._table, members, window, solved)
                computation = Computation(steps)
            self._computations[key] = computation
            self._sizes[key] = len(members.components)
            self._drop_old()
        return computation.run(deadline)

    def _drop_old(self) -> None:
        """Keep the last windows, within the limit; the caller has the lock."""
        while sum(self._sizes.values()) > MAX_WINDOW_COMPONENTS and len(self._sizes) > 1:
            oldest = next(iter(self._computations))
            del self._computations[oldest], self._sizes[oldest]
