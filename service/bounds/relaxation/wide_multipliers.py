"""Bounds on a query from multipliers of wide constraints (Lagrangian relaxation).

Each wide constraint is multiplied by a number and added to the people of the query. What is left to
be bounded are the people of each component by itself, with a weight for where they are and what
happened to them (A. M. Geoffrion, Lagrangean relaxation for integer programming, 1974). The bound
holds for any multipliers for which nobody outside of all components weighs anything above 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from service.bounds.account_worlds import Account
from service.bounds.crowds import Crowds
from service.bounds.relaxation.claim_terms import ClaimTerms
from service.bounds.relaxation.component_bounds import make_term_keys
from service.bounds.relaxation.component_worlds import (
    Options,
    join_options,
    make_options,
    make_world_keys,
)
from service.bounds.relaxation.constraint_table import OPEN
from service.bounds.relaxation.end_objective import EndObjective
from service.bounds.relaxation.shapes import Window, flag_in_window
from service.bounds.relaxation.weighted_components import WeighedComponent, WindowWeights
from service.columns.arrays import BoolArray, IntArray
from service.columns.column_terms import DENOMINATOR
from service.columns.record_columns import NONE
from service.domain.total import End
from service.domain.vocabulary import OUTCOMES

MAX_WEIGHED: Final = 1_000
"""The most components that are weighed one by one; others weigh as much as any of their parts."""

_BITS: Final[IntArray] = 1 << np.arange(len(OUTCOMES))


class SpecialWeights(NamedTuple):
    """What the people of a component weigh, everywhere and in windows, and the most they weigh."""

    everywhere: tuple[int, ...]
    windows: WindowWeights
    most: int


@dataclass(frozen=True, slots=True)
class MultiplierBound:
    """A bound in sixtieths of a person, and its proof.

    For a low it is the negative of the bound. ``options`` are other people of some components than
    in the world of the record, with whom a world may reach the bound. ``special`` are contradictory
    components that were weighed.
    """

    sixtieths: int
    terms: ClaimTerms
    options: Options
    special: Mapping[int, SpecialWeights]


class _Window(NamedTuple):
    """The query or a wide constraint: what people in it weigh, int[n_outcomes]."""

    window: Window
    weights: IntArray


class _Weighed(NamedTuple):
    """Components, and what a person in each of them weighs, int[n_components, n_outcomes].

    ``everywhere`` is what a person weighs wherever in the component, ``at_most`` with the windows
    that have a part of the component. These are in ``cuts``, by the position of the component.
    """

    components: IntArray
    everywhere: IntArray
    at_most: IntArray
    cuts: Mapping[int, Sequence[_Window]]

    def flag_cut(self) -> BoolArray:
        """Return which components a window has only a part of."""
        flags: BoolArray = np.zeros(len(self.components), dtype=bool)
        flags[list(self.cuts)] = True
        return flags


class MultiplierBounds:
    """Bounds on one end of the total of one query."""

    def __init__(self, objective: EndObjective) -> None:
        self._query, self._world, self._window, _, self._accounts = objective
        self._sign = objective.sign

    def find(self, multipliers: IntArray) -> MultiplierBound | None:
        """Return the bound of multipliers of the wide constraints, int[n_wide], in sixtieths.

        A high is multiplied by a positive one, a low by a negative one. None if nothing is proved.
        """
        record, scopes = self._query.record, self._world.scopes
        used = np.flatnonzero(multipliers)
        is_open = (multipliers > 0) & (scopes.upper == OPEN)
        if is_open.any() or self._has_free_weight(multipliers):
            return None
        terms = ClaimTerms(record)
        sixtieths = 0
        for position in used.tolist():
            value = int(multipliers[position])
            constraint = int(record.components.wide[position])
            is_high = value > 0
            limit = (scopes.upper if is_high else scopes.lower)[position]
            sixtieths += value * int(limit)
            terms.add_end(constraint, "high" if is_high else "low", self._scale(value))
        windows = self._make_windows(multipliers, used)
        weighed = self._weigh_components(windows, used)
        layers = list(_iterate_layers(weighed))
        most = self._bound_alike(weighed, layers)
        changed = self._weigh_each(weighed, most, terms)
        if (most == OPEN).any():
            return None
        self._add_terms_of_alike(weighed, layers, changed.is_weighed, terms)
        options = self._list_options(weighed, windows, most, changed)
        total = sixtieths + int(most.sum())
        return MultiplierBound(total, terms, options, changed.special)

    def weigh_special(
        self, component: int, weights: SpecialWeights, account: Account
    ) -> WeighedComponent:
        """Return the most that a component weighs in an account.

        If nothing is proved, it is what the component weighs with the ends that remain: an account
        has only worlds that meet these.
        """
        weigher = self._query.record.weigher
        found = weigher.find_most(component, weights.everywhere, weights.windows, account)
        return found or WeighedComponent(weights.most, np.zeros(0, np.int64), None)

    def _scale(self, sixtieths: int) -> Fraction:
        return Fraction(self._sign * sixtieths, DENOMINATOR)

    def _own_weight(self) -> IntArray:
        """Return what a person in the query weighs, int[n_outcomes]."""
        is_counted = self._query.bits & _BITS != 0
        return np.where(is_counted, self._sign * DENOMINATOR, 0)

    def _make_windows(self, multipliers: IntArray, used: IntArray) -> list[_Window]:
        """Return the windows of the query and of the used wide constraints."""
        scopes = self._world.scopes
        has_outcome = scopes.outcomes[used][:, None] & _BITS != 0
        weights = np.where(has_outcome, -multipliers[used][:, None], 0)
        return [
            _Window(self._window, self._own_weight()),
            *(
                _Window(scopes.get_window(each), own)
                for each, own in zip(used.tolist(), weights, strict=True)
            ),
        ]

    def _has_free_weight(self, multipliers: IntArray) -> bool:
        """Whether people whom only wide constraints count would weigh more than 0 somewhere."""
        scopes, window = self._world.scopes, self._window
        is_near = multipliers != 0
        is_near[self._query.wide] = True
        near = np.flatnonzero(is_near)
        if not len(near):
            return False
        own_edges = np.array([edge for run in window.places for edge in run], dtype=np.int64)
        place_edges = np.unique(np.concatenate([scopes.find_place_edges(near), own_edges]))
        places = place_edges[:-1]
        own_days = np.array([window.first, window.last + 1])
        day_edges = np.unique(np.concatenate([scopes.find_day_edges(near), own_days]))
        days = day_edges[:-1]
        in_places = scopes.flag_places(places)[:, near]
        in_days = scopes.flag_days(days)[:, near]
        numbers = np.arange(len(OUTCOMES))
        has_outcome = scopes.flag_outcomes(numbers)[:, near]
        in_window = np.any(
            [(places >= start) & (places < stop) for start, stop in window.places], axis=0
        )
        days_in_window = (days >= window.first) & (days <= window.last)
        for outcome, own_weight in enumerate(self._own_weight().tolist()):
            # Whole numbers as floats are exact, and multiplied faster.
            of_days = (in_days & has_outcome[outcome]).astype(float)
            weight = in_places.astype(float) @ (of_days * -multipliers[near]).T
            weight += own_weight * (in_window[:, None] & days_in_window)
            is_reached = in_places.astype(float) @ of_days.T > 0
            for place, day in np.argwhere(is_reached & (weight > 0)).tolist():
                where = int(place_edges[place]), int(place_edges[place + 1])
                first, last = int(day_edges[day]), int(day_edges[day + 1]) - 1
                if not self._query.record.free_points.is_covered(where, first, last, outcome):
                    return True
        return False

    def _weigh_components(self, windows: Sequence[_Window], used: IntArray) -> _Weighed:
        """Return what the people of each component in some window weigh."""
        query, record = self._query, self._query.record
        is_met: BoolArray = np.zeros(record.components.count, dtype=bool)
        everywhere = np.zeros((record.components.count, len(OUTCOMES)), dtype=np.int64)
        at_most = np.zeros_like(everywhere)
        cuts: dict[int, list[_Window]] = {}
        is_whole = query.flag_whole() if len(query.components) else np.zeros(0, dtype=bool)
        met = [(query.components, is_whole)]
        for position in used.tolist():
            reach = record.overlaps.find(int(record.components.wide[position]))
            touched = np.flatnonzero(reach.components)
            met.append((touched, reach.inner_components[touched]))
        for window, (touched, is_whole) in zip(windows, met, strict=True):
            is_met[touched] = True
            everywhere[touched[is_whole]] += window.weights
            cut = touched[~is_whole]
            at_most[cut] += np.maximum(window.weights, 0)
            for component in cut.tolist():
                cuts.setdefault(component, []).append(window)
        components = np.flatnonzero(is_met)
        everywhere = everywhere[components]
        positions = np.searchsorted(components, np.array(list(cuts), dtype=np.int64)).tolist()
        return _Weighed(
            components,
            everywhere,
            everywhere + at_most[components],
            dict(zip(positions, cuts.values(), strict=True)),
        )

    def _bound_alike(self, weighed: _Weighed, layers: Sequence["_Layer"]) -> IntArray:
        """Return the most that each component weighs, if all of its people weigh alike.

        ``OPEN`` where nothing is proved.
        """
        bounds, is_unknown = self._query.record.bounds, self._world.is_unknown
        most: IntArray = np.zeros(len(weighed.components), dtype=np.int64)
        for layer in layers:
            chosen = layer.positions
            components = weighed.components[chosen]
            ends = bounds.highs if layer.end == "high" else bounds.lows
            people = ends[components, layer.outcomes]
            is_open = is_unknown[components] | (people == OPEN)
            if layer.end == "high":
                is_open &= bounds.outcomes[components] & layer.outcomes != 0
                most[chosen[is_open]] = OPEN
                chosen, people = chosen[~is_open], people[~is_open]
                chosen, people = chosen[most[chosen] != OPEN], people[most[chosen] != OPEN]
                most[chosen] += layer.weight * people
            else:
                people = np.where(is_open | (most[chosen] == OPEN), 0, people)
                most[chosen] -= layer.weight * people
        return most

    def _weigh_each(self, weighed: _Weighed, most: IntArray, terms: ClaimTerms) -> "_Changed":
        """Weigh cut and contradictory components one by one, and set what they weigh at most."""
        record = self._query.record
        is_weighed: BoolArray = np.zeros(len(most), dtype=bool)
        crowds: dict[int, Crowds | None] = {}
        special: dict[int, SpecialWeights] = {}
        each_one = np.flatnonzero(self._flag_weighed_apart(weighed))
        # What has no limit yet comes first.
        order = np.argsort(most[each_one] != OPEN, kind="stable")
        for number in each_one[order][:MAX_WEIGHED].tolist():
            component = int(weighed.components[number])
            windows = tuple(
                (window, tuple(weights.tolist()))
                for window, weights in weighed.cuts.get(number, ())
            )
            everywhere = tuple(weighed.everywhere[number].tolist())
            account = self._accounts.find(component)
            found = record.weigher.find_most(component, everywhere, windows, account)
            if found is None:
                continue
            is_weighed[number] = True
            most[number], crowds[number] = found.weight, found.crowds
            if component in record.special:
                special[component] = SpecialWeights(everywhere, windows, found.weight)
            lows, highs = record.weigher.list_ends(component)
            # Those of couplings follow, whose limits are 0.
            for position in np.flatnonzero(found.multipliers[: len(lows)]).tolist():
                value = int(found.multipliers[position])
                end: End = "high" if value > 0 else "low"
                constraint = int((highs if value > 0 else lows)[position])
                if constraint != NONE:
                    terms.add_end(constraint, end, self._scale(value))
        return _Changed(is_weighed, crowds, special)

    def _flag_weighed_apart(self, weighed: _Weighed) -> BoolArray:
        """Return which components are weighed by themselves.

        They are cut, are contradictory, or have several constraints and people who weigh unequally.
        """
        record = self._query.record
        is_cut = weighed.flag_cut()
        has_outcome = record.bounds.outcomes[weighed.components][:, None] & _BITS != 0
        is_uneven = _count_layers(np.where(has_outcome, weighed.at_most, 0)) > 1
        is_uneven &= record.components.sizes[weighed.components] > 1
        is_special = record.bounds.is_special[weighed.components]
        is_known = np.isin(weighed.components, list(record.special))
        is_known &= is_cut | weighed.at_most.any(axis=1)
        is_contested = self._world.is_unknown[weighed.components] & ~is_special
        flags: BoolArray = np.where(is_special, is_known, is_cut | is_uneven) & ~is_contested
        return flags

    def _add_terms_of_alike(
        self,
        weighed: _Weighed,
        layers: Sequence["_Layer"],
        is_weighed: BoolArray,
        terms: ClaimTerms,
    ) -> None:
        bounds = self._query.record.bounds
        for layer in layers:
            chosen = layer.positions
            components = weighed.components[chosen[~is_weighed[chosen]]]
            components = components[~self._world.is_unknown[components]]
            own = bounds.outcomes[components] & layer.outcomes
            keys = make_term_keys(components, own)
            weight = layer.weight if layer.end == "high" else -layer.weight
            terms.add_bounds(keys, layer.end, self._scale(weight))

    def _list_options(
        self,
        weighed: _Weighed,
        windows: Sequence[_Window],
        most: IntArray,
        changed: "_Changed",
    ) -> Options:
        """Return other people of components that weigh less in the world of the record.

        There is nothing for those of whom no others are known.
        """
        world = self._world
        crowds, counts = world.find_crowds(weighed.components)
        weight = np.zeros(len(crowds.people), dtype=np.int64)
        for window, own in windows:
            is_inside = flag_in_window(window, crowds.place, crowds.day)
            weight += np.where(is_inside, own[crowds.outcome], 0)
        own_weight = np.zeros(len(counts), dtype=np.int64)
        owners = np.repeat(np.arange(len(counts)), counts)
        np.add.at(own_weight, owners, weight * crowds.people)
        is_less = own_weight < most
        is_cut = weighed.flag_cut()
        cut = np.flatnonzero(is_less & changed.is_weighed)
        others = [changed.crowds[each] for each in cut.tolist()]
        parts = [
            make_options(weighed.components[[number]], [len(other.people)], other)
            for number, other in zip(cut.tolist(), others, strict=True)
            if other is not None
        ]
        is_unknown = world.is_unknown[weighed.components]
        alike = np.flatnonzero(is_less & ~changed.is_weighed & ~is_cut & ~is_unknown)
        is_gain, is_loss = weighed.everywhere[alike] > 0, weighed.everywhere[alike] < 0
        has_gain = is_gain.any(axis=1)
        chosen = weighed.components[alike]
        parts.append(self._find_worlds(chosen[has_gain], is_gain[has_gain] @ _BITS, "high"))
        parts.append(self._find_worlds(chosen[~has_gain], is_loss[~has_gain] @ _BITS, "low"))
        return join_options(parts)

    def _find_worlds(self, components: IntArray, bits: IntArray, end: End) -> Options:
        """Return people of components with whom they reach an end for some outcomes, if known."""
        record, table = self._query.record, self._query.record.table
        bits = record.bounds.outcomes[components] & bits
        is_single = record.components.sizes[components] == 1
        multiple = components[~is_single]
        keys = make_world_keys(multiple, bits[~is_single], end)
        is_known = record.bounds.worlds.flag_known(keys)
        crowds, counts = record.bounds.worlds.find(keys[is_known])
        single, own_bits = components[is_single], bits[is_single]
        constraints = record.components.firsts[single]
        outcomes = table.outcomes[constraints]
        wanted = outcomes & (own_bits if end == "high" else ~own_bits)
        people = (table.upper if end == "high" else table.lower)[constraints]
        is_limited = people != OPEN
        place = table.place_intervals.hulls[table.places[constraints], 0]
        outcome = _find_first_outcome(np.where(wanted, wanted, outcomes))
        singles = Crowds(place, table.first[constraints], outcome, people)
        return join_options(
            [
                make_options(multiple[is_known], counts, crowds),
                make_options(
                    single[is_limited],
                    np.ones(is_limited.sum(), np.int64),
                    singles.select(is_limited),
                ),
            ]
        )


class _Changed(NamedTuple):
    """Which components were weighed one by one, and their people by their positions.

    ``special`` are the contradictory ones among them, by their numbers.
    """

    is_weighed: BoolArray
    crowds: Mapping[int, Crowds | None]
    special: Mapping[int, SpecialWeights]


class _Layer(NamedTuple):
    """A weight that all of some outcomes have in common: positive of a high, negative of a low.

    ``positions`` are those of the components that weigh so.
    """

    end: End
    outcomes: int
    weight: int
    positions: IntArray


def _iterate_layers(weighed: _Weighed) -> Iterator[_Layer]:
    """Yield layers that add up to what the people of each component weigh."""
    if not len(weighed.components):
        return
    rows, numbers = np.unique(weighed.at_most, axis=0, return_inverse=True)
    for number, row in enumerate(rows):
        positions = np.flatnonzero(numbers == number)
        signed: tuple[tuple[End, IntArray], ...] = (("high", row), ("low", -row))
        for end, values in signed:
            below = 0
            for value in np.unique(values[values > 0]).tolist():
                outcomes = int((values >= value) @ _BITS)
                yield _Layer(end, outcomes, value - below, positions)
                below = value


def _count_layers(weights: IntArray) -> IntArray:
    """Return how many layers the weights in each row have, int[n_rows]."""
    ordered = np.sort(weights, axis=1)
    is_new = np.ones(ordered.shape, dtype=bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    counts: IntArray = (is_new & (ordered != 0)).sum(axis=1)
    return counts


def _find_first_outcome(bits: IntArray) -> IntArray:
    """Return the position of the first outcome of each set."""
    return np.array([max((each & -each).bit_length() - 1, 0) for each in bits.tolist()], np.int64)
