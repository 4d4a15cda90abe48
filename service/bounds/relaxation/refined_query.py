"""A total refined by a linear program over wide constraints, and proved to be exact where it is.

Starting from a world of the record, the program moves the people whom only wide constraints count,
so that there are as few or as many people in the query as possible. Its dual values are multipliers
that bound what any world has. Where a world reaches the bound, the end of the total is exact.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from service.bounds.combined_total import sort_terms
from service.bounds.computation import Computation, Steps
from service.bounds.crowds import Crowds, join_crowds
from service.bounds.relaxation.component_bounds import DENOMINATOR
from service.bounds.relaxation.component_worlds import Options, join_options, make_options
from service.bounds.relaxation.free_points import Area, find_free_points
from service.bounds.relaxation.large_record import LargeRecord
from service.bounds.relaxation.open_people import has_open_people
from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.record_world import RecordWorld, WorldSearch
from service.bounds.relaxation.shapes import Window, flag_in_window, make_window
from service.bounds.relaxation.wide_multipliers import MultiplierBound, MultiplierBounds
from service.bounds.relaxation.wide_program import Block, BuiltProgram, WideProgram
from service.bounds.solver import Deadline, UnboundedError, UnsolvedError
from service.columns.arrays import BoolArray, IntArray
from service.domain.figure import Scope
from service.domain.total import End, Total

MAX_ROUNDS: Final = 10
"""So many times people of components are chosen anew, and then the program is solved again."""

MAX_SPELLED: Final = 12
"""The program has the constraints of so many components in which people cannot be shared out."""

MAX_KEPT: Final = 64
"""The refinements of so many queries are kept."""

MAX_ADDED_POINTS: Final = 300
"""So many points at most are added to the program before it is solved again."""

SLACK_COST: Final = 3.0
"""The cost of each person whom a wide constraint lacks, or has too many, in people of the query."""

TOLERANCE: Final = 1e-4

WIDENING: Final = 0.01

SOLVER_SECONDS: Final = 5.0


class _FilledWorld(NamedTuple):
    """The best world of a program.

    ``people`` are those in the query, None if the world has no whole people or does not meet all
    figures. ``multipliers``, int[n_wide], are those of wide constraints, in sixtieths. ``mixed``
    are components with parts of several options.
    """

    people: int | None
    multipliers: IntArray
    mixed: IntArray


class _RefinedEnd(NamedTuple):
    """The best bound on one end, and whether a world reaches it.

    ``people`` is None if nothing limits them; ``terms`` are None if the bound was known before.
    """

    people: int | None
    terms: Mapping[tuple[int, End], Fraction] | None
    is_reached: bool


class Refinements:
    """The refinements of totals of one record. The next query continues what has no result yet.

    Threads may share it.
    """

    def __init__(self, record: LargeRecord) -> None:
        self._world = Computation(_find_worlds(record))
        self._ends: dict[Scope, Computation[tuple[_RefinedEnd, _RefinedEnd]]] = {}

    def refine(self, query: QueryFigures, total: Total, deadline: Deadline) -> Total:
        """Return the total, or a narrower one; exact if both ends are reached.

        If time runs out, a later call continues; the total is said to be neither exact nor final.
        """
        total = replace(total, exact=False)
        worlds = self._world.run(deadline)
        if worlds is None:
            return replace(total, is_relaxed=False)
        window = make_window(query.region, query.record.table.place_intervals.axis)
        if window is None or not worlds or not _can_refine(query, worlds[0]):
            return total
        computation = self._ends.get(query.scope)
        if computation is None:
            steps = _refine_ends(query, worlds[0], window, total.low or 0, total.high)
            computation = self._ends[query.scope] = Computation(steps)
            for old in list(self._ends)[:-MAX_KEPT]:
                self._ends.pop(old, None)
        ends = computation.run(deadline)
        if ends is None:
            return replace(total, is_relaxed=False)
        low, high = ends
        total = _replace_end(query, total, "low", low)
        total = _replace_end(query, total, "high", high)
        if total.nearest is not None:
            total = replace(total, nearest=(max(total.nearest[0], total.low or 0), total.high))
        is_exact = low.is_reached and high.is_reached and worlds[0].is_complete
        is_exact &= (total.low, total.high) == (low.people, high.people)
        return replace(total, exact=is_exact, is_relaxed=not is_exact)


def _find_worlds(record: LargeRecord) -> Steps[tuple[RecordWorld, ...]]:
    """Return a world of the record, or nothing if none is found."""
    world = yield from WorldSearch(record).find()
    return () if world is None else (world,)


def _can_refine(query: QueryFigures, world: RecordWorld) -> bool:
    """Whether everything in the query is met by the world, and is not contradicted."""
    record = query.record
    touched = query.touched
    is_special = record.bounds.is_special[touched]
    if (world.is_unknown[touched] & ~is_special).any() or not world.is_met[query.wide].all():
        return False
    return all(record.special[each].is_known for each in touched[is_special].tolist())


def _refine_ends(
    query: QueryFigures, world: RecordWorld, window: Window, low: int, high: int | None
) -> Steps[tuple[_RefinedEnd, _RefinedEnd]]:
    """Return both ends, which are known to be no wider than these."""
    refined_low = yield from _EndSearch(query, world, window, "low").find(low)
    if high is None and has_open_people(query, world.scopes, window):
        return refined_low, _RefinedEnd(None, None, is_reached=True)
    refined_high = yield from _EndSearch(query, world, window, "high").find(high)
    return refined_low, refined_high


def _replace_end(query: QueryFigures, total: Total, end: End, refined: _RefinedEnd) -> Total:
    """Return the total with the refined end, if that is narrower."""
    if refined.terms is None or refined.people is None:
        return total
    terms = sort_terms(query.make_table_terms(refined.terms), query.objects.find_position)
    if end == "low":
        return replace(total, low=refined.people, low_terms=terms, low_roundings=())
    return replace(total, high=refined.people, high_terms=terms, high_roundings=(), opening=())


class _EndSearch:
    """The search for one end: bounds from multipliers, and worlds that may reach them.

    Each bound names people of components who would reach it. They become options of the program,
    whose next multipliers give a better bound (column generation: G. B. Dantzig and P. Wolfe,
    Decomposition principle for linear programs, 1960).
    """

    def __init__(self, query: QueryFigures, world: RecordWorld, window: Window, end: End) -> None:
        self._end = end
        self._sign = 1 if end == "high" else -1
        self._wide_count = world.scopes.count
        self._program = _FillProgram(query, world, window, end)
        self._bounds = MultiplierBounds(query, world, window, end)

    def find(self, known: int | None) -> Steps[_RefinedEnd]:
        """Return the best bound, which is the known one if no other is better."""
        best: MultiplierBound | None = None
        limit = None if known is None else self._sign * known
        reached: int | None = None
        options, spelled = join_options([]), np.zeros(0, dtype=np.int64)
        if self._end == "low":  # Without multipliers it is the sum of the lows of components.
            nothing = self._bounds.find(np.zeros(self._wide_count, dtype=np.int64))
            options = options if nothing is None else nothing.options
        for _ in range(MAX_ROUNDS):
            yield
            try:
                filled = yield from self._program.solve(options, spelled)
            except UnboundedError:  # The world of the record is a solution.
                return _RefinedEnd(None, None, is_reached=known is None)
            except UnsolvedError:
                break
            if filled.people is not None:
                people = self._sign * filled.people
                reached = people if reached is None else max(people, reached)
            if reached is not None and reached == limit:
                break
            yield
            bound = self._bounds.find(filled.multipliers)
            if bound is None:
                break
            people, rest = divmod(bound.sixtieths, DENOMINATOR)
            if not rest and (limit is None or people < limit):
                best, limit = bound, people
            if reached is not None and reached == limit:
                break
            more = bound.options.select(options.find_new(bound.options))
            options = join_options([options, more])
            if not len(more.component):
                if not len(filled.mixed) or len(spelled) + len(filled.mixed) > MAX_SPELLED:
                    break
                spelled = np.union1d(spelled, filled.mixed)
        return _RefinedEnd(
            None if limit is None else self._sign * limit,
            None if best is None else best.terms,
            reached is not None and reached == limit,
        )


class _FillProgram:
    """The linear program of one end.

    Columns are people whom only wide constraints count, at points of the world of the record and of
    the query; options of components, each component has one; and people of components that are
    spelled out. Rows are wide constraints, which have slack.
    """

    def __init__(self, query: QueryFigures, world: RecordWorld, window: Window, end: End) -> None:
        self._query, self._world, self._window = query, world, window
        self._sign = 1 if end == "high" else -1
        area = Area(window.places, window.first, window.last, query.bits)
        free_points = query.record.free_points
        self._own_points = find_free_points(free_points, world.scopes, query.wide, area)
        is_relevant: BoolArray = np.zeros(world.scopes.count, dtype=bool)
        is_relevant[query.wide] = True
        self._is_chosen: BoolArray = world.flag_filled(is_relevant)
        """The points of the world whose people are moved, bool[n_points]."""

    def solve(self, options: Options, spelled: IntArray) -> Steps[_FilledWorld]:
        """Return the best world in which components have their people, or one of the options.

        Raises UnsolvedError, also if there can be any number of people.
        """
        options = options.select(np.flatnonzero(~np.isin(options.component, spelled)))
        components = np.unique(options.component)
        own, counts = self._world.find_crowds(components)
        options = join_options([make_options(components, counts, own), options])
        while True:
            yield
            built, block, own_people = self._build(options, components, spelled)
            duals = built.find_duals(WIDENING, Deadline(SOLVER_SECONDS))
            multipliers = np.rint(-duals * DENOMINATOR).astype(np.int64)
            # People at other points would improve it.
            weights = self._world.weigh_points(multipliers)
            better = np.flatnonzero((weights < 0) & ~self._is_chosen)
            if not len(better):
                break
            best = better[np.argsort(weights[better], kind="stable")[:MAX_ADDED_POINTS]]
            self._is_chosen[best] = True
        solution = built.solve(Deadline(SOLVER_SECONDS))
        choices = solution.primal[block.start : block.stop]
        is_mixed = np.abs(np.rint(choices) - choices) > TOLERANCE
        changed = np.union1d(components, spelled)
        unchanged, _ = self._world.find_crowds(np.setdiff1d(self._query.touched, changed))
        others = int(unchanged.people[self._flag_inside(unchanged)].sum())
        return _FilledWorld(
            int(solution.whole @ own_people) + others if solution.meets_all else None,
            multipliers,
            np.unique(options.component[is_mixed]),
        )

    def _build(
        self, options: Options, components: IntArray, spelled: IntArray
    ) -> tuple[BuiltProgram, Block, IntArray]:
        """Return the program, the columns of the options, and the people in the query of columns.

        ``options`` are those of ``components``; ``spelled`` are others. Raises UnsolvedError.
        """
        world, scopes = self._world, self._world.scopes
        own, _ = world.find_crowds(np.union1d(components, spelled))
        people = world.people - scopes.count_people(own)
        positions = np.flatnonzero(self._is_chosen)
        entries = world.list_entries(positions)
        np.subtract.at(people, entries[1], world.fill[positions][entries[0]])
        program = WideProgram(scopes)
        points = join_crowds([world.points.select(positions), self._own_points])
        program.add_entries(entries, len(positions))
        program.add_points(self._own_points)
        block = program.add_options(options)
        weights = [
            self._flag_inside(points).astype(np.int64),
            self._count_inside(options.owner, options.crowds, len(options.component)),
        ]
        for component in spelled.tolist():
            own_program = world.spell_out(component, self._window)
            program.add_component(own_program)
            columns = own_program.columns
            count = own_program.matrix.shape[1]
            weights.append(self._count_inside(columns, own_program.crowds, count))
        rows = np.flatnonzero(program.flag_counting() & world.is_met)
        own_people = np.concatenate(weights)
        built = program.build(rows, people, -float(self._sign) * own_people, SLACK_COST)
        return built, block, own_people

    def _count_inside(self, columns: IntArray, crowds: Crowds, count: int) -> IntArray:
        """Return how many people of the query each of so many columns has."""
        weights = np.zeros(count, dtype=np.int64)
        is_inside = self._flag_inside(crowds)
        np.add.at(weights, columns[is_inside], crowds.people[is_inside])
        return weights

    def _flag_inside(self, crowds: Crowds) -> BoolArray:
        flags = flag_in_window(self._window, crowds.place, crowds.day)
        flags &= (self._query.bits >> crowds.outcome & 1).astype(bool)
        return flags
