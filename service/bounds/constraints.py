"""Constraints: all counted figures with one distinct scope, as bounds on its people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.bounds.boxes import Box, IncidentPath, make_box
from service.domain.figure import Figure, Scope
from service.domain.trees import Tree


class IncidentBox(NamedTuple):
    """The people in a box who belong to one incident; the empty path means everyone in the box."""

    box: Box
    incident_path: IncidentPath

    def is_strictly_within(self, other: "IncidentBox") -> bool:
        """Whether the other incident box contains all people of this one and is not equal to it."""
        return (
            self != other
            and self.box.is_within(other.box)
            and self.incident_path[: len(other.incident_path)] == other.incident_path
        )


@dataclass(frozen=True, slots=True)
class Constraint:
    """One distinct scope and its figures, in the order in which they were recorded.

    The scope is the union of ``parts``. There are several parts only where later figures
    reclassified people of these figures.
    """

    parts: tuple[IncidentBox, ...]
    figures: tuple[Figure, ...]

    @property
    def lower(self) -> int:
        """The highest low of the figures; 0 is no restriction."""
        return max(figure.quantity.low for figure in self.figures)

    @property
    def upper(self) -> int | None:
        """The lowest high of the figures; None if no figure has a high."""
        highs = [
            figure.quantity.high for figure in self.figures if figure.quantity.high is not None
        ]
        return min(highs, default=None)

    @property
    def is_feasible(self) -> bool:
        """Whether some number of people meets both bounds."""
        return self.upper is None or self.lower <= self.upper

    def overlaps(self, box: Box) -> bool:
        """Whether the box may contain people of this constraint."""
        return any(part.box.overlaps(box) for part in self.parts)


class Reclassifications:
    """The earlier figure that each reclassifying figure refers to, and the reverse.

    A reclassifying figure ("2 of the missing were found dead") is modelled as an incident of its
    own. The scheme of this incident belongs to the earlier figure, whose scope is extended by the
    new outcomes in this incident only.
    """

    def __init__(
        self, counted_figures: Iterable[Figure], figures_by_id: Mapping[str, Figure]
    ) -> None:
        """``figures_by_id`` holds every figure that can be reclassified, counted or not."""
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

    def incident_path_of(self, figure: Figure) -> IncidentPath:
        """Return the path of the incident that the figure covers; it is empty for everyone."""
        if figure.reclassifies is not None:
            earlier = self._figures_by_id[figure.reclassifies]
            return (*self.incident_path_of(earlier), (f"reclassified {earlier.id}", figure.id))
        if figure.scope.incident is None:
            return ()
        scheme, _, incident_id = figure.scope.incident.partition(":")
        return ((scheme, incident_id),)

    def find_reclassifying(self, figure: Figure) -> Sequence[Figure]:
        """Return the counted figures that reclassify this one's people, directly or in a chain."""
        return self._reclassifying.get(figure.id, ())


def build_constraints(
    counted_figures: Sequence[Figure],
    reclassifications: Reclassifications,
    places: Tree,
    groups: Tree,
) -> list[Constraint]:
    """Return one constraint for each distinct scope of the counted figures."""
    figures_by_parts: dict[tuple[IncidentBox, ...], list[Figure]] = {}
    for figure in counted_figures:
        parts = {
            IncidentBox(
                make_box(figure.scope, places, groups), reclassifications.incident_path_of(figure)
            )
        }
        for later in reclassifications.find_reclassifying(figure):
            incident_path = reclassifications.incident_path_of(later)
            later_box = make_box(later.scope, places, groups)
            converted_box = make_box(_replace_outcomes(figure.scope, later.scope), places, groups)
            # A later figure with other days or places adds only its own people to the earlier one.
            parts.add(
                IncidentBox(
                    converted_box if later_box.is_within(converted_box) else later_box,
                    incident_path,
                )
            )
        outermost = {
            part for part in parts if not any(part.is_strictly_within(other) for other in parts)
        }
        figures_by_parts.setdefault(tuple(sorted(outermost)), []).append(figure)
    return [Constraint(parts, tuple(figures)) for parts, figures in figures_by_parts.items()]


def _replace_outcomes(earlier: Scope, later: Scope) -> Scope:
    return Scope(earlier.places, earlier.period, later.outcomes, earlier.groups)
