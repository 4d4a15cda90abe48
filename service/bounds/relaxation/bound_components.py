"""Bounds on the people of all narrow components, and of parts of some of them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from service.bounds.computation import Computation, Steps
from service.bounds.relaxation.block_solver import BlockSolver, Members
from service.bounds.relaxation.component_bounds import (
    DENOMINATOR,
    SET_COUNT,
    ComponentBounds,
    make_term_keys,
)
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.shapes import Window
from service.bounds.relaxation.solved_components import SolvedComponents
from service.bounds.solver import Deadline
from service.columns.arrays import IntArray

MAX_WINDOWS: Final = 4
"""The bounds of so many windows are kept."""


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
    multiple = np.flatnonzero((components.sizes > 1) & ~bounds.is_special).tolist()
    members_of = components.members_of
    solver = BlockSolver(table, bounds, solved)
    yield from solver.solve(Members(each, members_of(each)) for each in multiple)
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
    for bits in range(SET_COUNT):
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
    table: ConstraintTable, members: Sequence[IntArray], window: Window, solved: SolvedComponents
) -> Steps[ComponentBounds]:
    """Return bounds on the people that components have in a window.

    The constraints of each component are regular, and their places have intervals. The bounds of a
    component are at its position in ``members``.
    """
    outcomes = [int(np.bitwise_or.reduce(table.outcomes[each])) for each in members]
    bounds = ComponentBounds(np.array(outcomes, dtype=np.int64))
    solver = BlockSolver(table, bounds, solved, window)
    yield from solver.solve(Members(number, each) for number, each in enumerate(members))
    bounds.finish()
    return bounds


class WindowBounds:
    """Bounds of components in the last windows: the totals of one query ask for the same ones.

    Threads may share it.
    """

    def __init__(self, table: ConstraintTable) -> None:
        self._table = table
        self._computations: dict[tuple[Window, bytes], Computation[ComponentBounds]] = {}

    def find(
        self,
        members: Sequence[IntArray],
        window: Window,
        solved: SolvedComponents,
        deadline: Deadline,
    ) -> ComponentBounds | None:
        """Return the bounds of ``bound_in_window``, which must not be changed.

        None if time ran out; a later call continues.
        """
        key = window, np.concatenate(members).tobytes()
        computation = self._computations.get(key)
        if computation is None:
            steps = bound_in_window(self._table, members, window, solved)
            computation = self._computations[key] = Computation(steps)
            for old in list(self._computations)[:-MAX_WINDOWS]:
                self._computations.pop(old, None)
        return computation.run(deadline)
