"""The constraints of a large record in small components, without the wide ones that tie them.

A constraint about few places and days shares people with few others. One about a country's week
shares people with all of them. Without the latter, components stay small at any size of record.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from service.bounds.computation import Steps
from service.bounds.disjoint_sets import DisjointSets
from service.bounds.relaxation.constraint_table import UNLIMITED, ConstraintTable, join_slices
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.trees import Interval
from service.domain.vocabulary import OUTCOMES

WIDE: Final = -1
"""The label of a constraint that is in no narrow component."""

MAX_SMALL_AREA: Final = 64
"""A constraint with at most so many places times days is narrow, whatever it overlaps."""

MAX_COMPONENT: Final = 64
"""A constraint with a larger area is narrow if its component gets no more constraints than this."""

CHUNK_CELLS: Final = 4_096
"""How many cells are compared with a constraint before it is known to overlap too many."""

MIN_REGISTER: Final = 4_096
"""A scheme with so many constraints is a register, which has a list of cells of its own.

A constraint about an incident of the register is not compared with other incidents of it.
"""


class NarrowComponents:
    """The component of each narrow constraint, and the constraints of each component.

    ``labels``, int[n_constraints], is ``WIDE`` for wide constraints.
    """

    def __init__(self, labels: IntArray) -> None:
        self.labels = labels
        narrow = np.flatnonzero(labels != WIDE)
        self._members: IntArray = narrow[np.argsort(labels[narrow], kind="stable")]
        self.count = int(labels.max(initial=WIDE)) + 1
        self._starts = np.searchsorted(labels[self._members], np.arange(self.count + 1))
        self.wide: IntArray = np.flatnonzero(labels == WIDE)
        """The wide constraints, int[n_wide], in ascending order."""

    @property
    def sizes(self) -> IntArray:
        """How many constraints each component has, int[n_components]."""
        return np.diff(self._starts)

    @property
    def firsts(self) -> IntArray:
        """One constraint of each component, int[n_components]."""
        return self._members[self._starts[:-1]]

    def members_of(self, component: int) -> IntArray:
        """Return the constraints of a component, in ascending order."""
        return self._members[self._starts[component] : self._starts[component + 1]]

    def find_members(self, components: IntArray) -> IntArray:
        """Return the constraints of some components, component by component."""
        return join_slices(self._members, self._starts, components)


def find_narrow_components(table: ConstraintTable) -> Steps[NarrowComponents]:
    """Return the narrow components; each step compares some constraints with others."""
    search = _NarrowSearch(table)
    yield from search.sweep_small()
    search.unite_irregular()
    yield from search.join_larger()
    return search.make_components()


class _NarrowSearch:
    """The search for narrow components: which constraints are narrow, and which are united."""

    def __init__(self, table: ConstraintTable) -> None:
        self._table = table
        days = table.last - table.first + 1
        sizes = table.place_intervals.sizes[table.places]
        self._areas = np.minimum(sizes * days, UNLIMITED)
        self._is_narrow: BoolArray = self._areas <= MAX_SMALL_AREA
        self._number_registers()
        self._sets = DisjointSets(len(table), self._find_first_of_incident().tolist())
        self._list_cells(np.flatnonzero(self._is_narrow))

    def _number_registers(self) -> None:
        """Set the register of each constraint: its scheme, or ``NONE``.

        The constraints of one incident of a register are so few that they are a component, unless
        others share people with them.
        """
        table = self._table
        self._by_incident = np.argsort(table.incident, kind="stable")
        incidents = table.incident[self._by_incident]
        schemes, counts = np.unique(table.scheme, return_counts=True)
        is_register = np.isin(table.scheme, schemes[(counts >= MIN_REGISTER) & (schemes != NONE)])
        self._starts = np.searchsorted(incidents, table.incident)
        self._stops = np.searchsorted(incidents, table.incident, side="right")
        is_register &= self._stops - self._starts <= MAX_COMPONENT
        self._registers: IntArray = np.where(is_register, table.scheme, NONE)

    def _find_first_of_incident(self) -> IntArray:
        """Return the first constraint of the incident of each one, or itself outside registers."""
        itself = np.arange(len(self._table))
        return np.where(self._registers == NONE, itself, self._by_incident[self._starts])

    def _list_cells(self, small: IntArray) -> None:
        """List the places of each small constraint, sorted by place and first day."""
        table, intervals = self._table, self._table.place_intervals.intervals
        selections = np.unique(table.places[small])
        places_of = [
            np.concatenate([np.arange(start, stop) for start, stop in intervals[selection] or ()])
            for selection in selections.tolist()
        ]
        starts = np.zeros(len(places_of) + 1, dtype=np.int64)
        np.cumsum([len(each) for each in places_of], out=starts[1:])
        numbers = np.searchsorted(selections, table.places[small])
        all_places = np.concatenate([np.zeros(0, np.int64), *places_of])
        owners = np.repeat(small, starts[numbers + 1] - starts[numbers])
        places = join_slices(all_places, starts, numbers)
        order = np.lexsort((table.first[owners], places))
        self._cells = _Cells(places[order], owners[order])
        registers = self._registers[self._cells.owners]
        self._cells_by_register = {
            each: self._cells.select(registers == each) for each in np.unique(registers).tolist()
        }

    def sweep_small(self) -> Steps[None]:
        """Unite small constraints that share a place, a day and an outcome.

        Those of one place are swept in the order of their first days. Incidents of one scheme are
        different people, those of different schemes can be the same. Each incident of a register is
        one component already.
        """
        table = self._table
        for bit in range(len(OUTCOMES)):
            is_of_outcome = (table.reach_outcomes[self._cells.owners] >> bit & 1).astype(bool)
            places, owners = self._cells.select(is_of_outcome)
            days = table.first[owners], table.last[owners]
            for begin, end in _find_runs(places, *days, self._registers[owners]):
                yield
                self._sweep_run(owners[begin:end])

    def _sweep_run(self, owners: IntArray) -> None:
        """Unite the constraints of one place, in the order of their first days."""
        table, unite = self._table, self._sets.unite
        open_runs: dict[int, list[tuple[int, int, int]]] = {}
        for owner, first, last, scheme, incident in zip(
            owners.tolist(),
            table.first[owners].tolist(),
            table.last[owners].tolist(),
            table.scheme[owners].tolist(),
            table.incident[owners].tolist(),
            strict=True,
        ):
            for other_scheme, runs in open_runs.items():
                is_same_scheme = scheme == other_scheme and scheme != NONE
                still_open = [run for run in runs if run[0] >= first]
                for _, other, other_incident in still_open:
                    if not is_same_scheme or incident == other_incident:
                        unite(other, owner)
                open_runs[other_scheme] = still_open
            open_runs.setdefault(scheme, []).append((last, owner, incident))

    def unite_irregular(self) -> None:
        """Unite narrow constraints that count people of each other outside of their own scopes."""
        for group in self._table.irregular_groups:
            narrow = group[self._is_narrow[group]].tolist()
            for one, other in pairwise(narrow):
                self._sets.unite(one, other)

    def join_larger(self) -> Steps[None]:
        """Add larger constraints, the smallest first, to the components that they overlap.

        One that would make a component of more than ``MAX_COMPONENT`` constraints stays wide.
        """
        larger = np.flatnonzero(~self._is_narrow & (self._areas < UNLIMITED))
        self._joined: dict[int, list[int]] = {}
        if self._is_one_register():
            self._is_narrow[larger] = True  # They share people with their own incident only.
            return
        roots = self._sets.find_all()[self._is_narrow]
        distinct, counts = np.unique(roots, return_counts=True)
        self._sizes = dict(zip(distinct.tolist(), counts.tolist(), strict=True))
        for constraint in larger[np.argsort(self._areas[larger], kind="stable")].tolist():
            yield
            roots_met = self._find_met(constraint)
            if roots_met is not None:
                self._join(constraint, roots_met)

    def _is_one_register(self) -> bool:
        """Whether all constraints are of one register, and count nobody outside of their scopes."""
        registers = self._registers
        return bool(
            len(registers)
            and registers[0] != NONE
            and (registers == registers[0]).all()
            and not self._table.is_irregular.any()
        )

    def _join(self, constraint: int, roots_met: set[int]) -> None:
        size = 1 + sum(self._sizes.pop(root) for root in roots_met)
        for root in roots_met:
            self._sets.unite(root, constraint)
        self._sizes[self._sets.find(constraint)] = size
        self._is_narrow[constraint] = True
        self._joined.setdefault(int(self._registers[constraint]), []).append(constraint)

    def _find_met(self, constraint: int) -> set[int] | None:
        """Return the roots of the components that it overlaps; None if they are too large."""
        partners = self._table.add_partners(np.array([constraint]))
        met = partners[self._is_narrow[partners]]
        roots_met = {self._sets.find(each) for each in met.tolist()}
        size = 1 + sum(self._sizes[root] for root in roots_met)
        for others in self._iterate_near(constraint):
            if size > MAX_COMPONENT:
                return None
            for other in others[self._flag_overlapping(constraint, others)].tolist():
                root = self._sets.find(other)
                if root not in roots_met:
                    roots_met.add(root)
                    size += self._sizes[root]
                    if size > MAX_COMPONENT:
                        return None
        return roots_met

    def _iterate_near(self, constraint: int) -> Iterator[IntArray]:
        """Yield narrow constraints that may have a place in common, some at a time."""
        intervals = self._table.place_intervals.intervals[self._table.places[constraint]] or ()
        own_register = int(self._registers[constraint])
        if own_register != NONE:
            yield self._find_same_incident(constraint)
        for register, joined in self._joined.items():
            if register == NONE or register != own_register:
                yield self._find_near(joined, intervals)
        for register, cells in self._cells_by_register.items():
            if register == NONE or register != own_register:
                yield from cells.iterate_within(intervals)

    def _find_same_incident(self, constraint: int) -> IntArray:
        """Return the narrow constraints of the same incident."""
        same = self._by_incident[self._starts[constraint] : self._stops[constraint]]
        found: IntArray = same[self._is_narrow[same]]
        return found

    def _find_near(self, joined: list[int], intervals: tuple[Interval, ...]) -> IntArray:
        """Return those of some larger narrow constraints that have a place in common."""
        table = self._table
        flags = table.place_intervals.flag_overlapping(intervals)
        candidates = np.array(joined, dtype=np.int64)
        found: IntArray = candidates[flags[table.places[candidates]]]
        return found

    def _flag_overlapping(self, constraint: int, others: IntArray) -> BoolArray:
        """Return which others share people with the constraint, if they share a place."""
        table = self._table
        flags = (table.first[others] <= table.last[constraint]) & (
            table.last[others] >= table.first[constraint]
        )
        flags &= (table.reach_outcomes[others] & table.reach_outcomes[constraint]) != 0
        if table.scheme[constraint] != NONE:
            flags &= (table.scheme[others] != table.scheme[constraint]) | (
                table.incident[others] == table.incident[constraint]
            )
        result: BoolArray = flags
        return result

    def make_components(self) -> NarrowComponents:
        """Return what was found."""
        is_narrow, table = self._is_narrow, self._table
        labels = np.full(len(table), WIDE, dtype=np.int64)
        roots = self._sets.find_all()[is_narrow]
        labels[is_narrow] = np.unique(roots, return_inverse=True)[1]
        return NarrowComponents(labels)


class _Cells(NamedTuple):
    """Places of small constraints, sorted by place and first day, with the constraint of each."""

    places: IntArray
    owners: IntArray

    def select(self, is_chosen: BoolArray) -> "_Cells":
        """Return some of the cells."""
        return _Cells(self.places[is_chosen], self.owners[is_chosen])

    def iterate_within(self, intervals: Iterable[Interval]) -> Iterator[IntArray]:
        """Yield the constraints of the cells within intervals of places, some at a time."""
        for start, stop in intervals:
            begin, end = np.searchsorted(self.places, (start, stop))
            for chunk in range(int(begin), int(end), CHUNK_CELLS):
                yield self.owners[chunk : min(chunk + CHUNK_CELLS, int(end))]


def _find_runs(
    places: IntArray, first: IntArray, last: IntArray, registers: IntArray
) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each run of several cells of one place whose days overlap.

    Cells are sorted by place and first day. Runs of one register only are left out.
    """
    if not len(places):
        return
    base = int(first.min())
    width = int(last.max()) - base + 2
    ends = np.maximum.accumulate(places * width + (last - base))
    is_new = np.ones(len(places), dtype=bool)
    is_new[1:] = (places * width + (first - base))[1:] > ends[:-1]
    begins = np.flatnonzero(is_new)
    edges = np.append(begins, len(places))
    is_mixed = np.minimum.reduceat(registers, begins) != np.maximum.reduceat(registers, begins)
    is_wanted = (is_mixed | (registers[begins] == NONE)) & (np.diff(edges) > 1)
    for position in np.flatnonzero(is_wanted).tolist():
        yield int(edges[position]), int(edges[position + 1])
