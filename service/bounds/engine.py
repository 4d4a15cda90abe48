"""The entry point of this package: totals of scopes from a set of counted figures."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import inf

from service.bounds.boxes import make_region
from service.bounds.combined_total import (
    combine_results,
    make_unknown_total,
    solve_components,
    sort_figures,
)
from service.bounds.component_cache import ComponentCache
from service.bounds.component_solver import Component
from service.bounds.components import Components, find_components
from service.bounds.computation import Computation, Steps
from service.bounds.constraints import (
    Constraint,
    FigureScopes,
    Reclassifications,
    is_elsewhere,
)
from service.bounds.overlaps import OverlapIndex
from service.bounds.solver import Deadline
from service.bounds.solver_effort import accumulate_effort
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.trees import Tree


class TotalsEngine:
    """The counted figures as constraints and components, computed once for all queries.

    Threads may share an engine; at worst two of them prepare the same component.
    """

    def __init__(
        self,
        counted_figures: Sequence[Figure],
        places: Tree,
        groups: Tree,
        figures_by_id: Mapping[str, Figure] | None = None,
        cache: ComponentCache | None = None,
    ) -> None:
        """``figures_by_id`` holds the figures that a counted one may reclassify, counted or not.

        None means: the counted figures only. ``cache`` holds components of earlier engines.
        """
        self.counted_figures = tuple(counted_figures)
        self._places, self._groups = places, groups
        reclassifiable = (
            {figure.id: figure for figure in counted_figures}
            if figures_by_id is None
            else figures_by_id
        )
        # Of several proofs of one bound the solver finds one that depends on the order of its rows.
        by_content = sorted(counted_figures, key=make_content_key)
        self._reclassifications = Reclassifications(by_content, reclassifiable)
        self._figure_scopes = FigureScopes(by_content, self._reclassifications, places, groups)
        self._overlap_index = OverlapIndex(self._figure_scopes.parts)
        self._order = {figure.id: index for index, figure in enumerate(counted_figures)}
        self._component_search = Computation(self._find_components())
        self._components: dict[int, Component] = {}
        self._cache = cache or ComponentCache()

    def _find_components(self) -> Steps[tuple[list[Constraint], Components]]:
        """Return all constraints and their connected components."""
        constraints = yield from self._figure_scopes.build_constraints()
        return constraints, (yield from find_components(constraints))

    def overlapping_figures(self, scope: Scope) -> tuple[Figure, ...]:
        """Return the counted figures that overlap the scope, in the order of recording."""
        return self._list_figures(self._find_overlapping(scope))

    def _find_overlapping(self, scope: Scope) -> list[int]:
        """Return the indices of the figures' scopes that overlap the scope."""
        region = make_region(scope, self._places, self._groups)
        return [int(index) for index in self._overlap_index.find_overlapping(region)]

    def _list_figures(self, indices: Iterable[int]) -> tuple[Figure, ...]:
        """Return the figures of these scopes in the order of recording."""
        return self._sort_figures(
            figure for index in indices for figure in self._figure_scopes.figures[index]
        )

    def dependent_figures(self, scope: Scope, seconds: float) -> tuple[Figure, ...]:
        """Return the counted figures of every component that overlaps the scope.

        The total of the scope depends on no other figure. If the components cannot be found in so
        many seconds, it is all counted figures.
        """
        components = self._find_members(self._find_overlapping(scope), Deadline(seconds))
        if components is None:
            return self.counted_figures
        return self._sort_figures(
            figure
            for members in components.values()
            for constraint in members
            for figure in constraint.figures
        )

    def are_disjoint(self, scope: Scope, seconds: float) -> bool:
        """Whether no figure that overlaps the scope can share people with another figure.

        False if the components cannot be found in so many seconds.
        """
        components = self._find_members(self._find_overlapping(scope), Deadline(seconds))
        return components is not None and all(
            len(members) == 1 and len(members[0].figures) == 1 for members in components.values()
        )

    @cached_property
    def _shared_incidents(self) -> dict[str, list[Figure]]:
        """The counted figures of each incident that several reporters report."""
        return self._figure_scopes.group_by_incident()

    def find_elsewhere(self, figures: Iterable[Figure]) -> list[Figure]:
        """Return those of the figures whose incident another reporter puts elsewhere.

        The places or the days of the two figures do not meet; their outcomes and groups do. Figures
        of one reporter are parts of the incident.
        """
        return [
            figure
            for figure in figures
            if any(
                is_elsewhere(figure, other, self._places, self._groups)
                for other in self._shared_incidents.get(figure.scope.incident or "", ())
            )
        ]

    def outcomes_of(self, figure: Figure) -> frozenset[str]:
        """Return the outcomes of a counted figure and of the figures that reclassify its people."""
        reclassifying = self._reclassifications.find_reclassifying(figure)
        return figure.scope.outcomes.union(
            *(later_figure.scope.outcomes for later_figure in reclassifying)
        )

    def _find_members(
        self, indices: Iterable[int], deadline: Deadline
    ) -> dict[int, tuple[Constraint, ...]] | None:
        """Return the constraints of each component that has one of these scopes.

        Components are in ascending order of size. The result is None if time ran out.
        """
        found = self._component_search.run(deadline)
        if found is None:
            return None
        constraints, components = found
        members_by_number = {
            number: tuple(constraints[index] for index in components.members_of(number).tolist())
            for number in {components.component_of(index) for index in indices}
        }
        return dict(sorted(members_by_number.items(), key=lambda item: (len(item[1]), item[0])))

    def _get_components(self, scope: Scope, deadline: Deadline) -> list[Component] | None:
        """Return the components that overlap the scope, the small ones first.

        The result is None if time ran out.
        """
        members_by_number = self._find_members(self._find_overlapping(scope), deadline)
        if members_by_number is None:
            return None
        for number, members in members_by_number.items():
            if number not in self._components:
                self._components[number] = self._cache.get_component(members)
        return [self._components[number] for number in members_by_number]

    def _sort_figures(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        return sort_figures(figures, self._find_position)

    def find_set_aside(self, scope: Scope, seconds: float) -> tuple[Figure, ...]:
        """Return the figures that have an end set aside in the total of the scope.

        This is much faster than the total itself, because no bound is computed.
        """
        with accumulate_effort():
            deadline = Deadline(seconds)
            query_region = make_region(scope, self._places, self._groups)
            disputes = [
                dispute
                for component in self._get_components(scope, deadline) or ()
                for dispute in component.find_disputes(query_region, deadline)
            ]
            return self._sort_figures(
                {figure for dispute in disputes for figure in (*dispute.lows, *dispute.highs)}
            )

    def total(self, scope: Scope, seconds: float) -> Total:
        """Return the total of the scope, whose incident must be None.

        No solver run is started after ``seconds``. If the time is not enough, the range is wider
        than it could be, never narrower, and the total is not exact.
        """
        with accumulate_effort():
            return self._compute_total(scope, seconds)

    def _compute_total(self, scope: Scope, seconds: float) -> Total:
        deadline = Deadline(seconds)
        figures = self.overlapping_figures(scope)
        if not figures:
            return Total()
        components = self._get_components(scope, deadline)
        if components is None:
            opening = [each for each in figures if each.quantity.high is None]
            return make_unknown_total(figures, opening)
        query_region = make_region(scope, self._places, self._groups)
        results = solve_components(components, query_region, deadline)
        ids = {figure.id for figure in figures}
        return combine_results(
            figures, results, self._find_position, lambda figure: figure.id in ids, deadline
        )

    def _find_position(self, figure: Figure) -> int:
        return self._order[figure.id]


def make_content_key(figure: Figure) -> tuple[object, ...]:
    """Return what the figure says, to sort by: the same in whatever order figures arrive."""
    scope, quantity = figure.scope, figure.quantity
    return (
        scope.period.start,
        scope.period.stop,
        scope.places,
        sorted(scope.outcomes),
        scope.groups,
        scope.incident or "",
        figure.reporter,
        quantity.low,
        inf if quantity.high is None else quantity.high,
        sorted(quantity.soft),
        figure.reclassifies is not None,
    )
