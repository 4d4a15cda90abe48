"""The fewest or the most people in a query, as a bound that a world reaches.

Starting from a world of the record, a linear program moves the people whom only wide constraints
count, so that there are as few or as many people in the query as possible. Its dual values are
multipliers that bound what any world has. Where a world in whole people has as many people in the
query as the bound says, the end is exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import inf
from typing import Final, NamedTuple

import numpy as np

from service.bounds.account_worlds import Account
from service.bounds.computation import Steps
from service.bounds.crowds import Crowds, join_crowds
from service.bounds.relaxation.component_worlds import Options, join_options, make_options
from service.bounds.relaxation.end_objective import EndObjective
from service.bounds.relaxation.free_points import Area, find_free_points
from service.bounds.relaxation.shapes import flag_in_window
from service.bounds.relaxation.weighted_components import SpelledComponent
from service.bounds.relaxation.wide_multipliers import MultiplierBound, MultiplierBounds
from service.bounds.relaxation.wide_program import Block, BuiltProgram, WideProgram
from service.bounds.solver import Deadline, UnboundedError, UnsolvedError
from service.columns.arrays import BoolArray, IntArray
from service.columns.column_terms import DENOMINATOR
from service.domain.total import End

MAX_ROUNDS: Final = 16
"""So many times people of components are chosen anew, and then the program is solved again."""

MAX_SPELLED: Final = 40
"""The program has the constraints of so many components in which people cannot be shared out."""

MAX_ADDED_POINTS: Final = 300
"""So many points at most are added to the program before it is solved again."""

SLACK_COST: Final = 3.0
"""The cost of each person whom a wide constraint lacks, or has too many, in people of the query."""

TOLERANCE: Final = 1e-4

WIDENING: Final = 0.01

SOLVER_SECONDS: Final = 5.0


class _FilledWorld(NamedTuple):
    """The best world of a program.

    ``people`` are those in the query; ``meets_all`` says whether they meet all figures.
    ``wide_people``, int[n_wide], are those whom wide constraints count. ``multipliers``,
    int[n_wide], are those of wide constraints, in sixtieths. ``mixed`` are components with parts of
    several options, ``chosen`` are people of components that may be others than in the world that
    the program began with.
    """

    people: int
    meets_all: bool
    wide_people: IntArray
    multipliers: IntArray
    mixed: IntArray
    chosen: Options


class _Built(NamedTuple):
    """The program of a world, and where its columns are.

    ``block`` has the columns of the options; ``spelled`` has the components that are spelled out,
    with their columns. ``own_people`` says how many people of the query each column has.
    ``others``, int[n_wide], are the people whom wide constraints count and no column has.
    """

    program: BuiltProgram
    block: Block
    spelled: Sequence[tuple[SpelledComponent, Block]]
    own_people: IntArray
    others: IntArray


class RefinedEnd(NamedTuple):
    """The best bound on one end, and whether a world reaches it.

    ``people`` is None if nothing limits them; ``terms`` are None if the bound was known before.
    """

    people: int | None
    terms: Mapping[tuple[int, End], Fraction] | None
    is_reached: bool


class EndSearch:
    """The search for one end: bounds from multipliers, and worlds that may reach them.

    Each bound names people of components who would reach it. They become options of the program,
    whose next multipliers give a better bound (column generation: G. B. Dantzig and P. Wolfe,
    Decomposition principle for linear programs, 1960).
    """

    def __init__(self, objective: EndObjective, start: "EndSearch | None" = None) -> None:
        """``start`` is a search in other accounts, already done."""
        query = objective.query
        self._objective, self._sign = objective, objective.sign
        self._record, self._scopes = query.record, objective.world.scopes
        self._is_first = start is None
        former = None if start is None else start._program
        self._program: _FillProgram = _FillProgram(objective, former)
        self._bounds = MultiplierBounds(objective)
        self._options, self._spelled = join_options([]), np.zeros(0, dtype=np.int64)
        is_special = query.record.bounds.is_special[query.touched]
        self._special: IntArray = query.touched[is_special]
        self._reached: _FilledWorld | None = None
        self._tight: MultiplierBound | None = None
        if start is not None:
            self._spelled = start._spelled
            is_special = query.record.bounds.is_special[start._options.component]
            self._options = start._options.select(np.flatnonzero(~is_special))

    def find(self, known: int | None) -> Steps[RefinedEnd]:
        """Return the best bound, which is the known one if no other is better."""
        best: MultiplierBound | None = None
        limit = None if known is None else self._sign * known
        if self._is_first and self._objective.end == "low":
            # Without multipliers it is the sum of the lows of components.
            self._add_options(self._bounds.find(np.zeros(self._scopes.count, dtype=np.int64)))
        for _ in range(MAX_ROUNDS):
            yield
            try:
                filled = yield from self._program.solve(self._options, self._spelled)
            except UnboundedError:  # The world of the record is a solution.
                return RefinedEnd(None, None, is_reached=known is None)
            except UnsolvedError:
                break
            self._note_reached(filled)
            if self._is_reached(limit):
                break
            yield
            bound = self._bounds.find(filled.multipliers)
            if bound is not None:
                people, rest = divmod(bound.sixtieths, DENOMINATOR)
                if not rest and (limit is None or people < limit):
                    best, limit = bound, people
            if self._is_reached(limit):
                break
            if not (
                self._add_options(bound)
                or self._spell_out(filled.mixed)
                or self._spell_out(self._special)
            ):
                break
        return RefinedEnd(
            None if limit is None else self._sign * limit,
            None if best is None else best.terms.list_terms(),
            self._is_reached(limit),
        )

    def _spell_out(self, components: IntArray) -> bool:
        """Spell out some components too; return whether some of them are new."""
        spelled = np.union1d(self._spelled, components)
        if len(spelled) == len(self._spelled) or len(spelled) > MAX_SPELLED:
            return False
        self._spelled = spelled
        return True

    def _note_reached(self, filled: _FilledWorld) -> None:
        """Remember a world if it meets all figures and has more people than those before."""
        best = -inf if self._reached is None else self._sign * self._reached.people
        if filled.meets_all and self._sign * filled.people > best:
            self._reached = filled

    def _is_reached(self, limit: int | None) -> bool:
        """Whether a world has as many people as the limit says, which is negative of a low."""
        return self._reached is not None and self._sign * self._reached.people == limit

    def is_moved(self, components: Iterable[int], account: Account) -> bool | None:
        """Return whether the end is another one if some components have other ends.

        The end must be reached. False if a world reaches it with the people of these components
        exchanged; True if a bound is narrower by one person at least; None if neither is known.
        """
        reached = self._reached
        special = self._record.special
        others = {each: special[each].find_crowds(account, 0) for each in components}
        if reached is not None and self._can_exchange(reached, others):
            return False
        bound = reached and self._find_tight(reached)
        if reached is None or bound is None:
            return None
        sixtieths = bound.sixtieths
        for component in others.keys() & bound.special.keys():
            weights = bound.special[component]
            found = self._bounds.weigh_special(component, weights, account)
            sixtieths += found.weight - weights.most
            others[component] = others[component] if found.crowds is None else found.crowds
        if sixtieths <= (self._sign * reached.people - 1) * DENOMINATOR:
            return True
        return False if self._can_exchange(reached, others) else None

    def _can_exchange(self, reached: _FilledWorld, others: Mapping[int, Crowds]) -> bool:
        """Whether a world reaches the end, too, if some components have other people."""
        program, scopes = self._program, self._scopes
        wide_people, inside = reached.wide_people.copy(), 0
        for component, crowds in others.items():
            former = program.find_crowds(component, reached.chosen)
            wide_people += scopes.count_people(crowds) - scopes.count_people(former)
            inside += program.count_inside(crowds) - program.count_inside(former)
        is_met = (wide_people >= scopes.lower) & (wide_people <= scopes.upper)
        return not inside and bool(is_met.all())

    def _find_tight(self, reached: _FilledWorld) -> MultiplierBound | None:
        """Return a bound that the reached world meets exactly, None if none is known."""
        if self._tight is None:
            bound = self._bounds.find(reached.multipliers)
            sixtieths = self._sign * reached.people * DENOMINATOR
            if bound is not None and bound.sixtieths == sixtieths:
                self._tight = bound
        return self._tight

    def _add_options(self, bound: MultiplierBound | None) -> bool:
        """Add the options of a bound, and return whether some of them are new."""
        if bound is None:
            return False
        more = bound.options.select(self._options.find_new(bound.options))
        self._options = join_options([self._options, more])
        return bool(len(more.component))


class _FillProgram:
    """The linear program of one end.

    Columns are people whom only wide constraints count, at points of the world of the record and of
    the query; options of components, each component has one; and people of components that are
    spelled out. Rows are wide constraints, which have slack.
    """

    def __init__(self, objective: EndObjective, start: "_FillProgram | None") -> None:
        """The program also moves the people at all points that the program ``start`` moved."""
        query, world, window, _, accounts = objective
        self._query, self._world, self._window, self._accounts = query, world, window, accounts
        self._sign = objective.sign
        is_relevant: BoolArray = np.zeros(world.scopes.count, dtype=bool)
        is_relevant[query.wide] = True
        self._is_chosen: BoolArray = world.flag_filled(is_relevant)
        """The points of the world whose people are moved, bool[n_points]."""
        if start is None:
            area = Area(window.places, window.first, window.last, query.bits)
            free_points = query.record.free_points
            self._own_points = find_free_points(free_points, world.scopes, query.wide, area)
        else:
            self._own_points = start._own_points
            self._is_chosen |= start._is_chosen

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
            built = self._build(options, components, spelled)
            duals = built.program.find_duals(WIDENING, Deadline(SOLVER_SECONDS))
            multipliers = np.rint(-duals * DENOMINATOR).astype(np.int64)
            # People at other points would improve it.
            weights = self._world.weigh_points(multipliers)
            better = np.flatnonzero((weights < 0) & ~self._is_chosen)
            if not len(better):
                break
            best = better[np.argsort(weights[better], kind="stable")[:MAX_ADDED_POINTS]]
            self._is_chosen[best] = True
        program, block = built.program, built.block
        solution = program.solve(Deadline(SOLVER_SECONDS))
        choices = solution.primal[block.start : block.stop]
        is_mixed = np.abs(np.rint(choices) - choices) > TOLERANCE
        whole = solution.whole
        changed = np.union1d(components, spelled)
        unchanged, _ = self._world.find_crowds(np.setdiff1d(self._query.touched, changed))
        others = self.count_inside(unchanged)
        wide_people = self._world.people.copy()
        rows = program.wide_rows
        counted = program.matrix.matvec(np.append(whole, np.zeros(2 * len(rows), np.int64)))
        wide_people[rows] = built.others[rows] + counted[: len(rows)]
        return _FilledWorld(
            int(whole @ built.own_people) + others,
            solution.meets_all,
            wide_people,
            multipliers,
            np.unique(options.component[is_mixed]),
            self._find_chosen(options, spelled, built, whole),
        )

    def _find_chosen(
        self, options: Options, spelled: IntArray, built: _Built, whole: IntArray
    ) -> Options:
        """Return the people of the components that have columns, which are ``whole``."""
        start, stop = built.block
        parts = [options.select(np.flatnonzero(whole[start:stop]))]
        for component, (own, block) in zip(spelled.tolist(), built.spelled, strict=True):
            crowds = own.find_crowds(whole[block.start : block.stop])
            parts.append(make_options(np.array([component]), [len(crowds.people)], crowds))
        return join_options(parts)

    def _build(self, options: Options, components: IntArray, spelled: IntArray) -> _Built:
        """Return the program: ``options`` are those of ``components``, ``spelled`` are others.

        Raises UnsolvedError.
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
            self._weigh(options.owner, options.crowds, len(options.component)),
        ]
        blocks: list[tuple[SpelledComponent, Block]] = []
        for component in spelled.tolist():
            account = self._accounts.find(component)
            own_program = world.spell_out(component, self._window, account)
            blocks.append((own_program, program.add_component(own_program)))
            columns = own_program.columns
            count = own_program.matrix.shape[1]
            weights.append(self._weigh(columns, own_program.crowds, count))
        rows = np.flatnonzero(program.flag_counting() & world.is_met)
        own_people = np.concatenate(weights)
        built = program.build(rows, people, -float(self._sign) * own_people, SLACK_COST)
        return _Built(built, block, blocks, own_people, people)

    def find_crowds(self, component: int, chosen: Options) -> Crowds:
        """Return the people of a component: those of the chosen options, or of the world."""
        positions = np.flatnonzero(chosen.component == component)
        if len(positions):
            return chosen.select(positions).crowds
        return self._world.find_crowds(np.array([component]))[0]

    def count_inside(self, crowds: Crowds) -> int:
        """Return how many of the people are in the query."""
        return int(crowds.people[self._flag_inside(crowds)].sum())

    def _weigh(self, columns: IntArray, crowds: Crowds, count: int) -> IntArray:
        """Return how many people of the query each of so many columns has."""
        weights = np.zeros(count, dtype=np.int64)
        is_inside = self._flag_inside(crowds)
        np.add.at(weights, columns[is_inside], crowds.people[is_inside])
        return weights

    def _flag_inside(self, crowds: Crowds) -> BoolArray:
        flags = flag_in_window(self._window, crowds.place, crowds.day)
        flags &= (self._query.bits >> crowds.outcome & 1).astype(bool)
        return flags
