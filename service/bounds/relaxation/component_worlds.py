"""Worlds of components: the people of a component that has its least or its most people."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np

from service.bounds.crowds import Crowds, join_crowds
from service.bounds.relaxation.constraint_table import join_ranges
from service.columns.arrays import BoolArray, IntArray, sort_distinct
from service.domain.total import End
from service.domain.vocabulary import OUTCOME_SETS

_KEYS: Final = 2 * len(OUTCOME_SETS)
"""How many bounds a component can have."""


class ComponentEdges(NamedTuple):
    """Where the numbered places and days of a component begin, in ascending order."""

    places: Sequence[int]
    days: Sequence[int]


def make_world_keys(components: IntArray, bits: int | IntArray, end: End) -> IntArray:
    """Return the keys of the worlds of some components that reach an end for some outcomes."""
    return components * _KEYS + bits * 2 + (end == "high")


class ComponentWorlds:
    """Worlds by the bound that they reach: each has one end for one set of outcomes.

    Only some bounds have one. Where other outcomes do not matter, a world has few people of them.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[IntArray, Crowds]] = []
        self._reached: list[IntArray] = []

    def add(
        self,
        reached: IntArray,
        keys: IntArray,
        crowds: Crowds,
        edges: Mapping[int, ComponentEdges],
    ) -> None:
        """Add the worlds of the bounds in ``reached``, which may have nobody.

        ``keys`` has that of each crowd, whose place and day are numbers within its component.
        """
        distinct, numbers = np.unique(keys // _KEYS, return_inverse=True)
        places, days = (
            _join_edges([edges[each][axis] for each in distinct.tolist()]) for axis in (0, 1)
        )
        located = Crowds(
            places.edges[places.starts[numbers] + crowds.place],
            days.edges[days.starts[numbers] + crowds.day],
            crowds.outcome,
            crowds.people,
        )
        self._parts.append((keys, located))
        self._reached.append(reached)

    def finish(self) -> None:
        """Sort what was added; nothing can be found before."""
        nobody = np.zeros(0, dtype=np.int64)
        keys = np.concatenate([nobody, *(each for each, _ in self._parts)])
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._crowds = join_crowds([each for _, each in self._parts]).select(order)
        self._all_reached = sort_distinct(np.concatenate([nobody, *self._reached]))
        self._parts.clear()
        self._reached.clear()

    def flag_known(self, keys: IntArray) -> BoolArray:
        """Return for which of the keys there is a world."""
        reached = self._all_reached
        positions = np.minimum(np.searchsorted(reached, keys), len(reached) - 1)
        flags: BoolArray = reached[positions] == keys if len(reached) else keys < 0
        return flags

    def find(self, keys: IntArray) -> tuple[Crowds, IntArray]:
        """Return the crowds of the worlds of some keys, and how many crowds each of them has."""
        starts = np.searchsorted(self._keys, keys)
        stops = np.searchsorted(self._keys, keys, side="right")
        return self._crowds.select(join_ranges(starts, stops)), stops - starts


class Options(NamedTuple):
    """People whom components can have: each component has one of its options.

    ``component``, int[n_options], is in ascending order. ``crowds`` are the people of the options,
    ``owner``, int[n_crowds], their options by position, in ascending order.
    """

    component: IntArray
    owner: IntArray
    crowds: Crowds

    def select(self, chosen: IntArray) -> "Options":
        """Return some of the options, whose positions are in ascending order."""
        starts = np.searchsorted(self.owner, chosen)
        stops = np.searchsorted(self.owner, chosen, side="right")
        return Options(
            self.component[chosen],
            np.repeat(np.arange(len(chosen)), stops - starts),
            self.crowds.select(join_ranges(starts, stops)),
        )

    def find_new(self, others: "Options") -> IntArray:
        """Return the positions of those of the others that are not among these."""
        known = set(self._list_contents())
        found = [number for number, each in enumerate(others._list_contents()) if each not in known]
        return np.array(found, dtype=np.int64)

    def _list_contents(self) -> list[tuple[int, bytes]]:
        columns = np.stack(self.crowds, axis=1)
        edges = np.searchsorted(self.owner, np.arange(len(self.component) + 1)).tolist()
        return [
            (component, columns[start:stop].tobytes())
            for component, start, stop in zip(
                self.component.tolist(), edges[:-1], edges[1:], strict=True
            )
        ]


def make_options(component: IntArray, counts: Sequence[int] | IntArray, crowds: Crowds) -> Options:
    """Return an option of each component, with so many of the crowds, one after the other."""
    owner = np.repeat(np.arange(len(component)), np.array(counts, dtype=np.int64))
    return join_options([Options(component, owner, crowds)])


def join_options(parts: Sequence[Options]) -> Options:
    """Return the options of all parts; those of a component keep their order."""
    nobody = np.zeros(0, dtype=np.int64)
    component = np.concatenate([nobody, *(each.component for each in parts)])
    shifts = accumulate((len(each.component) for each in parts), initial=0)
    owners = [each.owner + shift for each, shift in zip(parts, shifts, strict=False)]
    crowds = join_crowds([each.crowds for each in parts])
    order = np.argsort(component, kind="stable")
    owner = np.argsort(order)[np.concatenate([nobody, *owners])]
    by_owner = np.argsort(owner, kind="stable")
    return Options(component[order], owner[by_owner], crowds.select(by_owner))


class _JoinedEdges(NamedTuple):
    edges: IntArray
    starts: IntArray


def _join_edges(lists: Sequence[Sequence[int]]) -> _JoinedEdges:
    starts = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum([len(each) for each in lists], out=starts[1:])
    joined = [edge for each in lists for edge in each]
    return _JoinedEdges(np.array(joined, dtype=np.int64), starts)
