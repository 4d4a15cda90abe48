"""Figures with the same scope taken together: one row with its floors and its ceilings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.bounds.boxes import Box, EventPath, make_box
from service.domain.figure import Figure, Scope
from service.domain.trees import Tree


class EventBox(NamedTuple):
    """An extent within one event (``()``: everyone in the extent)."""

    box: Box
    event_path: EventPath

    def is_strictly_within(self, other: "EventBox") -> bool:
        """Whether the other part holds all of this one, and is not the same."""
        return (
            self != other
            and self.box.is_within(other.box)
            and self.event_path[: len(other.event_path)] == other.event_path
        )


@dataclass(frozen=True, slots=True)
class Constraint:
    """One distinct scope and the figures given for it, in the order in which they were given.

    The scope is the union of its parts: one, or more where later figures reclassified its people.
    """

    parts: tuple[EventBox, ...]
    figures: tuple[Figure, ...]

    @property
    def lower(self) -> int:
        """The highest floor given; 0 where nothing above it was."""
        return max(figure.quantity.low for figure in self.figures)

    @property
    def upper(self) -> int | None:
        """The lowest ceiling given; None where none was."""
        highs = [
            figure.quantity.high for figure in self.figures if figure.quantity.high is not None
        ]
        return min(highs, default=None)

    @property
    def is_feasible(self) -> bool:
        """Whether some number of people meets its floor and its ceiling."""
        return self.upper is None or self.lower <= self.upper

    def overlaps(self, box: Box) -> bool:
        """Whether any of its people may be among those asked for."""
        return any(part.box.overlaps(box) for part in self.parts)


class Reclassifications:
    """Which figure speaks of the people of which earlier one.

    A reclassifying figure ("2 of the missing were found dead") is an event of its own in a scheme
    of the earlier figure's, and the earlier figure is widened by its outcomes in that event only.
    """

    def __init__(
        self, counted_figures: Iterable[Figure], figures_by_id: Mapping[str, Figure]
    ) -> None:
        """``figures_by_id`` holds every figure that may be reclassified, counted or not."""
        self._figures_by_id = figures_by_id
        self._reclassifying: dict[str, list[Figure]] = {}
        for figure in counted_figures:
            for ancestor in self._find_ancestors(figure):
                self._reclassifying.setdefault(ancestor, []).append(figure)

    def _find_ancestors(self, figure: Figure) -> list[str]:
        ancestors: list[str] = []
        while figure.reclassifies is not None:
            ancestors.append(figure.reclassifies)
            figure = self._figures_by_id[figure.reclassifies]
        return ancestors

    def event_path_of(self, figure: Figure) -> EventPath:
        """Return the event that the figure speaks of."""
        if figure.reclassifies is not None:
            earlier = self._figures_by_id[figure.reclassifies]
            return (*self.event_path_of(earlier), (f"reclassified {earlier.id}", figure.id))
        if figure.scope.incident is None:
            return ()
        scheme, _, event_id = figure.scope.incident.partition(":")
        return ((scheme, event_id),)

    def find_reclassifying(self, figure: Figure) -> Sequence[Figure]:
        """Return the counted figures that speak of this one's people, down the whole chain."""
        return self._reclassifying.get(figure.id, ())


def build_constraints(
    counted_figures: Sequence[Figure],
    reclassifications: Reclassifications,
    places: Tree,
    groups: Tree,
) -> list[Constraint]:
    """Return one row per distinct scope of the counted figures."""
    figures_by_parts: dict[tuple[EventBox, ...], list[Figure]] = {}
    for figure in counted_figures:
        parts = {
            EventBox(
                make_box(figure.scope, places, groups), reclassifications.event_path_of(figure)
            )
        }
        for later in reclassifications.find_reclassifying(figure):
            event_path = reclassifications.event_path_of(later)
            later_box = make_box(later.scope, places, groups)
            converted_box = make_box(_replace_outcomes(figure.scope, later.scope), places, groups)
            # A later figure from other days or places adds just its own people to the earlier one.
            parts.add(
                EventBox(
                    converted_box if later_box.is_within(converted_box) else later_box, event_path
                )
            )
        outermost = {
            part for part in parts if not any(part.is_strictly_within(other) for other in parts)
        }
        figures_by_parts.setdefault(tuple(sorted(outermost)), []).append(figure)
    return [Constraint(parts, tuple(figures)) for parts, figures in figures_by_parts.items()]


def _replace_outcomes(earlier: Scope, later: Scope) -> Scope:
    return Scope(earlier.places, earlier.period, later.outcomes, earlier.groups)
