"""Figures with the same scope taken together: one row with its floors and its ceilings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.bounds.boxes import Extent, Node, extent
from service.domain.figure import Figure, Scope
from service.domain.trees import Tree


class Part(NamedTuple):
    """An extent within one event (``()``: everyone in the extent)."""

    extent: Extent
    node: Node

    def lies_in(self, other: "Part") -> bool:
        """Whether the other part holds all of this one, and is not the same."""
        return (
            self != other
            and self.extent.within(other.extent)
            and self.node[: len(other.node)] == other.node
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One distinct scope and the figures given for it, in the order in which they were given.

    The scope is the union of its parts: one, or more where later figures reclassified its people.
    """

    parts: tuple[Part, ...]
    figures: tuple[Figure, ...]

    @property
    def floor(self) -> int:
        """The highest floor given; 0 where nothing above it was."""
        return max(figure.quantity.low for figure in self.figures)

    @property
    def ceiling(self) -> int | None:
        """The lowest ceiling given; None where none was."""
        ceilings = [f.quantity.high for f in self.figures if f.quantity.high is not None]
        return min(ceilings, default=None)

    @property
    def agrees(self) -> bool:
        """Whether some number of people meets its floor and its ceiling."""
        return self.ceiling is None or self.floor <= self.ceiling

    def meets(self, asked: Extent) -> bool:
        """Whether any of its people may be among those asked for."""
        return any(part.extent.meets(asked) for part in self.parts)


class Lineage:
    """Which figure speaks of the people of which earlier one.

    A reclassifying figure ("2 of the missing were found dead") is an event of its own in a scheme
    of the earlier figure's, and the earlier figure is widened by its outcomes in that event only.
    """

    def __init__(self, counted: Iterable[Figure], known: Mapping[str, Figure]) -> None:
        """``known`` holds every figure that a counted one may reclassify, counted or not."""
        self._known = known
        self._later: dict[str, list[Figure]] = {}
        for figure in counted:
            for ancestor in self._ancestors(figure):
                self._later.setdefault(ancestor, []).append(figure)

    def _ancestors(self, figure: Figure) -> list[str]:
        ancestors: list[str] = []
        while figure.reclassifies is not None:
            ancestors.append(figure.reclassifies)
            figure = self._known[figure.reclassifies]
        return ancestors

    def node(self, figure: Figure) -> Node:
        """Return the event that the figure speaks of."""
        if figure.reclassifies is not None:
            earlier = self._known[figure.reclassifies]
            return (*self.node(earlier), (f"reclassified {earlier.id}", figure.id))
        if figure.scope.incident is None:
            return ()
        scheme, _, event = figure.scope.incident.partition(":")
        return ((scheme, event),)

    def later(self, figure: Figure) -> Sequence[Figure]:
        """Return the counted figures that speak of this one's people, down the whole chain."""
        return self._later.get(figure.id, ())


def rows_of(counted: Sequence[Figure], lineage: Lineage, places: Tree, groups: Tree) -> list[Row]:
    """Return one row per distinct scope of the counted figures."""
    gathered: dict[tuple[Part, ...], list[Figure]] = {}
    for figure in counted:
        parts = {Part(extent(figure.scope, places, groups), lineage.node(figure))}
        for later in lineage.later(figure):
            node, where = lineage.node(later), extent(later.scope, places, groups)
            turned = extent(_turned_into(figure.scope, later.scope), places, groups)
            # A later figure from other days or places adds just its own people to the earlier one.
            parts.add(Part(turned if where.within(turned) else where, node))
        outermost = {part for part in parts if not any(part.lies_in(other) for other in parts)}
        gathered.setdefault(tuple(sorted(outermost)), []).append(figure)
    return [Row(parts, tuple(figures)) for parts, figures in gathered.items()]


def _turned_into(earlier: Scope, later: Scope) -> Scope:
    return Scope(earlier.places, earlier.period, later.outcomes, earlier.groups)
