"""The entry point of this package: totals of scopes from a set of counted figures."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor

from service.bounds.boxes import Region, make_region
from service.bounds.component_solver import Component, ComponentCache, ComponentResult
from service.bounds.components import ConnectedComponents
from service.bounds.constraints import Reclassifications, build_constraints
from service.bounds.infeasibility import Dispute
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

    def overlapping_figures(self, scope: Scope) -> tuple[Figure, ...]:
        """Return the counted figures that overlap the scope, in the order of recording."""
        indices = self._find_overlapping(make_region(scope, self._places, self._groups))
        return self._sort_figures(
            figure for index in indices for figure in self._constraints[index].figures
        )

    def _find_overlapping(self, query_region: Region) -> list[int]:
        return [
            int(index)
            for index in self._connected_components.find_overlapping(query_region)
            if self._constraints[index].figures
        ]

    def dependent_figures(self, scope: Scope, seconds: float) -> tuple[Figure, ...]:
        """Return the counted figures of every component that overlaps the scope.

        The total of the scope depends on no other figure. If the components cannot be found in so
        many seconds, it is all counted figures.
        """
        overlapping = self._find_overlapping(make_region(scope, self._places, self._groups))
        component_numbers = self._components_of(overlapping, Deadline(seconds))
        if component_numbers is None:
            return self.counted_figures
        indices = [
            int(index)
            for number in component_numbers
            for index in self._connected_components.members_of(number)
        ]
        return self._sort_figures(
            figure for index in indices for figure in self._constraints[index].figures
        )

    def are_disjoint(self, scope: Scope, seconds: float) -> bool:
        """Whether no figure that overlaps the scope can share people with another figure.

        False if the components cannot be found in so many seconds.
        """
        overlapping = self._find_overlapping(make_region(scope, self._places, self._groups))
        component_numbers = self._components_of(overlapping, Deadline(seconds))
        if component_numbers is None:
            return False
        return all(len(self._constraints[index].figures) == 1 for index in overlapping) and all(
            len(self._connected_components.members_of(number)) == 1 for number in component_numbers
        )

    def outcomes_of(self, figure: Figure) -> frozenset[str]:
        """Return the outcomes of a counted figure and of the figures that reclassify its people."""
        reclassifying = self._reclassifications.find_reclassifying(figure)
        return figure.scope.outcomes.union(
            *(later_figure.scope.outcomes for later_figure in reclassifying)
        )

    def _components_of(self, indices: Iterable[int], deadline: Deadline) -> list[int] | None:
        """Return the components of the constraints, the smallest first; None if time ran out."""
        if not self._connected_components.find_components(deadline):
            return None
        numbers = {self._connected_components.component_of(index) for index in indices}
        return sorted(
            numbers,
            key=lambda number: (len(self._connected_components.members_of(number)), number),
        )

    def _sort_figures(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        return tuple(sorted(figures, key=lambda figure: self._order[figure.id]))

    def find_set_aside(self, scope: Scope, seconds: float) -> tuple[Figure, ...]:
        """Return the figures of which an end is set aside in the total of the scope.

        This is much faster than the total itself, because no bound is computed.
        """
        with accumulate_effort():
            query_region = make_region(scope, self._places, self._groups)
            deadline = Deadline(seconds)
            overlapping = self._find_overlapping(query_region)
            components = [
                self._get_component(number)
                for number in self._components_of(overlapping, deadline) or ()
            ]
            disputes = [
                dispute
                for component in components
                for dispute in component.find_disputes(query_region, deadline)
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
        deadline = Deadline(seconds)
        query_region = make_region(scope, self._places, self._groups)
        overlapping = self._find_overlapping(query_region)
        if not overlapping:
            return Total()
        figures = self._sort_figures(
            figure for index in overlapping for figure in self._constraints[index].figures
        )
        component_numbers = self._components_of(overlapping, deadline)
        if component_numbers is None:
            return Total(figures, low=0, exact=False, is_disputed=True)
        results = [
            self._get_component(number).compute_result(query_region, deadline)
            for number in component_numbers
        ]
        low = sum((result.low.value or Fraction(0) for result in results), Fraction(0))
        highs = [result.high.value for result in results if result.high.value is not None]
        disputes_by_result = _find_disputing(results, deadline)
        disputes = [dispute for disputes in disputes_by_result for dispute in disputes]
        is_disputed = bool(disputes) or any(result.is_unsettled for result in results)
        nearest = _add_nearest_ranges(results, deadline) if disputes else None
        contradiction = _add_violations(results, disputes_by_result, deadline) if disputes else None
        return Total(
            figures=figures,
            low=floor(low),
            high=ceil(sum(highs, Fraction(0))) if len(highs) == len(results) else None,
            exact=all(result.exact for result in results)
            and (not is_disputed or (nearest is not None and contradiction is not None)),
            is_disputed=is_disputed,
            lows_set_aside=self._sort_figures(
                figure for dispute in disputes for figure in dispute.lows
            ),
            highs_set_aside=self._sort_figures(
                figure for dispute in disputes for figure in dispute.highs
            ),
            nearest=nearest,
            contradiction=contradiction,
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


def _find_disputing(results: Sequence[ComponentResult], deadline: Deadline) -> list[list[Dispute]]:
    """Return the contradictions that dispute the total, for each component.

    There are none if the two accounts of all of them together give the total the same range. Else
    it is those that do so one by one, or if there is none, those that move their component's part.
    """
    if not _do_accounts_differ(results):
        return [[] for _ in results]
    open_count = sum(result.high.value is None for result in results)
    accounts_by_result = [result.find_dispute_accounts(deadline) for result in results]
    disputing = [
        [
            each.dispute
            for each in accounts
            if each.dispute is not None
            and each.differ(is_open_anyway=open_count > (result.high.value is None))
        ]
        for result, accounts in zip(results, accounts_by_result, strict=True)
    ]
    if any(disputing):
        return disputing
    return [
        list(result.disputes) if result.accounts.differ(is_open_anyway=False) else []
        for result in results
    ]


def _do_accounts_differ(results: Sequence[ComponentResult]) -> bool:
    """Whether the accounts of all contradictions together give the total different ranges."""
    totals = []
    for ranges in (
        [result.accounts.first for result in results],
        [result.accounts.second for result in results],
    ):
        highs = [high for _, high in ranges if high is not None]
        totals.append(
            (
                floor(sum((low for low, _ in ranges), Fraction(0))),
                ceil(sum(highs, Fraction(0))) if len(highs) == len(ranges) else None,
            )
        )
    return totals[0] != totals[1]


def _add_violations(
    results: Sequence[ComponentResult],
    disputes_by_result: Sequence[Sequence[Dispute]],
    deadline: Deadline,
) -> int | None:
    """Return by how many people the disputing reports must be bent, rounded up; None if unknown."""
    amounts = [
        result.minimise_violation(disputes, deadline)
        for result, disputes in zip(results, disputes_by_result, strict=True)
        if disputes
    ]
    known = [amount for amount in amounts if amount is not None]
    return ceil(remove_noise(sum(known))) if len(known) == len(amounts) else None
