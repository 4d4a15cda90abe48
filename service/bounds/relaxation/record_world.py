"""A world that meets all counted figures of a large record, as far as one could be found.

Each narrow component has the fewest people that it can have. Where that can be done with people of
different outcomes, days or places, a linear program chooses, and adds people whom no narrow figure
counts, so that wide figures are met too. A bound on a total is exact if a world like this one has
so many people in the query.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from service.bounds.account_worlds import Account
from service.bounds.computation import Steps
from service.bounds.crowds import Crowds, join_crowds
from service.bounds.relaxation.component_bounds import list_sets
from service.bounds.relaxation.component_worlds import (
    Options,
    join_options,
    make_options,
    make_world_keys,
)
from service.bounds.relaxation.constraint_table import join_ranges
from service.bounds.relaxation.free_points import find_free_points
from service.bounds.relaxation.large_record import LargeRecord
from service.bounds.relaxation.shapes import Window
from service.bounds.relaxation.special_components import WORLD_ACCOUNTS
from service.bounds.relaxation.weighted_components import ComponentWeigher, SpelledComponent
from service.bounds.relaxation.wide_program import WideProgram
from service.bounds.relaxation.wide_scopes import WideScopes
from service.bounds.solver import Deadline, UnsolvedError
from service.columns.arrays import BoolArray, FloatArray, IntArray
from service.domain.vocabulary import OUTCOMES

MAX_WORLD_SIZE: Final = 2_000_000
"""With more wide constraints times components than this no world is looked for."""

SLACK_COST: Final = 1_000.0
"""The cost of each person whom a wide constraint lacks, or has too many."""

SOLVER_SECONDS: Final = 30.0

MAX_ROUNDS: Final = 6
"""So many programs are solved, each with more components spelled out."""

MAX_SPELLED: Final = 500
"""In each round at most so many components more are spelled out."""

TOLERANCE: Final = 1e-4

MAX_CHOICES: Final = 24
"""A component with one constraint has a choice between so many places and days."""


class RecordWorld:
    """People of components, and people whom only wide constraints count.

    ``people`` are those whom each wide constraint counts, ``is_met`` flags the constraints that
    these numbers meet: int[n_wide] and bool[n_wide]. ``fill``, int[n_points], are the people at
    each of the free ``points``.
    """

    def __init__(
        self,
        record: LargeRecord,
        scopes: WideScopes,
        owners: IntArray,
        crowds: Crowds,
        points: Crowds,
        fill: IntArray,
        is_ignored: BoolArray,
    ) -> None:
        """``owners``, int[n_crowds], are the components of the crowds, in ascending order.

        ``is_ignored``, bool[n_wide], flags wide constraints that nothing was done to meet.
        """
        self.scopes, self.crowds, self.points, self.fill = scopes, crowds, points, fill
        self.owners, self._weigher = owners, record.weigher
        self.point_entries = scopes.list_entries(points)
        """Pairs of a point and of a wide constraint that counts people there, by their positions.

        Points are in ascending order.
        """
        self.people: IntArray = scopes.count_people(crowds)
        point, wide = self.point_entries
        np.add.at(self.people, wide, fill[point])
        self.is_met: BoolArray = (self.people >= scopes.lower) & (self.people <= scopes.upper)
        self.is_met &= ~is_ignored
        self.is_complete = bool(scopes.is_plain.all() and self.is_met.all())
        """Whether all figures are met but those of contradictory components."""
        self.is_unknown: BoolArray = record.bounds.is_special | record.packing.is_contested
        """Which components have people of whom nothing is known for sure, bool[n_components].

        They are contradictory, or share people with what is not met.
        """
        for constraint in record.components.wide[~self.is_met & scopes.is_plain].tolist():
            outcomes = int(record.table.outcomes[constraint])
            shares = record.bounds.outcomes & outcomes != 0
            self.is_unknown |= record.overlaps.find(constraint).components & shares

    def find_crowds(self, components: IntArray) -> tuple[Crowds, IntArray]:
        """Return the people of some components, and how many crowds each of them has."""
        starts = np.searchsorted(self.owners, components)
        stops = np.searchsorted(self.owners, components, side="right")
        return self.crowds.select(join_ranges(starts, stops)), stops - starts

    def spell_out(self, component: int, window: Window, account: Account) -> SpelledComponent:
        """Return the program of a component, cut at wide constraints and at a window.

        Raises UnsolvedError if it has too many cells.
        """
        return spell_out(self._weigher, self.scopes, component, window, account)

    def list_entries(self, points: IntArray) -> tuple[IntArray, IntArray]:
        """Return pairs of some points, numbered from 0, and of wide constraints that count there.

        The points are in ascending order.
        """
        point, wide = self.point_entries
        starts = np.searchsorted(point, points)
        stops = np.searchsorted(point, points, side="right")
        return np.repeat(np.arange(len(points)), stops - starts), wide[join_ranges(starts, stops)]

    def flag_filled(self, is_wanted: BoolArray) -> BoolArray:
        """Return which points have people whom some flagged wide constraint counts."""
        point, wide = self.point_entries
        flags: BoolArray = np.zeros(len(self.fill), dtype=bool)
        flags[point[is_wanted[wide]]] = True
        return flags & (self.fill > 0)

    def weigh_points(self, weights: IntArray) -> IntArray:
        """Return the sum of the weights of the wide constraints that count each point."""
        point, wide = self.point_entries
        sums: IntArray = np.zeros(len(self.fill), dtype=np.int64)
        np.add.at(sums, point, weights[wide])
        return sums


class RecordWorlds(NamedTuple):
    """Worlds of a record by the account of its contradictions; there is always the remaining one.

    ``is_complete`` says whether each of them meets everything but the contradicting figures, and
    whether each end that is set aside in a component is missed in one of them. Then nothing else is
    set aside in the whole record: the least violation is the sum of those of the components.
    """

    by_account: Mapping[Account, RecordWorld]
    is_complete: bool
    has_contradiction: bool


def find_record_worlds(record: LargeRecord) -> Steps[RecordWorlds | None]:
    """Return worlds of the record, None if not even one was found."""
    search = WorldSearch(record)
    contradictory = [each for each in record.special.values() if each.is_contradictory]
    if not contradictory:
        world = yield from search.find("nearest", 0)
        if world is None:
            return None
        return RecordWorlds({"remaining": world}, world.is_complete, has_contradiction=False)
    found: dict[Account, RecordWorld] = {}
    is_complete = True
    for account in WORLD_ACCOUNTS:
        counts = [len(each.worlds[account].crowds) for each in contradictory]
        is_complete &= min(counts) > 0
        for number in range(max(counts)):
            world = yield from search.find(account, number)
            is_complete &= world is not None and world.is_complete
            if world is not None:
                found.setdefault(account, world)
    if not found:
        return None
    remaining = found.get("highs") or found.get("lows") or found["nearest"]
    return RecordWorlds({**found, "remaining": remaining}, is_complete, has_contradiction=True)


class WorldSearch:
    """The search for worlds of a record."""

    def __init__(self, record: LargeRecord) -> None:
        self._record, self._table, self._components = record, record.table, record.components
        self._bounds, self._packing, self._overlaps = record.bounds, record.packing, record.overlaps
        self._weigher = record.weigher
        self._scopes = WideScopes(record.table, record.components.wide)
        self._is_ignored: BoolArray = record.packing.is_wide_contested | ~self._scopes.is_plain

    def find(self, account: Account, number: int) -> Steps[RecordWorld | None]:
        """Return a world; None if the record is too large, or if none was found.

        Contradictory components have their people of an account, those with this number.
        """
        scopes = self._scopes
        if scopes.count * self._components.count > MAX_WORLD_SIZE:
            return None
        yield
        options = self._list_options(account, number)
        if options is None:
            return None
        yield
        points = find_free_points(self._record.free_points, scopes, np.flatnonzero(scopes.is_plain))
        try:
            return (yield from self._solve(options, points))
        except UnsolvedError:
            return None

    def _list_options(self, account: Account, number: int) -> Options | None:
        """Return the options of all components, None if no people of one are known.

        Of options that are the same for all wide constraints there is only one.
        """
        special = self._record.special
        numbers = np.flatnonzero(self._bounds.is_special)
        multiple = self._list_multiple()
        is_multiple = (self._components.sizes > 1) & ~self._bounds.is_special
        has_all = len(np.unique(multiple.component)) == is_multiple.sum()
        if not has_all or not all(each in special for each in numbers.tolist()):
            return None
        known = [special[each].find_crowds(account, number) for each in numbers.tolist()]
        options = join_options(
            [
                self._list_singles(),
                multiple,
                make_options(numbers, [len(each.people) for each in known], join_crowds(known)),
            ]
        )
        return options.select(self._find_distinct(options))

    def _find_distinct(self, options: Options) -> IntArray:
        """Return the first of the options of a component that wide constraints count alike."""
        marks = self._scopes.mark(options.owner, options.crowds, len(options.component))
        pairs = np.stack([options.component, marks], axis=1)
        firsts: IntArray = np.sort(np.unique(pairs, axis=0, return_index=True)[1])
        return firsts

    def _list_singles(self) -> Options:
        """Return the options of components with one constraint."""
        table, components = self._table, self._components
        single = np.flatnonzero((components.sizes == 1) & ~self._bounds.is_special)
        constraints = components.firsts[single]
        has_people = table.lower[constraints] > 0
        single, constraints = single[has_people], constraints[has_people]
        is_shared = self._packing.is_shared[single]
        edges = self._scopes.find_day_edges(np.arange(self._scopes.count))
        rows = [
            (component, *point, people)
            for component, constraint, people, has_choice in zip(
                single.tolist(),
                constraints.tolist(),
                table.lower[constraints].tolist(),
                is_shared.tolist(),
                strict=True,
            )
            for point in self._list_points(constraint, edges, has_choice)
        ]
        component, place, day, outcome, people = np.array(rows, dtype=np.int64).reshape(-1, 5).T
        crowds = Crowds(place, day, outcome, people)
        return make_options(component, np.ones(len(component), np.int64), crowds)

    def _list_points(
        self, constraint: int, edges: IntArray, has_choice: bool
    ) -> Iterator[tuple[int, int, int]]:
        """Yield places, days and outcomes of a constraint, where wide ones may tell them apart."""
        table = self._table
        first, last = int(table.first[constraint]), int(table.last[constraint])
        runs = table.place_intervals.intervals[table.places[constraint]] or ()
        outcomes = int(table.outcomes[constraint])
        begin, end = np.searchsorted(edges, np.array([first + 1, last + 1])).tolist()
        days = [first, *edges[begin:end].tolist()] if has_choice else [first]
        places = [start for start, _ in (runs if has_choice else runs[:1])]
        bits = [each for each in range(len(OUTCOMES)) if outcomes >> each & 1]
        count = 0
        for place in places:
            for day in days:
                for outcome in bits if has_choice else bits[:1]:
                    yield place, day, outcome
                count += 1
                if count == MAX_CHOICES:
                    return

    def _list_multiple(self) -> Options:
        """Return the options of components with several constraints.

        For each set of outcomes there is one with as few people of them as possible.
        """
        bounds, worlds = self._bounds, self._bounds.worlds
        is_multiple = (self._components.sizes > 1) & ~bounds.is_special
        keys: list[IntArray] = []
        owners: list[IntArray] = []
        for bits in list_sets((1 << len(OUTCOMES)) - 1)[::-1]:
            chosen = np.flatnonzero(is_multiple & (bounds.outcomes & bits == bits))
            own = make_world_keys(chosen, bits, "low")
            is_known = worlds.flag_known(own)
            keys.append(own[is_known])
            owners.append(chosen[is_known])
        all_keys = np.concatenate(keys)
        crowds, counts = worlds.find(all_keys)
        return make_options(np.concatenate(owners), counts, crowds)

    def _solve(self, options: Options, points: Crowds) -> Steps[RecordWorld]:
        """Return a world in which each component has one of its options.

        First a program chooses between all options. Components for which it would need parts of
        several options, and those that are cut by constraints that are not met, are then spelled
        out, with the points near them. Raises UnsolvedError.
        """
        counts = np.bincount(options.component, minlength=self._components.count)
        is_choice = counts[options.component] > 1
        yield
        found = self._choose(
            options.select(np.flatnonzero(~is_choice)),
            options.select(np.flatnonzero(is_choice)),
            points,
        )
        spelled: IntArray = np.zeros(0, dtype=np.int64)
        missing = self._count_missing(found)
        for _ in range(MAX_ROUNDS):
            yield
            unsettled = self._find_unsettled(found, missing)
            unsettled = unsettled[~np.isin(unsettled, spelled)]
            unsettled = unsettled[~self._bounds.is_special[unsettled]][:MAX_SPELLED]
            if not len(unsettled):
                break
            spelled = np.union1d(spelled, unsettled)
            found = self._settle(found, spelled)
            missing = self._count_missing(found)
        owners = found.options.component[found.options.owner]
        crowds = found.options.crowds
        return RecordWorld(
            self._record, self._scopes, owners, crowds, found.points, found.fill, self._is_ignored
        )

    def _count_missing(self, found: "_Found") -> IntArray:
        """Return by how many people wide constraints are not met, int[n_wide]."""
        scopes = self._scopes
        people = scopes.count_people(found.options.crowds)
        point, wide = scopes.list_entries(found.points.select(np.flatnonzero(found.fill)))
        np.add.at(people, wide, found.fill[found.fill > 0][point])
        missing: IntArray = np.maximum(scopes.lower - people, people - scopes.upper)
        return np.where(self._is_ignored, 0, np.maximum(missing, 0))

    def _find_unsettled(self, found: "_Found", missing: IntArray) -> IntArray:
        """Return components that have parts of options, and then those with another choice.

        The latter have people in a wide constraint that is not met, and can have them elsewhere.
        """
        is_unsettled: BoolArray = np.zeros(self._components.count, dtype=bool)
        owners = found.options.component[found.options.owner]
        for position in np.flatnonzero(missing).tolist():
            is_unsettled[self._find_choices(owners, found.options.crowds, position)] = True
        is_unsettled[found.mixed] = False
        return np.concatenate([found.mixed, np.flatnonzero(is_unsettled)])

    def _find_choices(self, owners: IntArray, crowds: Crowds, position: int) -> IntArray:
        """Return components with people in a wide constraint who could be elsewhere.

        ``owners``, int[n_crowds], are the components of the crowds.
        """
        constraint = int(self._components.wide[position])
        reach = self._overlaps.find(constraint)
        has_choice = reach.components & ~reach.inner_components
        outcomes = int(self._table.outcomes[constraint])
        has_choice |= reach.inner_components & (self._bounds.outcomes & ~outcomes != 0)
        has_people = np.zeros(len(has_choice), dtype=bool)
        has_people[owners[self._scopes.flag_in(position, crowds)]] = True
        return np.flatnonzero(has_choice & has_people)

    def _choose(self, fixed: Options, choices: Options, points: Crowds) -> "_Found":
        """Return the best choice between options, and people at the points."""
        scopes = self._scopes
        program = WideProgram(scopes)
        distinct = scopes.find_distinct(points)
        program.add_points(points.select(distinct))
        block = program.add_options(choices)
        people = np.zeros(len(choices.component), dtype=np.int64)
        np.add.at(people, choices.owner, choices.crowds.people)
        costs = np.concatenate([np.ones(block.start), people])
        rows = np.flatnonzero(~self._is_ignored)
        built = program.build(rows, scopes.count_people(fixed.crowds), costs, SLACK_COST)
        solution = built.solve(Deadline(SOLVER_SECONDS))
        weights = solution.primal[block.start :]
        chosen = choices.select(_choose_heaviest(choices.component, weights))
        is_mixed = (weights > TOLERANCE) & (weights < 1 - TOLERANCE)
        fill = np.zeros(len(points.people), dtype=np.int64)
        fill[distinct] = solution.whole[: block.start]
        return _Found(
            join_options([fixed, chosen]),
            points,
            fill,
            np.unique(choices.component[is_mixed]),
        )

    def _settle(self, found: "_Found", spelled: IntArray) -> "_Found":
        """Return the same with other people of some components, and at points near them."""
        scopes, points = self._scopes, found.points
        is_other = ~np.isin(found.options.component, spelled)
        others = found.options.select(np.flatnonzero(is_other))
        is_near: BoolArray = np.zeros(scopes.count, dtype=bool)
        for component in spelled.tolist():
            is_near[scopes.find_near(self._weigher.find_extent(component))] = True
        point, wide = scopes.list_entries(points)
        is_moved: BoolArray = np.zeros(len(points.people), dtype=bool)
        is_moved[point[is_near[wide]]] = True
        people = scopes.count_people(others.crowds)
        is_kept = ~is_moved[point]
        np.add.at(people, wide[is_kept], found.fill[point[is_kept]])
        program = WideProgram(scopes)
        moved = points.select(np.flatnonzero(is_moved))
        stop = program.add_points(moved).stop
        own_programs = [spell_out(self._weigher, scopes, each) for each in spelled.tolist()]
        blocks = [program.add_component(each) for each in own_programs]
        costs = np.zeros(blocks[-1].stop)
        costs[:stop] = 1
        for own, block in zip(own_programs, blocks, strict=True):
            costs[block.start + own.columns] = 1
        rows = np.flatnonzero(program.flag_counting() & ~self._is_ignored)
        solution = program.build(rows, people, costs, SLACK_COST).solve(Deadline(SOLVER_SECONDS))
        fill = found.fill.copy()
        fill[is_moved] = solution.whole[:stop]
        parts, is_former = [others], found.options.component < 0
        for component, own, block in zip(spelled.tolist(), own_programs, blocks, strict=True):
            whole = solution.whole[block.start : block.stop]
            if own.is_met_by(whole):
                crowds = own.find_crowds(whole)
                parts.append(make_options(np.array([component]), [len(crowds.people)], crowds))
            else:
                is_former |= found.options.component == component
        parts.append(found.options.select(np.flatnonzero(is_former)))
        return _Found(join_options(parts), points, fill, spelled[:0])


class _Found(NamedTuple):
    """One option of each component, and the people at each point.

    ``mixed`` are components that have parts of several options in a linear program.
    """

    options: Options
    points: Crowds
    fill: IntArray
    mixed: IntArray


def _choose_heaviest(components: IntArray, weights: FloatArray) -> IntArray:
    """Return the position of the heaviest of each component's options, in ascending order."""
    order = np.lexsort((-weights, components))
    firsts = np.unique(components[order], return_index=True)[1]
    chosen: IntArray = np.sort(order[firsts])
    return chosen


def spell_out(
    weigher: ComponentWeigher,
    scopes: WideScopes,
    component: int,
    window: Window | None = None,
    account: Account = "remaining",
) -> SpelledComponent:
    """Return the program of a component, cut at wide constraints and at a window.

    Raises UnsolvedError if it has too many cells.
    """
    near = scopes.find_near(weigher.find_extent(component))
    windows = [scopes.get_window(each) for each in near.tolist()]
    own = [] if window is None else [window]
    return weigher.spell_out(component, tuple(dict.fromkeys([*own, *windows])), account)
