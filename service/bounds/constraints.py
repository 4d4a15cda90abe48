"""Constraints: figures with the same scope taken together, with their lows and their highs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from service.bounds.boxes import Box, IncidentPath, Region, make_region
from service.bounds.computation import Steps
from service.domain.figure import Figure, Scope
from service.domain.trees import Tree

PartRole = Literal["scope", "elsewhere", "reclassified"]
"""Why a box is part of a constraint.

``scope``: it is in a figure's own scope, and people are counted there. ``elsewhere``: another
reporter puts the same incident there; only people whom some scope reaches are counted.
``reclassified``: later figures count people of the figure there; only these are counted.
"""


class IncidentBox(NamedTuple):
    """A box within one incident (``()``: everyone in the box).

    ``role`` says why the part belongs to a constraint, and so whom it counts.
    """

    box: Box
    incident_path: IncidentPath
    role: PartRole = "scope"

    def is_strictly_within(self, other: "IncidentBox") -> bool:
        """Whether the other part holds all of this one, and is not the same."""
        return (
            self != other
            and self.box.is_within(other.box)
            and self.incident_path[: len(other.incident_path)] == other.incident_path
            and other.role in ("scope", self.role)
        )


Parts = tuple[IncidentBox, ...]
"""The union of some incident boxes, sorted; none of them is within another."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One distinct scope, and the figures that bound the people in it, as they were given.

    ``figures`` are those whose own scope this is.
    ``lower_figures`` bound the people from below, ``upper_figures`` from above. They differ where
    several reporters put one incident at different places or days: then a figure's low holds for
    all of these together, which is a constraint of its own without ``figures``.
    """

    parts: Parts
    figures: tuple[Figure, ...]
    lower_figures: tuple[Figure, ...]
    upper_figures: tuple[Figure, ...]
    lower: int = field(init=False, compare=False)
    """The highest low given; 0 if there is none above it."""
    upper: int | None = field(init=False, compare=False)
    """The lowest high given; None if there is none."""

    def __post_init__(self) -> None:
        lows = [figure.quantity.low for figure in self.lower_figures]
        highs = [figure.quantity.high for figure in self.upper_figures]
        known_highs = [high for high in highs if high is not None]
        object.__setattr__(self, "lower", max(lows, default=0))
        object.__setattr__(self, "upper", min(known_highs, default=None))

    @property
    def is_feasible(self) -> bool:
        """Whether some number of people meets its low and its high."""
        return self.upper is None or self.lower <= self.upper

    def overlaps(self, region: Region) -> bool:
        """Whether any of its people may be in the region."""
        return any(part.box.overlaps(box) for part in self.parts for box in region.boxes)


class Reclassifications:
    """The earlier figure that each reclassifying figure refers to, and the reverse.

    A reclassifying figure ("2 of the missing were found dead") is an incident in a scheme of its
    own within the people of the earlier figure, and the earlier figure is widened to those people
    that are in such incidents. So two figures that reclassify people of one may count the same.
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

    def incident_path_of(self, figure: Figure) -> IncidentPath:
        """Return the path to the incident that the figure is about."""
        if figure.reclassifies is not None:
            earlier = self._figures_by_id[figure.reclassifies]
            return (*self.people_path_of(earlier), (f"reclassified by {figure.id}", figure.id))
        if figure.scope.incident is None:
            return ()
        scheme, _, incident_id = figure.scope.incident.partition(":")
        return ((scheme, incident_id),)

    def people_path_of(self, figure: Figure) -> IncidentPath:
        """Return the incident that holds the figure's people of whatever outcome."""
        return (*self.incident_path_of(figure), (f"people of {figure.id}", figure.id))

    def find_reclassifying(self, figure: Figure) -> Sequence[Figure]:
        """Return the counted figures that reclassify this one's people, down the whole chain."""
        return self._reclassifying.get(figure.id, ())


@dataclass(slots=True)
class _Members:
    """The figures of one constraint while it is collected."""

    figures: list[Figure] = field(default_factory=list)
    lower: list[Figure] = field(default_factory=list)


