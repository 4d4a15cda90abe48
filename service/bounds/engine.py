"""The entry point of this package: totals of scopes from a set of counted figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, inf

from service.bounds.boxes import make_region
from service.bounds.component_cache import ComponentCache
from service.bounds.component_result import ComponentResult
from service.bounds.component_solver import Component
from service.bounds.components import Components, find_components
from service.bounds.computation import Computation, Steps
from service.bounds.constraints import (
    Constraint,
    FigureScopes,
    Reclassifications,
    is_elsewhere,
)
from service.bounds.infeasibility import Dispute
from service.bounds.overlaps import OverlapIndex
from service.bounds.solver import Deadline, remove_noise
from service.bounds.solver_effort import accumulate_effort
from service.domain.figure import Figure, Scope
from service.domain.total import End, RoundedSum, Term, Total
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
        by_content = sorted(counted_figures, key=_make_content_key)
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
        return tuple(sorted(figures, key=lambda figure: self._order[figure.id]))

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
        than it could be, never narrower, and ``exact`` is False.
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
            opening = tuple(figure for figure in figures if figure.quantity.high is None)
            return Total(figures, low=0, exact=False, is_disputed=True, opening=opening)
        query_region = make_region(scope, self._places, self._groups)
        results = [
            # A hard component leaves half of the time to those after it.
            component.compute_result(query_region, deadline.take_share(0.5 if more else 1.0))
            for more, component in zip(range(len(components) - 1, -1, -1), components, strict=True)
        ]
        low = sum((result.low.value or Fraction(0) for result in results), Fraction(0))
        highs = [result.high.value for result in results if result.high.value is not None]
        disputes_by_result, is_listing_known = _find_disputing(results, deadline)
        disputes = [dispute for disputes in disputes_by_result for dispute in disputes]
        is_disputed = bool(disputes) or any(result.is_unresolved for result in results)
        high = sum(highs, Fraction(0)) if len(highs) == len(results) else None
        low_terms, low_roundings = self._explain_bound(results, "low", low)
        high_terms, high_roundings = (
            ((), ()) if high is None else self._explain_bound(results, "high", high)
        )
        nearest = _add_nearest_ranges(results, deadline) if disputes else None
        overlapping_ids = {figure.id for figure in figures}
        contradiction = (
            _add_violations(results, disputes_by_result, deadline)
            if disputes and is_listing_known
            else None
        )
        return Total(
            figures=figures,
            low=floor(low),
            high=None if high is None else ceil(high),
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
            opening=self._sort_figures(
                figure
                for result in results
                for figure in result.opening
                if figure.id in overlapping_ids
            ),
            low_terms=low_terms,
            high_terms=high_terms,
            low_roundings=low_roundings,
            high_roundings=high_roundings,
        )

    def _explain_bound(
        self, results: Sequence[ComponentResult], end: End, value: Fraction
    ) -> tuple[tuple[Term, ...], tuple[RoundedSum, ...]]:
        """Return the terms of the bound, and the sums of some of them that are rounded.

        A bound that is a fraction is rounded outward at the end, all terms together.
        """
        terms = self._sort_terms(term for result in results for term in result.make_terms(end))
        roundings = [
            replace(rounding, terms=self._sort_terms(rounding.terms))
            for result in results
            for rounding in result.make_roundings(end)
        ]
        if value.denominator > 1:
            people = floor(value) if end == "low" else ceil(value)
            roundings.append(RoundedSum(terms, value, people, needs_search=False))
        return terms, tuple(roundings)

    def _sort_terms(self, terms: Iterable[Term]) -> tuple[Term, ...]:
        """Return the terms, those that contribute most first."""
        return tuple(
            sorted(
                terms,
                key=lambda term: (
                    _negate_contribution(term),
                    self._order[term.figure.id],
                    term.end,
                ),
            )
        )


def _negate_contribution(term: Term) -> int | Fraction:
    """Return the people that the term adds or subtracts, below zero; mostly a whole number."""
    numerator, denominator = abs(term.multiplier.numerator), term.multiplier.denominator
    people = -numerator * term.people
    return people if denominator == 1 else Fraction(people, denominator)


def _make_content_key(figure: Figure) -> tuple[object, ...]:
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


def _find_disputing(
    results: Sequence[ComponentResult], deadline: Deadline
) -> tuple[list[list[Dispute]], bool]:
    """Return the contradictions that dispute the total, for each component, and if that is known.

    There are none if the two accounts of all of them together give the total the same range. Else
    it is those that do so one by one, or if there is none, those that move their component's part.
    Where time runs out, those that were not tried are in the lists too.
    """
    if not any(result.disputes for result in results) or (
        all(result.accounts.is_known for result in results) and not _do_accounts_differ(results)
    ):
        return [[] for _ in results], True
    open_count = sum(_is_open(result) for result in results)
    accounts_by_result = [result.find_dispute_accounts(deadline) for result in results]
    disputing = [
        [
            each.dispute
            for each in accounts
            if each.dispute is not None
            and each.differ(is_open_anyway=open_count > _is_open(result))
        ]
        for result, accounts in zip(results, accounts_by_result, strict=True)
    ]
    is_known = all(each.is_known for accounts in accounts_by_result for each in accounts)
    if any(disputing):
        return disputing, is_known
    moving = [
        list(result.disputes) if result.accounts.differ(is_open_anyway=False) else []
        for result in results
    ]
    return moving, is_known


def _is_open(result: ComponentResult) -> bool:
    """Whether it is proved that the component has no high; False too if time ran out."""
    return result.high.value is None and result.high.is_known


def _do_accounts_differ(results: Sequence[ComponentResult]) -> bool:
    """Whether the accounts of all contradictions together give the total different ranges.

    A high that is not known because time ran out is the same in both.
    """
    known_highs = [result for result in results if result.high.is_known]
    totals = []
    for name in ("first", "second"):
        low = sum((getattr(result.accounts, name)[0] for result in results), Fraction(0))
        highs = [getattr(result.accounts, name)[1] for result in known_highs]
        is_open = any(high is None for high in highs)
        totals.append((floor(low), None if is_open else ceil(sum(highs, Fraction(0)))))
    return totals[0] != totals[1]


def _add_violations(
    results: Sequence[ComponentResult],
    disputes_by_result: Sequence[Sequence[Dispute]],
    deadline: Deadline,
) -> int | None:
    """Return the least violation of the disputing bounds, rounded up; None if time ran out."""
    amounts = [
        result.minimise_violation(disputes, deadline)
        for result, disputes in zip(results, disputes_by_result, strict=True)
        if disputes
    ]
    known = [amount for amount in amounts if amount is not None]
    return ceil(remove_noise(sum(known))) if len(known) == len(amounts) else None
