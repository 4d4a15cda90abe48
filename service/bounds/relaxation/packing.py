"""Lows that are never about the same people, so that those inside any region add up.

In every world that meets all figures, the people of such *claims* can be chosen one claim after the
other, each among people whom no other has chosen. A claim is a number of people with some outcomes
in a narrow component, or in the scope of a wide constraint.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from service.bounds.computation import Steps
from service.bounds.crowds import join_crowds
from service.bounds.disjoint_sets import DisjointSets
from service.bounds.relaxation.component_bounds import SET_COUNT, ComponentBounds, list_sets
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable, join_ranges
from service.bounds.relaxation.narrow_components import WIDE, NarrowComponents
from service.bounds.relaxation.special_components import SpecialComponent
from service.bounds.relaxation.wide_scopes import WideScopes
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.vocabulary import ALL_OUTCOMES


class Packing:
    """The claims, and which constraints they contradict.

    ``component_people`` is int[n_components, 16]: the people claimed for each set of outcomes.
    ``wide_people``, int[n_wide], are those claimed in the scope of a wide constraint beyond the
    claims within it. ``is_contradicted``, bool[n_wide], flags wide constraints whose high is below
    the claims within, or whose low is above its high.
    """

    def __init__(self, component_count: int, wide_count: int) -> None:
        self.component_people: IntArray = np.zeros((component_count, SET_COUNT), dtype=np.int64)
        self.wide_people: IntArray = np.zeros(wide_count, dtype=np.int64)
        self.ranks: IntArray = np.zeros(wide_count, dtype=np.int64)
        """The order in which the wide constraints claim: each after those within it."""
        self.is_contradicted: BoolArray = np.zeros(wide_count, dtype=bool)
        self.is_shared: BoolArray = np.zeros(component_count, dtype=bool)
        """Which components share people with a wide constraint, bool[n_components]."""
        self.is_contested: BoolArray = np.zeros(component_count, dtype=bool)
        """Which components share people with a contradicted wide one, bool[n_components]."""
        self.is_claim_contradicted: BoolArray = np.zeros(component_count, dtype=bool)
        """Which components have claims within a contradicted wide constraint."""
        self.is_wide_claim_contradicted: BoolArray = np.zeros(wide_count, dtype=bool)
        """Which wide constraints are contradicted, or have a claim within one that is."""
        self.is_wide_contested: BoolArray = np.zeros(wide_count, dtype=bool)
        """Which wide constraints are contradicted, or within one that is, bool[n_wide]."""
        self.has_sure_claim: BoolArray = np.zeros(wide_count, dtype=bool)
        """Which wide constraints claim people above claims that nothing contradicts."""
        self.cluster_sizes: IntArray = np.zeros(component_count, dtype=np.int64)
        """How many constraints each component depends on through wide ones; 0 if on none."""
        self.inner_people: IntArray = np.zeros(wide_count, dtype=np.int64)
        """The sum of the lows of the components within each wide constraint, int[n_wide].

        0 for those without a high.
        """

    @cached_property
    def claims(self) -> "Claims":
        """The claims of components as a list."""
        return Claims(self.component_people)


class Claims:
    """The claims of components, element by element, sorted by component and set of outcomes."""

    def __init__(self, people: IntArray) -> None:
        """``people``, int[n_components, 16], are those claimed for each set of outcomes."""
        self.keys: IntArray = np.flatnonzero(people.ravel())
        """The component times 16 plus the set of outcomes of each claim, int[n_claims]."""
        self._bits = self.keys % SET_COUNT
        self.holders: IntArray = np.full(len(self.keys), NONE, dtype=np.int64)
        """The smallest other claim of the component that each claim is within, or ``NONE``."""
        for bits in list_sets(ALL_OUTCOMES):
            own = np.flatnonzero((self._bits == bits) & (self.holders == NONE))
            for other in (each for each in list_sets(ALL_OUTCOMES) if bits & ~each == 0):
                if other != bits:
                    own = self._set_holders(own, other)

    def _set_holders(self, claims: IntArray, outer_bits: int) -> IntArray:
        """Set the holders of claims that are within one for other outcomes; return the rest."""
        wanted = self.keys[claims] - self._bits[claims] + outer_bits
        positions = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        is_found = self.keys[positions] == wanted if len(claims) else wanted < 0
        self.holders[claims[is_found]] = positions[is_found]
        return claims[~is_found]

    def find_within(self, keys: IntArray) -> IntArray:
        """Return the claims of components for sets within some outcomes, as positions.

        ``keys`` are component times 16 plus the outcomes.
        """
        starts = np.searchsorted(self.keys, keys - keys % SET_COUNT)
        stops = np.searchsorted(self.keys, keys, side="right")
        positions = join_ranges(starts, stops)
        outcomes = np.repeat(keys % SET_COUNT, stops - starts)
        found: IntArray = positions[self._bits[positions] & ~outcomes == 0]
        return found


class _Reach(NamedTuple):
    """What shares people with a wide constraint: claims that may, and those that are within it.

    For components the two are about places, days and groups; for wide constraints also outcomes.
    """

    components: BoolArray
    inner_components: BoolArray
    wide: BoolArray
    inner_wide: BoolArray


class Overlaps:
    """Which components and wide constraints share people with a wide one."""

    def __init__(self, table: ConstraintTable, components: NarrowComponents) -> None:
        self._table, self._components = table, components

    def find(self, constraint: int) -> _Reach:
        """Return what shares people with the constraint."""
        table, wide, labels = self._table, self._components.wide, self._components.labels
        overlaps, is_within = table.compare_with(constraint)
        outcomes = table.outcomes[constraint]
        shares = (table.reach_outcomes[wide] & table.reach_outcomes[constraint]) != 0
        touched: BoolArray = np.zeros(self._components.count, dtype=bool)
        touched[labels[overlaps & (labels != WIDE)]] = True
        counts = np.bincount(labels[is_within & (labels != WIDE)], minlength=self._components.count)
        return _Reach(
            touched,
            touched & (counts == self._components.sizes),
            overlaps[wide] & shares,
            is_within[wide] & ((table.outcomes[wide] & ~outcomes) == 0),
        )

    def flag_near(self, chosen: IntArray) -> BoolArray:
        """Return which wide constraints may share people with any of some components.

        Only days, outcomes and the outermost places are compared.
        """
        table, wide = self._table, self._components.wide
        members = self._components.find_members(chosen)
        flags: BoolArray = np.zeros(len(wide), dtype=bool)
        starts, stops = table.place_intervals.hulls[table.places[members]].T
        first, last, outcomes = (
            each[members] for each in (table.first, table.last, table.reach_outcomes)
        )
        for position, constraint in enumerate(wide.tolist()):
            start, stop = table.place_intervals.hulls[table.places[constraint]]
            flags[position] = (
                (starts < stop)
                & (stops > start)
                & (first <= table.last[constraint])
                & (last >= table.first[constraint])
                & (outcomes & table.reach_outcomes[constraint] != 0)
            ).any()
        return flags

    def find_claims_within(self, packing: "Packing", position: int) -> "InnerClaims":
        """Return the claims that the claim of a wide constraint comes on top of."""
        table = self._table
        constraint = int(self._components.wide[position])
        nobody = np.zeros(0, dtype=np.int64)
        if table.incident[constraint] != NONE:
            return InnerClaims(nobody, nobody)
        reach = self.find(constraint)
        inner = list_sets(int(table.outcomes[constraint]))
        has_claim = packing.component_people[:, inner].any(axis=1)
        is_other = reach.inner_wide & (packing.wide_people > 0)
        is_other[position] = False
        return InnerClaims(
            np.flatnonzero(reach.inner_components & has_claim), np.flatnonzero(is_other)
        )


class InnerClaims(NamedTuple):
    """Components with claims, and positions of wide constraints with claims."""

    components: IntArray
    wide: IntArray


def pack_lows(
    table: ConstraintTable,
    components: NarrowComponents,
    bounds: ComponentBounds,
    overlaps: Overlaps,
    special: Mapping[int, SpecialComponent],
) -> Steps[Packing]:
    """Return the claims; each step looks at one wide constraint.

    A constraint claims what its low is above all claims that can be about its people. Claims that
    are partly outside of it then give way, since their people may be among its own.
    Special components claim nobody, but their people may be more than a high allows.
    """
    packing = Packing(components.count, len(components.wide))
    _claim_in_components(packing, bounds)
    # The low of an irregular constraint is about more people than its scope has.
    lower = np.where(table.is_irregular, 0, table.lower)[components.wide]
    packing.ranks = _rank_by_size(table, components.wide)
    for position in np.argsort(packing.ranks).tolist():
        yield
        _claim_wide(packing, table, components, overlaps, position, int(lower[position]))
    special_people = _SpecialPeople(special, bounds, WideScopes(table, components.wide))
    yield from _find_contradictions(packing, table, components, bounds, overlaps, special_people)
    return packing


def _claim_in_components(packing: Packing, bounds: ComponentBounds) -> None:
    """Claim the lows of each component, the smallest sets of outcomes first."""
    people = packing.component_people
    is_known = ~bounds.is_special
    for bits in list_sets(ALL_OUTCOMES):
        meets = [other for other in range(1, SET_COUNT) if other & bits and other != bits]
        inside = [other for other in meets if other & ~bits == 0]
        crossing = [other for other in meets if other & ~bits]
        is_own = is_known & (bounds.outcomes & bits == bits)
        excess = is_own & (bounds.lows[:, bits] > people[:, meets].sum(axis=1))
        people[excess, bits] = (bounds.lows[:, bits] - people[:, inside].sum(axis=1))[excess]
        for other in crossing:
            people[excess, other] = 0


def _rank_by_size(table: ConstraintTable, constraints: IntArray) -> IntArray:
    """Return the rank of each scope by its size: places times days, and then outcomes."""
    sizes = table.place_intervals.sizes[table.places[constraints]].astype(float)
    days = (table.last - table.first + 1)[constraints]
    outcome_counts = np.array([int(bits).bit_count() for bits in table.outcomes[constraints]])
    order = np.lexsort((outcome_counts, sizes * days))
    ranks: IntArray = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks


def _claim_wide(
    packing: Packing,
    table: ConstraintTable,
    components: NarrowComponents,
    overlaps: Overlaps,
    position: int,
    lower: int,
) -> None:
    """Claim for a wide constraint what its low is above all claims that share its people."""
    if not lower:
        return
    constraint = int(components.wide[position])
    outcomes = int(table.outcomes[constraint])
    reach = overlaps.find(constraint)
    sharing = [bits for bits in range(1, SET_COUNT) if bits & outcomes]
    inner = list_sets(outcomes)
    people = packing.component_people
    # Nobody within another incident is a person of this one.
    can_be_inner = table.incident[constraint] == NONE
    touched = people[reach.components][:, sharing].sum() + packing.wide_people[reach.wide].sum()
    if lower <= touched:
        return
    within = 0
    if can_be_inner:
        within = int(people[reach.inner_components][:, inner].sum())
        within += int(packing.wide_people[reach.inner_wide].sum())
    is_yielding = np.zeros((components.count, SET_COUNT), dtype=bool)
    is_yielding[:, sharing] = reach.components[:, None]
    if can_be_inner:
        is_yielding[:, inner] &= ~reach.inner_components[:, None]
    people[is_yielding] = 0
    packing.wide_people[reach.wide & ~(reach.inner_wide & can_be_inner)] = 0
    packing.wide_people[position] = lower - within


def _find_contradictions(
    packing: Packing,
    table: ConstraintTable,
    components: NarrowComponents,
    bounds: ComponentBounds,
    overlaps: Overlaps,
    special_people: "_SpecialPeople",
) -> Steps[None]:
    """Flag wide constraints whose high is below the claims within, and what shares their people."""
    clusters = _Clusters(components)
    for position, constraint in enumerate(components.wide.tolist()):
        yield
        upper, outcomes = int(table.upper[constraint]), int(table.outcomes[constraint])
        reach = overlaps.find(constraint)
        shares = reach.components & (bounds.outcomes & table.reach_outcomes[constraint] != 0)
        packing.is_shared |= shares
        clusters.add(position, np.flatnonzero(shares), np.flatnonzero(reach.wide))
        people = int(table.lower[constraint])
        if upper < OPEN and table.incident[constraint] == NONE:
            claims = packing.component_people[reach.inner_components][:, list_sets(outcomes)].sum()
            claims += packing.wide_people[reach.inner_wide].sum()
            lows = bounds.lows[reach.inner_components, outcomes].sum()
            own = special_people.count(position, reach.inner_components)
            # Claims of other wide constraints may be about the same people.
            people = max(people, int(claims), int(lows) + own)
            packing.inner_people[position] = lows
        if people > upper:
            packing.is_contradicted[position] = True
            packing.is_contested |= shares
            packing.is_wide_contested |= reach.inner_wide
            packing.is_wide_contested[position] = True
            inner = overlaps.find_claims_within(packing, position)
            packing.is_claim_contradicted[inner.components] = True
            packing.is_wide_claim_contradicted[inner.wide] = True
            packing.is_wide_claim_contradicted[position] = True
    packing.cluster_sizes = clusters.measure()
    claiming = np.flatnonzero((packing.wide_people > 0) & ~packing.is_wide_contested)
    packing.has_sure_claim[claiming] = True
    for position in claiming[np.argsort(packing.ranks[claiming])].tolist():
        yield
        inner = overlaps.find_claims_within(packing, position)
        packing.has_sure_claim[position] = bool(
            not packing.is_contested[inner.components].any()
            and packing.has_sure_claim[inner.wide].all()
        )


class _SpecialPeople:
    """People of special components whom a wide constraint counts if all lows are true.

    Those of contradictory components prove no low, but a high below them may have to be set aside.
    """

    def __init__(
        self,
        special: Mapping[int, SpecialComponent],
        bounds: ComponentBounds,
        scopes: WideScopes,
    ) -> None:
        contradictory = [each for each in special.values() if each.is_contradictory]
        crowds = join_crowds([each.find_crowds("lows", 0) for each in contradictory])
        self._contradicting: IntArray = scopes.count_people(crowds)
        consistent = [each for each in special if not special[each].is_contradictory]
        fewest = [special[each].find_crowds("nearest", 0).people.sum() for each in consistent]
        self._consistent: IntArray = np.array(consistent, dtype=np.int64)
        self._fewest: IntArray = np.array(fewest, dtype=np.int64)
        self._outcomes: IntArray = bounds.outcomes[self._consistent]
        self._scope_outcomes = scopes.outcomes

    def count(self, position: int, inner_components: BoolArray) -> int:
        """Return how many there are; ``inner_components`` are within the wide constraint."""
        is_within = inner_components[self._consistent]
        is_within &= self._outcomes & ~self._scope_outcomes[position] == 0
        return int(self._contradicting[position] + self._fewest[is_within].sum())


class _Clusters:
    """Components and wide constraints that depend on each other through wide constraints."""

    def __init__(self, components: NarrowComponents) -> None:
        self._components = components
        self._sets = DisjointSets(len(components.wide))
        self._owner: IntArray = np.full(components.count, NONE, dtype=np.int64)
        self._roots: IntArray = np.arange(len(components.wide))
        """A wide constraint of the cluster of each one, int[n_wide]."""

    def add(self, position: int, components: IntArray, wide: IntArray) -> None:
        """Note what shares people with a wide constraint: components, and other wide ones."""
        # Most of what a constraint meets is already of one cluster, which is looked up once.
        owners = self._owner[components]
        others = np.concatenate([owners[owners != NONE], self._roots[wide]])
        for other in np.unique(others).tolist():
            self._sets.unite(other, position)
        root = self._sets.find(position)
        self._owner[components] = self._roots[wide] = self._roots[position] = root

    def measure(self) -> IntArray:
        """Return the constraints in the cluster of each component, 0 if it is in none."""
        wide_count = len(self._components.wide)
        find = self._sets.find
        roots = np.array([find(each) for each in self._roots.tolist()], dtype=np.int64)
        is_owned = self._owner != NONE
        own_roots = roots[self._owner[is_owned]]
        sizes = np.bincount(roots, minlength=wide_count)
        np.add.at(sizes, own_roots, self._components.sizes[is_owned])
        result: IntArray = np.zeros(len(self._owner), dtype=np.int64)
        result[is_owned] = sizes[own_roots]
        return result