class FigureScopes:
    """The distinct scopes of the counted figures, widened by reclassifications.

    ``parts`` has the parts of each scope, ``figures`` the figures that it is the scope of.
    """

    def __init__(
        self,
        counted_figures: Sequence[Figure],
        reclassifications: Reclassifications,
        places: Tree,
        groups: Tree,
    ) -> None:
        self._counted_figures, self._reclassifications = counted_figures, reclassifications
        self._places, self._groups = places, groups
        self._parts_of: dict[str, Parts] = {}
        members: dict[Parts, list[Figure]] = {}
        for figure in counted_figures:
            parts = self._parts_of[figure.id] = self._make_own_parts(figure)
            members.setdefault(parts, []).append(figure)
        self.parts = list(members)
        self.figures = list(members.values())

    def _make_own_parts(self, figure: Figure) -> Parts:
        reclassifications = self._reclassifications
        own = self._make_incident_boxes(figure.scope, reclassifications.incident_path_of(figure))
        later_figures = reclassifications.find_reclassifying(figure)
        if not later_figures and len(own) == 1:
            return (own[0],)
        people_path = reclassifications.people_path_of(figure)
        return _make_parts(
            own
            + [
                part._replace(role="reclassified")
                for later in later_figures
                for part in self._make_incident_boxes(later.scope, people_path)
            ]
        )

    def _make_incident_boxes(self, scope: Scope, incident_path: IncidentPath) -> list[IncidentBox]:
        boxes = make_region(scope, self._places, self._groups).boxes
        return [IncidentBox(box, incident_path) for box in boxes]

    def build_constraints(self) -> Steps[list[Constraint]]:
        """Return one constraint for each distinct scope, in the same order, and some more.

        The further ones have the lows of one incident that reporters put at different places or
        days. Each step is one figure.
        """
        same_incident = self.group_by_incident()
        members = {
            parts: _Members(figures)
            for parts, figures in zip(self.parts, self.figures, strict=True)
        }
        for figure in self._counted_figures:
            parts = self._parts_of[figure.id]
            others = same_incident.get(figure.scope.incident or "", ())
            if figure.reclassifies is None and others:
                yield
                parts = self._add_parts_elsewhere(figure, parts, others)
            members.setdefault(parts, _Members()).lower.append(figure)
        return [
            Constraint(parts, tuple(each.figures), tuple(each.lower), tuple(each.figures))
            for parts, each in members.items()
        ]

    def group_by_incident(self) -> dict[str, list[Figure]]:
        """Return the figures of each incident that has several reporters."""
        figures: dict[str, list[Figure]] = {}
        for figure in self._counted_figures:
            if figure.scope.incident is not None and figure.reclassifies is None:
                figures.setdefault(figure.scope.incident, []).append(figure)
        return {
            incident: members
            for incident, members in figures.items()
            if any(figure.reporter != members[0].reporter for figure in members)
        }

    def _add_parts_elsewhere(
        self, figure: Figure, own_parts: Parts, others: Sequence[Figure]
    ) -> Parts:
        """Return the parts over which the figure's low holds."""
        incident_path = self._reclassifications.incident_path_of(figure)
        elsewhere = {
            Scope(
                other.scope.places, other.scope.period, figure.scope.outcomes, figure.scope.groups
            )
            for other in others
            if is_elsewhere(figure, other, self._places, self._groups)
        }
        if not elsewhere:
            return own_parts
        return _make_parts(
            [
                *own_parts,
                *(
                    part._replace(role="elsewhere")
                    for scope in elsewhere
                    for part in self._make_incident_boxes(scope, incident_path)
                ),
            ]
        )


def is_elsewhere(figure: Figure, other: Figure, places: Tree, groups: Tree) -> bool:
    """Whether another reporter puts the same people of one incident at other places or days.

    Their groups and outcomes overlap, and their places or their days do not.
    """
    return (
        other.reporter != figure.reporter
        and bool(other.scope.outcomes & figure.scope.outcomes)
        and groups.select(other.scope.groups).overlaps(groups.select(figure.scope.groups))
        and not (
            other.scope.period.overlaps(figure.scope.period)
            and places.select(other.scope.places).overlaps(places.select(figure.scope.places))
        )
    )


def _make_parts(incident_boxes: Iterable[IncidentBox]) -> Parts:
    """Return the parts that are not within others, in order."""
    distinct = set(incident_boxes)
    return tuple(
        sorted(
            part
            for part in distinct
            if not any(part.is_strictly_within(other) for other in distinct)
        )
    )
