"""The entry point of this package: totals of scopes from a set of counted figures."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from threading import Lock

from service.bounds.boxes import Box, make_box
from service.bounds.component_solver import Component, ComponentCache, ComponentResult
from service.bounds.components import ConnectedComponents
from service.bounds.constraints import Reclassifications, build_constraints
from service.bounds.solver import Deadline, remove_noise
from service.bounds.solver_effort import accumulate_effort
from service.domain.figure import Figure, Scope
from service.domain.total import Term, Total
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
        self._reclassifications = Reclassifications(counted_figures, reclassifiable)
        self._constraints = build_constraints(
            counted_figures, self._reclassifications, places, groups
        )
        self._order = {figure.id: index for index, figure in enumerate(counted_figures)}
        self._connected_components = ConnectedComponents(self._constraints)
        self._components: dict[int, Component] = {}
        self._cache = cache or ComponentCache()
        self._lock = Lock()

    def overlapping_figures(self, scope: Scope) -> tuple[Figure, ...]:
        """Return the counted figures that overlap the scope, in the order of recording."""
        indices = self._find_overlapping(make_box(scope, self._places, self._groups))
        return self._sort_figures(
            figure for index in indices for figure in self._constraints[index].figures
        )

    def _find_overlapping(self, query_box: Box) -> list[int]:
        return [int(index) for index in self._connected_components.find_overlapping(query_box)]

    def dependent_figures(self, scope: Scope) -> tuple[Figure, ...]:
        """Return the counted figures of every component that overlaps the scope.

        The total of the scope depends on no other figure.
        """
        overlapping = self._find_overlapping(make_box(scope, self._places, self._groups))
        component_numbers = self._components_of(overlapping)
        indices = [
            int(index)
            for number in component_numbers
            for index in self._connected_components.members_of(number)
        ]
        return self._sort_figures(
            figure for index in indices for figure in self._constraints[index].figures
        )

    def are_disjoint(self, scope: Scope) -> bool:
        """Whether no figure that overlaps the scope can share people with another figure."""
        overlapping = self._find_overlapping(make_box(scope, self._places, self._groups))
        component_numbers = self._components_of(overlapping)
        return all(len(self._constraints[index].figures) == 1 for index in overlapping) and all(
            len(self._connected_components.members_of(number)) == 1 for number in component_numbers
        )

    def outcomes_of(self, figure: Figure) -> frozenset[str]:
        """Return the outcomes of a counted figure and of the figures that reclassify its people."""
        reclassifying = self._reclassifications.find_reclassifying(figure)
        return figure.scope.outcomes.union(
            *(later_figure.scope.outcomes for later_figure in reclassifying)
        )

    def _components_of(self, indices: Iterable[int]) -> list[int]:
        with self._lock:
            return list(
                dict.fromkeys(self._connected_components.component_of(index) for index in indices)
            )

    def _sort_figures(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        return tuple(sorted(figures, key=lambda figure: self._order[figure.id]))

    def find_set_aside(self, scope: Scope, seconds: float) -> tuple[Figure, ...]:
        """Return the figures that have an end set aside in the total of the scope.

        This is much faster than the total itself, because no bound is computed.
        """
        with accumulate_effort():
            query_box = make_box(scope, self._places, self._groups)
            deadline = Deadline(seconds)
            components = [
                self._get_component(number)
                for number in self._components_of(self._find_overlapping(query_box))
            ]
            disputes = [
                dispute
                for component in components
                for dispute in component.find_disputes(query_box, deadline)
            ]
            return self._sort_figures(
                {figure for dispute in disputes for figure in (*dispute.lows, *dispute.highs)}
            )

    def total(self, scope: Scope, seconds: float) -> Total:
        """Return the total of the scope, whose incident must be None.

        No solver run is started after ``seconds``. If the time is not enough, the range is wider
        than it could be, never narrower, and ``exact`` is False.
        """
        with accumulate_effort():
            return self._compute_total(scope, seconds)

    def _compute_total(self, scope: Scope, seconds: float) -> Total:
        query_box = make_box(scope, self._places, self._groups)
        overlapping = self._find_overlapping(query_box)
        if not overlapping:
            return Total()
        deadline = Deadline(seconds)
        component_numbers = self._components_of(overlapping)
        results = [
            self._get_component(number).compute_result(query_box, deadline)
            for number in component_numbers
        ]
        low = sum((result.low.value or Fraction(0) for result in results), Fraction(0))
        highs = [result.high.value for result in results if result.high.value is not None]
        disputes = [dispute for result in results for dispute in result.disputes]
        nearest = _add_nearest_ranges(results, deadline) if disputes else None
        return Total(
            figures=self._sort_figures(
                figure for index in overlapping for figure in self._constraints[index].figures
            ),
            low=floor(low),
            high=ceil(sum(highs, Fraction(0))) if len(highs) == len(results) else None,
            exact=all(result.exact for result in results) and (nearest is not None or not disputes),
            lows_set_aside=self._sort_figures(
                figure for dispute in disputes for figure in dispute.lows
            ),
            highs_set_aside=self._sort_figures(
                figure for dispute in disputes for figure in dispute.highs
            ),
            nearest=nearest,
            low_terms=self._sort_terms(result.make_terms("low") for result in results),
            high_terms=self._sort_terms(result.make_terms("high") for result in results)
            if len(highs) == len(results)
            else (),
        )

    def _get_component(self, number: int) -> Component:
        if number not in self._components:
            members = self._connected_components.members_of(number).tolist()
            self._components[number] = self._cache.get_component(
                tuple(self._constraints[index] for index in members)
            )
        return self._components[number]

    def _sort_terms(self, term_lists: Iterable[list[Term]]) -> tuple[Term, ...]:
        all_terms = [term for terms in term_lists for term in terms]
        return tuple(sorted(all_terms, key=lambda term: (term.end, self._order[term.figure.id])))


def _add_nearest_ranges(
    results: Sequence[ComponentResult], deadline: Deadline
) -> tuple[int, int | None] | None:
    """Return the sum of the nearest ranges, rounded outward; None if one of them is unknown."""
    low, high = 0.0, 0.0
    open_above = False
    for result in results:
        nearest = result.find_nearest(deadline)
        if nearest is None:
            return None
        low += nearest[0]
        open_above |= nearest[1] is None
        high += nearest[1] or 0
    return floor(remove_noise(low)), None if open_above else ceil(remove_noise(high))
