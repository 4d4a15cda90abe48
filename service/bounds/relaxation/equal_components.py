"""Components with the same shape and the same numbers of people, which have the same bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from service.bounds.computation import Steps
from service.bounds.relaxation.component_worlds import ComponentEdges
from service.bounds.relaxation.constraint_table import ConstraintTable, join_slices, number_distinct
from service.bounds.relaxation.shapes import ShapeFinder, Window
from service.bounds.relaxation.solved_components import ComponentKey, make_component_key
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE


@dataclass(frozen=True, slots=True)
class ComponentMembers:
    """Components by their numbers, and the constraints of each.

    The constraints of the component at a position are ``constraints[starts[position] :
    starts[position + 1]]``; ``starts`` is int[n_components + 1].
    """

    components: IntArray
    starts: IntArray
    constraints: IntArray

    def __iter__(self) -> Iterator[tuple[int, IntArray]]:
        """Yield each component with its constraints."""
        runs = pairwise(self.starts.tolist())
        for component, (start, stop) in zip(self.components.tolist(), runs, strict=True):
            yield component, self.constraints[start:stop]

    @property
    def sizes(self) -> IntArray:
        """How many constraints each component has."""
        return np.diff(self.starts)

    def select(self, flags: BoolArray) -> "ComponentMembers":
        """Return some of the components."""
        chosen = np.flatnonzero(flags)
        constraints = join_slices(self.constraints, self.starts, chosen)
        return make_members(self.components[chosen], self.sizes[chosen], constraints)


def make_members(components: IntArray, sizes: IntArray, constraints: IntArray) -> ComponentMembers:
    """Return components with so many of the constraints each, one after the other."""
    starts = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return ComponentMembers(components, starts, constraints)


class EqualComponents:
    """Components with the same shape and numbers, and their constraints in its order."""

    def __init__(self, key: ComponentKey) -> None:
        self.key = key
        self._components: list[IntArray] = []
        self._orders: list[IntArray] = []

    def add(self, components: IntArray, orders: IntArray) -> None:
        """Add components; ``orders``, int[n_components, n_constraints], are their constraints."""
        self._components.append(components)
        self._orders.append(orders)

    @property
    def components(self) -> IntArray:
        """The numbers of the components."""
        return np.concatenate(self._components)

    @property
    def orders(self) -> IntArray:
        """The constraints of each component in the order of the shape."""
        return np.concatenate(self._orders)


class EqualSearch:
    """Finds which components are equal: regular ones, whose places have intervals.

    In a register, nearly all events have figures of the same places and days. Of these, equal ones
    are found by their arrays, and the shape of only one of them is made.
    """

    def __init__(
        self, table: ConstraintTable, window: Window | None, edges: dict[int, ComponentEdges] | None
    ) -> None:
        """``edges`` takes those of each component by its number; None if nobody needs them."""
        self._table, self._window, self._edges = table, window, edges
        self._finder = ShapeFinder(table)
        self._found: dict[ComponentKey, EqualComponents] = {}

    def find(self, members: ComponentMembers) -> Steps[list[EqualComponents]]:
        """Return the components, equal ones together; each step looks at some of them."""
        is_plain = self._flag_plain(members)
        plain = members.select(is_plain)
        for size in np.unique(plain.sizes).tolist():
            yield
            yield from self._add_plain(plain.select(plain.sizes == size), size)
        for component, constraints in members.select(~is_plain):
            yield
            self._add(np.array([component]), constraints[None])
        return list(self._found.values())

    def _flag_plain(self, members: ComponentMembers) -> BoolArray:
        """Return which components have constraints of the same places, days and incident only.

        With a window, they are wholly inside its places and days.
        """
        table, starts = self._table, members.starts[:-1]
        flags: BoolArray = np.ones(len(starts), dtype=bool)
        if not len(starts):
            return flags
        for column in (table.places, table.first, table.last, table.incident):
            values = column[members.constraints]
            flags &= np.minimum.reduceat(values, starts) == np.maximum.reduceat(values, starts)
        if self._window is not None:
            firsts, window = members.constraints[starts], self._window
            start, stop = table.place_intervals.hulls[table.places[firsts]].T
            flags &= (table.first[firsts] >= window.first) & (table.last[firsts] <= window.last)
            flags &= np.any(
                [(start >= low) & (stop <= high) for low, high in window.places], axis=0
            )
        return flags

    def _add_plain(self, members: ComponentMembers, size: int) -> Steps[None]:
        """Add components of one size whose constraints have the same places, days and incident."""
        table = self._table
        constraints = members.constraints
        owners = np.repeat(np.arange(len(members.components)), size)
        # The order of ShapeFinder, whose other sort keys are equal here.
        order = np.lexsort(
            (constraints, table.groups[constraints], table.outcomes[constraints], owners)
        )
        orders = constraints[order].reshape(-1, size)
        columns = [
            column[orders[:, position]]
            for position in range(size)
            for column in (table.outcomes, table.groups, table.lower, table.upper)
        ]
        columns.append((table.incident[orders[:, 0]] != NONE).astype(np.int64))
        columns.append(table.place_intervals.interval_counts[table.places[orders[:, 0]]])
        numbers, firsts = number_distinct(columns)
        by_number = np.argsort(numbers, kind="stable")
        edges = np.searchsorted(numbers[by_number], np.arange(len(firsts) + 1))
        for start, stop in pairwise(edges.tolist()):
            yield
            chosen = by_number[start:stop]
            self._add(members.components[chosen], orders[chosen])

    def _add(self, components: IntArray, orders: IntArray) -> None:
        """Add equal components; the constraints of each need not be in the order of the shape."""
        shape, order, edges = self._finder.find_shape(orders[0], self._window)
        positions = {constraint: at for at, constraint in enumerate(orders[0].tolist())}
        ordered = orders[:, [positions[each] for each in order]]
        key = make_component_key(self._table, shape, order)
        if key not in self._found:
            self._found[key] = EqualComponents(key)
        self._found[key].add(components, ordered)
        if self._edges is not None:
            self._edges[int(components[0])] = edges
            for component, constraints in zip(components[1:].tolist(), orders[1:], strict=True):
                self._edges[component] = self._finder.find_edges(constraints, self._window)
